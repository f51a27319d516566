"""Divergences of two distributions of one family, ``E[log p(x) - log q(x)]`` in closed form."""

from __future__ import annotations

import math
from typing import Any

from wengert.autograd import grad
from wengert.distributions.bernoulli import Bernoulli
from wengert.distributions.beta import Beta
from wengert.distributions.binomial import Binomial
from wengert.distributions.categorical import Categorical
from wengert.distributions.cauchy import Cauchy
from wengert.distributions.continuous_bernoulli import ContinuousBernoulli
from wengert.distributions.dirichlet import Dirichlet
from wengert.distributions.exp_family import ExponentialFamily
from wengert.distributions.exponential import Exponential
from wengert.distributions.gamma import Gamma
from wengert.distributions.geometric import Geometric
from wengert.distributions.gumbel import Gumbel
from wengert.distributions.half_normal import HalfNormal
from wengert.distributions.independent import Independent
from wengert.distributions.kl_registry import kl_divergence, register_kl
from wengert.distributions.laplace import Laplace
from wengert.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from wengert.distributions.multivariate_normal import (
    MultivariateNormal,
    log_of_diagonal,
    squared_length,
    times,
)
from wengert.distributions.normal import Normal
from wengert.distributions.one_hot_categorical import OneHotCategorical
from wengert.distributions.pareto import Pareto
from wengert.distributions.poisson import Poisson
from wengert.distributions.transformed_distribution import TransformedDistribution
from wengert.distributions.uniform import Uniform
from wengert.distributions.utils import _sum_rightmost, all_true, euler_constant
from wengert.linalg import solve_triangular
from wengert.nn.functional.activation import softplus

__all__: list[str] = []


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    succeeding = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    succeeding = succeeding.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0)
    failing = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    failing = failing.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0)
    return succeeding + failing


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    parts = p.probs * (p.logits - q.logits)
    parts = parts.masked_fill((q.probs == 0).expand_as(parts), math.inf)
    return parts.masked_fill((p.probs == 0).expand_as(parts), 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    if not all_true(~(p.total_count < q.total_count)):
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    each = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return (p.total_count * each).masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).square()
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).square() - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Any:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio, off = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + off / q.scale + ratio * (-off / p.scale).exp() - 1


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    """F. Chyzak and F. Nielsen, "A closed-form formula for the divergence between Cauchy distributions", 2019."""
    apart = (p.scale + q.scale).square() + (p.loc - q.loc).square()
    return (apart / (4 * p.scale * q.scale)).log()


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    outside = (q.low > p.low) | (q.high < p.high)
    return ((q.high - q.low) / (p.high - p.low)).log().masked_fill(outside, math.inf)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    ratio, start = q.alpha / p.alpha, p.scale / q.scale
    divergence = q.alpha * start.log() - ratio.log() + ratio - 1
    return divergence.masked_fill(p.scale < q.scale, math.inf)


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    rates = b * (p.rate / q.rate).log() + (q.rate - p.rate) * (a / p.rate)
    return rates + b.lgamma() - a.lgamma() + (a - b) * a.digamma()


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio, off = p.scale / q.scale, (q.loc - p.loc) / q.scale
    tail = (off + (1 + ratio).lgamma()).exp()
    return -ratio.log() - off + euler_constant * ratio + tail - (1 + euler_constant)


def _dirichlet_of(a: Any, b: Any) -> Any:
    total_a, total_b = a.sum(-1), b.sum(-1)
    normalizers = total_a.lgamma() - total_b.lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return normalizers + ((a - b) * (a.digamma() - total_a.digamma().unsqueeze(-1))).sum(-1)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    return _dirichlet_of(p.concentration, q.concentration)


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    return _dirichlet_of(p._dirichlet.concentration, q._dirichlet.concentration)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: Any, q: Any) -> Any:
    within = p.mean * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return within + p._log_normalizing_constant() - q._log_normalizing_constant()


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Any:
    """``A(q) - A(p) - <dA(p), q - p>`` in the natural parameters, with ``A`` the log normalizer."""
    if type(p) is not type(q):
        raise NotImplementedError(
            f"The cross KL-divergence between different exponential families cannot be computed: "
            f"{type(p).__name__}, {type(q).__name__}."
        )
    points = [x.detach().requires_grad_() for x in p._natural_params]
    own = p._log_normalizer(*points)
    slopes = grad(own.sum(), points, create_graph=True)
    total = q._log_normalizer(*q._natural_params) - own
    for at, point, slope in zip(q._natural_params, points, slopes, strict=True):
        off = (at - point) * slope
        total = total - _sum_rightmost(off, len(off.shape) - len(q.batch_shape))
    return total


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            f"KL of two Independents: {p.reinterpreted_batch_ndims} and {q.reinterpreted_batch_ndims} dimensions make "
            f"their events."
        )
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms:
        raise NotImplementedError("KL of distributions that are transformed in different ways.")
    if p.event_shape != q.event_shape:
        raise NotImplementedError(
            f"KL of distributions of different event shapes: {p.event_shape}, {q.event_shape}."
        )
    return kl_divergence(p.base_dist, q.base_dist)


def _half_log_det(d: Any) -> Any:
    if isinstance(d, LowRankMultivariateNormal):
        return d._half_log_det()
    return log_of_diagonal(d._unbroadcasted_scale_tril)


def _factors(d: Any) -> list[Any]:
    """Return matrices whose products with their transposes add up to the covariance."""
    if isinstance(d, LowRankMultivariateNormal):
        return [d._unbroadcasted_cov_factor, d._unbroadcasted_cov_diag.sqrt().diag_embed()]
    return [d._unbroadcasted_scale_tril]


def _squared(matrix: Any) -> Any:
    return matrix.square().sum((-2, -1))


def _multivariate(p: Any, q: Any) -> Any:
    """``(log det(Q / P) + tr(Q ** -1 P) + |Q ** (-1 / 2) (p - q)| ** 2 - n) / 2`` with covariances ``P`` and ``Q``."""
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two Multivariate Normals with different event shapes cannot be computed: "
            f"{p.event_shape}, {q.event_shape}"
        )
    off = q.loc - p.loc
    if isinstance(q, LowRankMultivariateNormal):
        # Q ** -1 = D ** -1 - A^T A, by the identity of Woodbury.
        inverse = q._unbroadcasted_cov_diag.reciprocal()
        low = solve_triangular(q._capacitance_tril, q._scaled_factor(), upper=False)
        lengths = (off.square() * inverse).sum(-1) - times(low, off).square().sum(-1)
        trace = (p.variance * inverse).sum(-1) - sum(_squared(low @ part) for part in _factors(p))
    else:
        triangle = q._unbroadcasted_scale_tril
        lengths = squared_length(triangle, off)
        parts = [solve_triangular(triangle, part, upper=False) for part in _factors(p)]
        trace = sum(_squared(part) for part in parts)
    return _half_log_det(q) - _half_log_det(p) + 0.5 * (trace + lengths - p.event_shape[0])


for _p in (MultivariateNormal, LowRankMultivariateNormal):
    for _q in (MultivariateNormal, LowRankMultivariateNormal):
        register_kl(_p, _q)(_multivariate)
