"""`segment_reduce` in all its reductions, and what it refuses."""

import pytest

REDUCTIONS = ["sum", "mean", "prod", "max", "min", "amax", "amin"]
RUNS = {
    "lengths": ("x", "lengths=torch.tensor([2, 0, 1, 3])"),
    "lengths of int32": ("x", "lengths=torch.tensor([6], dtype=torch.int32)"),
    "an initial value": ("x", "lengths=torch.tensor([2, 0, 1, 3]), initial=0.5"),
    "an initial value of 0": ("x", "lengths=torch.tensor([2, 0, 4]), initial=0"),
    "an initial value among them": ("x", "lengths=torch.tensor([2, 0, 4]), initial=2"),
    "an initial True": ("x", "lengths=torch.tensor([2, 4]), initial=True"),
    "an initial NaN": ("x", "lengths=torch.tensor([0, 6]), initial=float('nan')"),
    "some left out": ("x", "lengths=torch.tensor([2, 1]), unsafe=True"),
    "offsets": ("x", "offsets=torch.tensor([0, 2, 2, 6])"),
    "offsets within": ("x", "offsets=torch.tensor([1, 3, 5])"),
    "offsets and lengths": ("x", "offsets=torch.tensor([0, 5, 6]), lengths=torch.tensor([6])"),
    "one offset": ("x", "offsets=torch.tensor([0])"),
    "the first axis": ("m", "lengths=torch.tensor([1, 2])"),
    "the second axis": ("m", "lengths=torch.tensor([[1, 3], [4, 0], [2, 2]]), axis=1"),
    "the last axis": ("m", "offsets=torch.tensor([[0, 1], [1, 4], [2, 2]]), axis=-1"),
    "the middle axis": ("c", "lengths=torch.tensor([[1, 2], [0, 3]]), axis=1"),
    "nothing": ("x[:0]", "lengths=torch.tensor([0, 0])"),
    "NaN": ("n", "lengths=torch.tensor([2, 3])"),
    "transposed": ("m.t()", "lengths=torch.tensor([3, 1])"),
}


def given(torch):
    nan = float("nan")
    return {
        "torch": torch,
        "x": torch.tensor([1.0, 1.0, 2.0, 0.0, 3.0, -1.0], dtype=torch.float64),
        "m": (torch.arange(12, dtype=torch.float64).reshape(3, 4) * 1.3).sin(),
        "c": (torch.arange(24).reshape(2, 3, 4) * 1.7).cos(),
        "n": torch.tensor([1.0, nan, nan, 2.0, nan]),
    }


@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize("case", RUNS)
def test_values_and_gradients(torch, reduce, case):
    data, runs = RUNS[case]
    names = given(torch)
    x = eval(data, names).detach().requires_grad_()
    out = eval(f"torch.segment_reduce(x, reduce, {runs})", names | {"x": x, "reduce": reduce})
    print(type(out.grad_fn).__name__ if out.grad_fn is not None else None, out.stride())
    weights = torch.arange(1, out.numel() + 1).reshape(out.shape)
    out.backward(weights.to(out.dtype))
    return out, x.grad


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_dtypes(torch, reduce, dtype):
    x = torch.tensor([0.5, 3.0, -2.0, 1.5, 4.0], dtype=getattr(torch, dtype)).requires_grad_()
    out = torch.segment_reduce(x, reduce, lengths=torch.tensor([2, 0, 3]), initial=2)
    out.backward(torch.ones_like(out))
    return out, x.grad


@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "max", "min"])
def test_mapped(torch, reduce):
    x = torch.arange(12.0).reshape(3, 4)
    runs = torch.tensor([[1, 3], [4, 0], [2, 2]])
    fn = torch.func.vmap(lambda x, runs: torch.segment_reduce(x, reduce, lengths=runs, unsafe=True))
    return fn(x, runs)


FAULTS = [
    "(x, 'sum')",
    "(x, 'sum', lengths=torch.tensor([2, 3]))",
    "(x, 'sum', lengths=torch.tensor([2, -1, 5]))",
    "(x, 'sum', lengths=torch.tensor([3, 4]))",
    "(x, 'sum', lengths=torch.tensor([], dtype=torch.int64))",
    "(x, 'median', lengths=torch.tensor([6]))",
    "(x, 'SUM', lengths=torch.tensor([6]))",
    "(x, 1, lengths=torch.tensor([6]))",
    "(x, 'sum', torch.tensor([6]))",
    "([1.0], 'sum', lengths=torch.tensor([1]))",
    "(x, 'sum', lengths=[6])",
    "(x, 'sum', lengths=torch.tensor([6.0]))",
    "(x, 'sum', lengths=torch.tensor([6], dtype=torch.int16))",
    "(x, 'sum', offsets=torch.tensor([0.0, 6.0]))",
    "(x, 'sum', offsets=torch.tensor([], dtype=torch.int64))",
    "(x, 'sum', offsets=torch.tensor(0))",
    "(x, 'sum', indices=torch.tensor([0, 0, 0, 1, 1, 1]))",
    "(x, 'sum', lengths=torch.tensor([6]), axis=1)",
    "(m, 'sum', lengths=torch.tensor([3]), axis=1)",
    "(m, 'sum', lengths=torch.tensor([3]), axis=5)",
    "(m, 'sum', lengths=torch.tensor([3]), axis=0.5)",
    "(x.long(), 'sum', lengths=torch.tensor([6]))",
    "(x > 0, 'sum', lengths=torch.tensor([6]))",
    "(x + 1j, 'sum', lengths=torch.tensor([6]))",
    "(x.sum(), 'sum', lengths=torch.tensor([1]))",
    "(x, 'sum', lengths=torch.tensor([6]), initial='a')",
    "(x, 'sum', lengths=torch.tensor([6]), initial=2j)",
    "(x.float(), 'sum', lengths=torch.tensor([6]), initial=1e100)",
    "(x, 'sum', lengths=torch.tensor([6]), initial=torch.tensor(1.0, requires_grad=True))",
    "(x, 'sum', lengths=torch.tensor([6]), unsafe=1)",
    "(x, 'sum', lengths=torch.tensor([6]), out=x)",
]


@pytest.mark.parametrize("call", FAULTS)
def test_faults(torch, refused, call):
    names = given(torch)
    return refused(lambda: eval(f"torch.segment_reduce{call}", names), names["x"], names["m"])
