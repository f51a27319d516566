"""Maps of single numbers, element by element."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.limits import finfo
from wengert.distributions import constraints
from wengert.distributions.transform import Transform
from wengert.distributions.utils import _sum_rightmost, broadcast_all
from wengert.nn.functional.activation import softplus
from wengert.tensor.filled import full_like
from wengert.tensor.grids import broadcast_shapes
from wengert.tensor.tensor import Tensor

__all__ = [
    "AbsTransform", "AffineTransform", "CumulativeDistributionTransform", "ExpTransform", "PowerTransform",
    "SigmoidTransform", "SoftplusTransform", "TanhTransform",
]  # fmt: skip


class _Alike(Transform):
    """A map without parameters: all of one kind are equal."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self))

    __hash__ = object.__hash__


class _Rising(_Alike):
    bijective = True
    domain = constraints.real

    @property
    def sign(self) -> Any:
        """1."""
        return 1


class ExpTransform(_Rising):
    """``y = exp(x)``."""

    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return x.exp()

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return ``x``."""
        return x


class SigmoidTransform(_Rising):
    """``y = 1 / (1 + exp(-x))``, kept off 0 and 1."""

    codomain = constraints.unit_interval

    @staticmethod
    def _inside(y: Any) -> Any:
        limits = finfo(y.dtype)
        return y.clamp(min=limits.tiny, max=1.0 - limits.eps)

    def _call(self, x: Any) -> Any:
        return self._inside(x.sigmoid())

    def _inverse(self, y: Any) -> Any:
        y = self._inside(y)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return ``log(y) + log(1 - y)``."""
        return -softplus(-x) - softplus(x)


class SoftplusTransform(_Rising):
    """``y = log(1 + exp(x))``."""

    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return softplus(x)

    def _inverse(self, y: Any) -> Any:
        return (-(-y).expm1()).log() + y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return ``-log(1 + exp(-x))``."""
        return -softplus(-x)


class TanhTransform(_Rising):
    """``y = tanh(x)``. Values near -1 and 1 have no exact inverse: ``cache_size=1`` keeps it."""

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x: Any) -> Any:
        return x.tanh()

    def _inverse(self, y: Any) -> Any:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return ``log(1 - y ** 2)``."""
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class AbsTransform(_Alike):
    """``y = |x|``, whose inverse is taken to be ``y``."""

    domain = constraints.real
    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return x.abs()

    def _inverse(self, y: Any) -> Any:
        return y


class PowerTransform(Transform):
    """``y = x ** exponent``, of positive numbers."""

    bijective = True
    domain = constraints.positive
    codomain = constraints.positive

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        (self.exponent,) = broadcast_all(exponent)

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the map with another cache."""
        return self if self._cache_size == cache_size else PowerTransform(self.exponent, cache_size)

    @property
    def sign(self) -> Any:
        """The exponent's sign."""
        return self.exponent.sign()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and bool((self.exponent == other.exponent).all())

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return x.pow(self.exponent)

    def _inverse(self, y: Any) -> Any:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return ``log |exponent y / x|``."""
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape, broadcast with the exponent's."""
        return broadcast_shapes(shape, tuple(self.exponent.shape))

    inverse_shape = forward_shape


class AffineTransform(Transform):
    """``y = loc + scale x``, of values with ``event_dim`` dimensions."""

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    @property
    def event_dim(self) -> int:
        """How many dimensions make one value."""
        return self._event_dim

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the map with another cache."""
        if self._cache_size == cache_size:
            return self
        return AffineTransform(self.loc, self.scale, self.event_dim, cache_size=cache_size)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Real numbers, in as many dimensions as make one value."""
        if not self.event_dim:
            return constraints.real
        return constraints.independent(constraints.real, self.event_dim)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """Real numbers, in as many dimensions as make one value."""
        return self.domain

    @property
    def sign(self) -> Any:
        """The sign of ``scale``."""
        if isinstance(self.scale, Tensor):
            return self.scale.sign()
        return (self.scale > 0) - (self.scale < 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AffineTransform):
            return False
        return _same(self.loc, other.loc) and _same(self.scale, other.scale)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return ``log |scale|``, summed over the dimensions of one value."""
        shape = tuple(x.shape)
        if isinstance(self.scale, Tensor):
            stretch = self.scale.abs().log()
        else:
            stretch = full_like(x, math.log(abs(self.scale)))
        if not self.event_dim:
            return stretch.expand(shape)
        stretch = _sum_rightmost(stretch, self.event_dim)
        return stretch.expand(shape[: len(shape) - self.event_dim])

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape, broadcast with those of ``loc`` and ``scale``."""
        shapes = [tuple(getattr(part, "shape", ())) for part in (self.loc, self.scale)]
        return broadcast_shapes(shape, *shapes)

    inverse_shape = forward_shape


def _same(a: Any, b: Any) -> bool:
    same = a == b
    return bool(same.all()) if isinstance(same, Tensor) else bool(same)


class CumulativeDistributionTransform(Transform):
    """``y = distribution.cdf(x)``, the rank of a number in a distribution."""

    bijective = True
    codomain = constraints.unit_interval

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        """The distribution's support."""
        return self.distribution.support

    @property
    def sign(self) -> Any:
        """1."""
        return 1

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the map with another cache."""
        if self._cache_size == cache_size:
            return self
        return CumulativeDistributionTransform(self.distribution, cache_size=cache_size)

    def _call(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the distribution's `log_prob`."""
        return self.distribution.log_prob(x)
