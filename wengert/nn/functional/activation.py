"""Activation functions: what `nn.functional` offers of them. With ``inplace`` the result is written into the input."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import axis_of
from wengert.errors import DTypeError, ShapeError
from wengert.nn.advice import INPLACE
from wengert.rules import activation as rows
from wengert.rules import gelu as gelu_rows
from wengert.tape.provenance import advise, warn
from wengert.tape.storage import Recorded, concrete, handle
from wengert.tensor import bounds, comparison, elementary, filled, norms, reductions, sampling
from wengert.tensor.apply import of_floats as _apply
from wengert.tensor.apply import undefined
from wengert.tensor.inplace import in_place
from wengert.tensor.numbers import double_of, real_of, require_flags
from wengert.tensor.out import deliver
from wengert.tensor.promotion import cast_to, dtype_of, floating, require_tensor
from wengert.tensor.rectifiers import hardshrink, prelu

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish",
    "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "log_softmax", "logsigmoid", "mish", "normalize", "prelu",
    "relu", "relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_", "sigmoid", "silu", "softmax", "softmin", "softplus",
    "softshrink", "softsign", "tanh", "tanhshrink", "threshold", "threshold_",
]  # fmt: skip

advise(INPLACE)


def relu(input: Any, inplace: bool = False) -> Any:
    """Return ``max(input, 0)``; the derivative at 0 is 0."""
    return relu_(input) if inplace else elementary.relu(input)


relu_ = in_place(elementary.relu)


def sigmoid(input: Any) -> Any:
    """Return ``1 / (1 + exp(-input))``."""
    return elementary.sigmoid(input)


def tanh(input: Any) -> Any:
    """Return the hyperbolic tangent."""
    return elementary.tanh(input)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """Return ``min(max(input, min_val), max_val)``; the derivative at both bounds is 0.

    ValueError unless ``min_val <= max_val``, RuntimeError for bools, NotImplementedError for complex numbers.
    """
    if inplace:
        return hardtanh_(input, min_val, max_val)
    min_val = double_of("hardtanh", "min_val", min_val)
    max_val = double_of("hardtanh", "max_val", max_val)
    if min_val > max_val:
        raise ValueError("hardtanh: min_val cannot be greater than max_val")
    require_tensor("hardtanh", input)
    kind = dtypes.kind(dtype_of(input))
    if kind == "b":
        raise DTypeError(
            "hardtanh: Bool inputs not supported for hardtanh. Convert with `.float()`."
        )
    if kind == "c":
        raise undefined("hardtanh", dtype_of(input))
    params = {"low": min_val, "high": max_val}
    return (
        _apply("hardtanh", rows.hardtanh, input, params)
        if kind == "f"
        else rows.hardtanh(input, **params)
    )


hardtanh_ = in_place(hardtanh)


def relu6(input: Any, inplace: bool = False) -> Any:
    """Return ``min(max(input, 0), 6)``; the derivative at 0 and 6 is 0."""
    require_tensor("relu6", input)
    return hardtanh(input, 0.0, 6.0, inplace)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """Return ``input`` where it is above ``threshold``, else ``value``."""
    if inplace:
        return threshold_(input, threshold, value)
    threshold = real_of("threshold", "threshold", threshold)
    value = real_of("threshold", "value", value)
    require_tensor("threshold", input)
    if dtype_of(input).kind in "bc":
        raise undefined("threshold", dtype_of(input))
    return rows.threshold(input, limit=threshold, value=value)


threshold_ = in_place(threshold)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """Return ``input`` where it is positive, else ``negative_slope * input``."""
    if inplace:
        return leaky_relu_(input, negative_slope)
    negative_slope = real_of("leaky_relu", "negative_slope", negative_slope)
    return _apply("leaky_relu", rows.leaky_relu, input, {"slope": negative_slope})


leaky_relu_ = in_place(leaky_relu)


def rrelu(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Any:  # fmt: skip
    """Return ``input`` where it is positive, else ``a * input``, with ``a`` drawn evenly from ``lower`` to ``upper``.

    Where ``training`` is false, ``a`` is their mean. Each element that is not positive takes its own number.
    """
    if inplace:
        return rrelu_(input, lower, upper, training)
    require_flags("rrelu", training=training)
    lower, upper = real_of("rrelu", "lower", lower), real_of("rrelu", "upper", upper)
    if not lower <= upper:
        raise RuntimeError(
            f"rrelu: Lower bound should be less than or equal to the upper bound, but found {lower} and {upper}."
        )
    if not training:
        return _apply("rrelu", rows.rrelu_mean, input, {"slope": (lower + upper) / 2})
    require_tensor("rrelu", input)
    if dtypes.kind(dtype_of(input)) != "f":
        raise undefined("rrelu", dtype_of(input))
    from_zero = concrete(input, "rrelu in training") <= 0
    drawn = concrete(sampling.rand(int(from_zero.sum()), dtype=dtypes.float64), "rrelu")
    slopes = from_zero.astype(dtype_of(input))
    slopes[from_zero] = lower + drawn * (upper - lower)
    return rows.rrelu(input, handle(slopes))


rrelu_ = in_place(rrelu)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Return ``input`` where it is positive, else ``alpha * (exp(input) - 1)``."""
    if inplace:
        return elu_(input, alpha)
    alpha = real_of("elu", "alpha", alpha)
    return _apply("elu", rows.elu, input, {"factor": alpha, "scale": 1.0, "rate": 1.0})


