"""Distributions to compare with PyTorch's: how each is made, from parameters in float64, and values to ask it about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A distribution: `make(d, *parameters)` makes it in the module `d`; `values` are in its support."""

    make: Callable[..., Any]
    parameters: tuple[Any, ...]
    values: Any
    loose: float = 0.0
    """How far gradients of samples may be from PyTorch's, which approximates them."""
    coarse: bool = False
    """Whether PyTorch's own answers have no more digits than float32."""
    dtype: str = "float64"
    unasked: tuple[str, ...] = ()
    """What PyTorch answers wrongly, or fails to answer."""


A, B = [0.5, 1.0, 2.5], [[0.7, 1.5, 3.0], [2.0, 0.3, 1.1]]
P, Q = [0.2, 0.5, 0.9], [[0.1, 0.6, 0.3], [0.25, 0.25, 0.5]]
REAL = [[-1.3, 0.0, 2.2], [0.4, 1.0, -0.2]]
POSITIVE = [[0.3, 1.0, 2.2], [0.4, 3.0, 0.2]]
POSITIVE_ABOVE = [[0.3, 1.0, 2.2], [0.4, 1.3, 1.2]]
UNIT = [[0.3, 0.5, 0.9], [0.4, 0.01, 0.2]]
COUNTS = [[0.0, 1.0, 3.0], [2.0, 4.0, 1.0]]
BITS = [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]
SPD = [[2.0, 0.5], [0.5, 1.0]]
TRIL = [[1.5, 0.0], [-0.4, 0.8]]
PAIRS = [[0.3, -1.0], [2.0, 0.1], [0.0, 0.0]]

EXPANDED = ("entropy", "perplexity")

