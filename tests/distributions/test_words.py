"""What distributions say when they refuse: each message names what failed and what to do."""

from __future__ import annotations

import pytest

import wengert as torch

d, c, t = torch.distributions, torch.distributions.constraints, torch.distributions.transforms

REFUSED = [
    (lambda: d.Normal(0.0, -1.0), r"Expected parameter scale \(Tensor of shape \(\)\) of distribution Normal"),
    (lambda: d.Normal(0.0, 1.0).log_prob(1.0), "must be a Tensor"),
    (lambda: d.Normal("a", 1.0), r"got str, float. Use `torch.tensor\(...\)`"),
    (lambda: d.Bernoulli(), "Either `probs` or `logits` must be specified"),
    (lambda: d.Categorical(torch.tensor(1.0)), "Its last dimension is that of the events"),
    (lambda: d.Independent(d.Normal(0.0, 1.0), 1), "actual 1 vs 0"),
    (lambda: d.MultivariateNormal(torch.zeros(2)), "Exactly one of covariance_matrix"),
    (lambda: d.MultivariateNormal(torch.zeros(2), torch.ones(2)), "covariance_matrix must be at least two-dim"),
    (lambda: d.MultivariateNormal(torch.tensor(0.0), torch.eye(1)), "loc must be at least one-dimensional"),
    (lambda: d.Wishart(torch.tensor(3.0)), "Exactly one of covariance_matrix"),
    (lambda: d.Wishart(torch.tensor(3.0), torch.ones(2)), "covariance_matrix must be at least two-dim"),
    (lambda: d.Wishart(torch.tensor(0.5), torch.eye(2)), "greater than ndim - 1 = 1"),
    (lambda: d.LKJCholesky(1), "Found dim=1"),
    (lambda: d.Multinomial(1.5, torch.ones(2)), "an int was expected, not float"),
    (lambda: d.Geometric(0.0), "to be positive but found invalid values"),
    (lambda: d.Dirichlet(torch.tensor(1.0)), "`concentration` parameter must be at least one-dim"),
    (lambda: d.ContinuousBernoulli(2.0, validate_args=True), "chances are from 0 to 1"),
    (lambda: d.Binomial(torch.tensor([1.0, 2.0]), torch.tensor(0.5)).entropy(), "Ask one distribution for each"),
    (lambda: d.Independent(d.Bernoulli(torch.ones(2)), 1).enumerate_support(), "Enumerate the base's"),
    (lambda: d.LowRankMultivariateNormal(torch.tensor(1.0), torch.ones(2, 1), torch.ones(2)), "one-dimensional"),
    (lambda: d.LowRankMultivariateNormal(torch.ones(2), torch.ones(2), torch.ones(2)), "cov_factor must be at least"),
    (lambda: d.LowRankMultivariateNormal(torch.ones(2), torch.ones(3, 1), torch.ones(2)), "shape 2 x m, got"),
    (lambda: d.LowRankMultivariateNormal(torch.ones(2), torch.ones(2, 1), torch.ones(3)), "cov_diag must be a batch"),
    (
        lambda: d.LowRankMultivariateNormal(torch.ones(2, 2), torch.ones(3, 2, 1), torch.ones(2)),
        "Incompatible batch shapes",
    ),
    (lambda: d.MixtureSameFamily(3, d.Normal(torch.zeros(2), 1.0)), "not int"),
    (lambda: d.MixtureSameFamily(d.Categorical(torch.ones(2)), 3), "not int"),
    (lambda: d.MixtureSameFamily(d.Categorical(torch.ones(2)), d.Normal(torch.zeros(3), 1.0)), "does not equal"),
    (
        lambda: d.MixtureSameFamily(d.Categorical(torch.ones(2, 2)), d.Normal(torch.zeros(3, 2), 1.0)),
        "whose last dimension counts the components",
    ),
    (lambda: d.TransformedDistribution(d.Normal(0.0, 1.0), 3), "must be a Transform or list, but was 3"),
    (lambda: d.TransformedDistribution(d.Normal(0.0, 1.0), [3]), "a list of Transforms"),
    (lambda: d.TransformedDistribution(d.Normal(0.0, 1.0), t.StickBreakingTransform()), "at least 1"),
    (lambda: d.kl_divergence(d.Normal(0.0, 1.0), d.Cauchy(0.0, 1.0)), "Estimate it from samples"),
    (lambda: d.register_kl(3, d.Normal), "Expected type_p to be a Distribution subclass but got 3"),
    (lambda: d.kl_divergence(d.Binomial(1, 0.5), d.Binomial(2, 0.5)), "q.total_count > p.total_count"),
    (
        lambda: d.kl_divergence(
            d.MultivariateNormal(torch.zeros(1), torch.eye(1)), d.MultivariateNormal(torch.zeros(2), torch.eye(2))
        ),
        "different event shapes",
    ),
    (lambda: d.kl_divergence(d.Poisson(1.0), d.Chi2(1.0)), "different exponential families"),
    (
        lambda: d.kl_divergence(
            d.Independent(d.Normal(torch.zeros(1), 1.0), 1), d.Independent(d.Normal(torch.zeros(1), 1.0), 0)
        ),
        "1 and 0 dimensions",
    ),
    (
        lambda: d.kl_divergence(
            d.LogNormal(0.0, 1.0), d.TransformedDistribution(d.Normal(0.0, 1.0), t.TanhTransform())
        ),
        "transformed in different ways",
    ),
    (lambda: c.Constraint().check(1), "Constraint does not define `check`"),
    (lambda: c.dependent.check(1), "Ask the constraint of an instance"),
    (lambda: c.dependent.event_dim, "event_dim cannot be determined statically"),
    (lambda: c.real_vector.check(torch.tensor(1.0)), r"Expected value.dim\(\) >= 1 but got 0"),
    (lambda: c.cat([3]), "expected constraints, got 3"),
    (lambda: c.cat([c.real], lengths=[1, 2]), "1 constraints, but 2 lengths"),
    (lambda: c.stack([c.real]).check(torch.tensor(1.0)), "a value of 0 dimensions has no dim=0"),
    (lambda: c.MixtureSameFamilyConstraint(c.real_vector).check(torch.tensor(1.0)), "but got 0"),
    (lambda: d.biject_to(c.boolean), "no map onto them is registered"),
    (lambda: d.biject_to.register(3, 4), "either a Constraint subclass or instance, but got 3"),
    (lambda: t.Transform(cache_size=2), "cache_size must be 0 or 1"),
    (lambda: t.Transform()(1), "Transform does not define `_call`"),
    (lambda: t.Transform().inv(1), "Transform does not define `_inverse`"),
    (lambda: t.Transform().sign, "Transform does not define `sign`"),
    (lambda: t.AbsTransform().log_abs_det_jacobian(1, 1), "does not define `log_abs_det_jacobian`"),
    (lambda: t.StickBreakingTransform().forward_shape(()), "needs 1, got shape"),
    (lambda: t.CorrCholeskyTransform().forward_shape((2,)), r"2 is no n \(n - 1\) / 2"),
    (lambda: t.CorrCholeskyTransform().inverse_shape((2, 3)), r"Input is not square: \(2, 3\)"),
    (lambda: t.CorrCholeskyTransform().event_dim, "domain.event_dim or .codomain.event_dim"),
    (lambda: t.ReshapeTransform((2,), (3,)), "different numbers of elements"),
    (lambda: t.ReshapeTransform((2,), (2, 1)).forward_shape((3,)), "Shape mismatch"),
    (lambda: t.ReshapeTransform((2,), (2, 1)).inverse_shape((3,)), "Too few dimensions on input"),
    (lambda: t.CatTransform([3]), "expected transforms, got 3"),
    (lambda: t.CatTransform([t.ExpTransform()], lengths=[1, 2]), "1 transforms, but 2 lengths"),
    (lambda: t.CatTransform([t.ExpTransform()])(torch.ones(2)), "a value of 1 along dim=0 was expected"),
    (lambda: t.IndependentTransform(t.ExpTransform(), 1)(torch.tensor(1.0)), "takes values of 1, got 0"),
    (lambda: d.utils.tril_matrix_to_vec(torch.ones(2, 2), 2), r"diag \(2\) provided is outside \[-2, 1\]"),
    (lambda: d.utils.vec_to_tril_matrix(torch.ones(2)), "The size of last dimension is 2"),
    (lambda: d.Normall, "Did you mean `torch.distributions.Normal`"),
    (lambda: torch.binomial(torch.tensor([1]), torch.ones(1)), "for count, got: torch.int64. Use `.float"),
    (lambda: torch.binomial(torch.ones(1), torch.ones(1).double()), "Convert one, as in `prob.to"),
    (lambda: torch._sample_dirichlet(torch.tensor(1.0)), "no dimension to sum to 1 along"),
    (lambda: torch._standard_gamma(torch.tensor([1])), '"_standard_gamma" not implemented for torch.int64'),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=range(len(REFUSED)))
def test_words(case):
    call, words = case
    with pytest.raises(Exception, match=words):
        call()


class _Base(t.Transform):
    def __init__(self):
        super().__init__()


def test_words_of_a_map_without_with_cache():
    with pytest.raises(NotImplementedError, match="with_cache is not implemented"):
        _Base().with_cache()


def test_singular_samples_are_warned_of():
    with pytest.warns(UserWarning, match="Low df values detected"):
        d.Wishart(torch.tensor(1.5), torch.eye(2))


def test_two_divergences_that_fit_are_warned_of():
    class Left(d.Normal):
        pass

    class Right(d.Normal):
        pass

    d.register_kl(Left, d.Normal)(lambda p, q: "left")
    d.register_kl(d.Normal, Right)(lambda p, q: "right")
    with pytest.warns(RuntimeWarning, match=r"Please register_kl\(Left, Right\)"):
        assert d.kl_divergence(Left(0.0, 1.0), Right(0.0, 1.0)) == "left"
