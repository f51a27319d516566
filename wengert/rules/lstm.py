"""Long short-term memory over a sequence: one row runs it, one kernel does it, one walks back. See `recurrent`.

The cells and gates that come out beside the outputs are laid out ``(time, n, batch)`` and ``(time, 4 n, batch)``, the
gates in the order g, i, f, o: so the kernels work on whole blocks of memory, in half the time.

Source: Hochreiter and Schmidhuber, Long short-term memory, 1997.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite
from wengert.core.strides import hollow
from wengert.rules.contraction import mm
from wengert.rules.elementwise import sigmoid, tanh
from wengert.rules.memory import zero
from wengert.rules.recurrent import (
    added,
    arriving,
    before,
    in_float32,
    order,
    present,
    stacked,
    weight_ct,
)
from wengert.rules.structural import cat, slice_, split, t, unbind

INNER: Final = [2, 0, 1, 3]
"""Which of the gates i, f, g, o stand first, second ... in the kernels, and the other way around in `OUTER`."""
OUTER: Final = [1, 2, 0, 3]


def _definition(x: Any, weight: Any, hidden: Any, cell: Any, *, backwards: bool) -> Any:
    outs: list[Any] = []
    cells: list[Any] = []
    gates: list[Any] = []
    pres = unbind(x, dim=0)
    for step in order(len(pres), backwards):
        pre = pres[step] + mm(hidden, t(weight))
        i, f, g, o = split(pre, sizes=(cell.shape[1],) * 4, dim=1)
        i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
        cell = f * cell + i * g
        hidden = o * tanh(cell)
        outs.append(hidden)
        cells.append(t(cell))
        gates.append(t(cat(g, i, f, o, dim=1)))
    return tuple(stacked(parts, backwards) for parts in (outs, cells, gates))


@in_float32
def _forward(
    x: Array, weight: Array, hidden: Array, cell: Array, *, backwards: bool
) -> tuple[Array, ...]:
    steps, batch, width = x.shape
    n = width // 4
    half = x.dtype.type(0.5)
    gates, across = np.empty((steps, 4, n, batch), x.dtype), np.empty((4, n, n), x.dtype)
    given = x.reshape(steps, batch, 4, n).transpose(0, 2, 3, 1)
    for place, k in enumerate(INNER):
        gates[:, place], across[place] = given[:, k], weight[k * n : (k + 1) * n]
    # A sigmoid is (1 + tanh(half)) / 2, so that one tanh serves all gates.
    gates[:, 1:] *= half
    across[1:] *= half
    gates, across = gates.reshape(steps, width, batch), across.reshape(width, n)
    outs, cells = np.empty((2, steps, n, batch), x.dtype)
    fed, part = np.empty((width, batch), x.dtype), np.empty((n, batch), x.dtype)
    hidden, cell = np.ascontiguousarray(hidden.T), np.ascontiguousarray(cell.T)
    for step in order(steps, backwards):
        gate, out, now = gates[step], outs[step], cells[step]
        np.dot(across, hidden, out=fed)
        gate += fed
        np.tanh(gate, out=gate)
        smooth = gate[n:]
        smooth *= half
        smooth += half
        np.multiply(gate[2 * n : 3 * n], cell, out=now)
        np.multiply(gate[n : 2 * n], gate[:n], out=part)
        now += part
        np.tanh(now, out=out)
        out *= gate[3 * n :]
        hidden, cell = out, now
    return outs.transpose(0, 2, 1).copy(), cells, gates


def _back_definition(
    ct: Any, cells_ct: Any, gates_ct: Any, weight: Any, cell: Any, cells: Any, gates: Any, *, given: tuple[bool, ...],
    backwards: bool,
) -> Any:  # fmt: skip
    earlier = unbind(before(t(cell), cells, backwards), dim=0)
    pres: list[Any] = []
    hidden_ct = cell_ct = None
    arrived = [arriving(c, on) for c, on in zip((ct, cells_ct, gates_ct), given, strict=True)]
    sizes = (cell.shape[1],) * 4
    for step in order(cells.shape[0], not backwards):
        out_ct, now_ct, made_ct = (c[step] for c in arrived)
        g, i, f, o = (t(v) for v in split(slice_(gates, index=(step,)), sizes=sizes, dim=0))
        high = tanh(t(slice_(cells, index=(step,))))
        h = added((out_ct, hidden_ct, zero(o)))
        c = added((h * o * (1.0 - high * high), cell_ct, None if now_ct is None else t(now_ct)))
        inner = [c * g, c * t(earlier[step]), c * i, h * high]
        if made_ct is not None:
            made = split(t(made_ct), sizes=sizes, dim=1)
            inner = [a + made[k] for a, k in zip(inner, OUTER, strict=True)]
        slopes = (i * (1.0 - i), f * (1.0 - f), 1.0 - g * g, o * (1.0 - o))
        pre = cat(*(a * slope for a, slope in zip(inner, slopes, strict=True)), dim=1)
        hidden_ct, cell_ct = mm(pre, weight), c * f
        pres.append(pre)
    return stacked(pres, not backwards), hidden_ct, cell_ct


@in_float32
def _back(
    ct: Array, cells_ct: Array, gates_ct: Array, weight: Array, cell: Array, cells: Array, gates: Array, *,
    given: tuple[bool, ...], backwards: bool,
) -> tuple[Array, ...]:  # fmt: skip
    steps, n, batch = cells.shape
    blocks = gates.reshape(steps, 4, n, batch)
    g, i, f, o = (blocks[:, k] for k in range(4))
    slopes = blocks * blocks
    np.subtract(1, slopes[:, 0], out=slopes[:, 0])
    np.subtract(blocks[:, 1:], slopes[:, 1:], out=slopes[:, 1:])
    extra = slopes * gates_ct.reshape(blocks.shape) if given[2] else None
    high = np.tanh(cells)
    slopes[:, 0] *= i
    slopes[:, 1] *= g
    slopes[:, 2] *= before(cell.T, cells, backwards)
    slopes[:, 3] *= high
    np.multiply(high, high, out=high)
    np.subtract(1, high, out=high)
    high *= o
    arrived = np.ascontiguousarray(ct.transpose(0, 2, 1)) if given[0] else None
    across = np.concatenate([weight[k * n : (k + 1) * n].T for k in INNER], axis=1)
    h, c, part = np.zeros((3, n, batch), ct.dtype)
    for step in order(steps, not backwards):
        if arrived is not None:
            h += arrived[step]
        np.multiply(h, high[step], out=part)
        c += part
        if given[1]:
            c += cells_ct[step]
        pre = slopes[step]
        pre[:3] *= c
        pre[3] *= h
        if extra is not None:
            pre += extra[step]
        np.dot(across, pre.reshape(4 * n, batch), out=h)
        c *= f[step]
    pres = np.empty((steps, batch, 4, n), ct.dtype)
    for place, k in enumerate(OUTER):
        pres[:, :, place] = slopes[:, k].transpose(0, 2, 1)
    return pres.reshape(steps, batch, 4 * n), h.T.copy(), c.T.copy()


lstm_back = composite(
    "lstm_back",
    _back_definition,
    _back,
    outputs=("pre", "hidden", "cell"),
    spoken="backward of lstm",
)
"""The cotangents of the gates and of both first states of `lstm`."""


def _vjp(
    ct: Any, weight: Any, hidden: Any, cell: Any, out: Any, cells: Any, gates: Any, backwards: bool
) -> Any:
    cts, given = present(ct, (out, cells, gates))
    pre, hidden_ct, cell_ct = lstm_back(
        *cts, weight, cell, cells, gates, given=given, backwards=backwards
    )
    return pre, weight_ct(pre, hidden, out, backwards), hidden_ct, cell_ct


def _outline(x: Array, *others: Array, backwards: bool) -> tuple[Array, ...]:
    steps, batch, width = x.shape
    n = width // 4
    shapes = (steps, batch, n), (steps, n, batch), (steps, width, batch)
    out, cells, gates = (hollow(shape, x.dtype) for shape in shapes)
    return out, cells, gates


lstm = composite(
    "lstm", _definition, _forward, _vjp,
    outputs=("out", "cells", "gates"), together=True, takes_absent=True, backward_name="MkldnnRnnLayerBackward0",
    outline=_outline,
)  # fmt: skip
"""``c = f c + i g`` and ``out = o tanh(c)``, with ``i, f, o = sigmoid`` and ``g = tanh`` of ``x + out @ weight.T``."""

__all__ = ["lstm", "lstm_back"]
