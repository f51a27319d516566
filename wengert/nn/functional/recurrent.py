"""Recurrent networks as functions of their weights, as `torch` offers them beside the layers: whole, and single cells.

``params`` lists for each layer and direction ``w_ih (gates m, n)`` and ``w_hh (gates m, m)``, with biases ``b_ih`` and
``b_hh (gates m)``, and for an LSTM whose hidden state is projected ``w_hr (p, m)``.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

from wengert.core import dtypes
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.nn.functional import recurrence
from wengert.nn.functional.recurrence import GATES, Network, Packed
from wengert.tape.storage import Recorded
from wengert.tensor.numbers import double_of, require_flags, whole_of
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = [
    "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell",
]  # fmt: skip


def lstm(*given: Any, **named: Any) -> tuple[Any, Any, Any]:
    """Run long short-term memory over sequences; return the outputs, the last hidden and the last cell states.

    ``lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)`` takes
    ``input (time, batch, n)``, or with ``batch_first`` ``(batch, time, n)``;
    ``lstm(data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional)`` takes packed
    sequences. ``hx`` is the pair of first states, each ``(layers directions, batch, m)``. TypeError for arguments of
    other kinds; RuntimeError for another number of states or parameters, and for shapes and dtypes that do not fit.

    >>> import wengert as torch
    >>> layer = torch.nn.LSTM(2, 3)
    >>> first = torch.zeros(1, 4, 3)
    >>> out, h, c = torch.lstm(
    ...     torch.ones(5, 4, 2), (first, first), [*layer.parameters()], True, 1, 0.0, False, False, False
    ... )
    >>> out.shape, h.shape
    (torch.Size([5, 4, 3]), torch.Size([1, 4, 3]))
    """
    return _run("lstm", "LSTM", *_arguments("lstm", given, named))


def gru(*given: Any, **named: Any) -> tuple[Any, Any]:
    """Run gated recurrent units over sequences; return the outputs and the last hidden states.

    The arguments are those of `lstm`, but ``hx`` is one tensor.
    """
    return _run("gru", "GRU", *_arguments("gru", given, named))[:2]


def rnn_tanh(*given: Any, **named: Any) -> tuple[Any, Any]:
    """Run ``h = tanh(x w_ih.T + b_ih + h w_hh.T + b_hh)`` over sequences. The arguments are those of `gru`."""
    return _run("rnn_tanh", "RNN_TANH", *_arguments("rnn_tanh", given, named))[:2]


def rnn_relu(*given: Any, **named: Any) -> tuple[Any, Any]:
    """Run ``h = max(x w_ih.T + b_ih + h w_hh.T + b_hh, 0)`` over sequences. The arguments are those of `gru`."""
    return _run("rnn_relu", "RNN_RELU", *_arguments("rnn_relu", given, named))[:2]


_SETTINGS: Final = ("params", "has_biases", "num_layers", "dropout", "train", "bidirectional")
_WHOLE: Final = ("input", "hx", *_SETTINGS, "batch_first")
_PACKED: Final = ("data", "batch_sizes", "hx", *_SETTINGS)
_FLAGS: Final = ("has_biases", "train", "bidirectional", "batch_first")


def _arguments(op: str, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Return what `_run` takes, for sequences of one length or packed ones, by place or by name."""
    packed = _are_packed(given, named)
    names = _PACKED if packed else _WHOLE
    found = dict(zip(names, given, strict=False))
    surplus = [name for name in named if name not in names or name in found]
    found |= named
    lacking = [name for name in names if name not in found]
    if len(given) > len(names) or surplus or lacking:
        which = [f"lacks {', '.join(lacking)}"] if lacking else []
        which += [f"does not take {', '.join(surplus)}"] if surplus else []
        which += [f"got {len(given)} arguments"] if len(given) > len(names) else []
        raise TypeError(
            f"{op}() {' and '.join(which)}. It takes {op}({', '.join(_WHOLE)}) or, for packed sequences, "
            f"{op}({', '.join(_PACKED)})."
        )
    for name in ("data", "batch_sizes") if packed else ("input",):
        require_tensor(op, found[name], name)
    require_flags(op, **{name: found[name] for name in _FLAGS if name in found})
    found["num_layers"] = whole_of(op, "num_layers", found["num_layers"])
    found["dropout"] = double_of(op, "dropout", found["dropout"])
    params = found["params"]
    if not isinstance(params, list | tuple):
        raise TypeError(
            f"{op}(): argument 'params' must be tuple of Tensors, not {type(params).__name__}. For a module these are "
            f"`list(module.parameters())`."
        )
    for k, weight in enumerate(params):
        require_tensor(op, weight, f"params[{k}]")
    first = (found["data"], found["batch_sizes"]) if packed else (found["input"], None)
    return (
        *first,
        found["hx"],
        *(found[name] for name in _SETTINGS),
        found.get("batch_first", False),
    )


