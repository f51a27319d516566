"""What values a parameter may have, or a sample can have: each constraint says it element by element.

A constraint is an object with ``check(value)``, whose answer has the shape of ``value`` without the last ``event_dim``
dimensions. Names in small letters are constraints, or make them: ``positive``, ``interval(0, 1)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.core.dtypes import bool_
from wengert.core.limits import finfo
from wengert.distributions.utils import all_true
from wengert.linalg import cholesky_ex, eigvalsh
from wengert.tensor.filled import full
from wengert.tensor.joining import cat as joined
from wengert.tensor.joining import stack as stacked

__all__ = [
    "Constraint", "MixtureSameFamilyConstraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property",
    "greater_than", "greater_than_eq", "half_open_interval", "independent", "integer_interval", "interval",
    "is_dependent", "less_than", "lower_cholesky", "lower_triangular", "multinomial", "nonnegative",
    "nonnegative_integer", "one_hot", "positive", "positive_definite", "positive_integer", "positive_semidefinite",
    "real", "real_vector", "simplex", "square", "stack", "symmetric", "unit_interval",
]  # fmt: skip


class Constraint:
    """Base of constraints: ``check(value)`` says where a value is allowed.

    ``is_discrete`` says whether allowed values lie apart, ``event_dim`` how many of the last dimensions make one value.

    >>> import wengert as torch
    >>> torch.distributions.constraints.unit_interval.check(torch.tensor([0.5, 2.0]))
    tensor([ True, False])
    """

    is_discrete: Any = False
    event_dim: Any = 0

    def check(self, value: Any) -> Any:
        """Return, for each value, whether it is allowed."""
        raise NotImplementedError(f"{type(self).__name__} does not define `check`.")

    def _shown(self) -> str:
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__.lstrip('_')}({self._shown()})"


class _Dependent(Constraint):
    """Stands for a constraint that depends on other parameters, and is known of instances only."""

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented):
        self._is_discrete, self._event_dim = is_discrete, event_dim
        super().__init__()

    @property
    def is_discrete(self) -> Any:
        """Whether allowed values lie apart, where that is known."""
        return self._known("is_discrete", self._is_discrete)

    @property
    def event_dim(self) -> Any:
        """How many dimensions make one value, where that is known."""
        return self._known("event_dim", self._event_dim)

    @staticmethod
    def _known(name: str, value: Any) -> Any:
        if value is NotImplemented:
            raise NotImplementedError(
                f".{name} cannot be determined statically. Ask the constraint of an instance."
            )
        return value

    def __call__(
        self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented
    ) -> Any:
        """Return another one that knows what is given."""
        return _Dependent(
            is_discrete=self._is_discrete if is_discrete is NotImplemented else is_discrete,
            event_dim=self._event_dim if event_dim is NotImplemented else event_dim,
        )

    def check(self, x: Any) -> Any:
        """Refuse: what is allowed is known of instances only."""
        raise ValueError(
            "Cannot determine validity of dependent constraint. Ask the constraint of an instance."
        )


def is_dependent(constraint: Any) -> bool:
    """Say whether a constraint is one that only instances know."""
    return isinstance(constraint, _Dependent) or bool(getattr(constraint, "is_dependent", False))


class _DependentProperty(property, _Dependent):
    """A property of instances that is a constraint, and of their class stands for it."""

    def __init__(
        self, fn: Any = None, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented
    ) -> None:
        super().__init__(fn)
        self._is_discrete, self._event_dim = is_discrete, event_dim

    def __call__(self, fn: Callable[..., Any]) -> Any:  # type: ignore[override]
        """Decorate a method, as in ``@dependent_property(event_dim=1)``."""
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


class _IndependentConstraint(Constraint):
    """Allows what another constraint allows in all of some last dimensions together."""

    def __init__(self, base_constraint: Any, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> Any:
        """Whether allowed values lie apart."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:
        """How many dimensions make one value."""
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Any) -> Any:
        """Return, for each value, whether all of its parts are allowed."""
        allowed, extra = self.base_constraint.check(value), self.reinterpreted_batch_ndims
        if allowed.ndim < extra:
            raise ValueError(
                f"Expected value.dim() >= {self.base_constraint.event_dim + extra} but got {value.ndim}"
            )
        shape = tuple(allowed.shape)
        return allowed.reshape(*shape[: len(shape) - extra], -1).all(-1)

    def _shown(self) -> str:
        return f"{self.base_constraint!r}, {self.reinterpreted_batch_ndims}"


