"""bfloat16: NumPy's spelling of it, which the package ml_dtypes brings, and how rows compute with it.

NumPy has no such type. Arrays of it hold elements, and a row computes as PyTorch's kernels do: in float32, with its
results, and those of its rules, rounded back. This file is the only one that imports ml_dtypes, on first use; until
then rows are as they were declared, so that nothing else pays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from wengert.core.carrier import RAW
from wengert.core.primitive import BOOK, Primitive, Rule, adapt
from wengert.errors import missing_package

_FLOAT32: Final = np.dtype(np.float32)
_loaded: Final[list[np.dtype[Any]]] = []


def loaded() -> np.dtype[Any]:
    """Return NumPy's dtype; on first use import it and let rows compute with it. ImportError without ml_dtypes."""
    if not _loaded:
        try:
            import ml_dtypes
        except ImportError:
            raise missing_package("torch.bfloat16", "ml_dtypes", "bfloat16") from None
        _loaded.append(np.dtype(ml_dtypes.bfloat16))
        RAW.add(ml_dtypes.bfloat16)
        adapt(_computing_wide)
    return _loaded[0]


def limits() -> Any:
    """Return what `numpy.finfo` returns for NumPy's own types."""
    import ml_dtypes

    finfo: Callable[[Any], Any] = ml_dtypes.finfo
    return finfo(ml_dtypes.bfloat16)


def widened(x: Any) -> Any:
    """Return an array of bfloat16 as one of float32, and anything else as it is; likewise each of several."""
    if x.__class__ in (tuple, list):
        return x.__class__(map(widened, x))
    return x.astype(_FLOAT32) if x.__class__ in RAW and x.dtype in _loaded else x


def rounded(made: Any) -> Any:
    """Return float32 results as bfloat16, whatever carries them, and anything else as it is."""
    if made.__class__ in (tuple, list):
        return made.__class__(map(rounded, made))
    if made is None or _element_type(made) != _FLOAT32:
        return made
    if made.__class__ in RAW:
        return np.asarray(made, _loaded[0])
    return BOOK["cast"](made, dtype=_loaded[0], source=_FLOAT32)


def _concerns(x: Any) -> bool:
    """Say whether a value, or one of several, is of bfloat16."""
    if x.__class__ in (tuple, list):
        return any(map(_concerns, x))
    return x is not None and _element_type(x) in _loaded


def _element_type(x: Any) -> np.dtype[Any]:
    return getattr(x.dtype, "numpy", x.dtype)  # type: ignore[no-any-return]


def _computing_wide(row: Primitive) -> None:
    """Let a row and its rules compute in float32. Views show the memory itself, and casts know what they give."""
    if row.view:
        return
    if row.variant_of is not None:
        row.forward, row.outline = row.variant_of.forward, row.variant_of.outline
        return
    forward = row.forward
    row.forward = _wide_forward(forward)
    if row.outline is forward:
        row.outline = row.forward
    rules = (*row.rules, row.jvp)
    if not any(rule is not None and "dtype" in rule.names for rule in rules):
        for rule in rules:
            if rule is not None:
                _widen_rule(rule)


def _wide_forward(forward: Callable[..., Any]) -> Callable[..., Any]:
    def wide(*operands: Any, **options: Any) -> Any:
        if not _concerns(operands):
            return forward(*operands, **options)
        out = options.pop("out", None)
        made = forward(*widened(operands), **options)
        if "dtype" not in options:
            made = rounded(made)
        if out is None:
            return made
        np.copyto(out, made)
        return out

    return wide


def _widen_rule(rule: Rule) -> None:
    fn, pull = rule.fn, rule.pull

    def wide(ct: Any, *values: Any) -> Any:
        if not _concerns(ct):
            return fn(ct, *values)
        return rounded(fn(widened(ct), *widened(values)))

    def wide_pull(ct: Any, values: Any, params: Any, shapes: Any, position: int) -> Any:
        if not _concerns(ct):
            return pull(ct, values, params, shapes, position)
        return rounded(pull(widened(ct), widened(tuple(values)), params, shapes, position))

    rule.fn, rule.pull = wide, wide_pull
