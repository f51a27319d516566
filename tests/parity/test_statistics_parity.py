"""Statistics, norms, scans and orders: what op samples do not show: NaN, ties, spellings, warnings, names of nodes."""

import re
import warnings

import pytest

NAN = float("nan")
HOLES = [[1.0, NAN, 3.0, 0.0], [float("inf"), 2.0, -1.0, 2.0], [NAN, 0.0, -0.0, NAN]]
TIES = [[2, 1, 2, 1, 3], [1, 1, 1, 1, 1], [3, 2, 2, 3, 0]]

SPECIAL = [
    "h.sort(1)", "h.sort(1, descending=True)", "h.argsort(0)", "h.argsort(1, descending=True)", "h.msort()",
    "h.topk(2, 1)[0]", "h.topk(4, 1, largest=False)[0]", "h.kthvalue(2, 1)[0]", "h.kthvalue(4, 1)[0]", "h.median(1)",
    "h.nanmedian(1)", "h.median()", "h.nanmedian()", "h.mode(1)[0]", "h.cummax(1)", "h.cummin(1)", "h.cummax(0)",
    "h.cumsum(1)", "h.cumprod(0)", "h.logcumsumexp(1)", "h.nansum()", "h.nansum(1)", "h.nanmean(0)", "h.var()",
    "h.std(1)", "h.norm()", "h.norm(1, 1)", "h.norm(float('inf'), 0)", "h.norm(0, 1)", "h.norm(3)", "h.aminmax()",
    "h.aminmax(dim=1)", "h.quantile(0.5)", "h.quantile(0.3, 1)", "h.nanquantile(0.3, 1)",
    "h.nanquantile(torch.tensor([0.2, 1.0], dtype=h.dtype), 0, True)", "h.unique()", "h.diff()",
    "torch.unique(h, return_inverse=True, return_counts=True)", "torch.count_nonzero(h)", "torch.cov(h)",
    "torch.max(h, 1)", "torch.argmax(h, 1)", "torch.argmin(h)", "h.renorm(2, 0, 1.0)",
    "torch.searchsorted(torch.tensor([0.0, 1.0, 2.0]), h.float())", "torch.isin(h, h)",
]  # fmt: skip
TIED = [
    "t.sort(1)", "t.sort(dim=1, descending=True, stable=True)", "t.argsort(1, descending=True)", "t.median(1)",
    "t.nanmedian(1)", "t.mode(1)", "t.cummax(1)", "t.cummin(1)", "t.max(1)", "t.min(1)", "t.kthvalue(2, 1)[0]",
    "t.topk(3, 1)[0]", "t.unique()", "t.unique(dim=0)", "t.unique(dim=1, return_inverse=True, return_counts=True)",
    "t.unique_consecutive(return_inverse=True, return_counts=True)", "torch.bincount(t[0])", "t.float().histc(4)",
    "torch.bincount(t[0], torch.tensor([.5, 1, 2, 3, 4]), minlength=6)", "t.float().histc(3, 1, 2)",
    "torch.histogram(t.double(), 4)", "torch.histogram(t.float(), 3, range=(0., 3.), density=True)",
    "torch.histogram(t.float(), torch.tensor([0., 1., 2.5]), weight=t.float())", "torch.isin(t, 2, invert=True)",
    "torch.isin(2, t)", "torch.bucketize(t, torch.tensor([1, 2]), right=True, out_int32=True)",
    "torch.searchsorted(t.sort(1)[0], t, side='right')", "torch.searchsorted(t[0], 2, sorter=t[0].argsort())",
]  # fmt: skip
SPELLINGS = [
    "x.var(True)", "x.var(0, False)", "x.var(0, True, True)", "x.var(dim=0, unbiased=False)", "x.std(correction=0)",
    "x.std((0, 1), correction=0.5)", "x.std(axis=0, keepdims=True)", "torch.var(x, unbiased=False)",
    "torch.std_mean(x, 1)", "torch.var_mean(x, correction=2)", "torch.var_mean(x, dim=(0,), keepdim=True)",
    "torch.norm(x, dim=1)", "torch.norm(x, 'fro')", "torch.norm(x, 3, (0, 1), True)", "x.norm(p=2, dim=(0, 1))",
    "x.norm(dtype=torch.float64)", "torch.norm(x, p=-1.5)", "x.norm(float('-inf'), 0)", "torch.dist(x, x[0], 1)",
    "x.cumsum(dim=-1, dtype=torch.float64)", "x.int().cumsum(0)", "(x > 0).cumprod(1)", "x.diff(2, 1)",
    "torch.diff(x, prepend=x[:, :1], append=x)", "torch.diff(x > 0, dim=0)", "torch.trapezoid(x, dx=2)",
    "torch.trapz(x, torch.tensor([0., 1., 3.]))",
    "torch.cumulative_trapezoid(x, torch.arange(6.).reshape(2, 3), dim=0)", "x.quantile(.4, 1, True)",
    "x.quantile(torch.tensor([.1, .6]), keepdim=True)", "torch.quantile(x, .4, interpolation='nearest')",
    "torch.quantile(x, .4, 0, interpolation='midpoint')", "torch.quantile(x, .4, interpolation='higher')",
    "torch.cov(x, correction=0, fweights=torch.tensor([1, 2, 1]), aweights=torch.tensor([.5, 1., 2.]))",
    "torch.corrcoef(x)", "torch.corrcoef(x[0])", "torch.corrcoef(x * (1 + 2j))", "x.count_nonzero((0, 1))",
    "torch.aminmax(x, dim=0, keepdim=True)", "x.logsumexp((0, 1))", "torch.tensor(2.).sort()",
    "torch.tensor(2.).cumsum(0)",
    "torch.tensor(2.).median(0)", "torch.tensor(2.).topk(1)", "torch.tensor(2.).unique()",
    "torch.tensor(2.).cummax(-1)", "torch.tensor([]).median()", "torch.tensor([]).norm()", "torch.tensor([]).std()",
    "torch.zeros(0, 3).cumsum(0)", "torch.zeros(0, 3).sort(1)",
    "torch.zeros(2, 0).unique()", "torch.zeros(0).unique(dim=0)",
    "x.half().var()", "x.half().norm()", "(x.half() * 300).norm()", "(x.half() * 300).std(0)", "x.half().cumsum(1)",
]  # fmt: skip
NODES = [
    "x.var()", "x.std(0)", "torch.var_mean(x)[0]", "torch.std_mean(x)[1]", "x.nansum()", "x.nanmean()", "x.median()",
    "x.median(0)[0]", "x.nanmedian()", "x.mode(0)[0]", "x.norm()", "x.norm(1, 0)", "torch.dist(x, x + 1)",
    "x.cumsum(0)", "x.cumprod(0)", "x.cummax(0)[0]", "x.cummin(0)[0]", "x.logcumsumexp(0)", "x.diff()", "x.sort()[0]",
    "x.sort(stable=True)[0]", "x.topk(1)[0]", "x.kthvalue(1)[0]", "x.logsumexp((0, 1))", "x.msort()",
]  # fmt: skip
GRADIENTS = [
    "x.median()", "x.nanmedian()", "x.median(1)[0]", "x.mode(1)[0]", "x.cummax(1)[0]", "x.cumprod(1)", "x.aminmax()[0]",
    "x.norm()", "x.norm(1, 1)", "x.norm(3, 0)", "x.norm(float('inf'), 1)", "x.std(1)", "x.sort(1)[0][:, :2]",
    "x.nansum(0)", "x.quantile(0.5, 1)", "torch.dist(x, x)", "x.renorm(2, 0, 1.0)", "x.logcumsumexp(1)",
]  # fmt: skip

