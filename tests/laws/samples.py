"""Sample operands and parameters for every row of the rulebook: what the laws are tested on.

Elementwise rows get theirs from their arity and domain. Every other row needs an entry in `explicit/`; a test fails for
a row that has neither.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from tests.laws.explicit import EXPLICIT
from tests.laws.explicit.activations import REAL_ONLY as REAL_ACTIVATIONS
from tests.laws.explicit.matrices import INVARIANTS, PREPARED
from tests.laws.operands import F64, I64, Array, spaced
from wengert.core import dtypes
from wengert.core.primitive import Primitive
from wengert.rules import BOOK

REAL_ONLY = frozenset(
    """abs maximum minimum relu gate sign remainder amax amin max_all min_all max min logsumexp softmax
    log_softmax mse_loss mse_sum mse_each modulus as_strided copy_slices rnn rnn_back
    vector_norm dist var std var_mean std_mean nansum sort
    topk kthvalue median nanmedian median_all nanmedian_all mode cummax cummin logcumsumexp
    logaddexp logaddexp2 atan2 hypot floor ceil trunc round round_to frac div_trunc div_floor fmod copysign
    nextafter ldexp clamp clamp_min clamp_max fmax fmin nan_to_num lerp xlogy sgn view_as_real view_as_complex
    complex polar angle half_turn erf erfc erfcx erfinv ndtr ndtri log_ndtr lgamma digamma polygamma
    multigammaln entr logit xlog1py zeta gammainc gammaincc bessel_j bessel_y bessel_i scaled_bessel_i bessel_k
    scaled_bessel_k airy_ai airy_ai_slope chebyshev_t chebyshev_u chebyshev_v chebyshev_w hermite_h hermite_he
    laguerre_l legendre_p scatter_amax scatter_amin segment_max segment_min cdist invariant pinv eig place grid_sample
    grid_spread grid_slope ctc ctc_back frexp
    fractional_max_pool dft real_dft real_idft standard_gamma dirichlet""".split()
    + REAL_ACTIVATIONS
)
"""Differentiable rows that are no holomorphic (or conjugate-linear) maps, or that complex numbers have samples of."""

ALIKE = {
    "max_all": "amax", "min_all": "amin", "mse_sum": "mse_loss", "power_slope": "power",
    "unsafe_view": "reshape", "clone_by_rows": "clone",
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
            if kind(x) in "fc" and self.row.rules and self.row.rule(i) is not None
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
        if self.row.name in PREPARED:
            operands = (PREPARED[self.row.name](operands[0]), *operands[1:])
        out = self.row(*operands, **self.params)
        if self.row.name in INVARIANTS and kind(operands[0]) == "c":
            return INVARIANTS[self.row.name](*out)
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
    return dtypes.kind(getattr(value.dtype, "numpy", value.dtype))


def _convert(x: Array, dtype: np.dtype[Any]) -> Array:
    if dtype.kind != "c":
        return x.astype(dtype)
    return (x * np.exp(0.4j * np.sin(7 * x))).astype(dtype)


def _varied(x: Array, i: int) -> Array:
    """Move the elements around; numbers also shrink a little, which keeps domains, order and distinctness."""
    rolled = np.roll(x, i)
    return rolled * (1 - 0.04 * i) if x.dtype.kind in "fc" else rolled


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


def derivable(row: Primitive) -> bool:
    """Say whether a row's samples follow from its arity and domain: it works on numbers, without parameters."""
    return row.kind in ("elementwise", "constant") and row.aligned and model(row) not in EXPLICIT


def model(row: Primitive) -> str:
    """Return the name of the row whose samples a row takes."""
    name = (row.variant_of or row).name
    return ALIKE.get(name, name)


def samples_of(row: Primitive) -> list[Sample]:
    """Return the samples of one row; KeyError where somebody has to add an entry to a table of `explicit/`."""
    if row.variant_of is not None:
        return [replace(sample, row=row) for sample in samples_of(row.variant_of)]
    given = EXPLICIT.get(model(row))
    if given is not None:
        return [Sample(row, operands, params) for operands, params in given]
    if derivable(row):
        return list(_derived(row))
    raise KeyError(
        f"the row {row.name!r} has no sample: add one to a table in tests/laws/explicit/"
    )


def _cases() -> Iterator[Any]:
    for name, row in sorted(BOOK.items()):
        with contextlib.suppress(KeyError):
            for i, sample in enumerate(samples_of(row)):
                yield pytest.param(sample, id=f"{name}-{i}")


ALL = list(_cases())
DIFFERENTIABLE = [case for case in ALL if case.values[0].moving]
CONSTANT = [
    case for case in ALL if not case.values[0].moving and case.values[0].row.definition is None
]
SMOOTH = [
    case
    for case in DIFFERENTIABLE
    if not case.values[0].rounds
    and case.values[0].row.name not in ("revalued", "ctc", "standard_gamma", "dirichlet")
]
"""Samples whose values move as their derivatives say: `revalued` has the value of one operand, the slope of another,
`ctc` the slope that is left where probabilities add up to 1, and random numbers that were drawn already do not move."""
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
