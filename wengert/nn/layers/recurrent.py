"""Recurrent networks as layers: over sequences, `RNN`, `LSTM`, `GRU`; one step at a time, their cells."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable
from typing import Any

from wengert.errors import ShapeError
from wengert.nn import init
from wengert.nn.functional import recurrent
from wengert.nn.functional.recurrence import GATES
from wengert.nn.module import Module
from wengert.nn.parameter import unset
from wengert.nn.utils.rnn import PackedSequence
from wengert.tensor import filled

__all__ = [
    "GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNBase", "RNNCell", "RNNCellBase",
]  # fmt: skip

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "LSTM": recurrent.lstm, "GRU": recurrent.gru, "RNN_TANH": recurrent.rnn_tanh, "RNN_RELU": recurrent.rnn_relu,
}  # fmt: skip
CELLS: dict[str, Callable[..., Any]] = {
    "LSTM": recurrent.lstm_cell, "GRU": recurrent.gru_cell, "RNN_TANH": recurrent.rnn_tanh_cell,
    "RNN_RELU": recurrent.rnn_relu_cell,
}  # fmt: skip


def reset(layer: Module) -> None:
    """Draw all parameters anew, uniform in ``+-1 / sqrt(hidden_size)``."""
    bound = 1.0 / math.sqrt(layer.hidden_size) if layer.hidden_size > 0 else 0
    for weight in layer.parameters():
        init.uniform_(weight, -bound, bound)


class RNNBase(Module):
    """What recurrent layers share: weights ``weight_ih_l0``, ``weight_hh_l0``, ..., the checks and the run.

    Inputs are ``(time, batch, input_size)``, with ``batch_first`` ``(batch, time, input_size)``, for one sequence
    ``(time, input_size)``, or a `PackedSequence`. Hidden states are ``(layers directions, batch, hidden_size)``.
    """

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        _check(mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        width, out = GATES[mode] * hidden_size, proj_size or hidden_size
        directions = 2 if bidirectional else 1
        for layer in range(num_layers):
            taken = input_size if layer == 0 else out * directions
            for suffix in ("", "_reverse")[:directions]:
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (width, taken),
                    "weight_hh": (width, out),
                }
                if bias:
                    shapes |= {"bias_ih": (width,), "bias_hh": (width,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = {f"{name}_l{layer}{suffix}": shape for name, shape in shapes.items()}
                for name, shape in names.items():
                    self.register_parameter(name, unset(*shape, device=device, dtype=dtype))
                self._all_weights.append(list(names))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniform in ``+-1 / sqrt(hidden_size)``."""
        reset(self)

    def flatten_parameters(self) -> None:
        """Do nothing: only GPUs want the parameters in one block of memory."""

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Any]:
        return [weight for weights in self.all_weights for weight in weights]

    @property
    def _states(self) -> int:
        return self.num_layers * (2 if self.bidirectional else 1)

    def _first(self, input: Any, batch: int, given: Any, name: str, size: int) -> Any:
        """Return a first state, zeros unless it is given; RuntimeError for one of another shape."""
        shape = (self._states, batch, size)
        if given is None:
            return filled.zeros(shape, dtype=input.dtype)
        if tuple(given.shape) != shape:
            raise ShapeError(f"Expected {name} size {shape}, got {list(given.shape)}")
        return given

    def _check_input(self, input: Any, dims: int) -> None:
        weight = getattr(self, self._all_weights[0][0])
        if input.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). Convert input: "
                f"input.to({weight.dtype}), or convert model: model.to({input.dtype})"
            )
        if input.dim() != dims:
            raise ShapeError(f"input must have {dims} dimensions, got {input.dim()}")
        if input.shape[-1] != self.input_size:
            raise ShapeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )

    def _run(self, input: Any, hidden: Any, cell: Any, cells: bool) -> tuple[Any, Any, Any]:
        """Return outputs and last states, for any of the layouts of inputs."""
        if isinstance(input, PackedSequence):
            return self._run_packed(input, hidden, cell, cells)
        kind = self._get_name()
        if input.dim() not in (2, 3):
            raise ValueError(f"{kind}: Expected input to be 2D or 3D, got {input.dim()}D instead")
        single = input.dim() == 2
        for state in (hidden, cell):
            if state is not None and state.dim() != input.dim():
                which = "unbatched 2-D" if single else "batched 3-D"
                raise ShapeError(
                    f"For {which} input, the hidden state should also be {input.dim()}-D but got {state.dim()}-D tensor"
                )
        x = input.unsqueeze(0 if self.batch_first else 1) if single else input
        self._check_input(x, 3)
        if single:
            hidden, cell = (s if s is None else s.unsqueeze(1) for s in (hidden, cell))
        batch, steps = x.shape[:2] if self.batch_first else reversed(x.shape[:2])
        out, h, c = self._layers(x, hidden, cell, cells, batch, steps, self.batch_first)
        if single:
            out = out.squeeze(0 if self.batch_first else 1)
            return out, h.squeeze(1), c if c is None else c.squeeze(1)
        return out, h, c

    def _run_packed(self, given: Any, hidden: Any, cell: Any, cells: bool) -> tuple[Any, Any, Any]:
        data, batch_sizes, order, back = given
        self._check_input(data, 2)

        def turned(state: Any, places: Any) -> Any:
            return state if state is None or places is None else state.index_select(1, places)

        hidden, cell = turned(hidden, order), turned(cell, order)
        batch, steps = int(batch_sizes[0]), len(batch_sizes)
        out, h, c = self._layers(data, hidden, cell, cells, batch, steps, batch_sizes)
        return PackedSequence(out, batch_sizes, order, back), turned(h, back), turned(c, back)

    def _layers(
        self, x: Any, hidden: Any, cell: Any, cells: bool, batch: int, steps: int, lying: Any
    ) -> tuple[Any, Any, Any]:
        """Hand everything to the function; ``lying`` is ``batch_first``, or the sizes of a packed batch."""
        if not steps:
            raise ShapeError("Expected sequence length to be larger than 0 in RNN")
        names = ("hidden[0]", "hidden[1]") if cells else ("hidden", "")
        hx = self._first(x, batch, hidden, names[0], self.proj_size or self.hidden_size)
        if cells:
            hx = hx, self._first(x, batch, cell, names[1], self.hidden_size)
        settings = (
            self._flat_weights, self.bias, self.num_layers, self.dropout, self.training, self.bidirectional
        )  # fmt: skip
        function = FUNCTIONS[self.mode]
        if isinstance(lying, bool):
            found = function(x, hx, *settings, lying)
        else:
            found = function(x, lying, hx, *settings)
        return found if cells else (*found, None)

    def extra_repr(self) -> str:
        """Return the arguments that are not the usual ones."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        usual = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False,
        }  # fmt: skip
        parts += [
            f"{name}={getattr(self, name)}"
            for name, value in usual.items()
            if getattr(self, name) != value
        ]
        return ", ".join(parts)


def _check(
    mode: str, input_size: int, hidden_size: int, num_layers: int, bias: bool, batch_first: bool, dropout: float,
    proj_size: int,
) -> None:  # fmt: skip
    """Raise TypeError or ValueError for arguments that make no network."""
    if mode not in GATES:
        raise ValueError(f"Unrecognized RNN mode: {mode}")
    if (
        not isinstance(dropout, numbers.Number)
        or isinstance(dropout, bool)
        or not 0 <= dropout <= 1
    ):
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    for name, value, kind in (
        ("bias", bias, bool),
        ("batch_first", batch_first, bool),
        ("input_size", input_size, int),
        ("hidden_size", hidden_size, int),
    ):
        if not isinstance(value, kind):
            raise TypeError(
                f"{name} should be of type {kind.__name__}, got: {type(value).__name__}"
            )
    for name, value in (
        ("input_size", input_size),
        ("hidden_size", hidden_size),
        ("num_layers", num_layers),
    ):
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if not 0 <= proj_size < hidden_size:
        raise ValueError(
            "proj_size should be a positive integer, or zero to disable projections, and smaller than hidden_size"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            f"dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )


class RNN(RNNBase):
    """``h = tanh(x w_ih.T + b_ih + h w_hh.T + b_hh)`` over a sequence, or ``max(., 0)`` with ``nonlinearity="relu"``.

    Returns the outputs of all steps and the last hidden states.
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, device: Any = None,
        dtype: Any = None, **unknown: Any,
    ) -> None:  # fmt: skip
        _require_no_projection(type(self), unknown)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first, dropout,
            bidirectional, 0, device, dtype,
        )  # fmt: skip
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Return all outputs and the last hidden states, from the hidden states ``hx`` or zeros."""
        out, hidden, _ = self._run(input, hx, None, False)
        return out, hidden


def _require_no_projection(kind: type, unknown: dict[str, Any]) -> None:
    if "proj_size" in unknown:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    for name in unknown:
        raise TypeError(f"{kind.__name__}.__init__() got an unexpected keyword argument '{name}'")


class LSTM(RNNBase):
    """Long short-term memory over a sequence: a cell state that gates let in, keep and let out.

    Returns the outputs of all steps, and the last hidden and cell states as a pair. ``proj_size`` projects the hidden
    state to fewer features. Source: Hochreiter and Schmidhuber, Long short-term memory, 1997.

    >>> import wengert as torch
    >>> out, (h, c) = torch.nn.LSTM(3, 5, num_layers=2)(torch.zeros(7, 4, 3))
    >>> out.shape, h.shape, c.shape
    (torch.Size([7, 4, 5]), torch.Size([2, 4, 5]), torch.Size([2, 4, 5]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, device,
            dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, tuple[Any, Any]]:
        """Return all outputs and the last states, from the states ``hx = (hidden, cell)`` or zeros."""
        hidden, cell = (None, None) if hx is None else hx
        out, h, c = self._run(input, hidden, cell, True)
        return out, (h, c)


class GRU(RNNBase):
    """Gated recurrent units over a sequence; returns the outputs of all steps and the last hidden states.

    Source: Cho et al., Learning phrase representations using RNN encoder-decoder, 2014.
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, device: Any = None, dtype: Any = None, **unknown: Any,
    ) -> None:  # fmt: skip
        _require_no_projection(type(self), unknown)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )  # fmt: skip

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Return all outputs and the last hidden states, from the hidden states ``hx`` or zeros."""
        out, hidden, _ = self._run(input, hx, None, False)
        return out, hidden


class RNNCellBase(Module):
    """One step of a recurrent network: ``(batch, input_size)`` or ``(input_size)``, and the state likewise."""

    mode = "RNN_TANH"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        width = num_chunks * hidden_size
        self.weight_ih = unset(width, input_size, device=device, dtype=dtype)
        self.weight_hh = unset(width, hidden_size, device=device, dtype=dtype)
        for name in ("bias_ih", "bias_hh"):
            made = unset(width, device=device, dtype=dtype) if bias else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniform in ``+-1 / sqrt(hidden_size)``."""
        reset(self)

    def _step(self, input: Any, *states: Any) -> tuple[Any, Any]:
        """Return the next hidden and cell state; ``states`` are None or what came before."""
        kind = self._get_name()
        for name, x in zip(("input", "hidden", "hx[1]"), (input, *states), strict=False):
            if x is not None and x.dim() not in (1, 2):
                raise ValueError(f"{kind}: Expected {name} to be 1D or 2D, got {x.dim()}D instead")
        single = input.dim() == 1
        x = input.unsqueeze(0) if single else input
        self._check(x, states, single)
        zeros = filled.zeros(x.shape[0], self.hidden_size, dtype=x.dtype)
        hidden, cell = (
            zeros if s is None else s.unsqueeze(0) if single else s for s in (*states, None)[:2]
        )
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        hx = hidden if len(states) == 1 else (hidden, cell)
        made = CELLS[self.mode](x, hx, *weights)
        out, c = (made, None) if len(states) == 1 else made
        return (out[0], c if c is None else c[0]) if single else (out, c)

    def _check(self, x: Any, states: tuple[Any, ...], single: bool) -> None:
        if x.shape[1] != self.input_size:
            raise ShapeError(
                f"input has inconsistent input_size: got {x.shape[1]} expected {self.input_size}"
            )
        expected = (self.hidden_size,) if single else (x.shape[0], self.hidden_size)
        for state in states:
            if state is not None and tuple(state.shape) != expected:
                raise ShapeError(
                    f"{self._get_name()}: expected a state of shape {list(expected)}, got {list(state.shape)}"
                )

    def extra_repr(self) -> str:
        """Return the arguments that are not the usual ones."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text


class RNNCell(RNNCellBase):
    """One step of `RNN`: ``tanh(x w_ih.T + b_ih + h w_hh.T + b_hh)``, or ``max(., 0)``."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    @property
    def mode(self) -> str:  # type: ignore[override]
        """The kind of cell."""
        return f"RNN_{self.nonlinearity.upper()}"

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Return the next hidden state. RuntimeError for a nonlinearity that is not known."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(input, hx)[0]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`: the next hidden and cell state, from ``hx = (hidden, cell)`` or zeros."""

    mode = "LSTM"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Return the next hidden and cell state."""
        hidden, cell = (None, None) if hx is None else hx
        return self._step(input, hidden, cell)


class GRUCell(RNNCellBase):
    """One step of `GRU`: the next hidden state."""

    mode = "GRU"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Return the next hidden state."""
        return self._step(input, hx)[0]
