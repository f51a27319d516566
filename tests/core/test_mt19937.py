"""The number stream: its words, its state, which words make which number, and how it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wengert.core.continuous import cauchy, exponential, log_normal, normal
from wengert.core.discrete import bernoulli, geometric, multinomial, poisson, randint, randperm
from wengert.core.fused import scaled
from wengert.core.mt19937 import DEFAULT_SEED, Stream
from wengert.core.uniforms import uniform

REALS = [np.float32, np.float64]
# What PyTorch 2.13 draws after manual_seed(2024): randint(-5, 30, (11,)), then randn(11).
RECORDED_INTEGERS = [22, -5, 19, 0, 23, 0, 20, 6, -2, 4, 22]
RECORDED_NORMALS = [
    -1.4231479167938232,
    -0.0013504719827324152,
    0.0060055432841181755,
    0.7734602689743042,
    0.5835416316986084,
    -0.5415679812431335,
    -0.2013116031885147,
    0.0962674617767334,
    -0.9961143732070923,
    0.8186259865760803,
    -1.2365784645080566,
]
DRAWS: dict[str, Callable[[Stream], Any]] = {
    "uniform": lambda stream: uniform(stream, (3, 7), np.float64, -1.0, 2.0),
    "few normals": lambda stream: normal(stream, 5),
    "many normals": lambda stream: normal(stream, 37),
    "randint": lambda stream: randint(stream, 11, -5, 30),
    "randperm": lambda stream: randperm(stream, 12),
    "bernoulli": lambda stream: bernoulli(stream, 9, 0.3),
    "exponential": lambda stream: exponential(stream, 4),
}


class TestWords:
    def test_equal_the_reference_generator(self) -> None:
        """The 10000th word from seed 5489 that ISO C++ prescribes for its mt19937 (26.6.6)."""
        words = Stream(5489).random32(10_000)
        assert words.dtype == np.uint32
        assert words[-1] == 4123659995

    def test_a_wide_word_has_its_high_half_first(self) -> None:
        halves = Stream(1).random32(6).tolist()
        wide = Stream(1).random64(3)
        assert wide.dtype == np.uint64
        assert wide.tolist() == [
            high * 2**32 + low for high, low in zip(halves[::2], halves[1::2], strict=True)
        ]

    def test_calls_continue_each_other(self) -> None:
        whole, parts = Stream(3), Stream(3)
        joined = np.concatenate([parts.random32(n) for n in (0, 1, 623, 2, 700)])
        assert np.array_equal(whole.random32(1326), joined)


class TestSeed:
    @pytest.mark.parametrize(
        ("seed", "stored"),
        [(0, 0), (-1, 2**64 - 1), (-(2**63), 2**63), (2**64 - 1, 2**64 - 1), (True, 1)],
    )
    def test_is_kept_modulo_two_to_the_64(self, seed: int, stored: int) -> None:
        assert Stream(seed).initial_seed == stored

    def test_words_depend_on_its_low_half_alone(self) -> None:
        assert np.array_equal(Stream(2**40 + 7).random32(5), Stream(7).random32(5))
        assert not np.array_equal(Stream(8).random32(5), Stream(7).random32(5))

    def test_starts_again_and_forgets_the_waiting_normal(self) -> None:
        stream = Stream(7)
        first = normal(stream, 3)
        assert stream.waiting_normal is not None
        stream.seed(7)
        assert stream.waiting_normal is None
        assert np.array_equal(normal(stream, 3), first)

    def test_default(self) -> None:
        assert Stream().initial_seed == DEFAULT_SEED

    @pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
    def test_beyond_64_bits_is_refused_and_changes_nothing(self, seed: int) -> None:
        stream = Stream(7)
        with pytest.raises(ValueError, match=f"{seed} does not fit in 64 bits. Use a seed from"):
            stream.seed(seed)
        assert np.array_equal(stream.get_state(), Stream(7).get_state())


class TestState:
    @given(draws=st.lists(st.sampled_from(sorted(DRAWS)), max_size=6), skip=st.integers(0, 1300))
    @settings(max_examples=60, deadline=None)
    def test_a_restored_stream_continues_equally(self, draws: list[str], skip: int) -> None:
        stream = Stream(2024)
        stream.random32(skip)
        for name in draws:
            DRAWS[name](stream)
        other = Stream(1)
        other.set_state(stream.get_state())
        assert np.array_equal(other.get_state(), stream.get_state())
        for name in DRAWS:
            assert np.array_equal(DRAWS[name](other), DRAWS[name](stream)), name

    def test_is_a_copy(self) -> None:
        stream = Stream(0)
        state = stream.get_state()
        kept = state.copy()
        stream.random32(700)
        assert np.array_equal(state, kept)

    def test_may_be_strided(self) -> None:
        stream = Stream(5)
        stream.random32(10)
        spread = np.repeat(stream.get_state(), 2)[::2]
        other = Stream(0)
        other.set_state(spread)
        assert np.array_equal(other.random32(5), stream.random32(5))

    @pytest.mark.parametrize(
        ("state", "error", "words"),
        [
            (np.zeros(5056), TypeError, r"must be bytes \(uint8\), not float64"),
            (np.zeros(4, np.uint8), RuntimeError, "expected a state of 5056 bytes, but got 4"),
            (np.zeros(5056, np.uint8), RuntimeError, "Invalid mt19937 state. Pass what"),
        ],
    )
    def test_something_else_is_refused_and_changes_nothing(
        self, state: np.ndarray, error: type[Exception], words: str
    ) -> None:
        stream = Stream(7)
        before = stream.get_state()
        with pytest.raises(error, match=words):
            stream.set_state(state)
        assert np.array_equal(stream.get_state(), before)


class TestUniform:
    @pytest.mark.parametrize("dtype", REALS)
    def test_takes_the_low_bits_of_a_word(self, dtype: type) -> None:
        if dtype is np.float32:
            expected = Stream(3).random32(40) % 2**24 / 2**24
        else:
            expected = Stream(3).random64(40) % 2**53 / 2**53
        drawn = uniform(Stream(3), (5, 8), dtype)
        assert drawn.dtype == dtype
        assert np.array_equal(drawn, expected.reshape(5, 8))

    @given(
        low=st.floats(-1e30, 1e30),
        width=st.floats(1e-30, 1e30),
        dtype=st.sampled_from(REALS),
    )
    @settings(max_examples=60, deadline=None)
    def test_is_rounded_once_and_stays_below_the_end(
        self, low: float, width: float, dtype: Any
    ) -> None:
        start, end = dtype(low), dtype(low + width)
        scale = end - start
        drawn = uniform(Stream(11), 50, dtype, low, low + width)
        for unit, got in zip(uniform(Stream(11), 50, dtype), drawn, strict=True):
            exact = Fraction(float(unit)) * Fraction(float(scale)) + Fraction(float(start))
            nearest = rounded(exact, dtype)
            assert got == (start if nearest == end else nearest)

    def test_no_width_gives_the_bound(self) -> None:
        assert uniform(Stream(0), 3, np.float32, 2.0, 2.0).tolist() == [2.0] * 3

    @pytest.mark.parametrize(
        ("low", "high"), [(2, 1), (math.nan, 1), (0, math.inf), (-1e39, 1), (-3e38, 3e38)]
    )
    def test_bad_bounds_are_refused(self, low: float, high: float) -> None:
        stream = Stream(7)
        with pytest.raises(RuntimeError, match=r"uniform_ expects .* Give from <= to, finite"):
            uniform(stream, 3, np.float32, low, high)
        assert np.array_equal(stream.get_state(), Stream(7).get_state())


def rounded(exact: Fraction, dtype: Any) -> Any:
    """The number of this dtype nearest to `exact`, of two the one whose last bit is 0."""
    near = dtype(float(exact))
    close = [near, np.nextafter(near, dtype(-np.inf)), np.nextafter(near, dtype(np.inf))]
    bits = {np.float32: np.uint32, np.float64: np.uint64}[dtype]
    return min(close, key=lambda x: (abs(Fraction(float(x)) - exact), int(x.view(bits)) & 1))


class TestNormal:
    def test_an_odd_one_out_waits_for_the_next_call(self) -> None:
        parted, whole = Stream(4), Stream(4)
        joined = np.concatenate([normal(parted, n, np.float64) for n in (3, 0, 1, 2, 5)])
        assert np.array_equal(joined, normal(whole, 11, np.float64))

    def test_the_one_that_waits_takes_the_mean_of_the_call_that_uses_it(self) -> None:
        plain, scaled = Stream(4), Stream(4)
        normal(plain, 1, np.float64)
        normal(scaled, 1, np.float64, 5.0, 3.0)
        expected = 5.0 + 3.0 * normal(plain, 1, np.float64)
        assert normal(scaled, 1, np.float64, 5.0, 3.0) == pytest.approx(expected, rel=1e-15)

    @pytest.mark.parametrize("dtype", REALS)
    def test_many_leave_the_waiting_one_alone(self, dtype: type) -> None:
        stream = Stream(4)
        normal(stream, 1)
        waiting = stream.waiting_normal
        normal(stream, 16, dtype)
        normal(stream, 17, dtype)
        assert stream.waiting_normal == waiting is not None

    @pytest.mark.parametrize("dtype", REALS)
    @pytest.mark.parametrize("n", [16, 17, 31, 48, 100])
    def test_many_come_in_blocks_and_the_last_block_is_drawn_again(
        self, n: int, dtype: type
    ) -> None:
        stream, units = Stream(9), Stream(9)
        drawn = normal(stream, n, dtype)
        first = uniform(units, n, dtype).astype(np.float64)
        pairs = first[: n - n % 16].reshape(-1, 2, 8)
        if n % 16:
            again = uniform(units, 16, dtype).astype(np.float64).reshape(1, 2, 8)
            assert np.allclose(drawn[-16:], pair_up(again), rtol=3e-6, atol=5e-7)
            expected = pair_up(pairs)[: n - 16]
        else:
            expected = pair_up(pairs)
        assert drawn.dtype == dtype
        assert np.allclose(drawn[: len(expected)], expected, rtol=3e-6, atol=5e-7)
        assert np.array_equal(stream.random32(4), units.random32(4))

    @pytest.mark.parametrize("dtype", REALS)
    @pytest.mark.parametrize("n", [15, 20_000])
    def test_mean_and_std(self, n: int, dtype: type) -> None:
        drawn = np.concatenate([normal(s, n, dtype, 3.0, 0.5) for s in map(Stream, range(40))])
        deviations = (drawn - 3.0) / 0.5
        tolerance = 4.0 / math.sqrt(drawn.size)
        assert abs(deviations.mean()) < tolerance
        assert abs(deviations.std() - 1.0) < tolerance
        assert abs((deviations < 1.0).mean() - 0.841345) < tolerance

    @pytest.mark.parametrize("dtype", REALS)
    def test_is_rounded_once_where_twice_would_differ(self, dtype: Any) -> None:
        """With a product that is half a unit of the mean's last place but for its own last bits."""
        unit = np.spacing(dtype(1.0))
        mean, n = float(dtype(1.0) + unit), 16 if dtype is np.float32 else 1
        for seed in range(60):
            for place, plain in enumerate(normal(Stream(seed), n, dtype)):
                std = float(abs(unit / 2 / plain))
                exact = Fraction(float(plain)) * Fraction(std) + Fraction(mean)
                drawn = normal(Stream(seed), n, dtype, mean, std)[place]
                assert drawn == rounded(exact, dtype)

    def test_infinite_std_gives_infinities(self) -> None:
        assert np.isinf(normal(Stream(0), 40, np.float32, 1.0, math.inf)).all()

    @pytest.mark.parametrize("std", [-1.0, math.nan])
    def test_a_bad_std_is_refused(self, std: float) -> None:
        with pytest.raises(RuntimeError, match=f"normal expects std >= 0.0, but found std {std}"):
            normal(Stream(0), 3, std=std)


