"""The chi-squared distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from wengert.distributions import constraints
from wengert.distributions.gamma import Gamma

__all__ = ["Chi2"]


class Chi2(Gamma):
    """Sums of squares of ``df`` standard normal numbers: `Gamma` of concentration ``df / 2`` and rate 1 / 2."""

    arg_constraints = {"df": constraints.positive}
    _fields: ClassVar[dict[str, int]] = {"concentration": 0, "rate": 0}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    @property
    def df(self) -> Any:
        """The degrees of freedom."""
        return self.concentration * 2
