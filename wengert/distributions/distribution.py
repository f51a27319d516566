"""`Distribution`: the shapes, the checks and the questions that all distributions share."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

from wengert.core.shapes import Size
from wengert.distributions.constraints import is_dependent
from wengert.distributions.utils import all_true, lazy_property
from wengert.tape.mode import no_grad
from wengert.tape.provenance import warn
from wengert.tensor.tensor import Tensor

__all__ = ["Distribution"]

NOTHING = Size(())


class Distribution:
    """Base of distributions: a subclass defines those of its methods that it has answers to.

    ``batch_shape`` is that of the parameters, ``event_shape`` that of one sample. A constraint in ``arg_constraints``,
    by the name of a parameter, is anything whose ``check(value)`` says element by element what is allowed.
    ``validate_args`` asks for checks, which are on unless Python runs with ``-O``. Raises ValueError for a parameter
    that its constraint does not allow.
    """

    _fields: ClassVar[dict[str, int]] = {}
    """The parameters, and how many of the last dimensions of each belong to one event."""
    _inner: ClassVar[tuple[str, ...]] = ()
    """Distributions of the same batch shape that this one is made of."""
    _kept: ClassVar[tuple[str, ...]] = ()
    """What else an instance has that its expansions have, too."""

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Switch the checks on or off for distributions that do not say."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args: expected True or False, got {value!r}.")
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Size = NOTHING,
        event_shape: Size = NOTHING,
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = batch_shape
        self._event_shape = event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        try:
            constraints = self.arg_constraints
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or initialize "
                f"the distribution with `validate_args=False` to turn off validation.",
                stacklevel=4,
            )
            return
        for name, constraint in constraints.items():
            if is_dependent(constraint) or self._computes(name):
                continue
            value = getattr(self, name)
            if not all_true(constraint.check(value)):
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    def _computes(self, name: str) -> bool:
        """Say whether a parameter is computed from another one that was given, and so was checked."""
        return name not in vars(self) and isinstance(getattr(type(self), name, None), lazy_property)

    def _unanswered(self, question: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} does not define `{question}`.")

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        """Return the distribution with its parameters broadcast to a larger batch shape.

        A subclass names its parameters in ``_fields``, or defines this itself.
        """
        owner = self._owner()
        if owner is Distribution:
            raise self._unanswered("expand")
        return self._expanded(self._get_checked_instance(owner, _instance), Size(batch_shape))

    def _owner(self) -> type:
        """Return the nearest class that says what its parameters are."""
        return next(c for c in type(self).__mro__ if "_fields" in vars(c))

    def _expanded(self, made: Any, batch: Size) -> Any:
        """Fill in another instance, for a larger batch shape."""
        own = vars(self)
        for name, trailing in self._fields.items():
            if name in own:
                shape = tuple(own[name].shape)
                vars(made)[name] = own[name].expand((*batch, *shape[len(shape) - trailing :]))
        for name in self._inner:
            vars(made)[name] = own[name].expand(batch)
        for name in self._kept:
            if name in own:
                vars(made)[name] = own[name]
        Distribution.__init__(made, batch, self._event_shape, validate_args=False)
        made._validate_args = self._validate_args
        return made

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one sample."""
        return self._event_shape

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """What the parameters must satisfy, by their names."""
        raise self._unanswered("arg_constraints")

    @property
    def support(self) -> Any:
        """What samples satisfy: a constraint."""
        raise self._unanswered("support")

    @property
    def mean(self) -> Any:
        """The mean."""
        raise self._unanswered("mean")

    @property
    def mode(self) -> Any:
        """The most likely value."""
        raise self._unanswered("mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise self._unanswered("variance")

    @property
    def stddev(self) -> Any:
        """The standard deviation, ``sqrt(variance)``."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Sequence[int] = NOTHING) -> Any:
        """Draw samples of shape ``sample_shape + batch_shape + event_shape``, without history."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = NOTHING) -> Any:
        """Draw samples through which gradients flow to the parameters."""
        raise self._unanswered("rsample")

    def sample_n(self, n: int) -> Any:
        """Draw ``n`` samples; FutureWarning: this is ``sample((n,))``."""
        warn("`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", FutureWarning)
        return self.sample((n,))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density, or of the probability, at a value."""
        raise self._unanswered("log_prob")

    def cdf(self, value: Any) -> Any:
        """Return the probability of values up to this one."""
        raise self._unanswered("cdf")

    def icdf(self, value: Any) -> Any:
        """Return the value up to which the probability is this one."""
        raise self._unanswered("icdf")

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return all values that have a probability."""
        raise self._unanswered("enumerate_support")

    def entropy(self) -> Any:
        """Return the entropy, in nats."""
        raise self._unanswered("entropy")

    def perplexity(self) -> Any:
        """Return ``exp(entropy)``."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Sequence[int] = NOTHING) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        """Raise ValueError for a value that is no tensor, has no shape of samples, or lies outside the support."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        events = len(self._event_shape)
        shape = tuple(value.shape)
        if shape[len(shape) - events :] != tuple(self._event_shape):
            raise ValueError(
                f"The right-most size of value must match event_shape: {value.shape} vs {self._event_shape}."
            )
        expected = (*self._batch_shape, *self._event_shape)
        if any(
            n != m and 1 not in (n, m) for n, m in zip(shape[::-1], expected[::-1], strict=False)
        ):
            raise ValueError(
                f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {Size(expected)}."
            )
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please initialize the "
                f"distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if not all_true(support.check(value)):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {shape}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """Return an instance to fill in `expand`; NotImplementedError for a subclass with another `__init__`."""
        if _instance is None and type(self).__init__ is not cls.__init__:  # type: ignore[misc]
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method must also "
                f"define a custom .expand() method."
            )
        return self.__new__(type(self)) if _instance is None else _instance

    def __repr__(self) -> str:
        given = {k: vars(self)[k] for k in self.arg_constraints if k in vars(self)}
        shown = (f"{k}: {v if v.numel() == 1 else v.size()}" for k, v in given.items())
        return f"{type(self).__name__}({', '.join(shown)})"
