"""Distributions inside `vmap`, `grad` and `jvp`, their checks of parameters and values included."""

import pytest

CALLS = {
    "values": "vmap(D.Normal(0.0, 1.0).log_prob)(x)",
    "parameters": "vmap(lambda s, v: D.Normal(s, s.exp()).log_prob(v))(x, x)",
    "entropy": "vmap(lambda l: D.Categorical(logits=l).entropy())(m[:, 0])",
    "categories": "vmap(lambda l, v: D.Categorical(logits=l).log_prob(v))(m[:, 0], torch.tensor([0, 1, 1]))",
    "divergence": "vmap(lambda s: D.kl_divergence(D.Normal(s, 1.0), D.Normal(0.0, s + 1)))(x)",
    "vmap of grad": "vmap(grad(lambda s: D.Normal(0.0, s).log_prob(torch.tensor(0.3))))(x)",
    "grad of vmap": "grad(lambda s: vmap(lambda v: D.Normal(s, 1.0).log_prob(v))(x).sum())(x[0])",
    "hessian": "hessian(lambda s: D.Gamma(s, 1.0).log_prob(torch.tensor(0.3)))(x[0])",
    "two parameters": "vmap(lambda a: D.Beta(a, 2.0).log_prob(a))(x)",
    "chances": "vmap(lambda p: D.Bernoulli(p).log_prob(torch.tensor(1.0)))(x)",
    "simplices": "vmap(lambda a: D.Dirichlet(torch.stack([a, a + 1])).log_prob(torch.tensor([0.3, 0.7])))(x)",
    "transformed": "vmap(lambda s: D.LogNormal(s, 1.0).log_prob(s))(x)",
    "triangles": "vmap(lambda c: D.MultivariateNormal(torch.zeros(2), scale_tril=c).log_prob(torch.ones(2)))(m)",
    "jvp": "jvp(lambda s: D.Normal(0.0, s).log_prob(s), (x,), (x,))",
}
MORE = {
    "covariances": "vmap(lambda c: D.MultivariateNormal(torch.zeros(2), c).log_prob(torch.ones(2)))(m)",
    "precisions": "vmap(lambda c: D.MultivariateNormal(torch.zeros(2), None, c).log_prob(torch.ones(2)))(m)",
    "Wishart": "vmap(lambda c: D.Wishart(torch.tensor(4.0), c).log_prob(torch.eye(2)))(m)",
    "geometric": "vmap(lambda p: D.Geometric(p).log_prob(torch.tensor(1.0)))(x)",
    "multinomial": "vmap(lambda p: D.Multinomial(1, torch.stack([p, 1 - p])).log_prob(torch.tensor([1.0, 0.0])))(x)",
}
"""What PyTorch's checks stumble over."""


def names(torch):
    return {
        **vars(torch.func), "torch": torch, "D": torch.distributions, "x": torch.tensor([0.2, 0.4, 0.7]),
        "m": torch.stack([torch.eye(2) * k for k in (1.0, 2.0, 3.0)]),
    }  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_under_transforms(torch, name):
    return eval(CALLS[name], names(torch))


@pytest.mark.parametrize("name", MORE)
def test_more_than_pytorch_can(name):
    import wengert

    given = names(wengert)
    found = eval(MORE[name], given)
    given["vmap"] = lambda f: lambda many: wengert.stack([f(one) for one in many])
    wengert.testing.assert_close(found, eval(MORE[name], given))


@pytest.mark.parametrize("call", ["D.Normal(0.0, s).log_prob(s)", "D.Beta(1.0, 1.0).log_prob(s)"])
def test_an_invalid_example_is_refused(call):
    import wengert

    given = names(wengert)
    with pytest.raises(ValueError, match="found invalid values"):
        given["vmap"](lambda s: eval(call, {**given, "s": s}))(given["x"] - 0.5)
