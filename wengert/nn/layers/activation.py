"""Nonlinearities as layers. Each applies the function of `functional` that has its name."""

from __future__ import annotations

import warnings
from typing import Any

from wengert.nn import functional
from wengert.nn.advice import INPLACE
from wengert.nn.layers.sizes import require_dims
from wengert.nn.module import Module
from wengert.nn.parameter import Parameter
from wengert.tape.provenance import advise
from wengert.tensor import elementary, filled

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d",
    "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip

advise(INPLACE)


class _InPlace(Module):
    """A nonlinearity that can write into its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return the argument, where it is not the usual one."""
        return "inplace=True" if self.inplace else ""

    def _and_inplace(self) -> str:
        return ", inplace=True" if self.inplace else ""


class ReLU(_InPlace):
    """``max(x, 0)``.

    >>> import wengert as torch
    >>> torch.nn.ReLU()(torch.tensor([-1., 2.]))
    tensor([0., 2.])
    """

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.relu(input, inplace=self.inplace)


class RReLU(_InPlace):
    """``x`` where positive, else ``a x``; the slope a is random in ``[lower, upper)`` in training, else their mean."""

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"lower={self.lower}, upper={self.upper}{self._and_inplace()}"


class Hardtanh(_InPlace):
    """``x`` clipped to ``[min_val, max_val]``."""

    def __init__(
        self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False, min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(inplace)
        for old, value in (("min_value", min_value), ("max_value", max_value)):
            if value is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and renamed to `{old[:7]}`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        if self.max_val <= self.min_val:
            raise AssertionError(
                f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})"
            )

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"min_val={self.min_val}, max_val={self.max_val}{self._and_inplace()}"


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)``."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """Return the argument, where it is not the usual one."""
        return _InPlace.extra_repr(self)


class Threshold(_InPlace):
    """``x`` where it is above ``threshold``, else ``value``."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"threshold={self.threshold}, value={self.value}{self._and_inplace()}"


class Sigmoid(Module):
    """``1 / (1 + e ** -x)``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return elementary.sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return elementary.tanh(input)


class Hardsigmoid(_InPlace):
    """``min(max(x / 6 + 1 / 2, 0), 1)``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Return nothing, as PyTorch's does."""
        return ""


class Hardswish(_InPlace):
    """``x hardsigmoid(x)``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Return nothing, as PyTorch's does."""
        return ""


class SiLU(_InPlace):
    """``x sigmoid(x)``, also called swish."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.silu(input, inplace=self.inplace)


class Mish(_InPlace):
    """``x tanh(softplus(x))``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.mish(input, inplace=self.inplace)


class SELU(_InPlace):
    """``scale (max(x, 0) + min(alpha (e ** x - 1), 0))`` with fixed numbers that keep mean 0 and variance 1."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.selu(input, self.inplace)


class _WithAlpha(_InPlace):
    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"alpha={self.alpha}{self._and_inplace()}"


class ELU(_WithAlpha):
    """``x`` where positive, else ``alpha (e ** x - 1)``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.elu(input, self.alpha, self.inplace)


class CELU(_WithAlpha):
    """``x`` where positive, else ``alpha (e ** (x / alpha) - 1)``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.celu(input, self.alpha, self.inplace)


class LeakyReLU(_InPlace):
    """``x`` where positive, else ``negative_slope x``."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"negative_slope={self.negative_slope}{self._and_inplace()}"


class PReLU(Module):
    """``x`` where positive, else ``weight x`` with a trained slope, one for all or one for each channel."""

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(
            filled.full((num_parameters,), float(init), device=device, dtype=dtype)
        )

    def reset_parameters(self) -> None:
        """Set the slopes to the value they started with."""
        self.weight.detach().fill_(self.init)

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"num_parameters={self.num_parameters}"


class GELU(Module):
    """``x`` times the normal distribution function of x; ``approximate="tanh"`` for the usual approximation."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """The first half along ``dim`` times the sigmoid of the second."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.glu(input, self.dim)

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"dim={self.dim}"


class _Shrink(Module):
    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """Return the argument."""
        return str(self.lambd)


class Hardshrink(_Shrink):
    """``x`` where ``|x| > lambd``, else 0."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """``x`` moved towards 0 by ``lambd``, and 0 where that crosses it."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.softshrink(input, self.lambd)


class Tanhshrink(Module):
    """``x - tanh(x)``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.tanhshrink(input)


class Softsign(Module):
    """``x / (1 + |x|)``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.softsign(input)


class LogSigmoid(Module):
    """The logarithm of the sigmoid."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.logsigmoid(input)


class Softplus(Module):
    """``log(1 + e ** (beta x)) / beta``, and ``x`` where ``beta x > threshold``."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"beta={self.beta}, threshold={self.threshold}"


class _Along(Module):
    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"dim={self.dim}"


class Softmax(_Along):
    """``e ** x`` divided by its sum along ``dim``.

    >>> import wengert as torch
    >>> torch.nn.Softmax(dim=0)(torch.tensor([1., 1.]))
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.softmax(input, self.dim)


class LogSoftmax(_Along):
    """The logarithm of the softmax along ``dim``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.log_softmax(input, self.dim)


class Softmin(_Along):
    """The softmax of ``-x`` along ``dim``."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        return functional.softmin(input, self.dim)


class Softmax2d(Module):
    """The softmax over the channels of ``(n, c, h, w)`` or ``(c, h, w)``, at each place of its own."""

    def forward(self, input: Any) -> Any:
        """Return the function of the input."""
        require_dims(input, 3, 4)
        return functional.softmax(input, -3)