elu_ = in_place(elu)

_SELU = {"factor": 1.6732632423543772, "scale": 1.0507009873554805, "rate": 1.0}


def selu(input: Any, inplace: bool = False) -> Any:
    """Return ``s * input`` where it is positive, else ``s * a * (exp(input) - 1)``, s = 1.0507... and a = 1.6733...

    Source: Klambauer, Unterthiner, Mayr and Hochreiter, Self-normalizing neural networks, 2017.
    """
    return selu_(input) if inplace else _apply("selu", rows.elu, input, _SELU)


selu_ = in_place(selu)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Return ``input`` where it is positive, else ``alpha * (exp(input / alpha) - 1)``.

    RuntimeError for ``alpha=0``.
    """
    if inplace:
        return celu_(input, alpha)
    alpha = real_of("celu", "alpha", alpha)
    if not alpha:
        raise RuntimeError("celu: ZeroDivisionError: alpha cannot be 0 for CELU.")
    return _apply("celu", rows.celu, input, {"factor": alpha, "scale": 1.0, "rate": 1.0 / alpha})


celu_ = in_place(celu)


def gelu(input: Any, *, approximate: str = "none", out: Any = None) -> Any:
    """Return ``input * P(X <= input)`` for a standard normal X.

    With ``approximate="tanh"``: ``0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x ** 3)))``. RuntimeError for other words.

    >>> import wengert as torch
    >>> torch.nn.functional.gelu(torch.tensor([-1., 0., 1.]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(
            f"gelu: approximate argument must be either none or tanh, not {approximate!r}."
        )
    row = gelu_rows.gelu if approximate == "none" else gelu_rows.gelu_tanh
    made = _apply("gelu", row, input)
    return made if out is None else deliver(made, out, exact=True)


def silu(input: Any, inplace: bool = False) -> Any:
    """Return ``input * sigmoid(input)``, of real and complex numbers."""
    if inplace:
        return _silu_(input)
    if isinstance(input, Recorded) and dtype_of(input).kind == "c":
        return rows.silu(input)
    return _apply("silu", rows.silu, input)


_silu_ = in_place(silu)


def mish(input: Any, inplace: bool = False) -> Any:
    """Return ``input * tanh(softplus(input))``."""
    return _mish_(input) if inplace else _apply("mish", rows.mish, input)


_mish_ = in_place(mish)


def softplus(input: Any, beta: float = 1, threshold: float = 20, *, out: Any = None) -> Any:
    """Return ``log(1 + exp(beta * input)) / beta``; the input itself where ``beta * input > threshold``."""
    beta = real_of("softplus", "beta", beta)
    threshold = real_of("softplus", "threshold", threshold)
    made = _apply("softplus", rows.softplus, input, {"beta": beta, "limit": threshold})
    return made if out is None else deliver(made, out, exact=True)


def softsign(input: Any) -> Any:
    """Return ``input / (1 + |input|)``."""
    require_tensor("softsign", input)
    kind = dtypes.kind(dtype_of(input))
    if kind == "b":
        raise undefined("softsign", dtype_of(input))
    if kind == "c":
        return input / (elementary.abs(input) + 1)
    return _apply("softsign", rows.softsign, floating(input))


def tanhshrink(input: Any) -> Any:
    """Return ``input - tanh(input)``. RuntimeError for bools."""
    require_tensor("tanhshrink", input)
    kind = dtypes.kind(dtype_of(input))
    if kind == "b":
        raise DTypeError(
            "tanhshrink: Subtraction, the `-` operator, with a bool tensor is not supported. Convert with `.float()`."
        )
    return rows.tanhshrink(floating(input))


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """Return ``min(max(input + 3, 0), 6) / 6``; the derivative at -3 and 3 is 0."""
    return _hardsigmoid_(input) if inplace else _apply("hardsigmoid", rows.hardsigmoid, input)


_hardsigmoid_ = in_place(hardsigmoid)


def hardswish(input: Any, inplace: bool = False) -> Any:
    """Return ``input * min(max(input + 3, 0), 6) / 6``; the derivative is 0 at -3 and 1 at 3."""
    return _hardswish_(input) if inplace else _apply("hardswish", rows.hardswish, input)


_hardswish_ = in_place(hardswish)


def softshrink(input: Any, lambd: float = 0.5, *, out: Any = None) -> Any:
    """Return ``input`` moved towards 0 by ``lambd``, 0 where that passes it. RuntimeError for a negative ``lambd``."""
    lambd = real_of("softshrink", "lambd", lambd)
    if lambd < 0:
        raise RuntimeError(
            f"softshrink: lambda must be greater or equal to 0, but found to be {lambd}."
        )
    made = _apply("softshrink", rows.softshrink, input, {"limit": lambd})
    return made if out is None else deliver(made, out, exact=True)


def logsigmoid(input: Any, *, out: Any = None) -> Any:
    """Return ``log(sigmoid(input))`` without overflow."""
    made = _apply("logsigmoid", rows.log_sigmoid, input)
    return made if out is None else deliver(made, out, exact=True)


def glu(input: Any, dim: int = -1) -> Any:
    """Return the first half of ``input`` along ``dim`` times the sigmoid of the second.

    RuntimeError where that dimension is odd. Source: Dauphin, Fan, Auli and Grangier, 2017.
    """
    require_tensor("glu", input)
    if not input.ndim:
        raise RuntimeError(
            "glu does not support scalars because halving size must be even. Give it a dimension of even size."
        )
    axis = axis_of("glu", dim, input.ndim)
    if input.shape[axis] % 2:
        raise ShapeError(
            f"glu: Halving dimension must be even, but dimension {dim} is size {input.shape[axis]}."
        )
    return _apply("glu", rows.glu, input, {"dim": axis})


def _implicit_dim(op: str, dim: Any, rank: int) -> int:
    """Return ``dim``; where it is left out, warn and return the one that PyTorch chose in its first versions."""
    if dim is not None:
        return dim  # type: ignore[no-any-return]
    warn(
        f"Implicit dimension choice for {op} has been deprecated. Change the call to include dim=X as an argument."
    )
    return 0 if rank in (0, 1, 3) else 1


def softmax(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Return ``exp(x) / sum(exp(x))`` along ``dim``, without overflow."""
    if dim is None:
        require_tensor("softmax", input)
        dim = _implicit_dim("softmax", dim, input.ndim)
    return reductions.softmax(input, dim, dtype=dtype)


def log_softmax(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Return ``x - logsumexp(x)`` along ``dim``."""
    if dim is None:
        require_tensor("log_softmax", input)
        dim = _implicit_dim("log_softmax", dim, input.ndim)
    return reductions.log_softmax(input, dim, dtype=dtype)


def softmin(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Return the softmax of ``-input`` along ``dim``."""
    require_tensor("softmin", input)
    return reductions.softmax(-input, _implicit_dim("softmin", dim, input.ndim), dtype=dtype)


def gumbel_softmax(
    logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Any:
    """Return samples of the Gumbel-softmax distribution, with Gumbel noise ``-log(e)`` of exponential numbers ``e``.

    With ``hard`` they are one-hot, and their gradient is that of the soft ones. ``eps`` is not used.
    Source: Jang, Gu and Poole, Categorical reparameterization with Gumbel-softmax, 2017.
    """
    require_tensor("gumbel_softmax", logits)
    if eps != 1e-10:
        warn("`eps` parameter is deprecated and has no effect. Leave it out of gumbel_softmax.")
    noise = filled.empty(
        tuple(logits.shape), dtype=logits.dtype, device=logits.device
    ).exponential_()
    soft = reductions.softmax((logits - elementary.log(noise)) / tau, dim)
    if not hard:
        return soft
    axis = axis_of("gumbel_softmax", dim, soft.ndim)
    best = reductions.max(soft, dim, keepdim=True).indices
    places = np.arange(soft.shape[axis]).reshape(-1, *(1,) * (soft.ndim - 1 - axis))
    one_hot = cast_to(comparison.eq(best, handle(places)), dtype_of(soft))
    return one_hot - soft.detach() + soft


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Any:
    """Return ``input / max(norm, eps)``, with the norm of order ``p`` along ``dim``."""
    length = norms.norm(input, p, dim, keepdim=True)
    made = input / bounds.clamp_min(length, eps)
    return made if out is None else deliver(made, out)
