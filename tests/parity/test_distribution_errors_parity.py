"""Parameters and values that distributions refuse, and what subclasses, copies and transforms of programs meet."""

import copy
import pickle

import pytest

BAD = {
    "normal": lambda d, t: d.Normal(t.zeros(2), t.tensor([1.0, -1.0])),
    "normal-nan": lambda d, t: d.Normal(float("nan"), 1.0),
    "normal-shapes": lambda d, t: d.Normal(t.zeros(2), t.ones(3)),
    "normal-text": lambda d, t: d.Normal("a", t.ones(3)),
    "uniform": lambda d, t: d.Uniform(1.0, 0.0),
    "bernoulli-both": lambda d, t: d.Bernoulli(0.3, 0.2),
    "bernoulli-none": lambda d, t: d.Bernoulli(),
    "bernoulli": lambda d, t: d.Bernoulli(t.tensor([0.5, 1.5])),
    "categorical-0d": lambda d, t: d.Categorical(t.tensor(1.0)),
    "categorical-none": lambda d, t: d.Categorical(),
    "categorical": lambda d, t: d.Categorical(t.tensor([0.5, -0.5])),
    "onehot": lambda d, t: d.OneHotCategorical(logits=t.tensor(1.0)),
    "independent": lambda d, t: d.Independent(d.Normal(t.zeros(2), 1.0), 2),
    "gamma": lambda d, t: d.Gamma(t.tensor(-1.0), 1.0),
    "beta": lambda d, t: d.Beta(1.0, -1.0),
    "dirichlet-0d": lambda d, t: d.Dirichlet(t.tensor(1.0)),
    "dirichlet": lambda d, t: d.Dirichlet(t.tensor([1.0, 0.0])),
    "mvn-0d": lambda d, t: d.MultivariateNormal(t.tensor(1.0), t.eye(2)),
    "mvn-none": lambda d, t: d.MultivariateNormal(t.zeros(2)),
    "mvn-two": lambda d, t: d.MultivariateNormal(t.zeros(2), t.eye(2), t.eye(2)),
    "mvn-vector": lambda d, t: d.MultivariateNormal(t.zeros(2), t.ones(2)),
    "mvn": lambda d, t: d.MultivariateNormal(t.zeros(2), -t.eye(2)),
    "mvn-symmetric": lambda d, t: d.MultivariateNormal(t.zeros(2), t.tensor([[2.0, 1.0], [0.0, 2.0]])),
    "lowrank": lambda d, t: d.LowRankMultivariateNormal(t.zeros(2), t.ones(3, 1), t.ones(2)),
    "lowrank-diag": lambda d, t: d.LowRankMultivariateNormal(t.zeros(2), t.ones(2, 1), t.ones(3)),
    "lowrank-batch": lambda d, t: d.LowRankMultivariateNormal(t.zeros(2, 2), t.ones(3, 2, 1), t.ones(2)),
    "poisson": lambda d, t: d.Poisson(-1.0),
    "binomial": lambda d, t: d.Binomial(-1, t.tensor(0.5)),
    "binomial-fraction": lambda d, t: d.Binomial(1.5, t.tensor(0.5)),
    "multinomial": lambda d, t: d.Multinomial(t.tensor(3), t.ones(2)),
    "geometric": lambda d, t: d.Geometric(t.tensor([0.0, 0.5])),
    "negative_binomial": lambda d, t: d.NegativeBinomial(3, t.tensor(1.0)),
    "continuous_bernoulli": lambda d, t: d.ContinuousBernoulli(t.tensor(1.5), validate_args=True),
    "lkj": lambda d, t: d.LKJCholesky(1),
    "wishart-df": lambda d, t: d.Wishart(t.tensor(0.5), t.eye(2)),
    "wishart-none": lambda d, t: d.Wishart(t.tensor(3.0)),
    "wishart-vector": lambda d, t: d.Wishart(t.tensor(3.0), t.ones(2)),
    "mixture": lambda d, t: d.MixtureSameFamily(d.Normal(0.0, 1.0), d.Normal(t.zeros(2), 1.0)),
    "mixture-component": lambda d, t: d.MixtureSameFamily(d.Categorical(t.ones(2)), 3),
    "mixture-count": lambda d, t: d.MixtureSameFamily(d.Categorical(t.ones(3)), d.Normal(t.zeros(2), 1.0)),
    "mixture-batch": lambda d, t: d.MixtureSameFamily(d.Categorical(t.ones(3, 2)), d.Normal(t.zeros(4, 2), 1.0)),
    "half_normal": lambda d, t: d.HalfNormal(-1.0),
    "student": lambda d, t: d.StudentT(-1.0),
    "von_mises": lambda d, t: d.VonMises(0.0, -1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_refused_parameters(torch, caught, name):
    return caught(lambda: repr(BAD[name](torch.distributions, torch)))


def test_refused_values(torch, caught):
    d, t = torch.distributions, torch
    calls = [
        lambda: d.Normal(0.0, 1.0).log_prob(1.0), lambda: d.Normal(0.0, 1.0).log_prob(t.tensor(float("nan"))),
        lambda: d.Normal(t.zeros(2), 1.0).log_prob(t.zeros(3)), lambda: d.Normal(0.0, 1.0).cdf(2.0),
        lambda: d.Bernoulli(0.3).log_prob(t.tensor(0.5)), lambda: d.Categorical(t.ones(3)).log_prob(t.tensor(3)),
        lambda: d.Categorical(t.ones(3)).log_prob(t.tensor(-1)), lambda: d.Uniform(0.0, 1.0).log_prob(t.tensor(2.0)),
        lambda: d.Gamma(1.0, 1.0).log_prob(t.tensor(-1.0)), lambda: d.Beta(1.0, 1.0).log_prob(t.tensor(2.0)),
        lambda: d.Dirichlet(t.ones(2)).log_prob(t.ones(2)),
        lambda: d.OneHotCategorical(t.ones(2)).log_prob(t.ones(2)),
        lambda: d.MultivariateNormal(t.zeros(2), t.eye(2)).log_prob(t.zeros(3)),
        lambda: d.Poisson(1.0).log_prob(t.tensor(0.5)), lambda: d.Binomial(3, t.tensor(0.5)).log_prob(t.tensor(4.0)),
        lambda: d.Multinomial(3, t.ones(2)).log_prob(t.tensor([3.0, 2.0])),
        lambda: d.LogNormal(0.0, 1.0).log_prob(t.tensor(-1.0)),
        lambda: d.HalfNormal(1.0).log_prob(t.tensor(-1.0)), lambda: d.Pareto(1.0, 1.0).log_prob(t.tensor(0.5)),
        lambda: d.LKJCholesky(2).log_prob(t.ones(2, 2)),
        lambda: d.Binomial(t.tensor([1.0, 2.0]), t.tensor(0.5)).entropy(),
        lambda: d.Binomial(t.tensor([1.0, 2.0]), t.tensor(0.5)).enumerate_support(),
        lambda: d.Independent(d.Bernoulli(t.ones(2) / 2), 1).enumerate_support(), lambda: d.Poisson(1.0).entropy(),
        lambda: d.Poisson(1.0).rsample(), lambda: d.Categorical(t.ones(2)).rsample(),
        lambda: d.Poisson(1.0).cdf(t.tensor(1.0)),
        lambda: d.Normal(t.zeros(2), 1.0).expand((3,)), lambda: d.Gamma(t.tensor(1), t.tensor(1)).sample(),
        lambda: d.Normal(0.0, 1.0).sample((-1,)), lambda: d.Gamma(1.0, 1.0).icdf(t.tensor(0.5)),
    ]  # fmt: skip
    return [caught(call) for call in calls]


def test_unchecked(torch):
    d, t = torch.distributions, torch
    outside = t.tensor([-1.0, 0.5, 2.0])
    off = {"validate_args": False}
    return [
        d.Uniform(0.0, 1.0, **off).log_prob(outside), d.Uniform(0.0, 1.0, **off).cdf(outside),
        d.HalfNormal(1.0, **off).log_prob(outside), d.HalfCauchy(1.0, **off).log_prob(outside),
        d.Exponential(1.0, **off).log_prob(outside), d.Gamma(2.0, 1.0, **off).log_prob(outside),
        d.Bernoulli(0.3, **off).log_prob(outside),
        d.Normal(0.0, -1.0, **off).stddev, d.Poisson(0.0).log_prob(t.tensor([0.0, 1.0])),
        d.Bernoulli(t.tensor([0.0, 1.0])).log_prob(t.tensor([0.0, 1.0])), d.Bernoulli(t.tensor([0.0, 1.0])).entropy(),
        d.Categorical(t.tensor([0.0, 1.0])).entropy(), d.Categorical(t.tensor([0.0, 1.0])).log_prob(t.tensor([0, 1])),
        d.Multinomial(2, t.tensor([0.0, 1.0])).log_prob(t.tensor([0.0, 2.0])),
        d.Geometric(1.0).log_prob(t.tensor([0.0, 1.0])),
        d.Dirichlet(t.tensor([0.5, 0.5])).mode, d.Beta(t.tensor([0.5, 2.0, 0.5]), t.tensor([0.5, 0.5, 2.0])).mode,
    ]  # fmt: skip


def test_older_and_rarer_names(torch, warned):
    """`sample_n`, what other packages import from `utils`, and logarithms that one distribution has."""
    d, t = torch.distributions, torch
    torch.manual_seed(0)
    pareto = d.GeneralizedPareto(0.2, 2.0, t.tensor([0.5, -0.3]))
    return [
        warned(lambda: d.Normal(0.0, 1.0).sample_n(3)), d.Normal(t.zeros(2), 1.0).sample_n(3),
        d.utils._standard_normal((2, 3), dtype=t.float64, device="cpu"), d.utils._sum_rightmost(t.ones(2, 3, 4), 2),
        pareto.log_cdf(t.tensor(1.0)), pareto.log_survival_function(t.tensor(1.0)),
    ]  # fmt: skip


def test_numbers(torch):
    """Parameters as Python numbers, of one dtype with tensors beside them, and integers."""
    d, t = torch.distributions, torch
    made = [
        d.Normal(0, 1), d.Normal(t.zeros(2, dtype=t.float64), 1), d.Uniform(0, 2), d.Gamma(2, 3), d.Beta(2, 3),
        d.Exponential(2),
        d.Poisson(3), d.Laplace(0, 1), d.Bernoulli(1), d.StudentT(3), d.Chi2(3), d.Gumbel(0, 1), d.Weibull(1, 2),
        d.Pareto(1, 2),
        d.LogNormal(0, 1), d.Cauchy(0, 1), d.HalfNormal(1), d.Kumaraswamy(1, 2), d.FisherSnedecor(5, 6),
        d.VonMises(0, 1),
        d.InverseGamma(3, 2), d.NegativeBinomial(3, 0.5), d.Geometric(0.5), d.HalfCauchy(2), d.Binomial(3, 0.5),
        d.LogisticNormal(0, 1), d.ContinuousBernoulli(0.3),
    ]  # fmt: skip
    torch.manual_seed(3)
    return [
        [repr(m), m.mean, m.sample((2,)), m.batch_shape]
        for m in made
        if not isinstance(m, d.LogisticNormal)
    ]


def test_subclasses(torch, caught):
    d = torch.distributions

    class Shifted(d.Normal):
        pass

    class Own(d.Normal):
        def __init__(self, loc):
            super().__init__(loc, 1.0)

    class Filled(Own):
        def expand(self, batch_shape, _instance=None):
            return super().expand(batch_shape, self.__new__(Filled))

    wide = Shifted(0.0, 1.0).expand((2,))
    filled = Filled(torch.zeros(())).expand([3])
    return [
        type(wide).__name__, repr(wide), caught(lambda: Own(torch.zeros(2)).expand((3, 2))), type(filled).__name__,
        filled.loc, filled.batch_shape, isinstance(wide, d.ExponentialFamily),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies(torch, copied):
    d, t = torch.distributions, torch
    made = [
        d.Normal(t.zeros(2), 1.0), d.Categorical(logits=t.ones(3)), d.LogNormal(t.zeros(2), 1.0),
        d.Beta(t.ones(2), 2.0),
        d.TransformedDistribution(d.Normal(0.0, 1.0), [d.SigmoidTransform().inv.inv, d.AffineTransform(0.0, 2.0)]),
        d.MixtureSameFamily(d.Categorical(t.ones(2)), d.Normal(t.zeros(2), 1.0)),
    ]  # fmt: skip
    torch.manual_seed(4)
    return [[repr(c), c.sample((2,)), c.log_prob(c.sample())] for c in map(copied, made)]


def test_exponential_families(torch):
    """The entropy that natural parameters give, and their divergence, are those of closed form."""
    d, t = torch.distributions, torch
    a = t.tensor([0.3, 0.6], dtype=t.float64)
    made = [
        d.Normal(a, a),
        d.Bernoulli(a),
        d.Exponential(a),
        d.Gamma(a, a),
        d.ContinuousBernoulli(a),
    ]
    family = d.ExponentialFamily
    return [
        (family.entropy(m).float(), m._natural_params, m._log_normalizer(*m._natural_params))
        for m in made
    ]


def test_function_transforms(torch):
    d, t = torch.distributions, torch
    loc, scale = t.tensor([0.5, 1.0, -2.0]), t.tensor([1.0, 2.0, 0.5])

    def log_prob(loc, scale, value):
        return d.Normal(loc, scale, validate_args=False).log_prob(value)

    def gamma(a, b, value):
        return d.Gamma(a, b, validate_args=False).log_prob(value)

    return [
        t.vmap(log_prob)(loc, scale, t.ones(3)), t.vmap(t.func.grad(log_prob, argnums=(0, 1)))(loc, scale, t.ones(3)),
        t.vmap(t.func.grad(gamma))(scale, scale, t.ones(3)),
        t.func.jvp(lambda x: gamma(x, 1.0, t.ones(3)), (scale,), (scale,)),
        t.func.hessian(lambda x: d.MultivariateNormal(x, t.eye(3), validate_args=False).log_prob(loc))(scale),
    ]  # fmt: skip


def test_draws(torch, caught):
    """The functions that distributions draw with."""
    t = torch
    t.manual_seed(5)
    x = t.tensor([0.5, 2.0, 30.0], requires_grad=True)
    numbers, shares = t._standard_gamma(x), t._sample_dirichlet(x)
    drawn = [
        t.binomial(t.tensor([5.0, 50.0]), t.tensor([0.3, 0.6])),
        numbers,
        shares.detach(),
        t.rand(2),
    ]
    generator = t.Generator().manual_seed(3)
    drawn += [
        t._standard_gamma(x.detach(), generator=generator),
        t.binomial(t.ones(2) * 9, t.ones(2) / 2, generator),
    ]
    drawn += [
        t._standard_gamma(t.tensor([-1.0, 0.0])),
        t.binomial(t.tensor([-1.0, 3.0]), t.tensor([0.5, 1.5])),
    ]
    calls = [
        lambda: t.binomial(t.tensor([5]), t.tensor([0.3])), lambda: t.binomial(t.ones(1), t.ones(1, dtype=t.int64)),
        lambda: t.binomial(t.ones(1), t.ones(1).double()), lambda: t._standard_gamma(t.tensor([1])),
        lambda: t._standard_gamma(t.ones(1).half()), lambda: t._sample_dirichlet(t.ones(2).bfloat16()),
    ]  # fmt: skip
    slopes = t._standard_gamma_grad(x.detach(), numbers.detach())
    shifts = t._dirichlet_grad(shares.detach(), x.detach(), x.detach().sum().expand(3))
    ends = t.tensor([0.0, 1.0, 0.0])
    at_ends = t._dirichlet_grad(ends, t.tensor([0.5, 0.5, 2.0]), t.tensor([1.0, 1.0, 3.0]))
    drawn += [t._standard_gamma_grad(x.detach(), ends * 0), at_ends]
    return drawn, [caught(call) for call in calls], (slopes * 300).round(), (shifts * 300).round()