UNDETERMINED = [
    "one.var()", "one.std()", "torch.var_mean(one)", "torch.std_mean(one)", "torch.cov(one)", "one.var(correction=0)",
    "torch.zeros(2, 1).std(1)", "torch.zeros(0).var()",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", SPECIAL)
def test_nan_and_infinity(torch, expression):
    found = eval(expression, {"torch": torch}, {"h": torch.tensor(HOLES, dtype=torch.float64)})
    return tuple(found) if isinstance(found, tuple) else found


@pytest.mark.parametrize("expression", TIED)
def test_equal_elements(torch, expression):
    found = eval(expression, {"torch": torch}, {"t": torch.tensor(TIES)})
    return tuple(found) if isinstance(found, tuple) else found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", SPELLINGS)
def test_spellings_dtypes_and_shapes(torch, expression):
    x = torch.tensor([[1.0, -2.0, 4.0], [0.5, 3.0, -1.0]])
    found = eval(expression, {"torch": torch}, {"x": x})
    return tuple(found) if isinstance(found, tuple) else found


@pytest.mark.parametrize("expression", NODES)
def test_names_of_nodes(torch, expression):
    x = torch.tensor([[1.0, -2.0, 4.0], [0.5, 3.0, -1.0]], requires_grad=True)
    return eval(expression, {"torch": torch}, {"x": x}).grad_fn.name()


@pytest.mark.parametrize("expression", GRADIENTS)
@pytest.mark.parametrize("first", [[1.0, 0.0, 1.0, 2.0], [2.0, 2.0, 2.0, 2.0]])
@pytest.mark.parametrize("second", [[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 3.0]])
def test_gradients_where_elements_are_equal_or_zero(torch, expression, first, second):
    x = torch.tensor([first, second], requires_grad=True)
    eval(expression, {"torch": torch}, {"x": x}).sum().backward()
    return x.grad


@pytest.mark.parametrize("op", ["sort", "median", "mode", "cummax", "topk", "kthvalue", "max"])
def test_named_results_print_as_theirs(torch, op):
    x = torch.tensor([[3.0, 1.0, 2.0]])
    found = getattr(x, op)(*{"topk": (2,), "kthvalue": (2,)}.get(op, (1,)))
    print(found)
    print(type(found).__name__, found.values, found.indices)


@pytest.mark.parametrize("expression", UNDETERMINED)
def test_missing_degrees_of_freedom_warn(torch, expression):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = eval(expression, {"torch": torch}, {"one": torch.tensor([1.0])})
    return found, [
        re.split(r"(?<=\.) ?\(Trig", str(w.message))[0] for w in caught if w.category is UserWarning
    ]


@pytest.mark.parametrize("op", ["cumsum_", "cumprod_"])
def test_scans_in_place(torch, op):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x * 1
    found = getattr(y, op)(1)
    found.sum().backward()
    return found, found is y, x.grad


def test_renorm_in_place(torch):
    x = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    return x.renorm_(2, 0, 1.0), x


def test_several_results_go_into_out(torch):
    values, indices = torch.empty(0), torch.empty(0, dtype=torch.int64)
    found = torch.sort(torch.tensor([3.0, 1.0]), out=(values, indices))
    return values, indices, found.values is values


REFUSED_BOXES = [
    "x, 0", "x, [3, 2, 1]", "x, [3, 2], range=[1, 0, 0, 1]", "x, [3, 2], range=[0, 1]", "x, [e, e[:0]]", "x, e",
    "x, [e.double(), e]", "x[:, 0], [3]", "x.long(), 3", "x, 3, weight=e", "x, 3, weight=x[:, 0].double()", "x, 'a'",
    "x * float('nan'), 2",
]  # fmt: skip


@pytest.mark.parametrize("arguments", REFUSED_BOXES)
def test_boxes_that_are_refused(torch, refused, arguments):
    given = {"torch": torch, "e": torch.tensor([0.0, 0.5, 1.0])}
    given["x"] = x = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 0.0], [2.0, 2.0]])
    return refused(lambda: eval(f"torch.histogramdd({arguments})", given), x)
