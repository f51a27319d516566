"""What functions do with tensors, texts and odd numbers in the place of a number, an integer or a flag."""

import math

import numpy as np
import pytest

REAL = [
    "F.elu(x, v)", "F.celu(x, v)", "F.leaky_relu(x, v)", "F.softplus(x, v)", "F.softplus(x, 1, v)",
    "F.threshold(x, v, 0.0)", "F.threshold(x, 0.0, v)", "F.hardshrink(x, v)", "F.softshrink(x, v)",
    "x.renorm(2, 0, v)", "x.renorm(v, 0, 2.0)", "torch.histc(x, 4, v, 9)", "torch.std(x, correction=v)",
    "x.var(0, correction=v)", "torch.linalg.vector_norm(x, v)", "torch.dist(x, 2 * x, v)",
    "F.rrelu(x, v, 1.0)",
]  # fmt: skip
DOUBLE = [
    "F.hardtanh(x, -3.0, v)", "F.layer_norm(x, (3,), eps=v)", "F.rms_norm(x, (3,), eps=v)",
    "F.group_norm(x, 3, eps=v)", "F.batch_norm(x, None, None, training=True, eps=v)",
    "torch.nan_to_num(x, v)", "torch.nan_to_num(x, 0.0, v)", "torch.cdist(x, 2 * x, v)",
    "torch.isclose(x, x, v)", "torch.allclose(x, x, 0.0, v)", "F.pad(x, (1, 1), value=v)", "torch.pinverse(x, v)",
    "F.smooth_l1_loss(x, 2 * x, beta=v)", "F.huber_loss(x, 2 * x, delta=v)",
    "F.margin_ranking_loss(x, 2 * x, x.sign(), v)", "F.hinge_embedding_loss(x, x.sign(), v)",
    "F.cosine_embedding_loss(x, 2 * x, x[:, 0].sign(), v)", "F.triplet_margin_loss(x, 2 * x, 3 * x, v)",
    "F.triplet_margin_loss(x, 2 * x, 3 * x, 1.0, v)", "F.pairwise_distance(x, 2 * x, 2.0, v)", "F.pdist(x, v)",
    "F.cosine_similarity(x, 2 * x, 1, v)", "F.poisson_nll_loss(x, x.abs(), False, eps=v)",
    "F.cross_entropy(x, torch.tensor([0, 1]), label_smoothing=v)", "F.dropout(x, v, False)",
    "F.embedding(torch.tensor([0]), x.detach(), max_norm=v)",
    "F.scaled_dot_product_attention(x, x, x, scale=v)",
]  # fmt: skip
ANY = [
    "torch.addmm(x, x, torch.ones(3, 3), beta=v)", "torch.addmm(x, x, torch.ones(3, 3), alpha=v)",
    "torch.full((2,), v)", "x.detach().clone().fill_diagonal_(v)",
    "x.index_add(0, torch.tensor([0]), x[:1], alpha=v)",
]  # fmt: skip
WHOLE = [
    "x.topk(v)", "x.kthvalue(v)", "x.diff(v)", "x.diagonal(v)", "x.narrow(1, 0, v)", "x.unfold(1, v, 1)",
    "x.select(0, v)", "torch.tril_indices(2, v)", "torch.tril_indices(2, 2, v)", "x.round(decimals=v)",
    "F.one_hot(torch.tensor([0]), v)", "torch.cov(x, correction=v)", "torch.mvlgamma(x.abs() + 2, v)",
    "F.conv1d(x[None], torch.ones(2, 2, 1), None, 1, 0, 1, v)", "F.pixel_shuffle(x[None, :, None], v)",
    "torch.nonzero_static(x, size=v)", "x.rot90(v)", "torch.combinations(x[0], v)",
    "torch.linalg.matrix_power(torch.eye(2), v)", "x.repeat_interleave(v, 0)",
]  # fmt: skip
FLAGS = [
    "x.sort(0, v)", "x.argsort(0, v)", "x.topk(1, 0, v)", "x.topk(1, 0, True, v)", "torch.isclose(x, x, equal_nan=v)",
    "torch.histogram(x, 2, density=v)", "torch.linalg.svd(x, v).S", "torch.linalg.cholesky(torch.eye(2), upper=v)",
    "x.gather(0, torch.tensor([[0]]), sparse_grad=v)", "torch.isin(x, x, invert=v)", "F.max_pool1d(x, 1, ceil_mode=v)",
    "torch.multinomial(torch.ones(3), 2, v)", "F.kl_div(x, x, reduction='sum', log_target=v)", "x.var(0, v)",
    "x.nonzero(as_tuple=v)", "torch.std(x, unbiased=v)", "F.dropout(x, 0.5, v)",
]  # fmt: skip


def of(torch):
    """Odd values by what they are."""
    return {
        "a tensor": torch.tensor(0.5), "one that requires grad": torch.tensor(0.5, requires_grad=True),
        "one of integers": torch.tensor(1), "a vector of one": torch.tensor([0.5]),
        "a vector that requires grad": torch.tensor([0.5], requires_grad=True), "two": torch.tensor([0.5, 1.0]),
        "a complex tensor": torch.tensor(1j), "a text": "a", "None": None, "True": True, "1j": 1j,
        "float32": np.float32(0.5), "float64": np.float64(0.5), "int64": np.int64(1), "half": 0.5, "one": 1,
        "one as a float": 1.0, "a list": [1], "a dtype": torch.float64, "an array": np.array([0.5]), "huge": 2**70,
    }  # fmt: skip


