"""Which function computes the divergence of two distributions: the one for the nearest classes that is registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from wengert.distributions.distribution import Distribution
from wengert.tape.provenance import warn

__all__ = ["kl_divergence", "register_kl"]

Divergence = Callable[[Any, Any], Any]
_Given = TypeVar("_Given", bound=Divergence)

_KL_REGISTRY: dict[tuple[type, type], Divergence] = {}
_KL_MEMOIZE: dict[tuple[type, type], Divergence | None] = {}
"""What was registered, and what was found for classes that were asked about."""


def register_kl(type_p: type, type_q: type) -> Callable[[_Given], _Given]:
    """Return a decorator for the function that computes ``KL(p || q)`` of two classes and their subclasses.

    Of several that fit, the one for the nearest classes counts. TypeError for what is no class of distributions.

    >>> import wengert as torch
    >>> d = torch.distributions
    >>> class Halved(d.Normal): ...
    >>> @d.register_kl(Halved, d.Normal)
    ... def of_halved(p, q):
    ...     return d.kl_divergence(d.Normal(p.loc, p.scale), q) / 2
    >>> d.kl_divergence(Halved(1.0, 1.0), d.Normal(0.0, 1.0))
    tensor(0.2500)
    """
    for name, given in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(given, type) or not issubclass(given, Distribution):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {given}")

    def register(function: _Given) -> _Given:
        _KL_REGISTRY[type_p, type_q] = function
        _KL_MEMOIZE.clear()
        return function

    return register


def kl_divergence(p: Any, q: Any) -> Any:
    """Return ``KL(p || q) = E[log p(x) - log q(x)]`` for ``x`` of ``p``, of the shape of their batches.

    NotImplementedError where no function is registered for the two.

    >>> import wengert as torch
    >>> d = torch.distributions
    >>> d.kl_divergence(d.Normal(0.0, 1.0), d.Normal(1.0, 1.0))
    tensor(0.5000)
    """
    kinds = type(p), type(q)
    if kinds not in _KL_MEMOIZE:
        _KL_MEMOIZE[kinds] = _nearest(*kinds)
    function = _KL_MEMOIZE[kinds]
    if function is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {kinds[0].__name__} and q type {kinds[1].__name__}. Estimate it "
            f"from samples, or register a function with `register_kl`."
        )
    return function(p, q)


def _nearest(kind_p: type, kind_q: type) -> Divergence | None:
    near_p, near_q = kind_p.__mro__, kind_q.__mro__
    fitting = [(a, b) for a, b in _KL_REGISTRY if a in near_p and b in near_q]
    if not fitting:
        return None
    left = min(fitting, key=lambda pair: (near_p.index(pair[0]), near_q.index(pair[1])))
    right = min(fitting, key=lambda pair: (near_q.index(pair[1]), near_p.index(pair[0])))
    if _KL_REGISTRY[left] is not _KL_REGISTRY[right]:
        shown = [f"kl_divergence({a.__name__}, {b.__name__})" for a, b in (left, right)]
        warn(
            f"Ambiguous kl_divergence({kind_p.__name__}, {kind_q.__name__}). Please register_kl({left[0].__name__}, "
            f"{right[1].__name__}): {shown[0]} is taken, and {shown[1]} fits as well.",
            RuntimeWarning,
        )
    return _KL_REGISTRY[left]
