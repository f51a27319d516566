"""Transforms, constraints, the maps from one to the other, and what tools of distributions compute."""

import pytest

VECTORS = [[0.2, -1.0, 3.0], [1.0, 2.0, 0.4]]
MATRIX = [[[0.3, 7.0], [0.5, -0.2]], [[1.0, 0.0], [-1.5, 0.1]]]

TRANSFORMS = {
    "exp": lambda t: t.ExpTransform(),
    "sigmoid": lambda t: t.SigmoidTransform(),
    "softplus": lambda t: t.SoftplusTransform(),
    "tanh": lambda t: t.TanhTransform(),
    "abs": lambda t: t.AbsTransform(),
    "affine": lambda t: t.AffineTransform(1.0, -2.0),
    "softmax": lambda t: t.SoftmaxTransform(),
    "stick": lambda t: t.StickBreakingTransform(),
    "correlations": lambda t: t.CorrCholeskyTransform(),
    "compose": lambda t: t.ComposeTransform([t.AffineTransform(0.5, 0.3), t.TanhTransform(), t.ExpTransform()]),
    "compose-stick": lambda t: t.ComposeTransform([t.StickBreakingTransform(), t.ExpTransform()]),
    "empty": lambda t: t.identity_transform,
    "independent": lambda t: t.IndependentTransform(t.ExpTransform(), 1),
    "reshape": lambda t: t.ReshapeTransform((3,), (3, 1)),
    "cat": lambda t: t.CatTransform([t.ExpTransform(), t.TanhTransform()], dim=-1, lengths=[1, 2]),
    "cat-0": lambda t: t.CatTransform([t.ExpTransform(), t.TanhTransform()]),
    "stack": lambda t: t.StackTransform([t.ExpTransform(), t.SigmoidTransform(), t.TanhTransform()], dim=1),
    "inverse": lambda t: t.SoftplusTransform().inv.inv,
}  # fmt: skip


def described(transform, caught):
    questions = ("bijective", "sign", "event_dim")
    told = [caught(lambda q=q: getattr(transform, q)) for q in questions]
    told += [caught(lambda q=q: getattr(transform, q).event_dim) for q in ("domain", "codomain")]
    shapes = [(3,), (2, 3), (3, 3), (), (2, 4, 4)]
    told += [caught(lambda s=s: tuple(transform.forward_shape(s))) for s in shapes]
    told += [caught(lambda s=s: tuple(transform.inverse_shape(s))) for s in shapes]
    return [*told, repr(transform), repr(transform.inv)]


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transform(torch, caught, name):
    transform = TRANSFORMS[name](torch.distributions.transforms)
    x = torch.tensor(VECTORS, dtype=torch.float64, requires_grad=True)
    y = transform(x)
    back = transform.inv(y)
    stretch = caught(lambda: transform.log_abs_det_jacobian(x, y))
    found = [y, back, stretch, caught(lambda: transform.inv.log_abs_det_jacobian(y, x))]
    found += [torch.autograd.grad((y * y).sum(), x, retain_graph=True)]
    if not isinstance(stretch, Exception) and stretch.requires_grad:
        found += torch.autograd.grad(stretch.sum(), x, allow_unused=True, retain_graph=True)
    return found + described(transform, caught)


@pytest.mark.parametrize("name", ["LowerCholeskyTransform", "PositiveDefiniteTransform"])
def test_matrices(torch, caught, name):
    transform = getattr(torch.distributions, name)()
    x = torch.tensor(MATRIX, dtype=torch.float64)
    y = transform(x)
    return [y, transform.inv(y).tril(), *described(transform, caught)]


def test_parameters(torch, caught):
    t = torch.distributions.transforms
    x = torch.tensor([[0.5, 1.0, 2.0], [3.0, 0.1, 1.5]])
    power = t.PowerTransform(torch.tensor([2.0, -1.0, 0.5]))
    wide = t.AffineTransform(torch.zeros(3), torch.tensor([1.0, -2.0, 0.5]), event_dim=1)
    ranks = t.CumulativeDistributionTransform(torch.distributions.Normal(1.0, 2.0))
    found = []
    for transform in (power, wide, ranks):
        y = transform(x)
        found += [y, transform.inv(y), transform.log_abs_det_jacobian(x, y), transform.sign]
        found += [repr(transform.domain), repr(transform.codomain), transform.bijective]
    return found


def test_caches(torch, caught):
    t = torch.distributions.transforms
    x = torch.tensor([100.0, -3.0])
    cached = t.TanhTransform(cache_size=1)
    chain = t.ComposeTransform([t.TanhTransform(), t.AffineTransform(1.0, 2.0)]).with_cache()
    return [
        cached.inv(cached(x)), t.TanhTransform().inv(cached(x)), chain.inv(chain(x)), cached.inv(cached(x)) is x,
        cached.with_cache(1) is cached, t.ExpTransform().with_cache() == t.ExpTransform(),
        t.AffineTransform(1, 2) == t.AffineTransform(1, 2), t.AffineTransform(1, 2) == t.AffineTransform(1, 3),
        t.PowerTransform(2.0) == t.PowerTransform(2.0), t.ExpTransform().inv == t.ExpTransform().inv,
        t.ExpTransform() != t.TanhTransform(), caught(lambda: t.ExpTransform(cache_size=2)),
    ]  # fmt: skip