def pair_up(units: np.ndarray) -> np.ndarray:
    """Box and Muller's normals of blocks of shape (..., 2, 8), in float64."""
    radius = np.sqrt(-2.0 * np.log1p(-units[:, 0]))
    turned = [np.cos(2 * np.pi * units[:, 1]), np.sin(2 * np.pi * units[:, 1])]
    return (radius[:, None] * np.stack(turned, 1)).reshape(-1)


class TestRandint:
    def test_recorded_integers_and_the_normals_after_them(self) -> None:
        stream = Stream(2024)
        drawn = randint(stream, (11,), -5, 30)
        assert drawn.dtype == np.int64
        assert drawn.tolist() == RECORDED_INTEGERS
        assert normal(stream, 11).tolist() == RECORDED_NORMALS

    @pytest.mark.parametrize(
        ("width", "bits"), [(2**28 - 1, 32), (2**28, 64), (2**32 - 1, 64), (2**40, 64)]
    )
    def test_wide_ranges_use_wide_words(self, width: int, bits: int) -> None:
        words = Stream(6).random32(20) if bits == 32 else Stream(6).random64(20)
        expected = [int(word) % width - 9 for word in words]
        assert randint(Stream(6), 20, -9, width - 9).tolist() == expected

    def test_the_widest_range_does_not_overflow(self) -> None:
        expected = [int(word) % (2**64 - 1) - 2**63 for word in Stream(6).random64(20)]
        assert randint(Stream(6), 20, -(2**63), 2**63 - 1).tolist() == expected

    def test_all_of_64_bits_are_the_words(self) -> None:
        expected = Stream(6).random64(20).view(np.int64)
        assert np.array_equal(randint(Stream(6), 20, -(2**63), 2**63), expected)

    def test_bad_bounds_are_refused(self) -> None:
        with pytest.raises(RuntimeError, match="got from=5 >= to=5. .* to draw 5 too, pass high=6"):
            randint(Stream(0), 2, 5, 5)


