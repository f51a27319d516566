"""Recurrent networks: what their states, inputs and arguments may be, and the checks that subclasses call."""

import pytest

FACE = """
torch.manual_seed(0)
nn = torch.nn
ones, zeros = torch.ones, torch.zeros
lstm, gru, rnn = nn.LSTM(2, 3), nn.GRU(2, 3), nn.RNN(2, 3)
deep = nn.LSTM(2, 3, num_layers=2, bidirectional=True)
projected = nn.LSTM(2, 4, proj_size=3)
first = nn.LSTM(2, 3, batch_first=True)
x, h, one, state = ones(5, 4, 2), zeros(1, 4, 3), ones(5, 2), zeros(1, 3)
pack = nn.utils.rnn.pack_padded_sequence
packed = pack(ones(5, 4, 2), [5, 3, 2, 2])
unsorted = pack(ones(5, 4, 2), [2, 5, 3, 2], enforce_sorted=False)
lstm_cell, gru_cell, rnn_cell, c = nn.LSTMCell(2, 3), nn.GRUCell(2, 3), nn.RNNCell(2, 3), zeros(4, 3)
u, v, w = ([*m.parameters()] for m in (lstm, gru, rnn))
rest = True, 1, 0.0, False, False
names = dict(has_biases=True, num_layers=1, dropout=0.0, train=False, bidirectional=False)
"""

