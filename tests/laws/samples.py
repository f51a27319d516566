"""Sample operands and parameters for every row of the rulebook: what the laws are tested on.

Elementwise rows get theirs from their arity and domain. Every other row needs an entry in `EXPLICIT`; a test fails for
a row that has neither.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from tests.laws.network_samples import REAL_ONLY as NETWORK_REAL_ONLY
from tests.laws.network_samples import network_samples
from wengert.core.primitive import Primitive
from wengert.rules import BOOK

Array = np.ndarray[Any, Any]

REAL_ONLY = (
    frozenset(
        """abs maximum minimum relu gate sign remainder amax amin max_all min_all max min logsumexp softmax
    log_softmax mse_loss mse_sum mse_each modulus as_strided
    logaddexp logaddexp2 atan2 hypot floor ceil trunc round round_to frac div_trunc div_floor fmod copysign
    nextafter ldexp clamp clamp_min clamp_max fmax fmin nan_to_num lerp xlogy sgn view_as_real view_as_complex
    complex polar angle half_turn erf erfc erfcx erfinv ndtr ndtri log_ndtr lgamma digamma polygamma
    multigammaln entr logit xlog1py zeta gammainc gammaincc bessel_j bessel_y bessel_i scaled_bessel_i bessel_k
    scaled_bessel_k airy_ai airy_ai_slope
    vector_norm dist var std var_mean std_mean nansum sort
    topk kthvalue median nanmedian median_all nanmedian_all mode cummax cummin
    logcumsumexp""".split()
    )
    | NETWORK_REAL_ONLY
)
"""Differentiable rows that are no holomorphic (or conjugate-linear) maps, or that complex numbers have samples of."""

ALIKE = {
    "max_all": "amax", "min_all": "amin", "mse_sum": "mse_loss", "power_slope": "power",
    "unsafe_view": "reshape",
}  # fmt: skip
"""Rows that take the samples of another one, of whose kind they are."""


@dataclass(frozen=True)
class Sample:
    """One call of a row: its operands (float64 where they are numbers) and parameters."""

    row: Primitive
    operands: tuple[Array, ...]
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def moving(self) -> tuple[int, ...]:
        """Positions of the operands that derivatives are taken of."""
        return tuple(
            i
            for i, x in enumerate(self.operands)
            if x.dtype.kind in "fc" and self.row.rules and self.row.rule(i) is not None
        )

    @property
    def rounds(self) -> bool:
        """Whether the row casts to fewer bits, so that differences of its values say nothing."""
        target = self.params.get("dtype")
        return target is not None and target.itemsize < 8

    @property
    def points(self) -> list[Array]:
        """The operands that derivatives are taken of."""
        return [self.operands[i] for i in self.moving]

    def __call__(self, *points: Any) -> tuple[Any, ...]:
        """Apply the row with ``points`` in the moving positions; return its floating outputs."""
        return tuple(o for o in self.everything(*self.filled(points)) if kind(o) in "fc")

    def filled(self, points: Any) -> list[Any]:
        """Return all operands, with ``points`` in the moving positions."""
        given = iter(points)
        return [next(given) if i in self.moving else x for i, x in enumerate(self.operands)]

    def everything(self, *operands: Any) -> tuple[Any, ...]:
        """Apply the row to all operands and return all outputs."""
        out = self.row(*operands, **self.params)
        return out if isinstance(out, tuple) else (out,)

    def astype(self, dtype: Any) -> Sample:
        """Return the sample with its numbers in another floating or complex type."""
        dtype = np.dtype(dtype)
        operands = tuple(_convert(x, dtype) if x.dtype.kind == "f" else x for x in self.operands)
        params = dict(self.params)
        if params.get("source", I64) == F64:
            params["source"] = dtype
        return Sample(self.row, operands, params)

    def examples(self, count: int) -> list[tuple[Array, ...]]:
        """Return ``count`` different operands of the same shapes, each as good as the sample's own."""
        return [tuple(_varied(x, i) for x in self.operands) for i in range(count)]