class MixtureSameFamilyConstraint(Constraint):
    """Allows what all components of a mixture allow; components lie along the last dimension of the batch."""

    def __init__(self, base_constraint: Any) -> None:
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> Any:
        """Whether allowed values lie apart."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:
        """How many dimensions make one value."""
        return self.base_constraint.event_dim

    def check(self, value: Any) -> Any:
        """Return, for each value, whether it is allowed for every component."""
        if value.ndim < self.event_dim:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.ndim}")
        allowed = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        shape = tuple(value.shape)
        batch = shape[: len(shape) - self.event_dim]
        return allowed.reshape(*batch, -1).all(-1)

    def _shown(self) -> str:
        return repr(self.base_constraint)


class _Real(Constraint):
    def check(self, value: Any) -> Any:
        return value == value


class _Boolean(Constraint):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: Any) -> Any:
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Bounded(Constraint):
    """A constraint with bounds, which it shows by their names."""

    def _shown(self) -> str:
        return ", ".join(f"{name}={bound}" for name, bound in vars(self).items())


class _Below(_Bounded):
    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound


class _Above(_Bounded):
    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound


class _Between(_Bounded):
    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound


class _IntegerInterval(_Between):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (self.lower_bound <= value) & (value <= self.upper_bound)


class _IntegerLessThan(_Below):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (value <= self.upper_bound)


class _IntegerGreaterThan(_Above):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (value >= self.lower_bound)


class _GreaterThan(_Above):
    def check(self, value: Any) -> Any:
        return self.lower_bound < value


class _GreaterThanEq(_Above):
    def check(self, value: Any) -> Any:
        return self.lower_bound <= value


class _LessThan(_Below):
    def check(self, value: Any) -> Any:
        return value < self.upper_bound


class _Interval(_Between):
    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class _HalfOpenInterval(_Between):
    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value < self.upper_bound)


class _Simplex(Constraint):
    event_dim = 1

    def check(self, value: Any) -> Any:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _Multinomial(Constraint):
    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, x: Any) -> Any:
        return (x >= 0).all(-1) & (x.sum(-1) <= self.upper_bound)


class _Matrix(Constraint):
    event_dim = 2


def _all_elements(allowed: Any) -> Any:
    return allowed.flatten(-2).all(-1)


class _LowerTriangular(_Matrix):
    def check(self, value: Any) -> Any:
        return _all_elements(value.tril() == value)


class _LowerCholesky(_Matrix):
    def check(self, value: Any) -> Any:
        positive = (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)
        return _all_elements(value.tril() == value) & positive


class _CorrCholesky(_Matrix):
    def check(self, value: Any) -> Any:
        tolerance = finfo(value.dtype).eps * value.size(-1) * 10
        lengths = value.detach().square().sum(-1).sqrt()
        return _LowerCholesky().check(value) & ((lengths - 1).abs() <= tolerance).all(-1)


class _Square(_Matrix):
    def check(self, value: Any) -> Any:
        rows, columns = value.shape[-2:]
        return full(value.shape[:-2], bool(rows == columns), dtype=bool_)


class _Symmetric(_Square):
    def check(self, value: Any) -> Any:
        square = super().check(value)
        if not all_true(square):
            return square
        return _all_elements(value.isclose(value.mT, atol=1e-6))


class _PositiveSemidefinite(_Symmetric):
    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        return (eigvalsh(value) >= 0).all(-1) if all_true(symmetric) else symmetric


class _PositiveDefinite(_Symmetric):
    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        return cholesky_ex(value).info == 0 if all_true(symmetric) else symmetric


class _Parts(Constraint):
    """Allows, in each part of a value along a dimension, what a constraint of its own allows."""

    def __init__(self, cseq: Sequence[Any], dim: int) -> None:
        self.cseq, self.dim = list(cseq), dim
        for part in self.cseq:
            if not isinstance(part, Constraint):
                raise AssertionError(f"expected constraints, got {part!r}")

    @property
    def is_discrete(self) -> Any:
        """Whether any part has values that lie apart."""
        return any(part.is_discrete for part in self.cseq)

    @property
    def event_dim(self) -> Any:
        """How many dimensions make one value, at most."""
        return max(part.event_dim for part in self.cseq)

    def _require_dim(self, value: Any) -> None:
        if not -value.ndim <= self.dim < value.ndim:
            raise AssertionError(
                f"{self!r}: a value of {value.ndim} dimensions has no dim={self.dim}."
            )


class _Cat(_Parts):
    """Constraints of parts of given lengths along a dimension."""

    def __init__(
        self, cseq: Sequence[Any], dim: int = 0, lengths: Sequence[int] | None = None
    ) -> None:
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise AssertionError(
                f"cat: {len(self.cseq)} constraints, but {len(self.lengths)} lengths."
            )

    def check(self, value: Any) -> Any:
        self._require_dim(value)
        checks, start = [], 0
        for part, length in zip(self.cseq, self.lengths, strict=True):
            checks.append(part.check(value.narrow(self.dim, start, length)))
            start += length
        return joined(checks, self.dim)


class _Stack(_Parts):
    """Constraints of the elements along a dimension."""

    def __init__(self, cseq: Sequence[Any], dim: int = 0) -> None:
        super().__init__(cseq, dim)

    @property
    def event_dim(self) -> Any:
        """How many dimensions make one value, at most."""
        highest = super().event_dim
        return highest + 1 if self.dim + highest < 0 else highest

    def check(self, value: Any) -> Any:
        self._require_dim(value)
        elements = value.unbind(self.dim)
        return stacked(
            [part.check(v) for part, v in zip(self.cseq, elements, strict=True)], self.dim
        )


dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat = _Cat
stack = _Stack
