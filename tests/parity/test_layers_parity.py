"""Every layer against PyTorch's: its text, its first weights for one seed, its values and gradients."""

import numpy as np
import pytest

from tests.parity.layer_cases import CASES, DISTINCT, LOSSES, inputs, leaves, made, nested

NAMES = [constructor for constructor, _ in CASES]


@pytest.mark.parametrize("constructor", dict.fromkeys(NAMES))
def test_text(torch, constructor):
    return repr(made(torch, constructor))


@pytest.mark.parametrize("constructor", dict.fromkeys(NAMES))
def test_first_weights(torch, constructor):
    layer = made(torch, constructor)
    return (
        dict(layer.state_dict()),
        [(name, p.requires_grad) for name, p in layer.named_parameters()],
        dict(layer.state_dict()._metadata),
        torch.rand(1),
    )


UNIFORM = [
    "Linear(40, 30)", "Conv2d(3, 8, 3)", "LSTM(9, 8)", "Bilinear(3, 4, 5)", "MultiheadAttention(6, 2)", "GRUCell(5, 6)",
    "ConvTranspose1d(3, 4, 5)",
]  # fmt: skip


@pytest.mark.parametrize("constructor", UNIFORM)
def test_uniform_weights_are_equal_bit_for_bit(constructor):
    oracle = pytest.importorskip("torch")
    import wengert

    expected, found = made(oracle, constructor), made(wengert, constructor)
    for name, value in expected.state_dict().items():
        np.testing.assert_array_equal(found.state_dict()[name].numpy(), value.numpy(), err_msg=name)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("constructor", "shapes"), DISTINCT)
def test_values_and_gradients(torch, constructor, shapes, training):
    layer = made(torch, constructor).double().train(training)
    if constructor == "Hardsigmoid()":
        # PyTorch multiplies float64 by 1 / 6 rounded to float32.
        return layer(inputs(torch, shapes, np.random.default_rng(1))[0])
    with torch.no_grad():
        for parameter in layer.parameters():  # normal numbers may differ in the last bit of float32
            parameter.copy_((parameter * 4096).round() / 4096)
    given = inputs(torch, shapes, np.random.default_rng(1))
    torch.manual_seed(4)  # for what is dropped
    out = layer(*given)
    outs = list(leaves([out]))
    total = sum(
        (o * (torch.arange(o.numel()).reshape(o.shape) % 7 + 1)).sum()
        for o in outs
        if o.requires_grad
    )
    if isinstance(total, torch.Tensor):
        total.backward()
    return (
        out,
        [x.grad for x in leaves(given)],
        [p.grad for p in layer.parameters()],
        list(layer.buffers()),
    )


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("constructor", "shapes"), DISTINCT)
def test_memory_of_results(torch, constructor, shapes, training):
    """Which results share memory with an input, a weight, a buffer or another result; strides."""
    layer = made(torch, constructor).double().train(training)
    given = list(leaves(inputs(torch, shapes, np.random.default_rng(1))))
    rest = [*given, *layer.parameters(), *layer.buffers()]
    outs = list(leaves([layer(*nested(given, shapes))]))
    held = [t.detach().numpy() for t in (*rest, *outs)]
    shared = [
        (i, k)
        for k in range(len(rest), len(held))
        for i in range(k)
        if np.shares_memory(held[i], held[k])
    ]
    return shared, [tuple(o.stride()) for o in outs]


def test_binary_cross_entropy_of_probabilities(torch):
    x, target = inputs(torch, ["probability", "probability"], np.random.default_rng(2))
    x.requires_grad_()
    torch.nn.BCELoss()(x, target).backward()
    return x.grad


@pytest.mark.parametrize(
    ("constructor", "shapes"), [pytest.param(*case, id=case[0]) for case in LOSSES]
)
def test_losses(torch, constructor, shapes):
    loss = made(torch, constructor)
    given = inputs(torch, shapes, np.random.default_rng(2))
    out = loss(*given)
    out.sum().backward()
    return repr(loss), out, [x.grad for x in given], sorted(loss.state_dict())