def kind(value: Any) -> str:
    """Return the kind of a raw array's or a tensor's dtype, as one letter of NumPy's."""
    return str(getattr(value.dtype, "numpy", value.dtype).kind)


def _convert(x: Array, dtype: np.dtype[Any]) -> Array:
    if dtype.kind != "c":
        return x.astype(dtype)
    return (x * np.exp(0.4j * np.sin(7 * x))).astype(dtype)


def _varied(x: Array, i: int) -> Array:
    """Move the elements around; numbers also shrink a little, which keeps domains, order and distinctness."""
    rolled = np.roll(x, i)
    return rolled * (1 - 0.04 * i) if x.dtype.kind in "fc" else rolled


def spaced(label: str, low: float, high: float, *shapes: tuple[int, ...]) -> list[Array]:
    """Return arrays whose elements are all distinct, and far from 0 and from each other, in shuffled order."""
    sizes = [math.prod(shape) for shape in shapes]
    count = sum(sizes) + sum(sizes) % 2
    rng = np.random.default_rng(zlib.crc32(label.encode()))
    points = rng.permutation(np.linspace(low, high, count + 2)[1:-1])
    ends = itertools.accumulate(sizes)
    return [
        points[e - n : e].reshape(s).copy() for n, e, s in zip(sizes, ends, shapes, strict=True)
    ]


SHAPES: dict[int, list[list[tuple[int, ...]]]] = {
    1: [[(2, 3)], [()]],
    2: [[(2, 3), (2, 3)], [(2, 3), (3,)], [(2, 1), (1, 3)], [(), (3,)], [(2, 2), (1,)]],
}


def _derived(row: Primitive) -> Iterator[Sample]:
    """Make the samples of a row that works element by element on numbers."""
    assert row.operands is not None
    low, high = row.domain
    for shapes in SHAPES[len(row.operands)]:
        yield Sample(row, tuple(spaced(f"{row.name}{shapes}", low, high, *shapes)))


def _numbers(*shape: int, seed: int = 0) -> Array:
    return spaced(f"{shape}{seed}", -3.0, 3.0, shape)[0]


def _mask(*shape: int) -> Array:
    return _numbers(*shape, seed=7) > 0


def _ints(*values: Any) -> Array:
    return np.array(values, dtype=np.int64)


F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
I64, C128 = np.dtype(np.int64), np.dtype(np.complex128)
X = _numbers(2, 3)
CUBE = _numbers(2, 3, 4)
EVERY = slice(None)
ZEROS_INSIDE = np.array([[0.0, 2.0, -1.5], [0.0, 0.0, 3.0], [1.0, -2.0, 0.5]])
PLAIN_1D = {"stride": (1,), "padding": (0,), "dilation": (1,), "groups": 1}
PLAIN_2D = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}

