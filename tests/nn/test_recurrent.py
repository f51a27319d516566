"""What recurrent networks say of states, inputs and weights that do not fit: the words that help."""

import pytest

import wengert as torch
from wengert import nn

WORDS = {
    "lstm(x, h)": "it is the pair (hidden, cell), and this is one of shape [1, 4, 3]. Use `(h, torch.zeros_like(h))`",
    "lstm(x, (h,))": "LSTM expects two hidden states: a pair (hidden, cell), got 1",
    "lstm(x, (h, None))": "LSTM(): argument 'hx[1]' must be Tensor, not NoneType",
    "lstm(x, {'h': h})": "LSTM(): argument 'hx' must be tuple of Tensors, not dict",
    "lstm(x[:, 0], (h, h))": "should also be 2-D but got (3-D, 3-D) tensors, of shapes [1, 4, 3] and [1, 4, 3]",
    "lstm(x, (h, h[:, :2]))": "Expected hidden[1] size (1, 4, 3), got [1, 2, 3]",
    "gru(x, (h, h))": "GRU(): argument 'hx' must be Tensor, not tuple: there is one hidden state and no cell state",
    "gru(None)": "GRU(): argument 'input' must be Tensor, not NoneType",
    "nn.LSTMCell(2, 3)(x[0], h[0])": "LSTMCell(): argument 'hx' must be tuple of Tensors, not Tensor",
    "nn.GRUCell(2, 3)(x[0], (h[0], h[0]))": "Pass the tensor alone",
    "torch.lstm(x, (h, h), w)": "lacks has_biases, num_layers, dropout, train, bidirectional, batch_first. It takes",
    "torch.lstm(x, (h, h), w, *rest, False, gain=1)": "lstm() does not take gain",
    "torch.lstm(x, (h, h), w[0], *rest, False)": "For a module these are `list(module.parameters())`",
    "torch.lstm(x, (h, h), [None] * 4, *rest, False)": "argument 'params[0]' must be Tensor, not NoneType",
    "torch.lstm(x, (h, h), w, True, 1, 'a', False, False, False)": "argument 'dropout' must be float, not str",
    "torch.lstm(x[0], (h, h), w, *rest, False)": "input must have 3 dimensions, (time, batch, n), got 2",
    "torch.lstm(x[0], sizes, (h, h), w, *rest)": "they are [3, 3], and the data has 4 rows",
    "torch.lstm(x[0], sizes.float(), (h, h), w, *rest)": "must be a vector of integers, got torch.float32 of shape [2]",
    "torch.lstm_cell(x[0, 0], (h, h), *w)": "Use `input.unsqueeze(0)` for one example",
    "torch.lstm_cell(x[0], (h[0], h[0]), w[0][0], w[1])": "w_ih must be a matrix, and its shape is [2]",
    "nn.utils.rnn.pack_padded_sequence(x[0, 0], [1])": "the input is (time, batch, ...), and its shape is [2]",
    "nn.utils.rnn.pack_padded_sequence(x[:0], [1] * 4)": "Cannot pack empty tensors, and the input's shape is [0",
    "nn.utils.rnn.pack_padded_sequence(x, 5)": "or a list of ints, one for each sequence, but got 0 dimensions",
    "nn.utils.rnn.pad_sequence([x, 3.0])": "argument 'sequences[1]' must be Tensor, not float",
    "nn.utils.rnn.pad_sequence([h.sum()])": "sequences[0] is a single number. Use `torch.stack` on numbers",
    "nn.utils.rnn.pad_sequence([x, h])": "sequences[0] is [5, 4, 2] and sequences[1] is [1, 4, 3]",
    "nn.utils.rnn.pack_sequence([x, []])": "argument 'sequences[1]' must be Tensor, not list",
    "nn.utils.rnn.PackedSequence(x)": "Expected data to be a list or tuple of length 2, (data, batch_sizes)",
}  # fmt: skip


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    lstm = nn.LSTM(2, 3)
    found = {
        "torch": torch, "nn": nn, "lstm": lstm, "gru": nn.GRU(2, 3), "x": torch.ones(5, 4, 2),
        "h": torch.zeros(1, 4, 3), "w": [*lstm.parameters()], "rest": (True, 1, 0.0, False, False),
        "sizes": torch.tensor([3, 3]),
    }  # fmt: skip
    with pytest.raises(Exception) as caught:
        eval(program, found)
    assert WORDS[program] in str(caught.value)
