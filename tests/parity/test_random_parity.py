"""Random tensors: from the same seed, the numbers, the layout and the state that PyTorch has.

Numbers that go through logarithms and cosines may differ by 4 units in the last place, or by the rounding of a cosine
near 0; all others are equal.
"""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import wengert

oracle = pytest.importorskip("torch")

SEEDS = [0, 42, 2**63]
SIZES = [0, 1, 5, 15, 16, 17, 31, 100]
FLOATS = ["float16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
WIDE = ["int64", "float32", "float64"]
EXACT: dict[str, list[str]] = {
    "x.uniform_()": FLOATS + COMPLEX,
    "x.uniform_(-2.5, 7.25)": FLOATS + COMPLEX,
    "x.uniform_(to=3)": FLOATS,
    "x.bernoulli_()": [*FLOATS, *INTEGERS, "bool"],
    "x.bernoulli_(0.3)": [*FLOATS, *INTEGERS, "bool"],
    "x.geometric_(0.2)": FLOATS + INTEGERS,
    "x.random_()": [*FLOATS, *INTEGERS, "bool"],
    "x.random_(5)": FLOATS + INTEGERS,
    "x.random_(to=2)": [*FLOATS, *INTEGERS, "bool"],
    "x.random_(2, 100)": FLOATS + INTEGERS,
    "x.random_(3, None)": FLOATS + INTEGERS,
    "x.random_(2, to=5)": FLOATS + INTEGERS,
    "x.random_(**{'from': 2, 'to': 9})": FLOATS + INTEGERS,
    "x.random_(2**28)": ["int32", "int64", "float32"],
    "x.random_(-(2**40), 2**50)": WIDE,
    "x.random_(-(2**63), None)": WIDE,
    "x.random_(2**25 + 1, 2**25 + 99)": ["float32"],
    "x.random_(-(2**25) - 1, -(2**25) + 99)": ["float32"],
    "x.random_(2**11 + 1, 2**11 + 33)": ["float16"],
}
ROUNDED: dict[str, list[str]] = {
    "x.normal_()": FLOATS + COMPLEX,
    "x.normal_(-1.5, 0.7)": FLOATS + COMPLEX,
    "x.log_normal_(0.1, 0.4)": FLOATS,
    "x.exponential_()": FLOATS,
    "x.exponential_(lambd=0.3)": FLOATS,
    "x.cauchy_(0.3, sigma=2)": FLOATS,
}
WRITES = [(w, d, w in EXACT) for w, dtypes in {**EXACT, **ROUNDED}.items() for d in dtypes]


def layouts(torch: Any, n: int, dtype: str) -> Iterator[Any]:
    """Tensors to write into: contiguous, strided, transposed, permuted, part of another, and of no dimension."""
    kind = getattr(torch, dtype)
    yield torch.empty(n, dtype=kind)
    yield torch.zeros(2 * n + 1, dtype=kind)[1::2]
    yield torch.empty(3, n, dtype=kind).t()
    yield torch.empty(2, 3, n, dtype=kind).permute(1, 2, 0)
    yield torch.zeros(4, n + 2, dtype=kind)[1:3, 1 : n + 1]
    yield torch.empty(n, 1, dtype=kind).t()
    yield torch.empty((), dtype=kind)


def seeded(seed: int) -> None:
    oracle.manual_seed(seed)
    wengert.manual_seed(seed)


def same_numbers(expected: Any, found: Any, exact: bool) -> None:
    assert str(found.dtype) == str(expected.dtype)
    assert tuple(found.shape) == tuple(expected.shape)
    a, b = expected.detach().resolve_conj().numpy(), found.detach().numpy()
    if exact:
        assert np.array_equal(a, b)
        return
    unit = np.finfo(a.dtype).eps
    near = {2: 2e-3, 4: 5e-7, 8: 5e-16}[a.real.dtype.itemsize]
    assert ((np.abs(a - b) <= 4 * unit * np.abs(a) + near) | (a == b)).all()


def same_state() -> None:
    """Compare the words and their position; of the normal that waits, the value to within rounding."""
    a, b = oracle.get_rng_state().numpy(), wengert.get_rng_state().numpy()
    assert np.array_equal(a[:5024], b[:5024])
    assert np.array_equal(a[5032:], b[5032:])
    assert np.allclose(a[5024:5032].view("<f8"), b[5024:5032].view("<f8"), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("write", "dtype", "exact"), WRITES)
def test_writes(write: str, dtype: str, exact: bool) -> None:
    for seed in SEEDS:
        seeded(seed)
        for n in SIZES:
            pairs = zip(layouts(oracle, n, dtype), layouts(wengert, n, dtype), strict=True)
            for x, y in pairs:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    assert eval(write, {"x": x}) is x
                    assert eval(write, {"x": y}) is y
                # A Cauchy number near a pole magnifies the rounding of its angle.
                if "cauchy" not in write or (x.abs() < 100).all():
                    same_numbers(x, y, exact)
                same_state()


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, "bool"])
@pytest.mark.parametrize("chances", FLOATS)
def test_a_probability_for_each_element(dtype: str, chances: str) -> None:
    def write(torch: Any, x: Any) -> None:
        p = torch.arange(x.numel(), dtype=getattr(torch, chances)).reshape(x.shape)
        x.bernoulli_(p / max(1, x.numel()))

    for n in SIZES:
        seeded(n)
        for x, y in zip(layouts(oracle, n, dtype), layouts(wengert, n, dtype), strict=True):
            write(oracle, x)
            write(wengert, y)
            same_numbers(x, y, exact=True)
            same_state()