# Each entry: operands, then parameters.
EXPLICIT: dict[str, list[tuple[tuple[Array, ...], dict[str, Any]]]] = {
    # elementwise with parameters or masks
    "power": [((np.abs(X) + 0.2,), {"exponent": e}) for e in (2, 3, 1, 0, 0.5, -1.0, 2.5, 4, -2)],
    "sinc": [((X,), {"order": 0}), ((X,), {"order": 1}), ((_numbers(),), {"order": 3})],
    "round_to": [((X / 30 + 0.65,), {"decimals": 0}), ((X + 5,), {"decimals": -1})],
    "div_floor": [((X + 5, _numbers(3, seed=1) / 60 + 0.3), {})],
    "div_trunc": [((X + 5, _numbers(3, seed=1) / 60 + 0.3), {})],
    "nan_to_num": [((X,), {"nan": 0.0, "posinf": None, "neginf": None})],
    "clamp": [((X, X - 1, X + 1), {}), ((X, _numbers(3, seed=1), np.array(1.01)), {}), ((X, X + 2, X + 1), {})],
    "addcmul": [((X, _numbers(3, seed=1), _numbers(2, 1, seed=2)), {"value": v}) for v in (1, 2.5)],
    "addcdiv": [((X, _numbers(3, seed=1), np.abs(X) + 0.5), {"value": v}) for v in (1, 2.5)],
    "lerp": [((X, _numbers(3, seed=1), _numbers(2, 1, seed=2)), {})],
    "gcd": [((_ints(4, 6, -9), _ints(6)), {})],
    "lcm": [((_ints(4, 6, -9), _ints(6)), {})],
    "shift_left": [((_ints(4, 6, -9), _ints(2)), {})],
    "shift_right": [((_ints(4, 6, -9), _ints(2)), {})],
    "logit": [((X / 8 + 0.5,), {"eps": None}), ((X / 8 + 0.5,), {"eps": 0.2})],
    "polygamma": [((np.abs(X) + 0.5,), {"n": n}) for n in (1, 0, 2)],
    "multigammaln": [((np.abs(X) + 1.5,), {"p": p}) for p in (1, 3)],
    **{
        name: [((np.abs(X) + 0.5,), {"order": n}) for n in (0, 1, 2)]
        for name in ("bessel_j", "bessel_y", "bessel_i", "scaled_bessel_i", "bessel_k", "scaled_bessel_k")
    },
    "sgn": [((X + 1j * X[::-1],), {})],
    "angle": [((X + 1j * X[::-1],), {})],
    "is_real": [((X + 1j * X[::-1],), {})],
    "view_as_real": [((X + 1j * X[::-1],), {}), ((np.array(1.0 + 2.0j),), {})],
    "view_as_complex": [((_numbers(3, 2),), {}), ((_numbers(2),), {})],
    "complex": [((X, _numbers(3, seed=1)), {}), ((_numbers(), _numbers(seed=1)), {})],
    "polar": [((X, _numbers(3, seed=1)), {}), ((_numbers(), _numbers(seed=1)), {})],
    "keep_where": [((X, _mask(2, 3)), {}), ((X, _mask(3)), {}), ((_numbers(3), _mask(2, 3)), {})],
    "where": [
        ((_mask(2, 3), X, _numbers(2, 3, seed=1)), {}),
        ((_mask(3), X, _numbers(2, 1)), {}),
        ((_mask(2, 3), _numbers(3), _numbers()), {}),
    ],
    "invert": [((_mask(2, 3),), {}), ((_ints(1, 2, -3),), {})],
    "bit_and": [((_mask(2, 3), _mask(3)), {})],
    "bit_or": [((_mask(2, 3), _mask(3)), {})],
    "bit_xor": [((_mask(2, 3), _mask(3)), {})],
    # shape
    "reshape": [
        ((X,), {"shape": (3, 2)}),
        ((X,), {"shape": (6,)}),
        ((_numbers(1),), {"shape": ()}),
        ((_numbers(),), {"shape": (1, 1)}),
    ],
    "permute": [((CUBE,), {"axes": (2, 0, 1)}), ((_numbers(),), {"axes": ()})],
    "transpose": [((CUBE,), {"dim0": 0, "dim1": 2})],
    "t": [((X,), {}), ((_numbers(3),), {})],
    "unsqueeze": [((X,), {"dim": 1}), ((X,), {"dim": 2}), ((_numbers(),), {"dim": 0})],
    "squeeze": [
        ((_numbers(1, 3, 1),), {"dims": (0, 2)}),
        ((_numbers(1, 3, 1),), {"dims": (2,)}),
        ((_numbers(1),), {"dims": (0,)}),
    ],
    "broadcast_to": [
        ((_numbers(3, 1),), {"shape": (2, 3, 4)}),
        ((_numbers(),), {"shape": (2,)}),
        ((X,), {"shape": (2, 3)}),
    ],
    "sum": [
        ((CUBE,), {"axis": (1,), "keepdim": False}),
        ((CUBE,), {"axis": (0, 2), "keepdim": True}),
        ((CUBE,), {"axis": (0, 1, 2), "keepdim": False}),
        ((_numbers(),), {"axis": (), "keepdim": False}),
    ],
    "spread": [
        ((_numbers(2, 4),), {"axis": (1,), "shape": (2, 3, 4)}),
        ((_numbers(1, 3, 1),), {"axis": (0, 2), "shape": (2, 3, 4)}),
        ((_numbers(),), {"axis": (0,), "shape": (3,)}),
    ],
    "cast": [
        ((X,), {"dtype": F32, "source": F64}),
        ((X,), {"dtype": F64, "source": F64}),
        ((X,), {"dtype": C128, "source": F64}),
        ((X + 1j * X[::-1],), {"dtype": F64, "source": C128}),
    ],
    "cast_away": [
        ((X,), {"dtype": I64, "source": F64}),
        ((_mask(2, 3),), {"dtype": F64, "source": np.dtype(bool)}),
    ],
    "clone": [((X,), {}), ((_numbers(),), {})],
    "revalued": [((X, _numbers(2, 3, seed=1)), {})],
    "copy": [((X, _numbers(2, 3, seed=1)), {}), ((X, _numbers(3)), {}), ((X, _numbers(seed=1)), {})],
    "zero": [((X,), {}), ((_numbers(),), {})],
    "modulus": [((X + 1j * X[::-1],), {})],
    "detach": [((X,), {}), ((_numbers(),), {})],
    "conj": [((X,), {}), ((_numbers(),), {})],
    # joining and cutting
    "cat": [
        ((X, _numbers(1, 3), _numbers(2, 3, seed=2)), {"dim": 0}),
        ((X, _numbers(2, 1)), {"dim": 1}),
    ],
    "stack": [((X, _numbers(2, 3, seed=1)), {"dim": 1}), ((_numbers(), _numbers(seed=1)), {"dim": 0})],
    "split": [((CUBE,), {"sizes": (1, 2), "dim": 1}), ((X,), {"sizes": (2,), "dim": 0})],
    "unbind": [((CUBE,), {"dim": 1}), ((_numbers(2),), {"dim": 0})],
    "slice": [
        ((CUBE,), {"index": (EVERY, slice(1, 3), slice(0, 4, 2))}),
        ((CUBE,), {"index": (None, 1, Ellipsis, slice(1, 2))}),
        ((CUBE,), {"index": (Ellipsis,)}),
        ((CUBE,), {"index": (EVERY, 2, 0)}),
        ((_numbers(3),), {"index": (1,)}),
        ((_numbers(),), {"index": (None,)}),
    ],
    "embed": [
        ((_numbers(2, 2),), {"index": (EVERY, slice(1, 3)), "shape": (2, 4)}),
        ((_numbers(),), {"index": (1,), "shape": (3,)}),
    ],
    "clear_slice": [
        ((X,), {"index": (EVERY, slice(1, 3))}),
        ((X,), {"index": (Ellipsis,)}),
        ((_numbers(),), {"index": (Ellipsis,)}),
    ],
    "set_slice": [
        ((X, _numbers(2, 2)), {"index": (EVERY, slice(1, 3))}),
        ((X, _numbers(3)), {"index": (1,)}),
        ((_numbers(), _numbers(seed=1)), {"index": (Ellipsis,)}),
    ],
    # picking by index
    "index": [
        ((CUBE, _ints(2, 0, 2)), {"axis": 1, "span": 1}),
        ((CUBE, _ints([0, 5], [5, 1])), {"axis": 0, "span": 2}),
        ((X, _ints([0], [2])), {"axis": 1, "span": 1}),
        ((_numbers(4), np.array(2)), {"axis": 0, "span": 1}),
    ],
    "unindex": [
        ((_numbers(2, 3, 4), _ints(2, 0, 2)), {"axis": 1, "span": 1, "shape": (2, 3, 4)}),
        ((_numbers(2, 2, 4), _ints([0, 5], [5, 1])), {"axis": 0, "span": 2, "shape": (2, 3, 4)}),
    ],
    "put": [
        ((CUBE, _ints(2, 0), _numbers(2, 2, 4)), {"axis": 1, "span": 1}),
        ((CUBE, _ints([0, 5], [2, 1]), _numbers(2, 2, 4)), {"axis": 0, "span": 2}),
        ((_numbers(4), np.array(2), _numbers()), {"axis": 0, "span": 1}),
    ],
    "gather": [
        ((_numbers(3, 4), _ints([0, 2, 0, 1], [1, 1, 2, 0])), {"dim": 0}),
        ((_numbers(3, 4), _ints([3, 3], [0, 1])), {"dim": 1}),
        ((_numbers(), np.array(0)), {"dim": 0}),
    ],
    "scatter": [
        ((_numbers(2, 4), _ints([0, 2, 0, 1], [1, 1, 2, 0])), {"dim": 0, "shape": (3, 4)}),
        ((_numbers(2, 2), _ints([3, 3], [0, 1])), {"dim": 1, "shape": (3, 4)}),
        ((_numbers(), np.array(0)), {"dim": 0, "shape": ()}),
    ],
    "scatter_add": [
        ((_numbers(3, 4), _ints([0, 2, 0, 1], [1, 1, 2, 0]), _numbers(2, 4)), {"dim": 0}),
        ((_numbers(3, 4), _ints([3, 3], [0, 1]), _numbers(2, 2)), {"dim": 1}),
        ((_numbers(), np.array(0), _numbers(seed=1)), {"dim": 0}),
    ],
    # reductions
    "mean": [
        ((CUBE,), {"axis": (1,), "keepdim": False}),
        ((CUBE,), {"axis": (0, 1, 2), "keepdim": True}),
        ((_numbers(),), {"axis": (), "keepdim": False}),
    ],
    **{
        name: [
            ((CUBE,), {"axis": (1,), "keepdim": False}),
            ((CUBE,), {"axis": (0, 2), "keepdim": True}),
            ((CUBE,), {"axis": (0, 1, 2), "keepdim": False}),
        ]
        for name in ("amax", "amin", "logsumexp", "median_all", "nanmedian_all")
    },
    **{
        name: [
            ((CUBE,), {"dim": 1, "keepdim": False}),
            ((X,), {"dim": 0, "keepdim": True}),
            ((_numbers(),), {"dim": 0, "keepdim": False}),
        ]
        for name in ("max", "min", "argmax", "argmin", "median", "nanmedian", "mode")
    },
    "any": [((_mask(2, 3),), {"axis": (1,), "keepdim": False})],
    "all": [((_mask(2, 3),), {"axis": (0, 1), "keepdim": True})],
    "prod_all": [((CUBE,), {}), ((ZEROS_INSIDE,), {}), ((_numbers(),), {})],
    "prod": [
        ((CUBE,), {"axis": 1, "keepdim": False}),
        ((ZEROS_INSIDE,), {"axis": 1, "keepdim": True}),
        ((ZEROS_INSIDE,), {"axis": 0, "keepdim": False}),
        ((_numbers(1),), {"axis": 0, "keepdim": False}),
    ],
    **{
        name: [
            ((CUBE,), {"axis": (1,), "correction": 1.0, "keepdim": False}),
            ((CUBE,), {"axis": (0, 2), "correction": 0.0, "keepdim": True}),
            ((X + 1j * X[::-1],), {"axis": (0, 1), "correction": 0.5, "keepdim": False}),
        ]
        for name in ("var", "std", "var_mean", "std_mean")
    },
    "nansum": [
        ((CUBE,), {"axis": (1,), "keepdim": False}),
        ((CUBE,), {"axis": (0, 1, 2), "keepdim": True}),
    ],
    "vector_norm": [
        *[((CUBE + 0.03,), {"ord": p, "axis": (1,), "keepdim": False}) for p in (2.0, 1.0, 0.5, 3.0, 0.0, math.inf)],
        *[((X + 0.2 + 1j * X[::-1],), {"ord": p, "axis": (0, 1), "keepdim": True}) for p in (2.0, 1.0, 1.5, -math.inf)],
    ],
    "dist": [((X, 0.5 * X[::-1] + 0.2), {"ord": p}) for p in (2.0, 1.0, 3.0)],
    # orders
    "sort": [((CUBE,), {"dim": 1, "descending": False}), ((X,), {"dim": 1, "descending": True})],
    "argsort": [((CUBE,), {"dim": 1, "descending": False}), ((X,), {"dim": 1, "descending": True})],
    "topk": [
        ((CUBE,), {"k": 2, "dim": 1, "largest": True}),
        ((_numbers(2, 300),), {"k": 3, "dim": 1, "largest": False}),
    ],
    "kthvalue": [
        ((CUBE,), {"k": 2, "dim": 1, "keepdim": False}),
        ((X,), {"k": 1, "dim": 0, "keepdim": True}),
        ((_numbers(),), {"k": 1, "dim": 0, "keepdim": False}),
    ],
    "searchsorted": [
        ((np.sort(_numbers(5)), CUBE), {"right": False}),
        ((np.sort(_numbers(2, 5)), X), {"right": True}),
    ],
    "histc": [((CUBE,), {"bins": 4, "low": -1.0, "high": 1.0}), ((X,), {"bins": 3, "low": 0.0, "high": 0.0})],
    "histogram": [((X, np.linspace(-3.0, 3.0, 4), np.abs(X)), {"density": False})],
    "isin": [((_ints(1, 2, 3), _ints(2, 5)), {"invert": False})],
    # scans
    "cumsum": [((CUBE,), {"dim": 1, "reverse": False}), ((X,), {"dim": 0, "reverse": True})],
    "recurrence": [
        ((CUBE, CUBE[::-1]), {"dim": 1, "reverse": False}),
        ((_numbers(70), _numbers(70, seed=1)), {"dim": 0, "reverse": True}),
    ],
    "cumprod": [((CUBE,), {"dim": 1}), ((ZEROS_INSIDE,), {"dim": 1}), ((ZEROS_INSIDE,), {"dim": 0})],
    **{name: [((CUBE,), {"dim": 1}), ((X,), {"dim": 0})] for name in ("cummax", "cummin", "logcumsumexp")},
    # contractions
    "dot": [((_numbers(3), _numbers(3, seed=1)), {})],
    "mv": [((X, _numbers(3)), {})],
    "vm": [((_numbers(3), _numbers(3, 2)), {}), ((_numbers(3), _numbers(2, 3, 4)), {})],
    "mv_each": [((CUBE, _numbers(4)), {})],
    "mm": [((X, _numbers(3, 2)), {})],
    "matmul": [
        ((X, _numbers(3, 2)), {}),
        ((CUBE, _numbers(4, 2)), {}),
        ((_numbers(2, 1, 2, 3), _numbers(3, 3, 2)), {}),
    ],
    # convolutions
    "convolution": [
        ((_numbers(2, 2, 5), _numbers(3, 2, 2)), {**PLAIN_1D, "stride": (2,), "padding": (1,)}),
        ((_numbers(1, 2, 4, 3), _numbers(2, 1, 2, 2)), {**PLAIN_2D, "dilation": (2, 1), "groups": 2}),
        ((_numbers(1, 1, 3, 3), _numbers(2, 1, 2, 2)), {**PLAIN_2D, "padding": (0, 1)}),
        ((_numbers(2, 2, 3), _numbers(3, 2, 1)), PLAIN_1D),
    ],
    "convolution_image": [
        ((_numbers(2, 3, 3), _numbers(3, 2, 2)), {**PLAIN_1D, "stride": (2,), "padding": (1,), "size": (5,)}),
        ((_numbers(1, 2, 2, 2), _numbers(2, 1, 2, 2)), {**PLAIN_2D, "dilation": (2, 1), "groups": 2, "size": (4, 3)}),
        ((_numbers(1, 2, 2, 4), _numbers(2, 1, 2, 2)), {**PLAIN_2D, "padding": (0, 1), "size": (3, 3)}),
    ],
    "convolution_kernel": [
        ((_numbers(2, 2, 5), _numbers(2, 3, 3)), {**PLAIN_1D, "stride": (2,), "padding": (1,), "size": (2,)}),
        ((_numbers(1, 2, 4, 3), _numbers(1, 2, 2, 2)), {**PLAIN_2D, "dilation": (2, 1), "groups": 2, "size": (2, 2)}),
        ((_numbers(1, 1, 3, 3), _numbers(1, 2, 2, 4)), {**PLAIN_2D, "padding": (0, 1), "size": (2, 2)}),
    ],
    # composites
    "as_strided": [
        ((CUBE,), {"chain": ((BOOK["permute"], {"axes": (2, 0, 1)}), (BOOK["slice"], {"index": (1,)}))}),
    ],
    "softmax": [((X,), {"dim": 1}), ((CUBE,), {"dim": 0}), ((_numbers(),), {"dim": 0})],
    "log_softmax": [((X,), {"dim": 1}), ((CUBE,), {"dim": 0}), ((_numbers(),), {"dim": 0})],
    "mse_loss": [((X, _numbers(2, 3, seed=1)), {}), ((_numbers(), _numbers(seed=1)), {})],
    **network_samples(_numbers, _ints),
}  # fmt: skip


