"""`Transform`: a map between values of distributions that knows how it stretches them; inverses and chains of maps."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

from wengert.distributions import constraints
from wengert.distributions.utils import _sum_rightmost
from wengert.tensor.filled import zeros_like

__all__ = ["ComposeTransform", "IndependentTransform", "Transform", "identity_transform"]


class Transform:
    """Base of maps: a subclass gives ``domain``, ``codomain``, ``_call``, ``_inverse`` and ``log_abs_det_jacobian``.

    ``bijective`` says whether the inverse is one, ``sign`` whether a map of numbers rises (1) or falls (-1).
    With ``cache_size=1`` the last value and its image are kept, so that the inverse of the image is the value itself.
    """

    bijective = False
    domain: Any
    codomain: Any

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size = cache_size
        self._inv: Any = None
        self._cached_x_y: tuple[Any, Any] = (None, None)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_inv": None, "_cached_x_y": (None, None)}

    @property
    def event_dim(self) -> int:
        """How many dimensions make one value, where that is the same before and after."""
        if self.domain.event_dim != self.codomain.event_dim:
            raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")
        return int(self.domain.event_dim)

    @property
    def inv(self) -> Any:
        """The inverse map, whose own inverse is this one."""
        if self._inv is None:
            self._inv = _InverseTransform(self)
        return self._inv

    @property
    def sign(self) -> Any:
        """1 for a map of numbers that rises, -1 for one that falls."""
        raise NotImplementedError(f"{type(self).__name__} does not define `sign`.")

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the map with another cache."""
        if self._cache_size == cache_size:
            return self
        if type(self).__init__ is Transform.__init__:
            return type(self)(cache_size=cache_size)
        raise NotImplementedError(f"{type(self)}.with_cache is not implemented")

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __call__(self, x: Any) -> Any:
        """Return the image of a value."""
        if not self._cache_size:
            return self._call(x)
        known, image = self._cached_x_y
        if known is not x:
            image = self._call(x)
            self._cached_x_y = x, image
        return image

    def _inv_call(self, y: Any) -> Any:
        if not self._cache_size:
            return self._inverse(y)
        value, known = self._cached_x_y
        if known is not y:
            value = self._inverse(y)
            self._cached_x_y = value, y
        return value

    def _call(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define `_call`.")

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define `_inverse`.")

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return ``log |dy / dx|``, of the determinant where values have dimensions."""
        raise NotImplementedError(f"{type(self).__name__} does not define `log_abs_det_jacobian`.")

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape of the image of what has a shape."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """Return the shape of what has an image of a shape."""
        return shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _InverseTransform(Transform):
    """The inverse of a map, which asks the map for everything."""

    def __init__(self, transform: Transform) -> None:
        super().__init__(cache_size=transform._cache_size)
        self._inv = transform

    def __getstate__(self) -> dict[str, Any]:
        return vars(self)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        return self._inv.codomain

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        return self._inv.domain

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        return bool(self._inv.bijective)

    @property
    def sign(self) -> Any:
        return self._inv.sign

    def with_cache(self, cache_size: int = 1) -> Any:
        return self._inv.with_cache(cache_size).inv

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _InverseTransform) and bool(self._inv == other._inv)

    __hash__ = object.__hash__

    def __call__(self, x: Any) -> Any:
        return self._inv._inv_call(x)

    def _inv_call(self, y: Any) -> Any:
        return self._inv(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._inv.forward_shape(shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._inv!r})"


class ComposeTransform(Transform):
    """Several maps, one after another; none of them is the identity.

    >>> import wengert as torch
    >>> t = torch.distributions.transforms
    >>> both = t.ComposeTransform([t.AffineTransform(1.0, 2.0), t.ExpTransform()])
    >>> both(torch.tensor(0.0)), both.inv(both(torch.tensor(3.0)))
    (tensor(2.7183), tensor(3.))
    """

    def __init__(self, parts: Sequence[Any], cache_size: int = 0) -> None:
        if cache_size:
            parts = [part.with_cache(cache_size) for part in parts]
        super().__init__(cache_size=cache_size)
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComposeTransform) and list(self.parts) == list(other.parts)

    __hash__ = object.__hash__

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """The first map's domain, of as many dimensions as the later maps need."""
        if not self.parts:
            return constraints.real
        domain, needed = self.parts[0].domain, self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            needed = max(
                needed + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim
            )
        return _of_dims(domain, needed)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """The last map's codomain, of as many dimensions as the earlier maps need."""
        if not self.parts:
            return constraints.real
        codomain, needed = self.parts[-1].codomain, self.parts[0].domain.event_dim
        for part in self.parts:
            needed = max(
                needed + part.codomain.event_dim - part.domain.event_dim, part.codomain.event_dim
            )
        return _of_dims(codomain, needed)

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        """Whether all maps are."""
        return all(part.bijective for part in self.parts)

    @property
    def sign(self) -> Any:
        """The product of the maps' signs."""
        return functools.reduce(operator.mul, [part.sign for part in self.parts], 1)

    @property
    def inv(self) -> Any:
        """The inverses, last map first."""
        if self._inv is None:
            self._inv = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inv._inv = self
        return self._inv

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the maps with other caches."""
        return self if self._cache_size == cache_size else ComposeTransform(self.parts, cache_size)

    def __call__(self, x: Any) -> Any:
        """Return the image of a value."""
        for part in self.parts:
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the sum of the maps' logarithms, over the dimensions of one value of the whole."""
        if not self.parts:
            return zeros_like(x)
        values = [x]
        for part in self.parts[:-1]:
            values.append(part(values[-1]))
        values.append(y)
        total, dims = 0, self.domain.event_dim
        for part, before, after in zip(self.parts, values[:-1], values[1:], strict=True):
            stretch = part.log_abs_det_jacobian(before, after)
            total = total + _sum_rightmost(stretch, dims - part.domain.event_dim)
            dims += part.codomain.event_dim - part.domain.event_dim
        return total

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape of the image of what has a shape."""
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """Return the shape of what has an image of a shape."""
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        listed = ",\n    ".join(repr(part) for part in self.parts)
        return f"{type(self).__name__}(\n    {listed}\n)"


def _of_dims(constraint: Any, dims: int) -> Any:
    """Return a constraint on values of so many dimensions."""
    more = dims - constraint.event_dim
    return constraints.independent(constraint, more) if more > 0 else constraint


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """A map whose values have some dimensions more, over which ``log_abs_det_jacobian`` is summed."""

    def __init__(
        self, base_transform: Any, reinterpreted_batch_ndims: int, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size=cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the map with another cache."""
        if self._cache_size == cache_size:
            return self
        return IndependentTransform(self.base_transform, self.reinterpreted_batch_ndims, cache_size)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """The base's domain, with more dimensions."""
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """The base's codomain, with more dimensions."""
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        """Whether the base is."""
        return bool(self.base_transform.bijective)

    @property
    def sign(self) -> Any:
        """The base's sign."""
        return self.base_transform.sign

    def _call(self, x: Any) -> Any:
        self._require_dims(x, self.domain)
        return self.base_transform(x)

    def _inverse(self, y: Any) -> Any:
        self._require_dims(y, self.codomain)
        return self.base_transform.inv(y)

    def _require_dims(self, value: Any, constraint: Any) -> None:
        if value.ndim < constraint.event_dim:
            raise ValueError(
                f"Too few dimensions on input: {self!r} takes values of {constraint.event_dim}, got {value.ndim}."
            )

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the base's, summed over the dimensions that were added."""
        stretch = self.base_transform.log_abs_det_jacobian(x, y)
        return _sum_rightmost(stretch, self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape of the image of what has a shape."""
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        """Return the shape of what has an image of a shape."""
        return self.base_transform.inverse_shape(shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_transform!r}, {self.reinterpreted_batch_ndims})"
