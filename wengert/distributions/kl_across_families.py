"""Divergences of distributions of two families: ``-H(p) - E[log q(x)]``, from moments of ``p``.

Where ``p`` has values that ``q`` has not, the divergence is infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from wengert.distributions.bernoulli import Bernoulli
from wengert.distributions.beta import Beta
from wengert.distributions.binomial import Binomial
from wengert.distributions.continuous_bernoulli import ContinuousBernoulli
from wengert.distributions.exponential import Exponential
from wengert.distributions.gamma import Gamma
from wengert.distributions.gumbel import Gumbel
from wengert.distributions.kl_registry import register_kl
from wengert.distributions.laplace import Laplace
from wengert.distributions.normal import Normal
from wengert.distributions.pareto import Pareto
from wengert.distributions.poisson import Poisson
from wengert.distributions.uniform import Uniform
from wengert.distributions.utils import euler_constant
from wengert.tensor.bounds import xlogy
from wengert.tensor.comparison import where
from wengert.tensor.filled import full
from wengert.tensor.grids import broadcast_shapes

__all__: list[str] = []


def _infinite(p: Any, q: Any) -> Any:
    shape = broadcast_shapes(p.batch_shape, q.batch_shape)
    return full(shape, math.inf, dtype=p.mean.dtype)


for _p, _others in {
    Beta: (Pareto,),
    ContinuousBernoulli: (Pareto,),
    Exponential: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gamma: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gumbel: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Laplace: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Normal: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Pareto: (Beta, ContinuousBernoulli, Uniform),
    Poisson: (Bernoulli, Binomial),
}.items():
    for _q in _others:
        register_kl(_p, _q)(_infinite)


def _outside(p: Any, low: Any, high: Any = None) -> Any:
    """Return where a uniform distribution, or one from 0 to 1, leaves an interval; None for one that never does."""
    if not isinstance(p, Uniform) and high is None:
        return None
    start, end = (p.low, p.high) if isinstance(p, Uniform) else (0.0, 1.0)
    below = start < low
    return below if high is None else below | (end > high)


def _inside(divergence: Any, outside: Any) -> Any:
    return divergence if outside is None else where(outside, math.inf, divergence)


def _for_all(kinds: tuple[type, ...], kind: type) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        for p in kinds:
            register_kl(p, kind)(function)
        return function

    return register


@_for_all((Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Pareto, Uniform), Normal)
def _to_normal(p: Any, q: Any) -> Any:
    off = p.variance + (p.mean - q.loc).square()
    return -p.entropy() + q.scale.log() + 0.5 * (math.log(2 * math.pi) + off / q.scale.square())


@_for_all((Beta, ContinuousBernoulli, Gamma, Pareto, Uniform), Exponential)
def _to_exponential(p: Any, q: Any) -> Any:
    return _inside(-p.entropy() - q.rate.log() + q.rate * p.mean, _outside(p, low=0.0))


def _uniform_log(low: Any, high: Any) -> Any:
    """Return the mean logarithm of a number that is uniform between two."""
    return (xlogy(high, high) - xlogy(low, low)) / (high - low) - 1


def _mean_log(p: Any) -> Any:
    """Return ``E[log(x)]``."""
    if isinstance(p, Beta):
        return p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    if isinstance(p, Exponential):
        return -p.rate.log() - euler_constant
    if isinstance(p, Pareto):
        return p.scale.log() + p.alpha.reciprocal()
    return _uniform_log(p.low, p.high)


@_for_all((Beta, Exponential, Pareto, Uniform), Gamma)
def _to_gamma(p: Any, q: Any) -> Any:
    a, rate = q.concentration, q.rate
    density = a * rate.log() - a.lgamma() + (a - 1) * _mean_log(p) - rate * p.mean
    return _inside(-p.entropy() - density, _outside(p, low=0.0))


@_for_all((Beta, ContinuousBernoulli), Uniform)
def _to_uniform(p: Any, q: Any) -> Any:
    return _inside(-p.entropy() + (q.high - q.low).log(), _outside(p, low=q.low, high=q.high))


@_for_all((Beta, Uniform), ContinuousBernoulli)
def _to_continuous_bernoulli(p: Any, q: Any) -> Any:
    density = p.mean * q.logits + (-q.probs).log1p() + q._log_normalizing_constant()
    outside = None if isinstance(p, Beta) else _outside(p, low=0.0, high=1.0)
    return _inside(-p.entropy() - density, outside)


@register_kl(Uniform, Beta)
def _uniform_to_beta(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    normalizer = a.lgamma() + b.lgamma() - (a + b).lgamma()
    powers = (a - 1) * _mean_log(p) + (b - 1) * _uniform_log(1 - p.high, 1 - p.low)
    return _inside(-p.entropy() + normalizer - powers, _outside(p, low=0.0, high=1.0))


@register_kl(Uniform, Pareto)
def _uniform_to_pareto(p: Any, q: Any) -> Any:
    density = q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * _mean_log(p)
    return _inside(-p.entropy() - density, _outside(p, low=q.scale))


def _mean_exp(p: Any, scale: Any) -> Any:
    """Return ``E[exp(-x / scale)]``."""
    if isinstance(p, Exponential):
        return p.rate / (p.rate + scale.reciprocal())
    if isinstance(p, Gamma):
        return (1 + 1 / (scale * p.rate)).pow(-p.concentration)
    if isinstance(p, Normal):
        return (-p.loc / scale + 0.5 * (p.scale / scale).square()).exp()
    return scale * ((-p.low / scale).exp() - (-p.high / scale).exp()) / (p.high - p.low)


@_for_all((Exponential, Gamma, Normal, Uniform), Gumbel)
def _to_gumbel(p: Any, q: Any) -> Any:
    tail = (q.loc / q.scale).exp() * _mean_exp(p, q.scale)
    return -p.entropy() + (p.mean - q.loc) / q.scale + tail + q.scale.log()


@register_kl(Normal, Laplace)
def _normal_to_laplace(p: Any, q: Any) -> Any:
    off = p.loc - q.loc
    ratio = off / p.scale
    distance = math.sqrt(2 / math.pi) * p.scale * (-0.5 * ratio.square()).exp()
    distance = distance + off * (ratio * math.sqrt(0.5)).erf()
    return -p.entropy() + (2 * q.scale).log() + distance / q.scale


@register_kl(Bernoulli, Poisson)
def _bernoulli_to_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)