CASES: dict[str, Case] = {
    "normal": Case(lambda d, a, b: d.Normal(a, b), (A, B), REAL),
    "normal-0d": Case(lambda d, a, b: d.Normal(a, b), (0.3, 2.0), REAL),
    "bernoulli": Case(lambda d, p: d.Bernoulli(p), (P,), BITS),
    "bernoulli-logits": Case(lambda d, a: d.Bernoulli(logits=a), (REAL,), BITS),
    "uniform": Case(lambda d, a, b: d.Uniform(a - 5, b), (A, B), REAL),
    "categorical": Case(lambda d, p: d.Categorical(p), (B,), [0, 2]),
    "categorical-logits": Case(lambda d, a: d.Categorical(logits=a), (A,), [[0, 2], [1, 1]]),
    "onehot": Case(lambda d, p: d.OneHotCategorical(p), (B,), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    "onehot-st": Case(
        lambda d, p: d.OneHotCategoricalStraightThrough(logits=p), (A,), [0.0, 1.0, 0.0]
    ),
    "independent": Case(lambda d, a, b: d.Independent(d.Normal(a, b), 1), (A, B), REAL),
    "independent-0": Case(lambda d, p: d.Independent(d.Bernoulli(p), 0), (P,), BITS),
    "independent-2": Case(lambda d, a, b: d.Independent(d.Uniform(a - 5, b), 2), (A, B), REAL),
    "exponential": Case(lambda d, a: d.Exponential(a), (B,), POSITIVE),
    "gamma": Case(lambda d, a, b: d.Gamma(a, b), (A, B), POSITIVE, loose=2e-3),
    "gamma-large": Case(lambda d, a: d.Gamma(a * 20, a), (A,), POSITIVE, loose=2e-3),
    "beta": Case(lambda d, a, b: d.Beta(a, b), (A, B), UNIT, loose=2e-3),
    "beta-small": Case(lambda d, a: d.Beta(a / 4, a / 3), (A,), UNIT, loose=2e-3),
    "dirichlet": Case(lambda d, a: d.Dirichlet(a), (B,), Q, loose=2e-3),
    "dirichlet-small": Case(lambda d, a: d.Dirichlet(a / 4), (A,), Q, loose=2e-3),
    "mvn": Case(lambda d, a, s: d.MultivariateNormal(a, s), ([0.5, 1.0], SPD), PAIRS),
    "mvn-tril": Case(
        lambda d, a, s: d.MultivariateNormal(a, scale_tril=s), (PAIRS, [TRIL] * 3), PAIRS
    ),
    "mvn-precision": Case(
        lambda d, a, s: d.MultivariateNormal(a, precision_matrix=s), (PAIRS, SPD), PAIRS
    ),
    "transformed": Case(
        lambda d, a, b: d.TransformedDistribution(
            d.Normal(a, b),
            [d.AffineTransform(a, b), d.SigmoidTransform().inv.inv, d.ExpTransform()],
        ),
        (A, B),
        [[1.3, 2.0, 1.2], [2.5, 1.9, 1.01]],
    ),
    "transformed-falling": Case(
        lambda d, a: d.TransformedDistribution(d.Exponential(a), d.AffineTransform(1.0, -2.0)),
        (A,),
        [[-3.0, 0.5, -0.2]],
    ),
    "log_normal": Case(lambda d, a, b: d.LogNormal(a, b), (A, B), POSITIVE),
    "laplace": Case(lambda d, a, b: d.Laplace(a, b), (A, B), REAL),
    "cauchy": Case(lambda d, a, b: d.Cauchy(a, b), (A, B), REAL),
    "half_normal": Case(lambda d, a: d.HalfNormal(a), (B,), POSITIVE),
    "half_cauchy": Case(lambda d, a: d.HalfCauchy(a), (B,), POSITIVE),
    "chi2": Case(lambda d, a: d.Chi2(a), (B,), POSITIVE, loose=2e-3),
    "student": Case(lambda d, a, b: d.StudentT(b, a, a), (A, B), REAL, loose=2e-3),
    "gumbel": Case(lambda d, a, b: d.Gumbel(a, b), (A, B), REAL),
    "weibull": Case(lambda d, a, b: d.Weibull(a, b), (A, B), POSITIVE),
    "pareto": Case(lambda d, a, b: d.Pareto(a, b), (A, B), [[0.6, 1.0, 2.6], [3.0, 2.0, 5.0]]),
    "kumaraswamy": Case(
        lambda d, a, b: d.Kumaraswamy(a, b), (A, B), UNIT, coarse=True, unasked=("mode",)
    ),
    "fisher": Case(lambda d, a, b: d.FisherSnedecor(a * 3, b * 3), (A, B), POSITIVE, loose=2e-3),
    "inverse_gamma": Case(lambda d, a, b: d.InverseGamma(a * 1.1, b), (A, B), POSITIVE, loose=2e-3),
    "logistic_normal": Case(
        lambda d, a, b: d.LogisticNormal(a, b), (A, B), [[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]
    ),
    "poisson": Case(lambda d, a: d.Poisson(a * 4), (B,), COUNTS),
    "binomial": Case(lambda d, p: d.Binomial(4, p), (P,), COUNTS),
    "binomial-many": Case(lambda d, p, n: d.Binomial(n, p), (P, [4.0, 40.0, 400.0]), COUNTS),
    "binomial-logits": Case(lambda d, a: d.Binomial(4, logits=a), (REAL,), COUNTS),
    "multinomial": Case(
        lambda d, p: d.Multinomial(3, p),
        (Q,),
        [[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]],
        coarse=True,
        unasked=EXPANDED,
    ),
    "multinomial-logits": Case(
        lambda d, a: d.Multinomial(3, logits=a),
        (A,),
        [[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]],
        coarse=True,
        unasked=EXPANDED,
    ),
    "geometric": Case(lambda d, p: d.Geometric(p), (P,), COUNTS),
    "geometric-logits": Case(lambda d, a: d.Geometric(logits=a), (A,), COUNTS),
    "negative_binomial": Case(
        lambda d, a, p: d.NegativeBinomial(a * 3, p), (B, P), COUNTS, loose=1e-3
    ),
    "negative_binomial-logits": Case(
        lambda d, a: d.NegativeBinomial(5, logits=a), (A,), COUNTS, loose=1e-3
    ),
    "von_mises": Case(lambda d, a, b: d.VonMises(a, b), (A, B), REAL, coarse=True),
    "continuous_bernoulli": Case(lambda d, p: d.ContinuousBernoulli(p), (P,), UNIT),
    "continuous_bernoulli-logits": Case(
        lambda d, a: d.ContinuousBernoulli(logits=a), (REAL,), UNIT
    ),
    "relaxed_bernoulli": Case(lambda d, t, p: d.RelaxedBernoulli(t, p), (0.7, P), UNIT),
    "relaxed_bernoulli-logits": Case(
        lambda d, t, a: d.RelaxedBernoulli(t, logits=a), (2.0, REAL), UNIT
    ),
    "relaxed_onehot": Case(lambda d, t, p: d.RelaxedOneHotCategorical(t, p), (0.7, B), Q),
    "relaxed_onehot-logits": Case(
        lambda d, t, a: d.RelaxedOneHotCategorical(t, logits=a), (2.0, A), Q
    ),
    "mixture": Case(
        lambda d, p, a, b: d.MixtureSameFamily(d.Categorical(p), d.Normal(a, b)),
        (Q, A, B),
        [-1.0, 0.5],
    ),
    "mixture-of-vectors": Case(
        lambda d, p, a, b: d.MixtureSameFamily(d.Categorical(p), d.Independent(d.Normal(a, b), 1)),
        ([0.3, 0.7], A, B),
        REAL,
    ),
    "lowrank": Case(
        lambda d, a, w, s: d.LowRankMultivariateNormal(a, w, s),
        (PAIRS, [[0.5], [-1.0]], [0.6, 1.2]),
        PAIRS,
    ),
    "lkj": Case(
        lambda d, a: d.LKJCholesky(3, a),
        (A,),
        [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, -0.8, 0.6]],
        unasked=("many in float32",),
    ),
    "lkj-0d": Case(lambda d, a: d.LKJCholesky(2, a), (2.0,), [[1.0, 0.0], [0.6, 0.8]]),
    "wishart": Case(
        lambda d, a, s: d.Wishart(a, s),
        (4.5, SPD),
        [[3.0, 0.5], [0.5, 1.0]],
        loose=2e-3,
        unasked=("rsample",),
    ),
    "wishart-batch": Case(
        lambda d, a, s: d.Wishart(a, scale_tril=s.tril()),
        ([2.5, 3.0, 5.0], TRIL),
        [[3.0, 0.5], [0.5, 1.0]],
        loose=2e-3,
        unasked=("rsample",),
    ),
    "wishart-precision": Case(
        lambda d, a, s: d.Wishart(a, precision_matrix=s),
        (5.0, SPD),
        [[3.0, 0.5], [0.5, 1.0]],
        loose=2e-3,
        unasked=("rsample",),
    ),
    "generalized_pareto": Case(
        lambda d, a, b: d.GeneralizedPareto(a / 4, b, a - 0.4),
        (A, B),
        POSITIVE_ABOVE,
        dtype="float32",
    ),
    "generalized_pareto-ends": Case(
        lambda d, a, b: d.GeneralizedPareto(a / 4, b, -a / 4),
        (A, B),
        POSITIVE_ABOVE,
        dtype="float32",
    ),
}
