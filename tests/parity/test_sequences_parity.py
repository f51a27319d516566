"""Packed and padded sequences, recurrent networks over them, masks of attention, and faults of these layers."""

import pytest

RNN = "torch.nn.utils.rnn"


def ragged(torch):
    rows = [[1.0, 2.0, 3.0], [4.0], [5.0, 6.0]]
    return [torch.tensor(r, dtype=torch.float64).reshape(-1, 1).repeat(1, 2) for r in rows]


EXPRESSIONS = [
    "r.pad_sequence(x)",
    "r.pad_sequence(x, batch_first=True, padding_value=-1.0)",
    "r.pad_sequence(x, padding_side='left')",
    "r.pack_sequence([x[0], x[2], x[1]])",
    "r.pack_sequence(x, enforce_sorted=False)",
    "r.pack_padded_sequence(r.pad_sequence(x), [3, 1, 2], enforce_sorted=False)",
    "r.pack_padded_sequence(r.pad_sequence(x, True), torch.tensor([3, 2, 1]), batch_first=True)",
    "r.pad_packed_sequence(r.pack_sequence(x, enforce_sorted=False), padding_value=9.0)",
    "r.pad_packed_sequence(r.pack_sequence(x, False), batch_first=True, total_length=5)",
    "r.unpack_sequence(r.pack_sequence(x, False))",
    "r.invert_permutation(torch.tensor([2, 0, 1])), r.invert_permutation(None)",
    "r.pack_sequence(x, False).float().data.dtype, r.pack_sequence(x, False).to(torch.float64).data.dtype",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_read(torch, expression):
    return [eval(expression, {"torch": torch, "r": torch.nn.utils.rnn, "x": ragged(torch)})]


FAULTS = [
    "r.pack_padded_sequence(torch.ones(3, 2, 1), [1, 2])",
    "r.pack_padded_sequence(torch.ones(3, 2, 1), [2, 0])",
    "r.pack_padded_sequence(torch.ones(3, 2, 1), [3])",
    "r.pad_packed_sequence(r.pack_sequence(x, False), total_length=2)",
    "r.pad_sequence(3)",
    "torch.nn.LSTM(2, 3)(torch.ones(2))",
    "torch.nn.LSTM(2, 3)(torch.ones(4, 2, 5))",
    "torch.nn.LSTM(2, 3)(torch.ones(4, 2, 2).double())",
    "torch.nn.LSTM(2, 3)(torch.ones(0, 2, 2))",
    "torch.nn.LSTM(2, 3)(torch.ones(4, 2, 2), (torch.ones(1, 2, 4), torch.ones(1, 2, 3)))",
    "torch.nn.LSTM(2, 3)(torch.ones(4, 2, 2), (torch.ones(2, 3), torch.ones(2, 3)))",
    "torch.nn.GRU(2, 3)(torch.ones(4, 2, 2), torch.ones(2, 2, 3))",
    "torch.nn.GRU(2, 3, proj_size=2)",
    "torch.nn.RNN(2, 3, nonlinearity='x')",
    "torch.nn.LSTM(2, 3, proj_size=3)",
    "torch.nn.LSTM(0, 3)",
    "torch.nn.LSTM(2, 3.0)",
    "torch.nn.LSTM(2, 3, dropout=2)",
    "torch.nn.LSTM(2, 3, bias=1)",
    "torch.nn.LSTMCell(2, 3)(torch.ones(1, 1, 2))",
    "torch.nn.GRUCell(2, 3)(torch.ones(1, 4))",
    "torch.nn.RNNCell(2, 3)(torch.ones(1, 2), torch.ones(1, 4))",
    "torch.nn.MultiheadAttention(5, 2)",
    "torch.nn.MultiheadAttention(0, 2)",
    "torch.nn.Transformer(4, 2, 1, 1, 4)(torch.ones(3, 2, 4), torch.ones(3, 1, 4))",
    "torch.nn.Transformer(4, 2, 1, 1, 4)(torch.ones(3, 2, 4), torch.ones(3, 2, 5))",
    "torch.nn.TransformerEncoderLayer(4, 2, activation='tan')",
    "torch.nn.Conv2d(3, 4, 2, groups=2)",
    "torch.nn.Conv2d(3, 4, 2, padding='some')",
    "torch.nn.Conv2d(3, 4, 2, stride=2, padding='same')",
    "torch.nn.Conv2d(3, 4, 2, padding_mode='none')",
    "torch.nn.ConvTranspose2d(3, 4, 2, padding_mode='reflect')",
    "torch.nn.ConvTranspose1d(1, 1, 3, stride=2)(torch.ones(1, 1, 4), output_size=[20])",
    "torch.nn.GroupNorm(3, 4)",
    "torch.nn.BatchNorm1d(3)(torch.ones(3))",
    "torch.nn.BatchNorm2d(3)(torch.ones(2, 3))",
    "torch.nn.Dropout(1.5)",
    "torch.nn.Unflatten(1, 3)",
    "torch.nn.Unflatten(1, (2, 'x'))",
    "torch.nn.Embedding(3, 2, padding_idx=3)",
    "torch.nn.Hardtanh(1, 1)",
    "torch.nn.Softmax2d()(torch.ones(2))",
    "torch.nn.CircularPad2d(1)(torch.ones(2))",
    "torch.nn.MultiMarginLoss(p=3)",
    "torch.nn.TripletMarginLoss(margin=0)",
    "torch.nn.HuberLoss(delta='x')",
    "torch.nn.Bilinear(0, 1, 2)",
]


@pytest.mark.parametrize("program", FAULTS)
def test_faults(torch, caught, program):
    given = {"torch": torch, "r": torch.nn.utils.rnn, "x": ragged(torch)}
    return caught(lambda: eval(program, given))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    "arguments", [{}, {"bidirectional": True, "num_layers": 2}, {"bias": False}]
)
@pytest.mark.parametrize("given", [True, False])
def test_packed_recurrence(torch, kind, arguments, given):
    torch.manual_seed(0)
    net = getattr(torch.nn, kind)(2, 3, **arguments).double()
    x = [s.requires_grad_() for s in ragged(torch)]
    states = None
    if given:
        size = (len(net.all_weights), 3, 3)
        states = torch.arange(27 // 3 * len(net.all_weights)).reshape(size).double() / 9
        states = (states, states.flip(0)) if kind == "LSTM" else states
    out, last = net(torch.nn.utils.rnn.pack_sequence(x, enforce_sorted=False), states)
    padded, lengths = torch.nn.utils.rnn.pad_packed_sequence(out)
    total = (padded * padded).sum() + sum(
        (s * s).sum() for s in (last if kind == "LSTM" else [last])
    )
    total.backward()
    return padded, lengths, last, [s.grad for s in x], [p.grad for p in net.parameters()]


def test_dropout_between_layers_draws_the_same_numbers(torch):
    torch.manual_seed(3)
    net = torch.nn.LSTM(2, 3, num_layers=3, dropout=0.5)
    return net(torch.ones(4, 2, 2))[0]


MASKS = {
    "none": {},
    "padding": {"key_padding_mask": [[False, False, True, True]] * 2},
    "causal": {"attn_mask": "triangle"},
    "bias": {"attn_mask": "numbers"},
    "both": {"attn_mask": "triangle", "key_padding_mask": [[False, False, False, True]] * 2},
    "heads": {"average_attn_weights": False},
    "no weights": {"need_weights": False, "attn_mask": "triangle"},
}


@pytest.mark.parametrize("mask", MASKS)
def test_masks_of_attention(torch, mask):
    torch.manual_seed(0)
    layer = torch.nn.MultiheadAttention(6, 2, batch_first=True).double()
    x = torch.arange(48, dtype=torch.float64).reshape(2, 4, 6).sin().requires_grad_()
    made = {
        "triangle": torch.ones(4, 4).triu(1).bool(),
        "numbers": torch.arange(16, dtype=torch.float64).reshape(4, 4) / 9,
    }
    arguments = {
        k: torch.tensor(v) if isinstance(v, list) else made.get(v, v) if isinstance(v, str) else v
        for k, v in MASKS[mask].items()
    }
    out, weights = layer(x, x, x, **arguments)
    (out * out).sum().backward()
    return out, weights, x.grad, layer.in_proj_weight.grad


def test_masks_of_a_transformer(torch):
    torch.manual_seed(0)
    net = torch.nn.Transformer(6, 2, 2, 1, 8, dropout=0.0).double()
    causal = net.generate_square_subsequent_mask(4, dtype=torch.float64)
    src, tgt = (
        torch.ones(5, 2, 6).double().cumsum(0).sin(),
        torch.ones(4, 2, 6).double().cumsum(0).cos(),
    )
    padding = torch.tensor([[False] * 4 + [True], [False] * 5])
    plain = net(src, tgt, tgt_mask=causal)
    padded = net(
        src,
        tgt,
        tgt_mask=causal.isinf(),
        src_key_padding_mask=padding,
        memory_key_padding_mask=padding,
    )
    return causal, plain, padded, net(src, tgt, tgt_mask=causal, tgt_is_causal=True)


def test_clipping(torch, caught):
    def gradients():
        a, b = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
        (a.sum() * 3 + (b * torch.tensor([1.0, -5.0, 2.0])).sum()).backward()
        return [a, b, torch.ones(1, requires_grad=True)]

    utils, found = torch.nn.utils, []
    for norm in (2.0, 1, float("inf")):
        given = gradients()
        found.append((utils.clip_grad_norm_(given, 2.0, norm), [p.grad for p in given]))
    given = gradients()
    utils.clip_grad_value_(given, 2.5)
    found.append([p.grad for p in given])
    given[0].grad.fill_(float("nan"))
    found.append(caught(lambda: utils.clip_grad_norm_(given, 1.0, error_if_nonfinite=True)))
    found.append((utils.get_total_norm([]), utils.clip_grad_norm_([], 1.0)))
    found.append(utils.clip_grad_norm_(gradients()[0], 1.0))
    return found


def test_parameters_as_a_vector(torch, caught):
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    torch.nn.utils.vector_to_parameters(torch.arange(9.0), net.parameters())
    return (
        list(net.parameters()),
        torch.nn.utils.parameters_to_vector(net.parameters()),
        caught(lambda: torch.nn.utils.vector_to_parameters([1.0], net.parameters())),
    )