def derivable(row: Primitive) -> bool:
    """Say whether a row's samples follow from its arity and domain: it works on numbers, without parameters."""
    return row.kind in ("elementwise", "constant") and row.aligned and model(row) not in EXPLICIT


def model(row: Primitive) -> str:
    """Return the name of the row whose samples a row takes."""
    name = (row.variant_of or row).name
    return ALIKE.get(name, name)


def samples_of(row: Primitive) -> list[Sample]:
    """Return the samples of one row; KeyError where somebody has to add an entry to `EXPLICIT`."""
    if row.variant_of is not None:
        return [replace(sample, row=row) for sample in samples_of(row.variant_of)]
    given = EXPLICIT.get(model(row))
    if given is not None:
        return [Sample(row, operands, params) for operands, params in given]
    if derivable(row):
        return list(_derived(row))
    raise KeyError(
        f"the row {row.name!r} has no sample: add one to EXPLICIT in tests/laws/samples.py"
    )


def _cases() -> Iterator[Any]:
    for name, row in sorted(BOOK.items()):
        with contextlib.suppress(KeyError):
            for i, sample in enumerate(samples_of(row)):
                yield pytest.param(sample, id=f"{name}-{i}")


ALL = list(_cases())
DIFFERENTIABLE = [case for case in ALL if case.values[0].moving]
CONSTANT = [case for case in ALL if not case.values[0].moving]
SMOOTH = [
    case
    for case in DIFFERENTIABLE
    if not case.values[0].rounds and case.values[0].row.name != "revalued"
]
"""Samples whose values move as their derivatives say: `revalued` has the value of one operand, the slope of another."""
HOLOMORPHIC = [
    case
    for case in SMOOTH
    if (case.values[0].row.variant_of or case.values[0].row).name not in REAL_ONLY
]
COMPOSED = SMOOTH + [
    pytest.param(case.values[0].astype(np.complex128), id=f"{case.id}-complex")
    for case in HOLOMORPHIC
    if str(case.id).endswith("-0")
]
"""What compositions of transforms are tested on: every smooth sample, and one on complex numbers for each row."""