REFUSED = """
lstm(x, (h, h, h))
lstm(x, torch.stack([h, h]))
lstm(x, (h, zeros(1, 4, 4)))
lstm(x, (zeros(2, 4, 3), h))
lstm(x, (zeros(1, 1, 3), zeros(1, 1, 3)))
lstm(x, (h.double(), h.double()))
lstm(x, (h.long(), h.long()))
lstm(x, (state, state))
lstm(x, (h, state))
lstm(one, (h, h))
lstm(one, (state, h))
lstm(one, (zeros(1, 4), zeros(1, 4)))
lstm(ones(2))
lstm(ones(1, 5, 4, 2))
lstm(ones(5, 4, 3))
lstm(x.double())
lstm(x.long())
lstm(zeros(0, 4, 2))
first(x, (h, h))
projected(x, (zeros(1, 4, 4), zeros(1, 4, 4)))
projected(x, (h, h))
deep(x, (h, h))
gru(x, zeros(1, 4, 4))
gru(x, zeros(1, 1, 3))
gru(x, h.double())
gru(x, state)
gru(one, h)
gru(one, zeros(1, 4))
rnn(x, zeros(2, 4, 3))
lstm(packed, h)
lstm(packed, (h, h, h))
lstm(packed, (zeros(1, 3, 3), zeros(1, 3, 3)))
lstm(packed, (h, zeros(1, 4, 4)))
lstm(packed, (h.double(), h.double()))
lstm(unsorted, (zeros(1, 3, 3), zeros(1, 3, 3)))
gru(packed, zeros(1, 3, 3))
gru(unsorted, state)
lstm(pack(ones(5, 4, 3), [5, 3, 2, 2]))
lstm(pack(ones(5, 4, 2).double(), [5, 3, 2, 2]))
lstm(nn.utils.rnn.PackedSequence(ones(5, 2), torch.tensor([3, 3])))
lstm(nn.utils.rnn.PackedSequence(ones(5, 2), torch.tensor([2, 3])))
nn.utils.rnn.PackedSequence(ones(5, 2))
pack(None, [1])
pack(ones(5), [1])
pack(ones(0, 4, 2), [1, 1, 1, 1])
pack(ones(5, 4, 2), 5)
pack(ones(5, 4, 2), torch.ones(4, 1, dtype=torch.int64))
nn.utils.rnn.pad_sequence([1, 2])
nn.utils.rnn.pad_sequence([ones(2), [1.0]])
nn.utils.rnn.pad_sequence([ones(()), ones(())])
nn.utils.rnn.pad_sequence([ones(2, 3), ones(4, 2)])
nn.RNNBase('RNN_TANH', 2, 3)(x)
lstm.check_forward_args(x, (zeros(1, 4, 4), h), None)
lstm.check_forward_args(x, (h, zeros(1, 4, 4)), None)
lstm.check_forward_args(ones(5, 4, 3), (h, h), None)
gru.check_forward_args(x, zeros(1, 4, 4), None)
lstm.check_input(one, None)
lstm.check_input(x.double(), None)
lstm.check_hidden_size(h, (1, 4, 4))
lstm_cell(ones(4, 2), c)
lstm_cell(ones(4, 2), (c,))
lstm_cell(ones(4, 2), (c, c, c))
lstm_cell(ones(4, 2), (zeros(3, 3), c))
lstm_cell(ones(4, 2), (c, zeros(4, 2)))
lstm_cell(ones(4, 2), (zeros(3), zeros(3)))
lstm_cell(ones(2), (c, c))
lstm_cell(ones(4, 3), (c, c))
lstm_cell(ones(1, 4, 2), (c, c))
lstm_cell(ones(4, 2).double(), (c, c))
gru_cell(ones(4, 2), zeros(3, 3))
gru_cell(ones(4, 2), zeros(1, 4, 3))
gru_cell(ones(2), c)
rnn_cell(ones(4, 2), zeros(4, 2))
torch.lstm(x, h, u, *rest, False)
torch.lstm(x, (h,), u, *rest, False)
torch.lstm(x, (h, h, h), u, *rest, False)
torch.lstm(x, (h, None), u, *rest, False)
torch.lstm(x, None, u, *rest, False)
torch.lstm(x, (h, h), u, *rest)
torch.lstm(x, (h, h), u)
torch.lstm(x, (h, h), u, *rest, False, False)
torch.lstm(packed.data, packed.batch_sizes, (h, h), u, *rest, False)
torch.lstm(packed.data, packed.batch_sizes, h, u, *rest)
torch.lstm(packed.data, packed.batch_sizes.tolist(), (h, h), u, *rest)
torch.lstm(x, (h, h), u[:3], *rest, False)
torch.lstm(x, (h, h), [], *rest, False)
torch.lstm(x, (h, h), None, *rest, False)
torch.lstm(x, (h, h), u[0], *rest, False)
torch.lstm(x, (h, h), [None] * 4, *rest, False)
torch.lstm(x, (h, h), u, 'a', 1, 0.0, False, False, False)
torch.lstm(x, (h, h), u, 1, 1, 0.0, False, False, False)
torch.lstm(x, (h, h), u, True, 1.0, 0.0, False, False, False)
torch.lstm(x, (h, h), u, True, 1, None, False, False, False)
torch.lstm(x, (h, h), u, True, 1, 0.0, 1, False, False)
torch.lstm(x, (h, h), u, *rest, 1)
torch.lstm(x, (h, h), u, **names)
torch.lstm(x, (h, h), u, **names, batch_first=False, hy=h)
torch.lstm([1.0], (h, h), u, *rest, False)
torch.lstm(zeros(0, 4, 2), (h, h), u, *rest, False)
torch.gru(x, (h, h), v, *rest, False)
torch.gru(x, zeros(1, 4, 4), v, *rest, False)
torch.gru(x, h, v[:2], *rest, False)
torch.rnn_tanh(x, h, v, *rest, False)
torch.lstm_cell(ones(4, 2), c, *u)
torch.lstm_cell(ones(4, 2), (c, c), None, None)
torch.lstm_cell([1.0], (c, c), *u)
torch.gru_cell(ones(4, 2), (c, c), *v)
""".strip().splitlines()