def test_refused_transforms(torch, caught):
    d, t, x = torch.distributions, torch.distributions.transforms, torch.ones(2, 3)
    calls = [
        lambda: t.ReshapeTransform((2,), (3,)), lambda: t.CatTransform([t.ExpTransform()], lengths=[2]).inv(x.sum()),
        lambda: d.TransformedDistribution(d.Normal(torch.zeros(2), 1.0), 3),
        lambda: d.TransformedDistribution(d.Normal(torch.zeros(2), 1.0), [3]),
        lambda: d.TransformedDistribution(d.Normal(0.0, 1.0), t.StickBreakingTransform()),
        lambda: d.TransformedDistribution(d.Normal(0.0, 1.0), t.AbsTransform()).cdf(torch.tensor(1.0)),
        lambda: t.AbsTransform().log_abs_det_jacobian(x, x), lambda: t.Transform()(x), lambda: t.Transform().inv(x),
        lambda: t.IndependentTransform(t.ExpTransform(), 1)(torch.tensor(1.0)),
    ]  # fmt: skip
    return [caught(call) for call in calls]


CONSTRAINTS = {
    "real": lambda c: c.real, "positive": lambda c: c.positive, "nonnegative": lambda c: c.nonnegative,
    "unit_interval": lambda c: c.unit_interval, "interval": lambda c: c.interval(-1.0, 2.0),
    "half_open": lambda c: c.half_open_interval(0.0, 2.0), "less_than": lambda c: c.less_than(2.0),
    "greater_than": lambda c: c.greater_than(1.0), "greater_than_eq": lambda c: c.greater_than_eq(1.0),
    "boolean": lambda c: c.boolean, "one_hot": lambda c: c.one_hot, "integers": lambda c: c.integer_interval(0, 2),
    "counts": lambda c: c.nonnegative_integer, "positive_integer": lambda c: c.positive_integer,
    "multinomial": lambda c: c.multinomial(3), "simplex": lambda c: c.simplex, "real_vector": lambda c: c.real_vector,
    "lower_triangular": lambda c: c.lower_triangular, "lower_cholesky": lambda c: c.lower_cholesky,
    "corr_cholesky": lambda c: c.corr_cholesky, "square": lambda c: c.square, "symmetric": lambda c: c.symmetric,
    "positive_definite": lambda c: c.positive_definite, "positive_semidefinite": lambda c: c.positive_semidefinite,
    "independent": lambda c: c.independent(c.positive, 1), "cat": lambda c: c.cat([c.real, c.positive], -1, [1, 1]),
    "stack": lambda c: c.stack([c.real, c.positive], -1), "dependent": lambda c: c.dependent,
    "mixture": lambda c: c.MixtureSameFamilyConstraint(c.positive),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraint(torch, caught, name):
    constraint = CONSTRAINTS[name](torch.distributions.constraints)
    values = [
        [[0.0, 1.0], [1.0, 0.0]], [[0.5, 0.5], [2.0, -1.0]], [[2.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.6, 0.8]],
        [[1.5, 0.0], [-2.0, 0.3]], [[float("nan"), 1.0], [3.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]],
    ]  # fmt: skip
    checks = [caught(lambda v=v: constraint.check(torch.tensor(v))) for v in values[:5]]
    if name not in ("positive_definite", "positive_semidefinite"):
        checks += [caught(lambda v=v: constraint.check(torch.tensor(v))) for v in values[5:]]
    questions = [caught(lambda q=q: getattr(constraint, q)) for q in ("is_discrete", "event_dim")]
    maps = []
    for registry in (torch.distributions.biject_to, torch.distributions.transform_to):
        transform = caught(lambda r=registry: r(constraint))
        if isinstance(transform, Exception):
            maps.append(transform)
            continue
        x = torch.tensor([[0.3, -1.0, 0.5], [0.2, 2.0, -0.1]])
        y = transform(x if name == "corr_cholesky" else x[:, :2])
        maps += [repr(transform), y, constraint.check(y)]
    return [*checks, *questions, repr(constraint), *maps]


def test_registering(torch, caught):
    d = torch.distributions

    class _Even(d.constraints.Constraint):
        def check(self, value):
            return value % 2 == 0

    registry = d.constraint_registry.ConstraintRegistry()
    registry.register(_Even, lambda constraint: d.AffineTransform(0.0, 2.0))

    @registry.register(d.constraints.real)
    def onto_real(constraint):
        return d.identity_transform

    return [
        registry(_Even())(torch.tensor(3.0)), repr(registry(d.constraints.real)), repr(_Even()),
        caught(lambda: registry(d.constraints.positive)), caught(lambda: registry.register(3, onto_real)),
        caught(lambda: d.constraints.Constraint().check(1)),
    ]  # fmt: skip


def test_tools(torch, caught):
    u = torch.distributions.utils
    p = torch.tensor([[0.2, 0.8], [0.0, 1.0]])
    square = torch.arange(1.0, 17.0).reshape(4, 4)
    found = [
        u.broadcast_all(1, torch.zeros(2)), u.broadcast_all(1, 2.5), u.broadcast_all(torch.ones(2, 1), torch.zeros(3)),
        caught(lambda: u.broadcast_all("a", 1)), u.probs_to_logits(p), u.probs_to_logits(p, is_binary=True),
        u.logits_to_probs(p), u.logits_to_probs(p, is_binary=True), u.clamp_probs(p), u.euler_constant,
        caught(lambda: u.tril_matrix_to_vec(square, 4)),
    ]  # fmt: skip
    for diag in (-2, -1, 0, 1, 2):
        vector = u.tril_matrix_to_vec(square, diag)
        found += [vector, u.vec_to_tril_matrix(vector, diag)]
    return found
