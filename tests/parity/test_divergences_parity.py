"""`kl_divergence` for every pair of distributions that PyTorch has one for, and what is registered."""

import pytest

PARAMETERS = {
    "Bernoulli": lambda d, a, b: d.Bernoulli(a / 4),
    "Beta": lambda d, a, b: d.Beta(a, b),
    "Binomial": lambda d, a, b: d.Binomial(3, a / 4),
    "Categorical": lambda d, a, b: d.Categorical(a.unsqueeze(-1) * b),
    "Cauchy": lambda d, a, b: d.Cauchy(a, b),
    "ContinuousBernoulli": lambda d, a, b: d.ContinuousBernoulli(a / 4),
    "Dirichlet": lambda d, a, b: d.Dirichlet(a.unsqueeze(-1) * b),
    "Exponential": lambda d, a, b: d.Exponential(b),
    "Gamma": lambda d, a, b: d.Gamma(a, b),
    "Geometric": lambda d, a, b: d.Geometric(a / 4),
    "Gumbel": lambda d, a, b: d.Gumbel(a, b),
    "HalfNormal": lambda d, a, b: d.HalfNormal(b),
    "Independent": lambda d, a, b: d.Independent(d.Normal(a, b), 1),
    "Laplace": lambda d, a, b: d.Laplace(a, b),
    "LogNormal": lambda d, a, b: d.LogNormal(a, b),
    "Chi2": lambda d, a, b: d.Chi2(b),
    "MultivariateNormal": lambda d, a, b: d.MultivariateNormal(a, b.diag_embed() + a.outer(a)),
    "LowRankMultivariateNormal": lambda d, a, b: d.LowRankMultivariateNormal(
        a.expand(2, -1), b.unsqueeze(-1), a
    ),
    "Normal": lambda d, a, b: d.Normal(a, b),
    "OneHotCategorical": lambda d, a, b: d.OneHotCategorical(a.unsqueeze(-1) * b),
    "Pareto": lambda d, a, b: d.Pareto(b / 10, a + 1.6),
    "Poisson": lambda d, a, b: d.Poisson(b),
    "Uniform": lambda d, a, b: d.Uniform(a / 10, b),
    "Unit": lambda d, a, b: d.Uniform(a / 10, b / 4),
    "Wishart": lambda d, a, b: d.Wishart(a.sum() + 3, scale_tril=b.diag_embed() + a.diag_embed()),
}


@pytest.mark.parametrize("q", PARAMETERS)
@pytest.mark.parametrize("p", PARAMETERS)
def test_divergence(torch, caught, p, q):
    numbers = [[0.5, 1.0, 2.6], [0.7, 1.5, 3.0], [0.9, 1.1, 2.1], [1.3, 0.8, 2.0]]
    given = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    first = PARAMETERS[p](torch.distributions, *given[:2])
    second = PARAMETERS[q](torch.distributions, *given[2:])
    divergence = caught(lambda: torch.distributions.kl_divergence(first, second))
    if isinstance(divergence, Exception) or not divergence.requires_grad:
        return divergence
    if (p, q) == ("Uniform", "Beta"):
        # PyTorch's gradients are NaN where another element's divergence is infinite.
        return divergence.detach()
    finite = divergence[divergence.isfinite()]
    slopes = torch.autograd.grad(finite.sum(), given, allow_unused=True)
    # PyTorch's `polygamma` has ten digits.
    return divergence, [None if g is None else g.float() for g in slopes]


def test_edges(torch, caught):
    d = torch.distributions
    ends = torch.tensor([0.0, 0.0, 1.0, 1.0, 0.3])
    inner = torch.tensor([0.5, 0.0, 1.0, 0.2, 0.0])
    wide = d.Uniform(torch.tensor([-0.5, 0.5, 0.5]), torch.tensor([0.5, 1.5, 0.7]))
    simplex = torch.tensor([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    pairs = [
        (d.Bernoulli(ends), d.Bernoulli(inner)), (d.Categorical(simplex), d.Categorical(simplex.flip(0))),
        (wide, d.Beta(2.0, 3.0)), (wide, d.Exponential(1.0)), (wide, d.Gamma(2.0, 1.0)), (wide, d.Pareto(0.5, 1.0)),
        (wide, d.ContinuousBernoulli(torch.tensor(0.3))), (d.Beta(2.0, 3.0), wide), (d.Uniform(0.5, 0.6), wide),
        (d.Pareto(1.0, torch.tensor([0.5, 1.5, 2.5])), d.Normal(0.0, 1.0)), (d.Poisson(ends), d.Poisson(inner)),
        (d.Pareto(torch.tensor([1.0, 2.0]), 1.0), d.Pareto(1.5, 1.0)),
        (d.Binomial(5, torch.tensor(0.2)), d.Binomial(4, torch.tensor(0.3))),
        (d.Binomial(3, torch.tensor(0.2)), d.Binomial(4, torch.tensor(0.3))),
        (d.Normal(0.0, 1.0), d.Cauchy(0.0, 1.0)), (3, d.Normal(0.0, 1.0)),
        (d.Normal(torch.zeros(2), 1.0), d.Beta(1.0, 1.0)),
        (d.Independent(d.Normal(torch.zeros(2), 1.0), 1), d.Independent(d.Normal(torch.zeros(2), 1.0), 0)),
        (d.LogNormal(0.0, 1.0), d.TransformedDistribution(d.Normal(0.0, 1.0), d.TanhTransform())),
        (d.MultivariateNormal(torch.zeros(2), torch.eye(2)), d.MultivariateNormal(torch.zeros(3), torch.eye(3))),
        (d.Multinomial(2, torch.ones(3)), d.Multinomial(2, torch.ones(3))),
    ]  # fmt: skip
    return [caught(lambda p=p, q=q: d.kl_divergence(p, q)) for p, q in pairs]


def test_registered(torch, caught, warned):
    d = torch.distributions

    class Left(d.Normal):
        pass

    class Right(d.Normal):
        pass

    @d.register_kl(Left, d.Normal)
    def left(p, q):
        return "left"

    answers = [
        d.kl_divergence(Left(0.0, 1.0), d.Normal(0.0, 1.0)),
        d.kl_divergence(Left(0.0, 1.0), Right(0.0, 1.0)),
        d.kl_divergence(Right(0.0, 1.0), d.Normal(0.0, 1.0)),
    ]

    @d.register_kl(d.Normal, Right)
    def right(p, q):
        return "right"

    return [
        *answers,
        d.kl_divergence(Left(0.0, 1.0), Right(0.0, 1.0)),
        d.kl_divergence(Right(0.0, 1.0), Right(0.0, 1.0)),
        caught(lambda: d.register_kl(3, d.Normal)),
        caught(lambda: d.register_kl(d.Normal, 3)),
    ]