def _are_packed(given: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Say whether a call means packed sequences: by its names, or by where the states and the parameters stand."""
    if "data" in named or "batch_sizes" in named or (len(given) > 1 and "hx" in named):
        return True
    if len(given) > 2 and "params" in named:
        return True
    if len(given) > 2 and all(isinstance(x, Recorded) for x in given[1:3]):
        return True
    return len(given) > 3 and isinstance(given[3], list | tuple)


def _run(
    op: str, mode: str, input: Any, batch_sizes: Any, hx: Any, params: Any, has_biases: bool, num_layers: int,
    dropout: float, train: bool, bidirectional: bool, batch_first: bool = False,
) -> tuple[Any, Any, Any]:  # fmt: skip
    hidden, cell = states(op, mode, hx)
    directions = 2 if bidirectional else 1
    weights = _grouped(op, params, num_layers * directions, 4 if has_biases else 2)
    require_sequences(op, input, batch_sizes, batch_first)
    packed = None if batch_sizes is None else Packed.of(batch_sizes)
    batch = input.shape[not batch_first] if batch_sizes is None else int(batch_sizes[0])
    _require_weights(op, mode, weights[0])
    _require_states(op, input, weights[0], hidden, cell, (num_layers * directions, batch))
    x = input.transpose(0, 1) if batch_first else input
    network = Network(mode, directions, dropout, train)
    out, h, c = recurrence.run(network, x, weights, hidden, cell, packed)
    return (out.transpose(0, 1) if batch_first else out), h, c


def states(op: str, mode: str, hx: Any) -> tuple[Any, Any]:
    """Return the first hidden and cell state (None without cells); TypeError or RuntimeError for what they are not."""
    if mode != "LSTM":
        if isinstance(hx, list | tuple):
            raise TypeError(
                f"{op}(): argument 'hx' must be Tensor, not {type(hx).__name__}: there is one hidden state and no cell "
                f"state. Pass the tensor alone."
            )
        require_tensor(op, hx, "hx")
        return hx, None
    if not isinstance(hx, list | tuple):
        one = ""
        if isinstance(hx, Recorded):
            shape = tuple(hx._payload.shape)
            one = f" and this is one of shape {shape_text(shape)}. Use `(h, torch.zeros_like(h))` for cells of zeros"
        raise TypeError(
            f"{op}(): argument 'hx' must be tuple of Tensors, not {type(hx).__name__}: it is the pair (hidden, cell)"
            f"{one and ','}{one}."
        )
    if len(hx) != 2:
        raise ShapeError(f"{op} expects two hidden states: a pair (hidden, cell), got {len(hx)}.")
    for k, state in enumerate(hx):
        require_tensor(op, state, f"hx[{k}]")
    return hx[0], hx[1]


def require_sequences(op: str, input: Any, batch_sizes: Any, batch_first: bool) -> None:
    """Refuse inputs of another rank, without steps, or of another length than the sizes of a packed batch say."""
    rank = 3 if batch_sizes is None else 2
    if input.ndim != rank:
        axes = "(batch, time, n)" if batch_first else "(time, batch, n)"
        raise ShapeError(
            f"{op}: input must have {rank} dimensions, {axes if rank == 3 else '(steps of all sequences, n)'}, got "
            f"{input.ndim}: its shape is {shape_text(input.shape)}."
        )
    if batch_sizes is None:
        if not input.shape[int(batch_first)]:
            raise ShapeError(f"{op}: Expected sequence length to be larger than 0 in RNN")
        return
    if batch_sizes.ndim != 1 or dtypes.kind(dtype_of(batch_sizes)) not in "iu":
        raise ShapeError(
            f"{op}: batch_sizes must be a vector of integers, got {batch_sizes.dtype} of shape "
            f"{shape_text(batch_sizes.shape)}. Make packed sequences with `nn.utils.rnn.pack_padded_sequence`."
        )
    sizes = batch_sizes.tolist()
    if not sizes:
        raise ShapeError(f"{op}: Expected sequence length to be larger than 0 in RNN")
    if (
        sizes[-1] < 1
        or any(a < b for a, b in itertools.pairwise(sizes))
        or sum(sizes) != len(input)
    ):
        raise ShapeError(
            f"{op}: batch_sizes must not grow, and add up to the number of rows of the data: they are {sizes}, and the "
            f"data has {len(input)} rows. Make packed sequences with `nn.utils.rnn.pack_padded_sequence`."
        )


def _require_weights(op: str, mode: str, weights: Sequence[Any]) -> None:
    """Refuse weights of another number of gates; those of a projected network have fewer columns than states."""
    for weight, name in zip(weights[:2], ("w_ih", "w_hh"), strict=True):
        require_tensor(op, weight, name)
        if weight.ndim != 2:
            raise ShapeError(
                f"{op}: {name} must be a matrix, and its shape is {shape_text(weight.shape)}."
            )
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
    require_tensor(op, input)
    hidden, cell = states(op, mode, hx)
    _require_weights(op, mode, weights)
    w_ih = weights[0]
    if input.ndim != 2:
        raise ShapeError(
            f"{op}: input must have 2 dimensions, (batch, n), and its shape is {shape_text(input.shape)}. Use "
            f"`input.unsqueeze(0)` for one example."
        )
    if input.shape[-1] != w_ih.shape[1]:
        raise ShapeError(
            f"{op}: input has inconsistent input_size: got {input.shape[-1]} expected {w_ih.shape[1]}"
        )
    _require_states(op, input, weights, hidden, cell, (input.shape[0],))
    outs, cells = recurrence.scan(mode, input.unsqueeze(0), (*weights, None), hidden, cell)
    return recurrence.own(outs, (0,)), recurrence.own(cells, (0,))
