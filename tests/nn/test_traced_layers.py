"""Layers under a trace, `vmap` and forward mode give what they give without."""

import pytest

import wengert as torch
from wengert import nn
from wengert.trace import trace

LAYERS = {
    "linear": (lambda: nn.Linear(4, 3), (5, 4)),
    "convolution": (lambda: nn.Conv2d(2, 3, 2, padding=1), (1, 2, 4, 4)),
    "layer norm": (lambda: nn.LayerNorm(4), (5, 4)),
    "batch norm": (lambda: nn.BatchNorm1d(4), (5, 4)),
    "rnn": (lambda: nn.RNN(4, 3, 2, bidirectional=True), (5, 2, 4)),
    "lstm": (lambda: nn.LSTM(4, 3, 2, bidirectional=True), (5, 2, 4)),
    "projected lstm": (lambda: nn.LSTM(4, 3, proj_size=2), (5, 2, 4)),
    "gru": (lambda: nn.GRU(4, 3), (5, 2, 4)),
    "lstm cell": (lambda: nn.LSTMCell(4, 3), (2, 4)),
    "encoder": (lambda: nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0), (5, 2, 4)),
    "sequential": (lambda: nn.Sequential(nn.Linear(4, 3), nn.GELU(), nn.Flatten(0)), (5, 4)),
}


def first(out):
    return first(out[0]) if isinstance(out, tuple) else out


@pytest.fixture(params=LAYERS)
def layer(request):
    torch.manual_seed(0)
    made, shape = LAYERS[request.param]
    return made().double(), torch.randn(*shape, dtype=torch.float64)


def step(net, x):
    net.zero_grad()
    loss = first(net(x)).square().sum()
    loss.backward()
    return loss, *(p.grad for p in net.parameters())


def test_a_traced_step_of_training(layer):
    net, x = layer
    step(net, x)  # gradients and statistics are there before the trace
    before = {k: v.clone() for k, v in net.state_dict().items()}
    traced = trace(lambda x: step(net, x), x)
    other = x * 0.5 + 0.1
    net.load_state_dict(before)
    found = [v.clone() for v in traced(other)]
    statistics = {k: v.clone() for k, v in net.state_dict().items()}
    net.load_state_dict(before)
    for a, b in zip(found, step(net, other), strict=True):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-12)
    for name, value in net.state_dict().items():
        assert torch.allclose(statistics[name].double(), value.double())


def test_forward_mode_agrees_with_reverse_mode(layer):
    net, x = layer
    net.eval()
    direction = torch.ones_like(x).cumsum(0).sin()
    _, tangent = torch.func.jvp(lambda x: first(net(x)), (x,), (direction,))
    leaf = x.clone().requires_grad_()
    out = first(net(leaf))
    ct = torch.arange(out.numel(), dtype=out.dtype).reshape(out.shape).cos()
    (gradient,) = torch.autograd.grad(out, leaf, ct)
    assert torch.allclose((tangent * ct).sum(), (gradient * direction).sum(), rtol=1e-9)


def test_mapped_over_examples(layer):
    net, x = layer
    net.eval()
    examples = torch.stack([x, x * 0.5, -x])
    mapped = torch.vmap(lambda x: first(net(x)))(examples)
    each = torch.stack([first(net(e)) for e in examples])
    assert torch.allclose(mapped, each, rtol=1e-9, atol=1e-11)


def test_dropout_under_a_trace_says_why_not():
    net = nn.Dropout(0.5)
    with pytest.raises(RuntimeError, match="random numbers under trace"):
        trace(lambda x: net(x), torch.ones(3))