class TestRandperm:
    @pytest.mark.parametrize("n", [0, 1, 2, 17, 1000])
    def test_is_a_permutation(self, n: int) -> None:
        drawn = randperm(Stream(8), n)
        assert drawn.dtype == np.int64
        assert sorted(drawn.tolist()) == list(range(n))

    def test_every_permutation_is_as_likely(self) -> None:
        stream = Stream(8)
        counts: dict[tuple[int, ...], int] = {}
        for _ in range(2400):
            order = tuple(randperm(stream, 4).tolist())
            counts[order] = counts.get(order, 0) + 1
        assert len(counts) == 24
        assert all(60 < count < 140 for count in counts.values())

    def test_many_are_exchanged_as_few_are(self) -> None:
        """From some length on, LAPACK exchanges the places."""
        n = 5000
        expected, stream = list(range(n)), Stream(8)
        for i, word in enumerate(stream.random32(n - 1).tolist()):
            j = i + word % (n - i)
            expected[i], expected[j] = expected[j], expected[i]
        assert randperm(Stream(8), n).tolist() == expected

    def test_a_negative_length_is_refused(self) -> None:
        with pytest.raises(RuntimeError, match="negative dimension -1"):
            randperm(Stream(0), -1)


class TestBernoulli:
    def test_a_number_compares_uniforms_of_53_bits(self) -> None:
        drawn = bernoulli(Stream(2), (4, 50), 0.3)
        assert drawn.dtype == bool
        assert np.array_equal(drawn, uniform(Stream(2), (4, 50), np.float64) < 0.3)

    @pytest.mark.parametrize("dtype", REALS)
    def test_an_array_compares_uniforms_of_its_dtype(self, dtype: type) -> None:
        p = np.linspace(0.0, 1.0, 50).astype(dtype)
        expected = uniform(Stream(2), (4, 50), dtype) < p
        assert np.array_equal(bernoulli(Stream(2), (4, 50), p), expected)

    def test_certainties(self) -> None:
        assert not bernoulli(Stream(2), 1000, 0.0).any()
        assert bernoulli(Stream(2), 1000, 1.0).all()

    @pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, np.array([0.5, 2.0])])
    def test_no_probability_is_refused(self, p: Any) -> None:
        with pytest.raises(RuntimeError, match=r"expects p to be in \[0, 1\], but got .*sigmoid"):
            bernoulli(Stream(0), 2, p)


