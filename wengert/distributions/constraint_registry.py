"""From a constraint to a map of unconstrained numbers onto what it allows: `biject_to` and `transform_to`.

An optimiser moves unconstrained numbers; the map of them is a parameter of a distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from wengert.distributions import constraints, transforms

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]

_Factory = TypeVar("_Factory", bound=Callable[[Any], Any])


class ConstraintRegistry:
    """Maps by the classes of the constraints that they lead to.

    >>> import wengert as torch
    >>> d = torch.distributions
    >>> d.transform_to(d.constraints.positive)(torch.tensor([-1.0, 0.0]))
    tensor([0.3679, 1.0000])
    """

    def __init__(self) -> None:
        self._registry: dict[type, Callable[[Any], Any]] = {}

    @overload
    def register(self, constraint: Any) -> Callable[[_Factory], _Factory]: ...
    @overload
    def register(self, constraint: Any, factory: _Factory) -> _Factory: ...
    def register(self, constraint: Any, factory: Any = None) -> Any:
        """Let ``factory(constraint)`` make the map for a class of constraints, or for that of an instance.

        Without a factory, a decorator. TypeError for what is no class of constraints.
        """
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not isinstance(kind, type) or not issubclass(kind, constraints.Constraint):
            raise TypeError(
                f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}"
            )
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        """Return the map for a constraint; NotImplementedError where none is registered."""
        factory = self._registry.get(type(constraint))
        if factory is None:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__} constraints: no map onto them is registered."
            )
        return factory(constraint)


biject_to, transform_to = ConstraintRegistry(), ConstraintRegistry()
"""Bijections, whose stretching is known; and maps that need not be ones, which suit optimisers better."""


def _for_both(*kinds: Any) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def register(factory: Callable[[Any], Any]) -> Callable[[Any], Any]:
        for kind in kinds:
            biject_to.register(kind, factory)
            transform_to.register(kind, factory)
        return factory

    return register


@_for_both(constraints.real)
def _onto_real(constraint: Any) -> Any:
    return transforms.identity_transform


@biject_to.register(constraints.independent)
def _biject_to_independent(constraint: Any) -> Any:
    base = biject_to(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@transform_to.register(constraints.independent)
def _transform_to_independent(constraint: Any) -> Any:
    base = transform_to(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@_for_both(
    constraints.positive, constraints.nonnegative, constraints.greater_than, constraints.greater_than_eq
)  # fmt: skip
def _onto_greater(constraint: Any) -> Any:
    parts = [transforms.ExpTransform(), transforms.AffineTransform(constraint.lower_bound, 1)]
    return transforms.ComposeTransform(parts)


@_for_both(constraints.less_than)
def _onto_less(constraint: Any) -> Any:
    parts = [transforms.ExpTransform(), transforms.AffineTransform(constraint.upper_bound, -1)]
    return transforms.ComposeTransform(parts)


@_for_both(constraints.interval, constraints.half_open_interval)
def _onto_interval(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, int | float) and isinstance(high, int | float) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    parts = [transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)]
    return transforms.ComposeTransform(parts)


@biject_to.register(constraints.simplex)
def _biject_to_simplex(constraint: Any) -> Any:
    return transforms.StickBreakingTransform()


@transform_to.register(constraints.simplex)
def _transform_to_simplex(constraint: Any) -> Any:
    return transforms.SoftmaxTransform()


@transform_to.register(constraints.lower_cholesky)
def _transform_to_triangle(constraint: Any) -> Any:
    return transforms.LowerCholeskyTransform()


@_for_both(constraints.corr_cholesky)
def _onto_correlations(constraint: Any) -> Any:
    return transforms.CorrCholeskyTransform()


def _transform_to_positive_definite(constraint: Any) -> Any:
    return transforms.PositiveDefiniteTransform()


transform_to.register(constraints.positive_definite, _transform_to_positive_definite)
transform_to.register(constraints.positive_semidefinite, _transform_to_positive_definite)


@biject_to.register(constraints.cat)
def _biject_to_cat(constraint: Any) -> Any:
    parts = [biject_to(part) for part in constraint.cseq]
    return transforms.CatTransform(parts, constraint.dim, constraint.lengths)


@transform_to.register(constraints.cat)
def _transform_to_cat(constraint: Any) -> Any:
    parts = [transform_to(part) for part in constraint.cseq]
    return transforms.CatTransform(parts, constraint.dim, constraint.lengths)


@biject_to.register(constraints.stack)
def _biject_to_stack(constraint: Any) -> Any:
    return transforms.StackTransform([biject_to(part) for part in constraint.cseq], constraint.dim)


@transform_to.register(constraints.stack)
def _transform_to_stack(constraint: Any) -> Any:
    parts = [transform_to(part) for part in constraint.cseq]
    return transforms.StackTransform(parts, constraint.dim)
