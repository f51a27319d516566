"""One step of a recurrent network as a layer: `RNNCell`, `LSTMCell`, `GRUCell`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wengert.errors import ShapeError
from wengert.nn.functional import recurrent
from wengert.nn.layers.recurrent import reset
from wengert.nn.module import Module
from wengert.nn.parameter import unset
from wengert.tensor import filled
from wengert.tensor.promotion import require_tensor

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]

CELLS: dict[str, Callable[..., Any]] = {
    "LSTM": recurrent.lstm_cell, "GRU": recurrent.gru_cell, "RNN_TANH": recurrent.rnn_tanh_cell,
    "RNN_RELU": recurrent.rnn_relu_cell,
}  # fmt: skip


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
        require_tensor(kind, input)
        names = ("hx[0]", "hx[1]") if len(states) == 2 else ("hidden",)
        for name, x in zip(("input", *names), (input, *states), strict=True):
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
        if hx is not None:
            recurrent.states(self._get_name(), self.mode, hx)
        return self._step(input, hx)[0]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`: the next hidden and cell state, from ``hx = (hidden, cell)`` or zeros."""

    mode = "LSTM"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Return the next hidden and cell state. TypeError or RuntimeError for states that are no pair of tensors."""
        if hx is None:
            return self._step(input, None, None)
        return self._step(input, *recurrent.states(self._get_name(), "LSTM", hx))


class GRUCell(RNNCellBase):
    """One step of `GRU`: the next hidden state."""

    mode = "GRU"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Return the next hidden state."""
        if hx is not None:
            recurrent.states(self._get_name(), self.mode, hx)
        return self._step(input, hx)[0]