class TestExponential:
    @pytest.mark.parametrize("dtype", REALS)
    def test_is_the_inverse_of_its_distribution(self, dtype: type) -> None:
        drawn = exponential(Stream(2), 500, dtype, 2.5)
        assert drawn.dtype == dtype
        units = 1.0 - np.exp(-2.5 * drawn.astype(np.float64))
        assert np.allclose(units, uniform(Stream(2), 500, np.float64), rtol=1e-6, atol=1e-7)

    def test_an_infinite_rate_gives_zeros(self) -> None:
        assert exponential(Stream(2), 5, rate=math.inf).tolist() == [0.0] * 5

    @pytest.mark.parametrize("rate", [0.0, -1.0, math.nan])
    def test_a_bad_rate_is_refused(self, rate: float) -> None:
        with pytest.raises(RuntimeError, match=f"lambda > 0.0, but found lambda={rate}"):
            exponential(Stream(0), 3, rate=rate)


class TestShapesAndDtypes:
    @pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (4, 5), (2, 3, 4)])
    def test_every_function_gives_the_shape(self, shape: tuple[int, ...]) -> None:
        stream = Stream(0)
        drawn = [
            uniform(stream, shape),
            normal(stream, shape),
            randint(stream, shape, 0, 5),
            bernoulli(stream, shape, 0.5),
            exponential(stream, shape),
        ]
        assert [array.shape for array in drawn] == [shape] * len(drawn)

    def test_nothing_drawn_uses_nothing_up(self) -> None:
        stream = Stream(0)
        normal(stream, 1)
        before = stream.get_state()
        for draw in (uniform, normal, exponential):
            draw(stream, (3, 0))
        randperm(stream, 1)
        assert np.array_equal(stream.get_state(), before)

    def test_a_negative_size_is_refused(self) -> None:
        with pytest.raises(RuntimeError, match=r"negative dimension -1: \[2, -1\]"):
            uniform(Stream(0), (2, -1))

    @pytest.mark.parametrize(
        ("draw", "error", "words"),
        [
            (uniform, NotImplementedError, '"uniform_" not implemented for torch.int64 tensors'),
            (normal, NotImplementedError, "It draws floats: convert the result instead"),
            (log_normal, NotImplementedError, '"log_normal_" not implemented for torch.int64'),
            (exponential, RuntimeError, "dtype must be a floating point but you specified torch"),
            (cauchy, RuntimeError, "Cauchy distribution is a continuous probability distribution"),
        ],
    )
    def test_integers_are_refused(
        self, draw: Callable[..., Any], error: type[Exception], words: str
    ) -> None:
        with pytest.raises(error, match=words):
            draw(Stream(0), 3, np.int64)


