"""Filling parameters with first values, in place and without history: PyTorch's numbers for the same seed."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from wengert.core.silence import silent
from wengert.errors import refuser
from wengert.nn.advice import FILLED
from wengert.rules import structural
from wengert.tape.meta import is_meta
from wengert.tape.mode import no_grad
from wengert.tape.provenance import advise
from wengert.tape.storage import handle
from wengert.tensor import sampling
from wengert.tensor.promotion import dtype_of, raw_number

__all__ = [
    "calculate_gain", "constant", "constant_", "dirac", "dirac_", "eye", "eye_", "kaiming_normal", "kaiming_normal_",
    "kaiming_uniform", "kaiming_uniform_", "normal", "normal_", "ones_", "orthogonal", "orthogonal_", "sparse",
    "sparse_", "trunc_normal_", "uniform", "uniform_", "xavier_normal", "xavier_normal_", "xavier_uniform",
    "xavier_uniform_", "zeros_",
]  # fmt: skip

advise(FILLED)

_GAINS = {
    **dict.fromkeys(("linear", "sigmoid"), 1.0),
    **{f"conv{t}{n}d": 1.0 for t in ("", "_transpose") for n in (1, 2, 3)},
    "tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "selu": 3.0 / 4.0,
}  # fmt: skip


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """Return by how much weights before a nonlinearity are scaled, so that deviations stay 1 through the layers.

    ``param`` is the negative slope of ``"leaky_relu"``, 0.01 by default: ``sqrt(2 / (1 + slope ** 2))``.

    >>> import wengert as torch
    >>> round(torch.nn.init.calculate_gain("leaky_relu", 0.2), 4)
    1.3868
    """
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, int | float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        slope = 0.01 if param is None else param
        return math.sqrt(2.0 / (1.0 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(
            f"Unsupported nonlinearity {nonlinearity}. Known are {', '.join([*_GAINS, 'leaky_relu'])}."
        )
    return _GAINS[nonlinearity]


def _put(tensor: Any, values: Any) -> Any:
    """Write a raw array into a tensor without history."""
    with no_grad():
        return tensor.copy_(handle(values))


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    """Fill with uniform numbers in ``[a, b)``."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """Fill with normal numbers of a mean and a standard deviation."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def constant_(tensor: Any, val: float) -> Any:
    """Fill with one number."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Any) -> Any:
    """Fill with ones."""
    with no_grad():
        return tensor.fill_(1.0)


def zeros_(tensor: Any) -> Any:
    """Fill with zeros."""
    with no_grad():
        return tensor.zero_()


def eye_(tensor: Any) -> Any:
    """Fill a matrix with the identity. ValueError for another number of dimensions."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return _put(tensor, np.eye(*tensor.shape, dtype=dtype_of(tensor)))


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Fill the weights of a convolution so that it passes its input channels on, as many as it can.

    ValueError unless the tensor has 3, 4 or 5 dimensions and the first is divisible by ``groups``.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    outs = tensor.shape[0] // groups
    values = np.zeros(tuple(tensor.shape), dtype_of(tensor))
    middle = tuple(n // 2 for n in tensor.shape[2:])
    for g in range(groups):
        for d in range(min(outs, tensor.shape[1])):
            values[(g * outs + d, d, *middle)] = 1
    return _put(tensor, values)


def _calculate_fan_in_and_fan_out(tensor: Any) -> tuple[int, int]:
    """Return how many inputs a weight's output has, and the other way around."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill with uniform numbers in ``[-a, a)``, ``a = gain sqrt(6 / (fan_in + fan_out))``.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """
    std = gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill with normal numbers of deviation ``gain sqrt(2 / (fan_in + fan_out))``; see `xavier_uniform_`."""
    std = gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))
    return normal_(tensor, 0.0, std, generator)


def _kaiming_deviation(tensor: Any, a: float, mode: str, nonlinearity: str) -> float | None:
    """Return ``gain / sqrt(fan)``; None, with a warning, for a tensor without elements."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan = _calculate_fan_in_and_fan_out(tensor)[mode.lower() == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:  # fmt: skip
    """Fill with uniform numbers in ``[-b, b)``, ``b = gain sqrt(3 / fan)``.

    ``a`` is the negative slope for ``"leaky_relu"``; ``mode`` chooses the fan, ``"fan_in"`` or ``"fan_out"``.
    Source: He et al., Delving deep into rectifiers, 2015.
    """
    std = _kaiming_deviation(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:  # fmt: skip
    """Fill with normal numbers of deviation ``gain / sqrt(fan)``; see `kaiming_uniform_`."""
    std = _kaiming_deviation(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0, std, generator)


def trunc_normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Any:  # fmt: skip
    """Fill with normal numbers, drawn again where they lie outside of ``[a, b]``.

    Where ``[a, b]`` holds little of the distribution, uniform numbers are accepted in proportion to its density.
    """

    def below(x: float) -> float:
        return (1.0 + math.erf((x - mean) / std / math.sqrt(2.0))) / 2.0

    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    with no_grad():
        if is_meta(tensor):
            return tensor
        if below(b) - below(a) > 0.3:
            return _redrawn(tensor, mean, std, a, b, generator)
        return _accepted(tensor, mean, std, a, b, generator)


def _redrawn(tensor: Any, mean: float, std: float, a: float, b: float, generator: Any) -> Any:
    """Draw normal numbers until all lie inside."""
    real = dtype_of(tensor).type
    low, high = float(real(a)), float(real(b))
    normal_(tensor, mean, std, generator)
    while True:
        outside = (tensor < low) | (tensor > high)
        if not outside.any():
            return tensor
        again = normal_(structural.clone(tensor.detach()), mean, std, generator)
        tensor.copy_(again.where(outside, tensor))


def _accepted(tensor: Any, mean: float, std: float, a: float, b: float, generator: Any) -> Any:
    """Draw uniform numbers, and each again until another uniform number lies below the density there."""
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    drawn, chance = structural.clone(tensor.detach()), structural.clone(tensor.detach())
    pending = None
    while pending is None or pending.any():
        uniform_(drawn, a, b, generator)
        tensor.copy_(drawn if pending is None else drawn.where(pending, tensor))
        height = ((drawn - mean) / std) ** 2 * -0.5 - peak
        refused = uniform_(chance, 0.0, 1.0, generator).log() > height
        pending = refused if pending is None else pending & refused
    return tensor


def orthogonal_(tensor: Any, gain: float = 1, generator: Any = None) -> Any:
    """Fill with a (semi-)orthogonal matrix times ``gain``; further dimensions count as columns.

    Source: Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning, 2014.
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor.numel() or is_meta(tensor):
        return tensor
    rows = tensor.shape[0]
    flat = handle(np.empty((rows, tensor.numel() // rows), dtype_of(tensor)))
    values = normal_(flat, 0, 1, generator).numpy()
    q, r = np.linalg.qr(values.T if rows < values.shape[1] else values)
    q *= np.sign(np.diag(r))
    q = silent().run(np.multiply, q.T if rows < values.shape[1] else q, raw_number(gain, q.dtype))
    return _put(tensor, q.reshape(tuple(tensor.shape)))


def sparse_(tensor: Any, sparsity: float, std: float = 0.01, generator: Any = None) -> Any:
    """Fill a matrix with normal numbers, and a fraction ``sparsity`` of each column with zeros."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    normal_(tensor, 0, std, generator)
    orders = [sampling.randperm(rows, device="cpu").numpy() for _ in range(columns)]
    if is_meta(tensor):
        return tensor
    values = tensor.detach().numpy().copy()
    for column, order in enumerate(orders):
        values[order[: math.ceil(sparsity * rows)], column] = 0
    return _put(tensor, values)


def _old_name(now: Any) -> Callable[..., Any]:
    """Return a function under its name before PyTorch 0.4, without underscore, which warns."""
    old = now.__name__.removesuffix("_")

    @functools.wraps(now)
    def filled(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{old}_`.",
            FutureWarning,
            stacklevel=2,
        )
        return now(*args, **kwargs)

    filled.__name__ = filled.__qualname__ = old
    filled.__doc__ = f"Call `{old}_`, which is the name now, with a FutureWarning."
    return filled


uniform, normal, constant, eye = map(_old_name, (uniform_, normal_, constant_, eye_))
dirac, orthogonal, sparse = map(_old_name, (dirac_, orthogonal_, sparse_))
xavier_uniform, xavier_normal = map(_old_name, (xavier_uniform_, xavier_normal_))
kaiming_uniform, kaiming_normal = map(_old_name, (kaiming_uniform_, kaiming_normal_))

__getattr__ = refuser(__name__, "torch.nn.init")
