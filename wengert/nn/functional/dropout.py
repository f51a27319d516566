"""Dropout in all its forms: what `nn.functional` offers of it. For the same seed, the same elements as in PyTorch.

In training a share ``p`` of the elements (or of the channels) goes, and the rest is scaled so that means stay.
Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout, 2014.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from wengert.core import dtypes
from wengert.core.shapes import Shape
from wengert.errors import DTypeError, ShapeError
from wengert.nn.advice import INPLACE
from wengert.tape.provenance import advise, warn
from wengert.tensor import filled, views
from wengert.tensor.inplace import in_place
from wengert.tensor.numbers import double_of, require_flags
from wengert.tensor.promotion import constant, dtype_of, require_tensor

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]

advise(INPLACE)


def _share(op: str, input: Any, p: Any, training: Any) -> float:
    """Return the share of elements to drop as a float; TypeError for none, ValueError for one outside of 0 to 1."""
    require_tensor(op, input)
    require_flags(op, training=training)
    share = float(double_of(op, "p", p))
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{op}: dropout probability has to be between 0 and 1, but got {p}.")
    return share


def _noise(op: str, x: Any, shape: Shape, p: float) -> Any:
    """Return ones that stay and zeros that go, in the dtype of ``x``; RuntimeError for integers."""
    dtype = dtype_of(x)
    if dtypes.kind(dtype) not in "fc":
        raise DTypeError(
            f"{op}: result type Float can't be cast to {x.dtype}. Use `{op}(x.float())`."
        )
    each = shape == tuple(x.shape)
    noise = filled.empty_like(x) if each else filled.empty(shape, dtype=x.dtype, device=x.device)
    return noise.bernoulli_(1 - p)


def _dropped(op: str, x: Any, shape: Shape, p: float) -> Any:
    if p == 1:
        return x * constant(0, dtype_of(x))
    noise = _noise(op, x, shape, p)
    return x * noise.div_(1 - p)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Return ``input`` with each element 0 with probability ``p``, and divided by ``1 - p`` otherwise.

    The input itself unless ``training``. ValueError unless ``0 <= p <= 1``, RuntimeError for integers.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.functional.dropout(torch.ones(4))
    tensor([0., 0., 2., 0.])
    """
    p = _share("dropout", input, p, training)
    if not training or p == 0 or not input.numel():
        return input
    return (_dropout_ if inplace else _dropout)(input, p)


def _dropout(input: Any, p: float) -> Any:
    return _dropped("dropout", input, tuple(input.shape), p)


_dropout_ = in_place(_dropout, "dropout_")


def _channels(op: str, x: Any) -> Shape:
    """Return the shape of one number for each channel of each example."""
    if x.ndim < 2:
        raise ShapeError(
            f"{op}: Feature dropout requires at least 2 dimensions in the input (n, c, ...)."
        )
    return (*x.shape[:2], *(1,) * (x.ndim - 2))


def _feature_dropout(input: Any, p: float, op: str = "feature_dropout") -> Any:
    return _dropped(op, input, _channels(op, input), p)


_feature_dropout_ = in_place(_feature_dropout, "feature_dropout_")


def feature_dropout(input: Any, p: float, training: bool, inplace: bool = False) -> Any:
    """Return ``input (n, c, ...)`` with each channel 0 with probability ``p``, as `torch.feature_dropout` does."""
    return _by_channel("feature_dropout", input, p, training, inplace, True)


def _by_channel(op: str, x: Any, p: float, training: bool, inplace: bool, batched: bool) -> Any:
    """Drop whole channels of ``x (n, c, ...)``, or ``(c, ...)`` if not ``batched``."""
    if not training or p == 0 or not x.numel():
        return x
    drop: Callable[..., Any] = _feature_dropout_ if inplace else _feature_dropout
    if batched:
        return drop(x, p, op)
    dropped = drop(views.unsqueeze(x, 0), p, op)
    return x if inplace else views.squeeze(dropped, 0)


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Return ``input (n, c, l)`` or ``(c, l)`` with each channel 0 with probability ``p``; see `dropout`."""
    p = _share("dropout1d", input, p, training)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that dropout1d exists to "
            f"provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional "
            f"batch dimension. Use dropout for others."
        )
    return _by_channel("dropout1d", input, p, training, inplace, input.ndim == 3)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Return ``input (n, c, h, w)`` with each channel 0 with probability ``p``; see `dropout`.

    As in PyTorch, three dimensions are read as ``(n, c, l)``, with a warning.
    """
    p = _share("dropout2d", input, p, training)
    if input.ndim == 3:
        warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead."
        )
    elif input.ndim != 4:
        _warn_rank("dropout2d", input.ndim, 2, "3D or 4D")
    return _by_channel("dropout2d", input, p, training, inplace, True)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Return ``input (n, c, d, h, w)`` or ``(c, d, h, w)`` with channels 0 with probability ``p``; see `dropout`."""
    p = _share("dropout3d", input, p, training)
    if input.ndim not in (4, 5):
        _warn_rank("dropout3d", input.ndim, 3, "4D or 5D")
    return _by_channel("dropout3d", input, p, training, inplace, input.ndim == 5)


def _warn_rank(op: str, rank: int, spatial: int, right: str) -> None:
    warn(
        f"{op}: Received a {rank}-D input to {op}, which is deprecated and will result in an error in a future "
        f"release. To retain the behavior and silence this warning, please use dropout instead. Note that {op} exists "
        f"to provide channel-wise dropout on inputs with {spatial} spatial dimensions, a channel dimension, and an "
        f"optional batch dimension (i.e. {right} inputs)."
    )


_FLOOR = 1.7580993408473766
"""Minus the value that SELU goes to: ``1.0507... * 1.6732...``."""


def _alpha(op: str, x: Any, shape: Shape, p: float) -> Any:
    """Return ``x`` with some elements at SELU's lower end, scaled and shifted so that mean and variance stay."""
    if p == 1:
        return x * constant(0, dtype_of(x))
    noise = _noise(op, x, shape, p)
    scale = 1 / math.sqrt((_FLOOR * _FLOOR * p + 1) * (1 - p))
    shift = (noise - 1).mul_(_FLOOR * scale).add_(_FLOOR * scale * p)
    return x * noise.mul_(scale) + shift


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Return ``input`` with elements at SELU's lower end with probability ``p``, of the same mean and variance.

    Source: Klambauer, Unterthiner, Mayr and Hochreiter, Self-normalizing neural networks, 2017.
    """
    p = _share("alpha_dropout", input, p, training)
    if not training or p == 0 or not input.numel():
        return input
    return (_alpha_dropout_ if inplace else _alpha_dropout)(input, p)


def _alpha_dropout(input: Any, p: float) -> Any:
    return _alpha("alpha_dropout", input, tuple(input.shape), p)


_alpha_dropout_ = in_place(_alpha_dropout, "alpha_dropout_")


def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """Return ``input (n, c, ...)`` with channels at SELU's lower end with probability ``p``; see `alpha_dropout`."""
    p = _share("feature_alpha_dropout", input, p, training)
    if not training or p == 0 or not input.numel():
        return input
    return (_feature_alpha_dropout_ if inplace else _feature_alpha_dropout)(input, p)


def _feature_alpha_dropout(input: Any, p: float) -> Any:
    op = "feature_alpha_dropout"
    return _alpha(op, input, _channels(op, input), p)


_feature_alpha_dropout_ = in_place(_feature_alpha_dropout, "feature_alpha_dropout_")
