"""Updates of parameters as rows: the formula in other rows, and a kernel that writes into memory block by block.

A traced step records the formula; an eager one runs the kernel on the parameter's own memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite
from wengert.rules.elementwise import maximum, sqrt

_BLOCK = 1 << 14
"""Elements that are updated at a time: what one step of the formula leaves is still in the cache for the next."""


def _adam_definition(
    x: Any, y: Any, first: Any, second: Any, largest: Any, rate: Any, root: Any, *,
    beta1: float, beta2: float, eps: float, decay: float, amsgrad: bool,
) -> Any:  # fmt: skip
    if decay:
        y = y + x * decay
    first = first + (y - first) * (1.0 - beta1)
    second = second * beta2 + y * y * (1.0 - beta2)
    largest = maximum(largest, second) if amsgrad else second
    return x - rate * root * (first / (sqrt(largest) + eps * root)), first, second, largest


def adam_in_place(
    x: Array, y: Array, first: Array, second: Array, largest: Array, rate: float, root: float,
    shrink: float = 1.0, *, beta1: float, beta2: float, eps: float, decay: float, amsgrad: bool,
) -> None:  # fmt: skip
    """Take the step of `adam` in the memory of ``x`` and the moments: contiguous arrays of one shape.

    ``x`` is first multiplied by ``shrink``. ``largest`` is looked at with ``amsgrad`` only.
    """
    if x.size > _BLOCK:
        flat = [v.reshape(-1) for v in (x, y, first, second, largest)]
        for start in range(0, x.size, _BLOCK):
            a, b, c, d, e = (v[start : start + _BLOCK] for v in flat)
            adam_in_place(
                a, b, c, d, e, rate, root, shrink,
                beta1=beta1, beta2=beta2, eps=eps, decay=decay, amsgrad=amsgrad,
            )  # fmt: skip
        return
    if shrink != 1.0:
        np.multiply(x, shrink, out=x)
    if decay:
        y = y + x * decay
    step = np.subtract(y, first, out=np.empty_like(first))
    step *= 1.0 - beta1
    first += step
    np.multiply(y, y, out=step)
    step *= 1.0 - beta2
    second *= beta2
    second += step
    if amsgrad:
        second = np.maximum(largest, second, out=largest)
    # As a trace hands them over: products of Python's floats would round elsewhere.
    rate, root = x.dtype.type(rate), x.dtype.type(root)
    np.sqrt(second, out=step)
    step += eps * root
    np.divide(first, step, out=step)
    step *= rate * root
    x -= step


def adam_together(
    rows: Sequence[Sequence[Array]], rate: float, root: float, shrink: float, **options: Any
) -> None:  # fmt: skip
    """Take the step of `adam_in_place` for several parameters, each with its arrays, as one: gathered, and put back."""
    if len(rows) == 1:
        x, y, first, second, largest = rows[0]
        adam_in_place(x, y, first, second, largest, rate, root, shrink, **options)
        return
    written = (0, 2, 3, 4) if options["amsgrad"] else (0, 2, 3)
    columns = list(zip(*rows, strict=True))
    whole = [np.concatenate(columns[i], axis=None) for i in range(max(written) + 1)]
    x, y, first, second = whole[:4]
    adam_in_place(x, y, first, second, whole[-1], rate, root, shrink, **options)
    for i in written:
        at, source = 0, whole[i]
        for a in columns[i]:
            n = a.size
            a[...] = source[at : at + n].reshape(a.shape)
            at += n


def _adam(
    x: Array, y: Array, first: Array, second: Array, largest: Array, rate: Array, root: Array, **options: Any
) -> tuple[Array, ...]:  # fmt: skip
    x, first, second, largest = (np.array(v, order="C") for v in (x, first, second, largest))
    numbers = rate[()], root[()]
    adam_in_place(x, np.ascontiguousarray(y), first, second, largest, *numbers, **options)
    return x, first, second, largest if options["amsgrad"] else second


adam = composite(
    "adam",
    _adam_definition,
    _adam,
    outputs=("out", "out_first", "out_second", "out_largest"),
    spoken="Adam.step",
)
"""One step of Adam: parameter ``x``, gradient ``y``, its moments, and two 0-d numbers that change with time.

``m = m + (1 - beta1)(g - m)``, ``v = beta2 v + (1 - beta2) g^2``, ``x = x - rate m / (sqrt(v) / root + eps)``, where
first ``decay * x`` is added to ``g``; with ``amsgrad`` the largest ``v`` so far divides. The quotient is computed as
``root m / (sqrt(v) + root eps)``: one pass over memory less.
Source: Kingma and Ba, Adam: a method for stochastic optimization, 2015; Reddi, Kale and Kumar, On the convergence of
Adam and beyond, 2018.
"""

__all__ = ["adam", "adam_together"]
