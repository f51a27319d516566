"""Recurrent networks as layers over sequences: `RNN`, `LSTM`, `GRU`. Their cells stand in `cells`."""

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
from wengert.tensor.promotion import require_tensor

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "LSTM": recurrent.lstm, "GRU": recurrent.gru, "RNN_TANH": recurrent.rnn_tanh, "RNN_RELU": recurrent.rnn_relu,
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
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [weight for weights in self.all_weights for weight in weights]

    def check_input(self, input: Any, batch_sizes: Any) -> None:
        """Raise ValueError or RuntimeError for an input of another dtype, rank or number of features."""
        weight = getattr(self, self._all_weights[0][0])
        if input.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). Convert input: "
                f"input.to({weight.dtype}), or convert model: model.to({input.dtype})"
            )
        self._check_sizes(input, batch_sizes)

    def _check_sizes(self, input: Any, batch_sizes: Any) -> None:
        dims = 3 if batch_sizes is None else 2
        if input.dim() != dims:
            raise ShapeError(f"input must have {dims} dimensions, got {input.dim()}")
        if input.shape[-1] != self.input_size:
            raise ShapeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )

    def get_expected_hidden_size(self, input: Any, batch_sizes: Any) -> tuple[int, int, int]:
        """Return the shape of the hidden states for an input: ``(layers directions, batch, m)``."""
        batch = input.shape[not self.batch_first] if batch_sizes is None else int(batch_sizes[0])
        directions = 2 if self.bidirectional else 1
        return self.num_layers * directions, batch, self.proj_size or self.hidden_size

    def check_hidden_size(
        self, hx: Any, expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:  # fmt: skip
        """Raise RuntimeError, in the words of ``msg``, for states of another shape."""
        if tuple(hx.shape) != tuple(expected_hidden_size):
            raise ShapeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Any, hidden: Any, batch_sizes: Any) -> None:
        """Raise ValueError or RuntimeError for an input or states that do not fit, as `forward` does."""
        self.check_input(input, batch_sizes)
        self._check_states(input, hidden, batch_sizes)

    def _check_states(self, input: Any, hidden: Any, batch_sizes: Any) -> None:
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Any) -> Any:
        """Return states with their examples in another order; as they are without one."""
        return hx if permutation is None else hx.index_select(1, permutation)

    def _zeros(self, input: Any, batch_sizes: Any) -> Any:
        """Return the first states where none are given."""
        shape = self.get_expected_hidden_size(input, batch_sizes)
        return filled.zeros(shape, dtype=input.dtype)

    def _each(self, hx: Any, change: Callable[[Any], Any]) -> Any:
        """Return the states with each changed."""
        return change(hx)

    def _require_ranks(self, hx: Any, dims: int) -> None:
        which = "unbatched 2-D" if dims == 2 else "batched 3-D"
        if hx.dim() != dims:
            raise ShapeError(
                f"For {which} input, the hidden state should also be {dims}-D but got {hx.dim()}-D tensor, of shape "
                f"{list(hx.shape)}"
            )

    def _run(self, input: Any, hx: Any) -> tuple[Any, Any]:
        """Return outputs and last states, for any of the layouts of inputs."""
        kind = self._get_name()
        if hx is not None:
            hidden, cell = recurrent.states(kind, self.mode, hx)
            hx = hidden if cell is None else (hidden, cell)
        if isinstance(input, PackedSequence):
            return self._run_packed(input, hx)
        require_tensor(kind, input)
        if input.dim() not in (2, 3):
            raise ValueError(f"{kind}: Expected input to be 2D or 3D, got {input.dim()}D instead")
        single = input.dim() == 2
        if hx is not None:
            self._require_ranks(hx, input.dim())
        x = input.unsqueeze(0 if self.batch_first else 1) if single else input
        if hx is None:
            hx = self._zeros(x, None)
        elif single:
            hx = self._each(hx, lambda state: state.unsqueeze(1))
        self.check_forward_args(x, hx, None)
        if not x.shape[1 if self.batch_first else 0]:
            raise ShapeError("Expected sequence length to be larger than 0 in RNN")
        out, hx = self._called(x, hx, *self._settings, self.batch_first)
        if single:
            out = out.squeeze(0 if self.batch_first else 1)
            hx = self._each(hx, lambda state: state.squeeze(1))
        return out, hx

    def _run_packed(self, given: Any, hx: Any) -> tuple[Any, Any]:
        data, batch_sizes, order, back = given
        require_tensor(self._get_name(), data, "input.data")
        require_tensor(self._get_name(), batch_sizes, "input.batch_sizes")
        recurrent.require_sequences(self._get_name(), data, batch_sizes, False)
        self._check_sizes(data, batch_sizes)
        if hx is None:
            hx = self._zeros(data, batch_sizes)
        else:
            self._check_states(data, hx, batch_sizes)
            hx = self.permute_hidden(hx, order)
        out, hx = self._called(data, batch_sizes, hx, *self._settings)
        return PackedSequence(out, batch_sizes, order, back), self.permute_hidden(hx, back)

    @property
    def _settings(self) -> tuple[Any, ...]:
        return (
            self._flat_weights, self.bias, self.num_layers, self.dropout, self.training, self.bidirectional
        )  # fmt: skip

    def _called(self, *arguments: Any) -> tuple[Any, Any]:
        """Return what the function of this kind of network gives: outputs, and last states as one."""
        out, hidden, *cell = FUNCTIONS[self.mode](*arguments)
        return out, (hidden, *cell) if cell else hidden

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
        """Return all outputs and the last hidden states, from the hidden states ``hx`` or zeros.

        ValueError or RuntimeError where an input or a state does not fit, TypeError for states of another kind.
        """
        return self._run(input, hx)


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

    def get_expected_cell_size(self, input: Any, batch_sizes: Any) -> tuple[int, int, int]:
        """Return the shape of the cell states for an input: ``(layers directions, batch, hidden_size)``."""
        return *self.get_expected_hidden_size(input, batch_sizes)[:2], self.hidden_size

    def _check_states(self, input: Any, hidden: Any, batch_sizes: Any) -> None:
        sizes = (
            self.get_expected_hidden_size(input, batch_sizes),
            self.get_expected_cell_size(input, batch_sizes),
        )
        for k, (state, size) in enumerate(zip(hidden, sizes, strict=True)):
            self.check_hidden_size(state, size, f"Expected hidden[{k}] size {{}}, got {{}}")

    def permute_hidden(self, hx: Any, permutation: Any) -> Any:
        """Return both states with their examples in another order; as they are without one."""
        return hx if permutation is None else tuple(s.index_select(1, permutation) for s in hx)

    def _zeros(self, input: Any, batch_sizes: Any) -> Any:
        cell = filled.zeros(self.get_expected_cell_size(input, batch_sizes), dtype=input.dtype)
        return super()._zeros(input, batch_sizes), cell

    def _each(self, hx: Any, change: Callable[[Any], Any]) -> Any:
        return change(hx[0]), change(hx[1])

    def _require_ranks(self, hx: Any, dims: int) -> None:
        which = "unbatched 2-D" if dims == 2 else "batched 3-D"
        if not hx[0].dim() == hx[1].dim() == dims:
            raise ShapeError(
                f"For {which} input, hx and cx should also be {dims}-D but got ({hx[0].dim()}-D, {hx[1].dim()}-D) "
                f"tensors, of shapes {list(hx[0].shape)} and {list(hx[1].shape)}"
            )

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, tuple[Any, Any]]:
        """Return all outputs and the last states, from the states ``hx = (hidden, cell)`` or zeros.

        ValueError or RuntimeError where an input or a state does not fit, TypeError for states that are no pair.
        """
        return self._run(input, hx)


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
        """Return all outputs and the last hidden states, from the hidden states ``hx`` or zeros.

        ValueError or RuntimeError where an input or a state does not fit, TypeError for states of another kind.
        """
        return self._run(input, hx)