class TestOneByOne:
    @pytest.mark.parametrize("used", [0, 1, 5, 8, 9, 100])
    def test_only_what_was_asked_for_counts_as_drawn(self, used: int) -> None:
        stream, other = Stream(3), Stream(3)
        other.random32(7)
        stream.random32(7)
        with closing(stream.one_by_one(block=8)) as units:
            taken = [next(units) for _ in range(used)]
        assert taken == uniform(other, used, np.float64).tolist()
        assert np.array_equal(stream.get_state(), other.get_state())


class TestCounts:
    @pytest.mark.parametrize("rate", [0.5, 4.0, 9.9, 10.0, 40.0])
    def test_poisson_has_the_mean_and_the_variance_of_its_rate(self, rate: float) -> None:
        drawn = poisson(Stream(1), np.full(4000, rate))
        assert abs(drawn.mean() - rate) < 4 * math.sqrt(rate / 4000)
        assert abs(drawn.var() / rate - 1.0) < 0.2

    def test_geometric_counts_trials(self) -> None:
        drawn = geometric(Stream(1), 4000, np.int64, 0.25)
        assert drawn.min() == 1
        assert abs(drawn.mean() - 4.0) < 4 * math.sqrt(12.0 / 4000)

    @pytest.mark.parametrize("replacement", [True, False])
    def test_multinomial_follows_the_weights(self, replacement: bool) -> None:
        weights = np.tile(np.array([1.0, 0.0, 3.0]), (4000, 1))
        first = multinomial(Stream(1), weights, 1, replacement)
        assert abs((first == 2).mean() - 0.75) < 4 * math.sqrt(0.1875 / 4000)
        assert not (first == 1).any()

    def test_multinomial_without_replacement_repeats_nothing(self) -> None:
        rows = multinomial(Stream(1), np.random.default_rng(0).random((50, 9)), 9, False)
        assert all(sorted(row) == list(range(9)) for row in rows.tolist())


class TestFused:
    @given(
        scale=st.floats(-1e6, 1e6, width=32),
        offset=st.floats(-1e6, 1e6, width=32),
        seed=st.integers(0, 10**6),
    )
    @settings(max_examples=80, deadline=None)
    def test_float32_is_rounded_once(self, scale: float, offset: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        values = rng.normal(size=40).astype(np.float32)
        values *= np.float32(2.0) ** rng.integers(-60, 20, 40).astype(np.float32)
        for value, got in zip(
            values, scaled(values, np.float32(scale), np.float32(offset)), strict=True
        ):
            exact = Fraction(float(value)) * Fraction(scale) + Fraction(offset)
            assert got == rounded(exact, np.float32)
