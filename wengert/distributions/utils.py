"""What distributions share: parameters of one shape, probabilities and their logarithms, triangles as vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from wengert.core.dtypes import bool_, get_default_dtype
from wengert.core.limits import finfo
from wengert.tape.meta import Meta
from wengert.tape.mode import enable_grad
from wengert.tensor.creation import tensor
from wengert.tensor.filled import ones, zeros
from wengert.tensor.grids import broadcast_tensors
from wengert.tensor.reductions import softmax
from wengert.tensor.sampling import randn
from wengert.tensor.tensor import Tensor

__all__ = [
    "broadcast_all", "clamp_probs", "euler_constant", "lazy_property", "logits_to_probs", "probs_to_logits",
    "tril_matrix_to_vec", "vec_to_tril_matrix",
]  # fmt: skip

euler_constant: Final = 0.57721566490153286060
"""Euler's constant, the limit of ``1 + 1/2 + ... + 1/n - log(n)``."""


def all_true(checked: Any) -> bool:
    """Say whether a check holds for all elements: of all examples under `vmap`, and where a trace has none, too."""
    elements = checked
    while not isinstance(elements, np.ndarray | Meta):
        elements = elements._payload if isinstance(elements, Tensor) else elements.below
    return bool(elements.all() if isinstance(elements, np.ndarray) else checked.all())


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Return numbers and tensors as tensors of one shape.

    Numbers take the dtype of the first tensor; where there is none, the default one. ValueError for anything else.

    >>> import wengert as torch
    >>> torch.distributions.utils.broadcast_all(1, torch.zeros(2))
    (tensor([1., 1.]), tensor([0., 0.]))
    """
    numbers = [isinstance(v, int | float) for v in values]
    tensors = [v for v in values if isinstance(v, Tensor) or hasattr(v, "__torch_function__")]
    if sum(numbers) + len(tensors) < len(values):
        kinds = ", ".join(type(v).__name__ for v in values)
        raise ValueError(
            f"Input arguments must all be instances of Number, torch.Tensor or objects implementing "
            f"__torch_function__, got {kinds}. Use `torch.tensor(...)`."
        )
    if any(numbers):
        dtype = tensors[0].dtype if tensors else get_default_dtype()
        values = tuple(
            tensor(v, dtype=dtype) if number else v
            for v, number in zip(values, numbers, strict=True)
        )
    return tuple(broadcast_tensors(*values))


def _standard_normal(shape: Any, dtype: Any, device: Any = None) -> Any:
    """Return standard normal numbers of a shape."""
    return randn(tuple(shape), dtype=dtype, device=device)


def _sum_rightmost(value: Any, dims: int) -> Any:
    """Return a tensor summed over its last dimensions, so many of them."""
    if not dims:
        return value
    shape = tuple(value.shape)
    return value.reshape(*shape[: len(shape) - dims], -1).sum(-1)


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Return the probabilities that logarithms of odds, or of weights along the last dimension, stand for."""
    return logits.sigmoid() if is_binary else softmax(logits, dim=-1)


def clamp_probs(probs: Any) -> Any:
    """Return probabilities kept off 0 and 1, by the dtype's ``eps``."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Return the logarithms of probabilities, or of their odds ``p / (1 - p)``, of what `clamp_probs` returns."""
    kept = clamp_probs(probs)
    return kept.log() - (-kept).log1p() if is_binary else kept.log()


class lazy_property:
    """A method as an attribute that is computed when first asked for, with gradients, and kept."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__
        self.__name__ = wrapped.__name__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return _PropertyOfClass(self.wrapped)
        with enable_grad():
            value = self.wrapped(instance)
        vars(instance)[self.__name__] = value
        return value


class _PropertyOfClass(lazy_property, property):
    """What a class shows of a `lazy_property`: a property, so that tools for documents see one."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        property.__init__(self, wrapped)


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """Return the lower triangles of ``mat: (..., n, n)``, up to a diagonal, row after row as vectors.

    ValueError for a diagonal that the matrix does not have.
    """
    n = mat.shape[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    return mat[..., _triangle(n, diag)]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """Return vectors as lower triangles of matrices, which is what `tril_matrix_to_vec` undoes.

    ValueError for a length that is that of no triangle.
    """
    length, size = vec.shape[-1], max(-diag, 0)
    while _elements_up_to(size, diag) < length:
        size += 1
    if _elements_up_to(size, diag) != length:
        raise ValueError(
            f"The size of last dimension is {length} which cannot be expressed as the lower triangular part of a "
            f"square D x D matrix."
        )
    made = zeros(*vec.shape[:-1], size, size, dtype=vec.dtype)
    made[..., _triangle(size, diag)] = vec
    return made


def _elements_up_to(size: int, diag: int) -> int:
    return sum(min(size, max(0, row + diag + 1)) for row in range(size))


def _triangle(size: int, diag: int) -> Any:
    return ones(size, size, dtype=bool_).tril(diag)
