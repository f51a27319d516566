"""Maps of vectors and matrices: onto probabilities and triangles, to other shapes, and part by part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wengert.core.limits import finfo
from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.transform import Transform
from wengert.distributions.utils import _sum_rightmost, tril_matrix_to_vec, vec_to_tril_matrix
from wengert.linalg import cholesky
from wengert.nn.functional.activation import logsigmoid, softplus
from wengert.tensor.filled import eye
from wengert.tensor.joining import cat, stack
from wengert.tensor.padding import pad
from wengert.tensor.reductions import softmax

__all__ = [
    "CatTransform", "CorrCholeskyTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform", "ReshapeTransform",
    "SoftmaxTransform", "StackTransform", "StickBreakingTransform",
]  # fmt: skip


class _Alike(Transform):
    """A map without parameters: all of one kind are equal."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self))

    __hash__ = object.__hash__

    def _require(self, shape: Any, dims: int) -> None:
        if len(shape) < dims:
            raise ValueError(
                f"Too few dimensions on input: {self!r} needs {dims}, got shape {tuple(shape)}."
            )


class SoftmaxTransform(_Alike):
    """``y = softmax(x)`` along the last dimension, whose inverse is taken to be ``log(y)``."""

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Any) -> Any:
        return softmax(x, dim=-1)

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape, which has a dimension at least."""
        self._require(shape, 1)
        return shape

    inverse_shape = forward_shape


class StickBreakingTransform(_Alike):
    """Vectors of n numbers as n + 1 probabilities: each takes a share of what those before it left.

    The share is ``sigmoid(x - log(k))``, with k the numbers that follow and one.
    """

    bijective = True
    domain = constraints.real_vector
    codomain = constraints.simplex

    @staticmethod
    def _followers(x: Any) -> Any:
        """Return ``log(k)``, for k = n ... 1."""
        n = x.shape[-1]
        return (n + 1 - x.new_ones(n).cumsum(-1)).log()

    def _call(self, x: Any) -> Any:
        share = (x - self._followers(x)).sigmoid()
        left = (1 - share).cumprod(-1)
        return pad(share, [0, 1], value=1) * pad(left, [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        taken = y[..., :-1]
        left = (1 - taken.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return taken.log() - left.log() + self._followers(taken)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the logarithm of the determinant."""
        x = x - self._followers(x)
        return (-x + logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape with one more in the last dimension."""
        self._require(shape, 1)
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Any) -> Any:
        """Return the shape with one less in the last dimension."""
        self._require(shape, 1)
        return Size((*shape[:-1], shape[-1] - 1))


class CorrCholeskyTransform(_Alike):
    """Vectors of ``n (n - 1) / 2`` numbers as lower triangles of correlation matrices of n.

    Their hyperbolic tangents are partial correlations, row after row (D. Lewandowski, D. Kurowicka and H. Joe,
    "Generating random correlation matrices based on vines and extended onion method", 2009).
    """

    bijective = True
    domain = constraints.real_vector
    codomain = constraints.corr_cholesky

    def _call(self, x: Any) -> Any:
        eps = finfo(x.dtype).eps
        partial = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - partial.square()).sqrt().cumprod(-1)
        whole = partial + eye(partial.shape[-1], dtype=partial.dtype)
        return whole * pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        left = 1 - y.square().cumsum(-1)
        before = tril_matrix_to_vec(pad(left[..., :-1], [1, 0], value=1), diag=-1)
        partial = tril_matrix_to_vec(y, diag=-1) / before.sqrt()
        return (partial.log1p() - (-partial).log1p()) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the logarithm of the determinant."""
        left = tril_matrix_to_vec(1 - y.square().cumsum(-1), diag=-2)
        of_tanh = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * left.log().sum(-1) + of_tanh

    def forward_shape(self, shape: Any) -> Any:
        """Return ``(..., n, n)`` for ``(..., n (n - 1) / 2)``."""
        self._require(shape, 1)
        n = round((0.25 + 2 * shape[-1]) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != shape[-1]:
            raise ValueError(
                f"Input is not a flattened lower-diagonal number: {shape[-1]} is no n (n - 1) / 2."
            )
        return Size((*shape[:-1], n, n))

    def inverse_shape(self, shape: Any) -> Any:
        """Return ``(..., n (n - 1) / 2)`` for ``(..., n, n)``."""
        self._require(shape, 2)
        if shape[-2] != shape[-1]:
            raise ValueError(f"Input is not square: {tuple(shape)}.")
        n = shape[-1]
        return Size((*shape[:-2], n * (n - 1) // 2))


class LowerCholeskyTransform(_Alike):
    """Matrices as lower triangles with exponentials on the diagonal."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Any) -> Any:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Any) -> Any:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(_Alike):
    """Matrices as positive definite ones, ``L L^T`` with ``L`` of `LowerCholeskyTransform`."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Any) -> Any:
        triangle = LowerCholeskyTransform()(x)
        return triangle @ triangle.mT

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(cholesky(y))


class ReshapeTransform(Transform):
    """Values of a shape in another one of as many elements."""

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ValueError(
                f"in_shape, out_shape have different numbers of elements: {self.in_shape}, {self.out_shape}."
            )
        super().__init__(cache_size=cache_size)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Real numbers, in the dimensions of ``in_shape``."""
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """Real numbers, in the dimensions of ``out_shape``."""
        return constraints.independent(constraints.real, len(self.out_shape))

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the map with another cache."""
        if self._cache_size == cache_size:
            return self
        return ReshapeTransform(self.in_shape, self.out_shape, cache_size=cache_size)

    def _call(self, x: Any) -> Any:
        return x.reshape(x.shape[: x.ndim - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y: Any) -> Any:
        return y.reshape(y.shape[: y.ndim - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return 0."""
        return x.new_zeros(x.shape[: x.ndim - len(self.in_shape)])

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape with ``out_shape`` for ``in_shape`` at its end."""
        return self._exchanged(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        """Return the shape with ``in_shape`` for ``out_shape`` at its end."""
        return self._exchanged(shape, self.out_shape, self.in_shape)

    @staticmethod
    def _exchanged(shape: Any, old: Size, new: Size) -> Any:
        cut = len(shape) - len(old)
        if cut < 0:
            raise ValueError(f"Too few dimensions on input: {tuple(shape)} does not end in {old}.")
        if tuple(shape[cut:]) != tuple(old):
            raise ValueError(f"Shape mismatch: expected {tuple(shape[cut:])} but got {old}")
        return Size((*shape[:cut], *new))


class _Parts(Transform):
    """Maps of parts of a value along a dimension."""

    def __init__(self, tseq: Sequence[Any], dim: int, cache_size: int) -> None:
        for part in tseq:
            if not isinstance(part, Transform):
                raise AssertionError(f"{type(self).__name__}: expected transforms, got {part!r}.")
        super().__init__(cache_size=cache_size)
        self.transforms = (
            [part.with_cache(cache_size) for part in tseq] if cache_size else list(tseq)
        )
        self.dim = dim

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        """Whether all maps are."""
        return all(part.bijective for part in self.transforms)

    def _require_parts(self, value: Any, length: int) -> None:
        if not -value.ndim <= self.dim < value.ndim or value.shape[self.dim] != length:
            raise AssertionError(
                f"{self!r}: a value of {length} along dim={self.dim} was expected, got shape {tuple(value.shape)}."
            )


class CatTransform(_Parts):
    """Maps of parts of given lengths along a dimension.

    >>> import wengert as torch
    >>> t = torch.distributions.transforms
    >>> t.CatTransform([t.ExpTransform(), t.AffineTransform(1.0, 2.0)], lengths=[1, 2])(torch.zeros(3))
    tensor([1., 1., 1.])
    """

    def __init__(
        self,
        tseq: Sequence[Any],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(
                f"CatTransform: {len(self.transforms)} transforms, but {len(self.lengths)} lengths."
            )

    @property
    def event_dim(self) -> int:
        """How many dimensions make one value, at most."""
        return int(max(part.event_dim for part in self.transforms))

    @property
    def length(self) -> int:
        """How long all parts are together."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the maps with other caches."""
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _parts_of(self, value: Any) -> list[Any]:
        self._require_parts(value, self.length)
        parts, start = [], 0
        for length in self.lengths:
            parts.append(value.narrow(self.dim, start, length))
            start += length
        return parts

    def _call(self, x: Any) -> Any:
        images = [part(v) for part, v in zip(self.transforms, self._parts_of(x), strict=True)]
        return cat(images, dim=self.dim)

    def _inverse(self, y: Any) -> Any:
        values = [part.inv(v) for part, v in zip(self.transforms, self._parts_of(y), strict=True)]
        return cat(values, dim=self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the maps' own along the dimension, or their sum where it belongs to the values."""
        stretches = []
        for part, a, b in zip(self.transforms, self._parts_of(x), self._parts_of(y), strict=True):
            stretch = part.log_abs_det_jacobian(a, b)
            stretches.append(_sum_rightmost(stretch, self.event_dim - part.event_dim))
        dim = self.dim - x.ndim if self.dim >= 0 else self.dim
        dim += self.event_dim
        return cat(stretches, dim=dim) if dim < 0 else sum(stretches)

    @constraints.dependent_property
    def domain(self) -> Any:
        """The maps' domains along the dimension."""
        return constraints.cat([part.domain for part in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """The maps' codomains along the dimension."""
        return constraints.cat([part.codomain for part in self.transforms], self.dim, self.lengths)


class StackTransform(_Parts):
    """Maps of the elements along a dimension."""

    def __init__(self, tseq: Sequence[Any], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the maps with other caches."""
        if self._cache_size == cache_size:
            return self
        return StackTransform(self.transforms, self.dim, cache_size)

    def _elements(self, value: Any) -> Any:
        self._require_parts(value, len(self.transforms))
        return value.unbind(self.dim)

    def _call(self, x: Any) -> Any:
        images = [part(v) for part, v in zip(self.transforms, self._elements(x), strict=True)]
        return stack(images, dim=self.dim)

    def _inverse(self, y: Any) -> Any:
        values = [part.inv(v) for part, v in zip(self.transforms, self._elements(y), strict=True)]
        return stack(values, dim=self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the maps' own along the dimension."""
        triples = zip(self.transforms, self._elements(x), self._elements(y), strict=True)
        return stack([part.log_abs_det_jacobian(a, b) for part, a, b in triples], dim=self.dim)

    @constraints.dependent_property
    def domain(self) -> Any:
        """The maps' domains along the dimension."""
        return constraints.stack([part.domain for part in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """The maps' codomains along the dimension."""
        return constraints.stack([part.codomain for part in self.transforms], self.dim)
