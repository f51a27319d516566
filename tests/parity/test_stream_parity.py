"""The number stream against PyTorch's CPU generator: equal values and states for equal seeds.

Integers, permutations, Bernoulli draws and uniforms are compared bit for bit. Normals and
exponentials go through logarithms and cosines that libraries round differently: they may differ by
4 units in the last place, or by 5e-7 where the cosine is near 0 (times the standard deviation,
where there is one).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from wengert.core.continuous import exponential, normal
from wengert.core.discrete import bernoulli, randint, randperm
from wengert.core.mt19937 import Stream
from wengert.core.uniforms import uniform

oracle = pytest.importorskip("torch")

SEEDS = [0, 1, 42, 2024, 2**63]
SIZES = [1, 5, 11, 15, 16, 17, 31, 100, 1000]
REALS = ["float32", "float64"]
Pair = tuple[Any, np.ndarray]
Draw = Callable[[Stream, int, np.random.Generator], Pair]


def tensor_dtype(dtype: str) -> Any:
    return getattr(oracle, dtype)


def exact_draws() -> dict[str, Draw]:
    """Programs whose numbers must be equal; each draws n of them from both libraries."""

    def plain(dtype: str) -> Draw:
        return lambda stream, n, rng: (
            oracle.rand(n, dtype=tensor_dtype(dtype)),
            uniform(stream, n, dtype),
        )

    def between(dtype: str) -> Draw:
        def draw(stream: Stream, n: int, rng: np.random.Generator) -> Pair:
            low = rng.uniform(-5, 5)
            high = low + 10.0 ** rng.uniform(-3, 3)
            expected = oracle.empty(n, dtype=tensor_dtype(dtype)).uniform_(low, high)
            return expected, uniform(stream, n, dtype, low, high)

        return draw

    def integers(stream: Stream, n: int, rng: np.random.Generator) -> Pair:
        low = int(rng.integers(-(2**40), 2**40))
        high = low + 1 + int(2 ** rng.uniform(0, 61))
        return oracle.randint(low, high, (n,)), randint(stream, n, low, high)

    def permutation(stream: Stream, n: int, rng: np.random.Generator) -> Pair:
        return oracle.randperm(n), randperm(stream, n)

    def coins(stream: Stream, n: int, rng: np.random.Generator) -> Pair:
        p = rng.random()
        return oracle.empty(n, dtype=oracle.bool).bernoulli_(p), bernoulli(stream, n, p)

    def unequal_coins(dtype: str) -> Draw:
        def draw(stream: Stream, n: int, rng: np.random.Generator) -> Pair:
            p = rng.random(n).astype(dtype)
            return oracle.bernoulli(oracle.from_numpy(p)).bool(), bernoulli(stream, n, p)

        return draw

    named: dict[str, Draw] = {"randint": integers, "randperm": permutation, "bernoulli": coins}
    for dtype in REALS:
        named[f"rand {dtype}"] = plain(dtype)
        named[f"uniform {dtype}"] = between(dtype)
        named[f"bernoulli of {dtype}"] = unequal_coins(dtype)
    return named


def rounded_draws() -> dict[str, Draw]:
    """Programs whose numbers must be equal but for the rounding of log, sin and cos."""

    def standard(dtype: str) -> Draw:
        return lambda stream, n, rng: (
            oracle.randn(n, dtype=tensor_dtype(dtype)),
            normal(stream, n, dtype),
        )

    def scaled(dtype: str) -> Draw:
        def draw(stream: Stream, n: int, rng: np.random.Generator) -> Pair:
            mean, std = rng.uniform(-1, 1), rng.uniform(0.1, 1)
            expected = oracle.empty(n, dtype=tensor_dtype(dtype)).normal_(mean, std)
            return expected, normal(stream, n, dtype, mean, std)

        return draw

    def waits(dtype: str) -> Draw:
        def draw(stream: Stream, n: int, rng: np.random.Generator) -> Pair:
            rate = 10.0 ** rng.uniform(-1, 3)
            expected = oracle.empty(n, dtype=tensor_dtype(dtype)).exponential_(rate)
            return expected, exponential(stream, n, dtype, rate)

        return draw

    named: dict[str, Draw] = {}
    for dtype in REALS:
        named[f"randn {dtype}"] = standard(dtype)
        named[f"normal {dtype}"] = scaled(dtype)
        named[f"exponential {dtype}"] = waits(dtype)
    return named


EXACT, ROUNDED = exact_draws(), rounded_draws()


def check(name: str, stream: Stream, n: int, rng: np.random.Generator) -> None:
    """Draw n numbers from both libraries; compare them, their dtypes and the states after."""
    tensor, drawn = {**EXACT, **ROUNDED}[name](stream, n, rng)
    expected = tensor.numpy()
    assert drawn.dtype == expected.dtype
    assert drawn.shape == expected.shape
    if name in EXACT:
        assert np.array_equal(drawn, expected), (name, n)
    else:
        double = expected.dtype == np.float64
        allowed = np.maximum(4 * np.spacing(np.abs(expected)), 5e-16 if double else 5e-7)
        assert (np.abs(drawn - expected) <= allowed).all(), (name, n)
    assert np.array_equal(stream.get_state(), oracle.get_rng_state().numpy()), (name, n)


@pytest.mark.parametrize("name", [*EXACT, *ROUNDED])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_size_from_a_fresh_seed(seed: int, name: str) -> None:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for n in SIZES:
        oracle.manual_seed(seed)
        check(name, Stream(seed), n, rng)


@pytest.mark.parametrize("seed", SEEDS)
def test_mixed_calls_stay_in_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    oracle.manual_seed(seed)
    stream = Stream(seed)
    for _ in range(400):
        check(str(rng.choice([*EXACT, *ROUNDED])), stream, int(rng.choice([0, *SIZES])), rng)


@pytest.mark.parametrize("name", [*EXACT, *ROUNDED])
def test_large_draws(name: str) -> None:
    """PyTorch may turn to other kernels, or to several threads, for large tensors."""
    oracle.manual_seed(42)
    check(name, Stream(42), 50_003, np.random.default_rng(0))


@pytest.mark.parametrize("seed", [*SEEDS, -1, -(2**63), 2**64 - 1])
def test_seeding_gives_the_same_state(seed: int) -> None:
    oracle.manual_seed(seed)
    stream = Stream(seed)
    assert stream.initial_seed == oracle.initial_seed()
    assert np.array_equal(stream.get_state(), oracle.get_rng_state().numpy())


@pytest.mark.parametrize("used", [0, 1, 623, 624, 625])
def test_states_pass_between_the_libraries(used: int) -> None:
    oracle.manual_seed(7)
    oracle.rand(used)
    oracle.randn(1)
    stream = Stream(0)
    stream.set_state(oracle.get_rng_state().numpy())
    check("randn float64", stream, 3, np.random.default_rng(0))
    stream.random32(1000)
    oracle.set_rng_state(oracle.from_numpy(stream.get_state()))
    for name in [*EXACT, *ROUNDED]:
        check(name, stream, 11, np.random.default_rng(0))


WIDTHS = [1, 2, 35, 2**28 - 1, 2**28, 2**32 - 1, 2**32, 2**63 - 1]


@pytest.mark.parametrize(
    ("width", "dtype"),
    [*((width, "int64") for width in WIDTHS), (35, "uint8"), (35, "float32")],
)
def test_the_width_alone_chooses_the_words_of_randint(width: int, dtype: str) -> None:
    oracle.manual_seed(3)
    expected = oracle.randint(0, width, (2, 10), dtype=tensor_dtype(dtype)).numpy()
    stream = Stream(3)
    assert np.array_equal(randint(stream, (2, 10), 0, width), expected)
    assert np.array_equal(stream.get_state(), oracle.get_rng_state().numpy())


def test_uniforms_that_round_to_the_end_go_to_the_start() -> None:
    low, high = -2.350878966408695, -2.3495632792408383
    oracle.manual_seed(241)
    expected = oracle.empty(10_000).uniform_(low, high).numpy()
    plain = uniform(Stream(241), 10_000) * np.float32(high - low) + np.float32(low)
    assert (plain == np.float32(high)).any(), "these bounds no longer show the case"
    assert np.array_equal(uniform(Stream(241), 10_000, np.float32, low, high), expected)


@pytest.mark.parametrize(
    ("refused_there", "refused_here"),
    [
        (lambda: oracle.empty(3).normal_(0, -1), lambda s: normal(s, 3, std=-1)),
        (lambda: oracle.empty(3).uniform_(2, 1), lambda s: uniform(s, 3, "float32", 2, 1)),
        (lambda: oracle.empty(3).uniform_(0, 1e39), lambda s: uniform(s, 3, "float32", 0, 1e39)),
        (lambda: oracle.randint(5, 5, (2,)), lambda s: randint(s, 2, 5, 5)),
        (lambda: oracle.empty(3).bernoulli_(2.0), lambda s: bernoulli(s, 3, 2.0)),
        (lambda: oracle.empty(3).exponential_(0.0), lambda s: exponential(s, 3, rate=0.0)),
        (lambda: oracle.randperm(-1), lambda s: randperm(s, -1)),
        (lambda: oracle.rand(-1), lambda s: uniform(s, -1)),
        (lambda: oracle.manual_seed(2**64), lambda s: s.seed(2**64)),
    ],
)
def test_the_same_is_refused_with_the_same_type(
    refused_there: Callable[[], Any], refused_here: Callable[[Stream], Any]
) -> None:
    with pytest.raises((RuntimeError, ValueError, TypeError)) as expected:
        refused_there()
    with pytest.raises(type(expected.value)) as found:
        refused_here(Stream(0))
    assert type(found.value) is type(expected.value)