TAKEN = """
lstm(x, [h, h])
lstm(unsorted, (h, h))
nn.utils.rnn.pad_sequence([ones(2), ones(3).double()])
nn.utils.rnn.pad_sequence([ones(2, dtype=torch.int64), ones(3) * 2.5])
nn.utils.rnn.pad_sequence([ones(2), torch.arange(3)], padding_side='left')
lstm._flat_weights_names + deep._flat_weights_names + projected._flat_weights_names
[list(w.shape) for w in deep._flat_weights]
[[list(w.shape) for w in weights] for weights in deep.all_weights]
[lstm.get_expected_hidden_size(x, None), first.get_expected_hidden_size(x, None)]
[projected.get_expected_hidden_size(x, None), projected.get_expected_cell_size(x, None)]
[deep.get_expected_hidden_size(packed.data, packed.batch_sizes), gru.get_expected_hidden_size(x, None)]
[lstm.check_forward_args(x, (h, h), None), lstm.check_forward_args(packed.data, (h, h), packed.batch_sizes)]
[gru.check_input(x, None), gru.check_hidden_size(h, (1, 4, 3)), gru.flatten_parameters()]
gru.permute_hidden(torch.arange(4).reshape(1, 4), torch.tensor([1, 0, 3, 2]))
lstm.permute_hidden((h, torch.arange(4).reshape(1, 4)), torch.tensor([1, 0, 3, 2]))
torch.lstm(input=x, hx=(h, h), params=u, **names, batch_first=False)
torch.lstm(x, hx=(h, h), params=u, **names, batch_first=False)
torch.lstm(x, (h, h), params=u, **names, batch_first=False)
torch.lstm(x, (h, h), u, **names, batch_first=False)
torch.lstm(data=packed.data, batch_sizes=packed.batch_sizes, hx=(h, h), params=u, **names)
torch.lstm(packed.data, packed.batch_sizes, hx=(h, h), params=u, **names)
torch.lstm(packed.data, batch_sizes=packed.batch_sizes, hx=(h, h), params=u, **names)
torch.gru(input=x, hx=h, params=v, **names, batch_first=False)
torch.gru(x, h, params=v, **names, batch_first=False)
torch.gru(packed.data, packed.batch_sizes, h, v, *rest)
torch.rnn_tanh(data=packed.data, batch_sizes=packed.batch_sizes, hx=h, params=w, **names)
torch.rnn_relu(x, hx=h, params=w, **names, batch_first=False)
torch.lstm_cell(input=ones(4, 2), hx=(c, c), w_ih=u[0], w_hh=u[1], b_ih=u[2], b_hh=u[3])
torch.lstm_cell(ones(4, 2), (c, c), u[0], u[1], None, u[3])
torch.rnn_tanh_cell(ones(4, 2), c, w[0], w[1], None, w[3])
torch.gru_cell(ones(4, 2), c, v[0], v[1], None, v[3])
""".strip().splitlines()


def scope(torch):
    found = {"torch": torch}
    exec(FACE, found)
    return found


@pytest.mark.parametrize("call", REFUSED)
def test_refused(torch, refused, call):
    found = scope(torch)
    return refused(lambda: eval(call, found), found["x"], found["h"])


@pytest.mark.parametrize("call", TAKEN)
def test_taken(torch, call):
    return eval(call, scope(torch))


def test_a_subclass_may_check_otherwise(torch):
    """`forward` asks `check_forward_args`, so that a subclass may look at more, or at less."""
    seen = []

    class Loud(torch.nn.GRU):
        def check_forward_args(self, input, hidden, batch_sizes):
            seen.append([list(input.shape), list(hidden.shape), batch_sizes])
            super().check_forward_args(input, hidden, batch_sizes)

    torch.manual_seed(0)
    layer = Loud(2, 3)
    layer(torch.ones(5, 4, 2))
    layer(torch.ones(5, 2), torch.zeros(1, 3))
    return seen


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, [2, 1, 1]])
def test_last_states_are_written_to(torch, kind, bidirectional, lengths):
    """As where an episode ends: the outputs stay, and the gradient is that of the run."""
    torch.manual_seed(0)
    layer = getattr(torch.nn, kind)(2, 3, bidirectional=bidirectional)
    x = torch.arange(12.0).reshape(2, 3, 2) / 12
    if lengths is not None:
        x = torch.nn.utils.rnn.pack_padded_sequence(x, lengths)
    out, states = layer(x)
    states = states if kind == "LSTM" else (states,)
    with torch.no_grad():
        for state in states:
            state[:, 1] = 0
    out = out if lengths is None else out.data
    out.sum().backward()
    views = [state._is_view() for state in states]
    return out, states, layer.weight_hh_l0.grad, views, [s.detach_().requires_grad for s in states]


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_states_of_cells_are_written_to(torch, kind):
    torch.manual_seed(0)
    cell = getattr(torch.nn, f"{kind}Cell")(2, 3).double()
    x = torch.ones(4, 2, dtype=torch.float64)
    states = cell(x)
    for state in states if kind == "LSTM" else ():  # PyTorch's other cells keep what they return
        state.mul_(2)
    states = cell(x, states)
    states = states if kind == "LSTM" else (states,)
    sum(state.sum() for state in states).backward()
    views = [(state._is_view(), state.stride()) for state in states]
    return states, views, cell.weight_hh.grad, [s.detach_().requires_grad for s in states]