@pytest.mark.parametrize("dtype", FLOATS)
def test_many_numbers(dtype: str) -> None:
    """More than are drawn at a time, with a rest."""
    for write in ("x.uniform_(1, 3)", "x.normal_(1, 2)", "x.bernoulli_(0.4)", "x.exponential_()"):
        for size in ((70_001,), (3, 20_001)):
            seeded(5)
            x, y = (t.empty(size, dtype=getattr(t, dtype)) for t in (oracle, wengert))
            x, y = (x.t(), y.t()) if len(size) == 2 else (x, y)
            eval(write, {"x": x})
            eval(write, {"x": y})
            same_numbers(x, y, write in EXACT)
            same_state()


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_mask_of_dropout(dtype: str) -> None:
    seeded(3)
    x, y = (t.ones(7, 9, dtype=getattr(t, dtype)) for t in (oracle, wengert))
    dropped = oracle.nn.functional.dropout(x, 0.3)
    same_numbers(dropped != 0, wengert.empty_like(y).bernoulli_(1 - 0.3) != 0, exact=True)
    same_state()


PROGRAMS = """
t.rand(5)
t.rand((2, 3), dtype=t.float64)
t.rand(size=(2, 3), dtype=t.complex64)
t.rand(3, out=t.empty(4))
t.rand(4, 5, out=t.empty(5, 4).t())
t.randn(4, 5, out=t.empty(5, 4).t())
t.randn(5, 4, 5, out=t.empty(2, 5, 4, 5)[1])
t.randn(20, requires_grad=True)
t.rand_like(w.t())
t.randn_like(w.t())
t.randn_like(t.empty(5, 8)[:, ::2])
t.randn_like(t.empty(5, 4, 3).permute(2, 0, 1))
t.rand_like(w, dtype=t.float64)
t.rand_like(w, generator=g(3))
t.randint_like(w.t(), 7)
t.randint_like(t.empty(5, 4, dtype=t.int64), 2, 7)
t.randint_like(w, t.tensor(7))
t.randint(2**40, (9,))
t.randint(-5, 5, (9,), dtype=t.float16)
t.randint(3, 9, (4, 4), dtype=t.uint8)
t.randint(2**24 - 4, 2**24 + 9, (20,), dtype=t.float32)
t.randint(2**11 - 4, 2**11 + 9, (20,), dtype=t.float16)
t.randint(-(2**25) - 3, 2**26 + 5, (20,), dtype=t.float32)
t.randint(high=5, size=(3,))
t.randint(0, 2, (8,), dtype=t.bool)
t.randint(0, 9, (8,), out=t.empty(0, dtype=t.int32))
t.randperm(10)
t.randperm(3000)
t.randperm(100, dtype=t.float32)
t.randperm(255, dtype=t.uint8)
t.randperm(2049, dtype=t.float16)
t.randperm(0)
t.randperm(1)
t.randperm(7, out=t.empty(3, dtype=t.int32))
t.randperm(7, dtype=t.float32, requires_grad=True)
t.normal(w[:, :1], w[:1])
t.normal(w, 2.0)
t.normal(1.0, w)
t.normal(w.t(), w.t())
t.normal(w[:, :1], w[:1], out=t.empty(0))
t.normal(2, 3, (4, 5))
t.normal(2, 3, (4, 5), out=t.empty(5, 4).t())
t.normal(mean=2.0, std=3.0, size=(20,), dtype=t.float64)
t.normal(w, w.double())
t.normal(w.half(), 0.5)
t.normal(w.clone().requires_grad_(), w)
t.bernoulli(w)
t.bernoulli(w.t())
t.bernoulli(w.double())
t.bernoulli(w.half())
t.bernoulli(w, 0.3)
t.bernoulli(t.ones(3, dtype=t.int64), 0.3)
t.bernoulli(w, out=t.empty(0, dtype=t.int32))
t.bernoulli(w.clone().requires_grad_())
w.bernoulli()
w.bernoulli(0.2)
t.multinomial(w, 3)
t.multinomial(w.t(), 3)
t.multinomial(w, 7)
t.multinomial(w, 1)
t.multinomial(w, 1, True)
t.multinomial(w.double().reshape(-1), 20)
t.multinomial(w, 20, True)
t.multinomial(w.half(), 20, True)
t.multinomial(w.t(), 20, replacement=True)
t.multinomial(t.ones(0, 3), 2)
t.multinomial(w, 2, out=t.empty(0, dtype=t.int64))
w.multinomial(2)
t.multinomial(t.tensor([1.0, 0, 0]), 2)
t.multinomial(t.tensor([0.0, 1, 0]), 30, True)
t.poisson(w * 40)
t.poisson(w.double() * 40)
t.poisson(w.half() * 40)
t.poisson(t.zeros(3))
t.poisson(w.t() * 9)
t.poisson(t.full((5,), 1e6))
t.poisson(w * 40, g(5))
t.rand(3, generator=g(5))
t.randn(30, generator=g(5).clone_state())
t.randn(30, generator=copy.deepcopy(g(5)))
t.randn(30, generator=pickle.loads(pickle.dumps(g(5))))
t.vmap(lambda x: t.rand(3), randomness="different")(w)
t.vmap(lambda x: x.sum() + t.randn(5), randomness="different")(w)
t.vmap(lambda x: t.bernoulli(x), randomness="different")(w)
t.vmap(lambda x: t.rand_like(x), randomness="different")(w)
t.vmap(lambda x: t.rand_like(x), randomness="same")(w)
t.vmap(lambda x: x.clone().uniform_(), randomness="different")(w)
t.vmap(lambda x: x.clone().uniform_(), randomness="same")(w)
t.vmap(lambda x: x.clone().bernoulli_(0.4), randomness="different")(w)
t.vmap(lambda x: x.clone().bernoulli_(x), randomness="different")(w)
t.vmap(lambda x: x.clone().normal_(), randomness="different")(w)
t.vmap(lambda x: t.multinomial(x, 2), randomness="different")(w)
t.vmap(lambda x: t.multinomial(x, 5, True), randomness="different")(w)
t.vmap(lambda x: t.poisson(x), randomness="different")(w)
t.vmap(lambda x: t.normal(x, 0.1), randomness="different")(w)
t.vmap(lambda x: t.randperm(5), randomness="different")(w)
t.vmap(lambda x: t.randint(7, (3,)), randomness="different")(w)
t.vmap(lambda x: t.randint_like(x, 7), randomness="different")(w)
t.func.grad(lambda x: (t.bernoulli(x) * x).sum())(w)
t.func.grad(lambda x: (t.normal(x, x) * x).sum())(w)
t.vmap(t.func.grad(lambda x: (t.bernoulli(x) * x).sum()), randomness="different")(w)
t.func.jvp(lambda x: t.poisson(x) * x, (w,), (w,))[1]
t.func.jvp(lambda x: (x * 1).uniform_() * x, (w,), (w,))[1]
""".strip().splitlines()


