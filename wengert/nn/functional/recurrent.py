"""Recurrent networks as functions of their weights, as `torch` offers them beside the layers: whole, and single cells.

``params`` lists for each layer and direction ``w_ih (gates m, n)`` and ``w_hh (gates m, m)``, with biases ``b_ih`` and
``b_hh (gates m)``, and for an LSTM whose hidden state is projected ``w_hr (p, m)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.errors import DTypeError, ShapeError
from wengert.nn.functional import recurrence
from wengert.nn.functional.recurrence import GATES, Network, Packed
from wengert.tape.storage import Recorded
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = [
    "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell",
]  # fmt: skip


def lstm(input: Any, hx: Any, params: Any, *settings: Any) -> tuple[Any, Any, Any]:
    """Run long short-term memory over sequences; return the outputs, the last hidden and the last cell states.

    ``lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)`` takes
    ``input (time, batch, n)``, or with ``batch_first`` ``(batch, time, n)``;
    ``lstm(data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional)`` takes packed
    sequences. ``hx`` is the pair of first states, each ``(layers directions, batch, m)``. RuntimeError for
    another number of states or parameters.

    >>> import wengert as torch
    >>> layer = torch.nn.LSTM(2, 3)
    >>> first = torch.zeros(1, 4, 3)
    >>> out, h, c = torch.lstm(
    ...     torch.ones(5, 4, 2), (first, first), [*layer.parameters()], True, 1, 0.0, False, False, False
    ... )
    >>> out.shape, h.shape
    (torch.Size([5, 4, 3]), torch.Size([1, 4, 3]))
    """
    if isinstance(hx, Recorded):
        return _run("lstm", "LSTM", input, hx, params, *settings)
    return _run("lstm", "LSTM", input, None, hx, params, *settings)


def gru(input: Any, hx: Any, params: Any, *settings: Any) -> tuple[Any, Any]:
    """Run gated recurrent units over sequences; return the outputs and the last hidden states.

    The arguments are those of `lstm`, but ``hx`` is one tensor.
    """
    return _run_plain("gru", "GRU", input, hx, params, *settings)


def rnn_tanh(input: Any, hx: Any, params: Any, *settings: Any) -> tuple[Any, Any]:
    """Run ``h = tanh(x w_ih.T + b_ih + h w_hh.T + b_hh)`` over sequences. The arguments are those of `gru`."""
    return _run_plain("rnn_tanh", "RNN_TANH", input, hx, params, *settings)


def rnn_relu(input: Any, hx: Any, params: Any, *settings: Any) -> tuple[Any, Any]:
    """Run ``h = max(x w_ih.T + b_ih + h w_hh.T + b_hh, 0)`` over sequences. The arguments are those of `gru`."""
    return _run_plain("rnn_relu", "RNN_RELU", input, hx, params, *settings)


def _run_plain(
    op: str, mode: str, input: Any, hx: Any, params: Any, *settings: Any
) -> tuple[Any, Any]:
    packed = isinstance(params, Recorded)
    given = (hx, params) if packed else (None, hx, params)
    out, hidden, _ = _run(op, mode, input, *given, *settings)
    return out, hidden


def _run(
    op: str, mode: str, input: Any, batch_sizes: Any, hx: Any, params: Any, has_biases: bool, num_layers: int,
    dropout: float, train: bool, bidirectional: bool, batch_first: bool = False,
) -> tuple[Any, Any, Any]:  # fmt: skip
    hidden, cell = _states(op, mode, hx)
    directions = 2 if bidirectional else 1
    weights = _grouped(op, params, num_layers * directions, 4 if has_biases else 2)
    packed = None if batch_sizes is None else Packed.of(batch_sizes)
    batch = input.shape[not batch_first] if batch_sizes is None else int(batch_sizes[0])
    _require_weights(op, mode, weights[0])
    _require_states(op, input, weights[0], hidden, cell, (num_layers * directions, batch))
    x = input.transpose(0, 1) if batch_first else input
    network = Network(mode, directions, dropout, train)
    out, h, c = recurrence.run(network, x, weights, hidden, cell, packed)
    return (out.transpose(0, 1) if batch_first else out), h, c


def _states(op: str, mode: str, hx: Any) -> tuple[Any, Any]:
    if mode != "LSTM":
        return hx, None
    if len(hx) != 2:
        raise ShapeError(f"{op} expects two hidden states: a pair (hidden, cell), got {len(hx)}.")
    hidden, cell = hx
    return hidden, cell


def _require_weights(op: str, mode: str, weights: Sequence[Any]) -> None:
    """Refuse weights of another number of gates; those of a projected network have fewer columns than states."""
    rows, size = weights[1].shape
    projected = len(weights) > 4 and weights[4] is not None
    if weights[0].shape[0] != rows or not (projected or rows == GATES[mode] * size):
        raise ShapeError(
            f"{op}: weight_ih first dim must be {GATES[mode]} * hidden_size = {GATES[mode] * size}, but got "
            f"{weights[0].shape[0]}"
        )


def _require_states(
    op: str, input: Any, weights: Sequence[Any], hidden: Any, cell: Any, leading: tuple[int, ...]
) -> None:
    """Refuse first states that are no tensors, or of another dtype or shape."""
    sizes = weights[1].shape[1], weights[1].shape[0] // 4
    for place, (state, size) in enumerate(zip((hidden, cell), sizes, strict=True)):
        if place and state is None:
            continue
        require_tensor(op, state, "hx")
        if dtype_of(state) != dtype_of(input):
            raise DTypeError(
                f"{op}: expected states of the input's dtype, {input.dtype}, and hidden{place} is {state.dtype}. "
                f"Use `.to({input.dtype})`."
            )
        expected = (*leading, size)
        if tuple(state.shape) != expected:
            raise ShapeError(
                f"{op}: hidden{place} has inconsistent sizes: got {list(state.shape)}, expected {list(expected)}"
            )


def _grouped(op: str, params: Sequence[Any], passes: int, count: int) -> list[tuple[Any, ...]]:
    """Return for each layer and direction what `recurrence.run` takes, None for what there is not."""
    projects = len(params) == passes * (count + 1) and op == "lstm"
    each = count + projects
    if len(params) != passes * each:
        raise ShapeError(
            f"{op}: got an incorrect number of RNN parameters: {len(params)}, where {passes} layers and directions "
            f"take {count} each."
        )
    found = []
    for k in range(0, len(params), each):
        group = params[k : k + each]
        biases = group[2:4] if count == 4 else (None, None)
        found.append((*group[:2], *biases, group[-1] if projects else None))
    return found


def lstm_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> tuple[Any, Any]:
    """Take one step of long short-term memory from ``hx = (hidden, cell)``; return the next pair.

    ``input`` is ``(batch, n)``, the states ``(batch, m)``. RuntimeError where a size does not fit.
    """
    hidden, cell = _step("lstm_cell", "LSTM", input, hx, w_ih, w_hh, b_ih, b_hh)
    return hidden, cell


def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """Take one step of gated recurrent units from the hidden state ``hx``; return the next one."""
    return _step("gru_cell", "GRU", input, hx, w_ih, w_hh, b_ih, b_hh)[0]


def rnn_tanh_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """Return ``tanh(x w_ih.T + b_ih + h w_hh.T + b_hh)``, the next hidden state after ``hx``."""
    return _step("rnn_tanh_cell", "RNN_TANH", input, hx, w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """Return ``max(x w_ih.T + b_ih + h w_hh.T + b_hh, 0)``, the next hidden state after ``hx``."""
    return _step("rnn_relu_cell", "RNN_RELU", input, hx, w_ih, w_hh, b_ih, b_hh)[0]


def _step(op: str, mode: str, input: Any, hx: Any, *weights: Any) -> tuple[Any, Any]:
    hidden, cell = _states(op, mode, hx)
    w_ih = weights[0]
    if input.shape[-1] != w_ih.shape[1]:
        raise ShapeError(
            f"{op}: input has inconsistent input_size: got {input.shape[-1]} expected {w_ih.shape[1]}"
        )
    _require_weights(op, mode, weights)
    _require_states(op, input, weights, hidden, cell, (input.shape[0],))
    outs, cells = recurrence.scan(mode, input.unsqueeze(0), (*weights, None), hidden, cell)
    return outs[0], None if cells is None else cells[0]
