"""The von Mises distribution of angles."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.dtypes import bool_, float64
from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import broadcast_all
from wengert.tape.mode import no_grad
from wengert.tensor.comparison import where
from wengert.tensor.filled import empty, zeros
from wengert.tensor.sampling import rand
from wengert.tensor.special_functions import i0e, i1e

__all__ = ["VonMises"]


class VonMises(Distribution):
    """Angles in radians, from -pi to pi, with a density proportional to ``exp(concentration cos(x - loc))``."""

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    _fields = {"loc": 0, "concentration": 0}

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """``loc``, the direction of the mean point on the circle."""
        return self.loc

    @property
    def mode(self) -> Any:
        """``loc``."""
        return self.loc

    @property
    def variance(self) -> Any:
        """How far the mean point on the circle is from the circle: ``1 - I1(concentration) / I0(concentration)``."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw candidates, in float64, until every one is accepted.

        Source: D. Best and N. Fisher, "Efficient simulation of the von Mises distribution", 1979.
        """
        with no_grad():
            loc, k = self.loc.to(float64), self.concentration.to(float64)
            shape = self._extended_shape(sample_shape)
            ratio = self._ratio(k)
            angle, done = empty(shape, dtype=float64), zeros(shape, dtype=bool_)
            while not done.all():
                u1, u2, u3 = rand((3, *shape), dtype=float64).unbind()
                z = (math.pi * u1).cos()
                f = (1 + ratio * z) / (ratio + z)
                c = k * (ratio - f)
                accepted = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                angle = where(accepted, (u3 - 0.5).sign() * f.acos(), angle)
                done = done | accepted
            around = (angle + math.pi + loc) % (2 * math.pi) - math.pi
            return around.to(self.loc.dtype)

    @staticmethod
    def _ratio(k: Any) -> Any:
        tau = 1 + (1 + 4 * k.square()).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        # The formula loses its digits near 0.
        return where(k < 1e-5, 1 / k + k, (1 + rho.square()) / (2 * rho))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        k = self.concentration
        return k * (value - self.loc).cos() - math.log(2 * math.pi) - (i0e(k).log() + k)