def names(torch: Any) -> dict[str, Any]:
    w = torch.from_numpy(np.random.default_rng(0).random((5, 7)).astype(np.float32))
    seeded_generator: Callable[[int], Any] = lambda seed: torch.Generator().manual_seed(seed)  # noqa: E731
    return {"t": torch, "w": w, "g": seeded_generator, "copy": copy, "pickle": pickle}


@pytest.mark.parametrize("program", PROGRAMS)
def test_functions(program: str) -> None:
    for seed in (0, 7):
        seeded(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected, found = (eval(program, names(t)) for t in (oracle, wengert))
        same_numbers(expected, found, exact="normal" not in program and "randn" not in program)
        assert found.requires_grad == expected.requires_grad
        if expected.numel() and "vmap" not in program and "multinomial" not in program:
            assert found.stride() == expected.stride()
        same_state()


REFUSED = """
t.rand()
t.rand(2.5)
t.rand(2, names=None)
t.rand(3, generator=5)
t.rand(3, dtype=t.int64)
t.rand(3, out=t.empty(2), dtype=t.float64)
t.rand(3, out=t.empty(2, dtype=t.int64))
t.rand_like([1])
t.rand_like(t.ones(2, dtype=t.int64))
t.randint(3)
t.randint(0, 3)
t.randint(3.5, (2,))
t.randint(5, 5, (2,))
t.randint(0, 2**63, (2,))
t.randint(0, 300, (2,), dtype=t.uint8)
t.randint(0, 3, (2,), dtype=t.complex64)
t.randint(0, 3, (2,), dtype=t.bool)
t.randint(0, 3, (2,), requires_grad=True)
t.randperm(-1)
t.randperm(2.0)
t.randperm(3000, dtype=t.float16)
t.randperm(300, dtype=t.uint8)
t.randperm(3, dtype=t.bool)
t.randperm(3, dtype=t.complex64)
t.normal(0, 1)
t.normal(w, -1.0)
t.normal(w, -w)
t.normal(0, -1.0, (2,))
t.normal(t.zeros(2, dtype=t.int64), 1.0)
t.normal(t.zeros(2), t.ones(3))
t.normal(0, t.ones(2, dtype=t.complex64))
t.bernoulli(w + 1)
t.bernoulli(w, p=1.5)
t.bernoulli(t.ones(2, dtype=t.int64))
w.bernoulli_(t.ones(4))
w.bernoulli_(2)
w.bernoulli_("a")
w.bernoulli_(t.ones(7, dtype=t.int64))
w.to(t.complex64).bernoulli_()
t.poisson(-w)
t.poisson(t.tensor([float("nan")]))
t.poisson(t.ones(3, dtype=t.int64))
t.multinomial(w, 8)
t.multinomial(w, 0)
t.multinomial(w, 2.0)
t.multinomial(t.ones(3, dtype=t.int64), 2)
t.multinomial(t.ones(3, 2, 2), 2)
t.multinomial(t.tensor(1.0), 1)
t.multinomial(-w, 2)
t.multinomial(-w, 2, True)
t.multinomial(w * 0, 2)
t.multinomial(w, 2, out=t.empty(3))
w.random_(5, 2)
w.random_(2.5)
w.random_(from_=0, to=5)
w.random_(1, 2, 3)
w.random_(2**24, None)
w.half().random_(0, 70000)
w.half().random_(-(2**63), None)
w.to(t.int8).random_(-200, 5)
w.to(t.int8).random_(300, None)
w.to(t.int32).random_(-(2**63), None)
w.bool().random_(3)
w.to(t.complex64).random_()
w.uniform_(2, 1)
w.uniform_(0, float("inf"))
w.uniform_(0, float("nan"))
w.uniform_(-3e38, 3e38)
w.half().uniform_(0, 1e5)
w.uniform_("a")
w.long().uniform_()
w.normal_(std=-1)
w.normal_(0, float("nan"))
w.long().normal_()
w.exponential_(0)
w.long().exponential_()
w.cauchy_(0, 0)
w.long().cauchy_()
w.log_normal_(0, 0)
w.long().log_normal_()
w.geometric_(0)
w.geometric_(1)
w.geometric_()
w.bool().geometric_(0.5)
w[:1].expand(3, 7).uniform_()
w.requires_grad_().normal_()
g(3.5)
g(2**64)
t.manual_seed("a")
t.manual_seed(2**64)
t.Generator("cuda")
g(1).set_state(5)
g(1).set_state(t.zeros(5))
g(1).set_state(t.zeros(5, dtype=t.uint8))
g(1).set_state(t.zeros(5056, dtype=t.uint8))
g(1).get_offset()
g(1).set_offset(3)
t.vmap(lambda x: t.rand(2))(w)
t.vmap(lambda x: t.bernoulli(x), randomness="same")(w)
t.vmap(lambda x: t.multinomial(x, 2), randomness="same")(w)
t.vmap(lambda x: t.poisson(x), randomness="same")(w)
t.vmap(lambda x: t.normal(x), randomness="same")(w)
""".strip().splitlines()


@pytest.mark.parametrize("program", REFUSED)
def test_the_same_is_refused_and_draws_nothing(program: str) -> None:
    with pytest.raises(Exception) as expected:
        eval(program, names(oracle))
    before = wengert.get_rng_state().tolist()
    namespace = names(wengert)
    values = namespace["w"].tolist()
    with pytest.raises(type(expected.value)):
        eval(program, namespace)
    assert wengert.get_rng_state().tolist() == before
    assert namespace["w"].tolist() == values


NODES = [
    "x.uniform_()", "x.normal_()", "x.log_normal_()", "x.exponential_()", "x.cauchy_()", "x.geometric_(0.5)",
    "x.bernoulli_()", "x.bernoulli_(p)", "x.random_()", "x.random_(5)", "x.random_(2, 5)", "x.random_(2, to=5)",
    "t.bernoulli(x)",
    "t.poisson(x)", "t.normal(x, 1.0)", "t.normal(0.0, x)", "t.normal(x, x)", "t.normal(p, x)",
]  # fmt: skip


@pytest.mark.parametrize("program", NODES)
def test_nodes(program: str) -> None:
    """Draws have a history through which nothing flows, under PyTorch's name for it."""
    named, slopes = [], []
    for t in (oracle, wengert):
        leaf = t.full((3,), 0.5, requires_grad=True)
        drawn = eval(program, {"t": t, "x": leaf * 1, "p": t.full((3,), 0.25)})
        named.append(type(drawn.grad_fn).__name__ if t is oracle else drawn.grad_fn.name())
        slopes.append(t.autograd.grad(drawn.sum(), leaf)[0].tolist())
    assert named[0] == named[1]
    assert slopes[0] == slopes[1] == [0.0] * 3