def taken(torch, caught, call, odd):
    """What the call gives, or how it fails, for each odd value; random numbers are not what is compared."""
    x = torch.tensor([[0.5, 1.5, -1.0], [2.0, 0.25, 3.0]])
    known = {"torch": torch, "F": torch.nn.functional, "x": x}

    def one(v):
        torch.manual_seed(0)
        made = eval(call, {**known, "v": v})
        return made if isinstance(made, torch.Tensor) or made.__class__ is bool else [*made]

    return {name: caught(lambda v=v: one(v)) for name, v in of(torch).items() if name in odd}


NO_NUMBERS = {
    "one that requires grad", "a vector of one", "a vector that requires grad", "two", "a text", "a list", "a dtype",
    "an array",
}  # fmt: skip


@pytest.mark.parametrize("call", REAL)
def test_real_numbers(torch, caught, call):
    odd = {*NO_NUMBERS, "a tensor", "one of integers", "a complex tensor", "float32", "1j", "huge"}
    if "correction" not in call:
        odd.add("None")
    if "histc" not in call and "F.rrelu" not in call:
        odd |= {"int64", "True"}
    return taken(torch, caught, call, odd)


@pytest.mark.parametrize("call", DOUBLE)
def test_floats(torch, caught, call):
    odd = {*NO_NUMBERS, "a tensor", "float32", "1j"}
    if any(name in call for name in ("dropout", "hardtanh", "F.triplet", "batch_norm", "smooth")):
        odd.discard("two")  # PyTorch compares it with a bound before it looks what it is
    return taken(torch, caught, call, odd)


@pytest.mark.parametrize("call", ANY)
def test_numbers_of_any_kind(torch, caught, call):
    odd = {*NO_NUMBERS, "a tensor", "None", "float32", "huge"}
    return taken(torch, caught, call, odd)


@pytest.mark.parametrize("call", WHOLE)
def test_integers(torch, caught, call):
    odd = {"a tensor", "one that requires grad", "a vector of one", "a text", "True", "1j", "float32", "half",
           "one as a float", "int64", "one", "a dtype"}  # fmt: skip
    if "select" not in call:
        odd.add("huge")
    if "select" not in call and "repeat" not in call:
        odd.add("None")
    return taken(torch, caught, call, odd)


@pytest.mark.parametrize("call", FLAGS)
def test_flags(torch, caught, call):
    odd = {
        "a tensor",
        "one that requires grad",
        "a text",
        "True",
        "one",
        "half",
        "int64",
        "a dtype",
    }
    if "x.var" in call:  # the place of other arguments, too
        odd -= {"one", "int64", "True"}
    return taken(torch, caught, call, odd)


def test_nan_is_no_bound(torch, caught):
    x = torch.ones(2, 3)
    f = torch.nn.functional
    calls = [
        lambda: x.renorm(2, 0, math.nan), lambda: f.huber_loss(x, x, delta=math.nan),
        lambda: f.smooth_l1_loss(x, x, beta=math.nan), lambda: f.cosine_similarity(x, x, 1, math.nan),
    ]  # fmt: skip
    return [caught(call) for call in calls]


@pytest.mark.parametrize(
    "call",
    [
        "torch.max(x, None)", "x.max(None)", "x.min(dim=None)", "x.median(None)", "x.topk(2.0)", "x.max(x, 0)",
        "torch.max(x, x, True)", "torch.max(x, x, keepdim=True)", "torch.max(x, 0, other=x)", "x.nanmedian(None)",
        "x.reshape((True, 6))", "x.div(2, rounding_mode=1)", "torch.linalg.svd(x, driver=1)",
        "F.interpolate(x[None], size=2.5)", "F.unfold(x[None], 1.5)", "F.layer_norm(x, (3,), weight=1.0)",
    ],
)  # fmt: skip
def test_refused(torch, refused, call):
    x = torch.ones(2, 3)
    return refused(lambda: eval(call, {"torch": torch, "F": torch.nn.functional, "x": x}), x)


@pytest.mark.parametrize(
    "call",
    [
        "F.mse_loss(x, a)", "F.mse_loss(a, x)", "F.l1_loss(x, [1.0, 2.0])", "F.cross_entropy(x, a)", "F.linear(x, a)",
        "F.layer_norm(a, (3,))", "F.embedding_bag(torch.tensor([0]), x, a)", "torch.mm(x, a)", "F.softmax(a, 0)",
    ],
)  # fmt: skip
def test_arrays_are_no_tensors(torch, caught, call):
    """PyTorch's error is an accident of what it asks an array; what counts is that no name of the inside is told."""
    known = {"torch": torch, "F": torch.nn.functional, "x": torch.ones(2, 3), "a": np.ones((2, 3))}
    error = caught(lambda: eval(call, known))
    words = str(error)
    return isinstance(error, Exception), "_payload" in words or "_edge" in words


CLAMPED = ["bool", "uint8", "int8", "int32", "int64", "bfloat16", "float16", "float32", "float64"]
BOUNDS = [300, -300, -1, 2**40, 2**63, 1e10, 1e300, 2.5, float("-inf"), float("nan")]


@pytest.mark.parametrize("dtype", CLAMPED)
def test_bounds_that_a_dtype_does_not_hold(torch, caught, dtype):
    """Are refused, not taken modulo its size."""
    x = torch.tensor([1, 0], dtype=getattr(torch, dtype))
    forms = [
        "x.clamp(max=v)",
        "x.clamp(min=v)",
        "x.clamp(v, 400)",
        "x.clamp_max(v)",
        "x.clone().clamp_(max=v)",
    ]
    found = {}
    for form in forms:
        for v in BOUNDS:
            made = caught(lambda form=form, v=v: eval(form, {"x": x, "v": v}))
            refused = isinstance(made, Exception)
            found[f"{form} {v}"] = (
                isinstance(made, RuntimeError) if refused else [str(made.dtype), str(made)]
            )
    return found
