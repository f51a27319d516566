"""Rows of recurrent networks: one row runs a layer over a whole sequence, one kernel does it, one walks back.

Everything is time first. The operand ``x (time, batch, gates)`` holds what the inputs and biases give to the gates;
``weight (gates, n)`` takes the hidden state to them. The gates that a forward made come out of the row as well, so that
the way back need not compute them again. Cotangents that are absent are said so by the parameter ``given``.

Source: Hochreiter and Schmidhuber, Long short-term memory, 1997; Cho et al., Learning phrase representations using RNN
encoder-decoder, 2014.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite
from wengert.rules.contraction import mm
from wengert.rules.elementwise import keep_where, relu, sigmoid, tanh
from wengert.rules.memory import zero
from wengert.rules.structural import cat, reshape, slice_, split, stack, sum, t, unbind, unsqueeze

EVERY = slice(None)


def _in_float32(kernel: Callable[..., tuple[Array, ...]]) -> Callable[..., tuple[Array, ...]]:
    """Have a kernel compute float16 in float32, as PyTorch's do."""

    def wide(*arrays: Array, **params: Any) -> tuple[Array, ...]:
        dtype = arrays[0].dtype
        if dtype.itemsize != 2:
            return kernel(*arrays, **params)
        made = kernel(*(a.astype(np.float32) for a in arrays), **params)
        return tuple(a.astype(dtype) for a in made)

    return wide


def _flat(x: Any) -> Any:
    return reshape(x, shape=(x.shape[0] * x.shape[1], x.shape[2]))


def _before(first: Any, states: Any) -> Any:
    """Return the state before each step, given the first and those after each step."""
    earlier = slice_(states, index=(slice(0, states.shape[0] - 1),))
    return cat(unsqueeze(first, dim=0), earlier, dim=0)


def _weight_ct(pre: Any, hidden: Any, out: Any) -> Any:
    """Return the cotangent of the weight, which takes each state but the last to the next step's gates."""
    return mm(t(_flat(pre)), _flat(_before(hidden, out)))


def _present(cts: Sequence[Any], instead: Sequence[Any]) -> tuple[list[Any], tuple[bool, ...]]:
    """Return cotangents with something of their shape in place of absent ones, and which are there."""
    given = tuple(ct is not None for ct in cts)
    return [s if ct is None else ct for ct, s in zip(cts, instead, strict=True)], given


def _added(terms: Sequence[Any]) -> Any:
    """Add the terms that are there."""
    there = [term for term in terms if term is not None]
    total = there[0]
    for term in there[1:]:
        total = total + term
    return total


def _steps(x: Any, on: bool) -> Sequence[Any]:
    """Return the time steps of a cotangent, or Nones."""
    return unbind(x, dim=0) if on else [None] * x.shape[0]


# Plain recurrence


def _rnn_definition(x: Any, weight: Any, hidden: Any, *, rectified: bool) -> Any:
    outs = []
    for pre in unbind(x, dim=0):
        pre = pre + mm(hidden, t(weight))
        hidden = relu(pre) if rectified else tanh(pre)
        outs.append(hidden)
    return stack(*outs, dim=0)


def _rnn(x: Array, weight: Array, hidden: Array, *, rectified: bool) -> Array:
    if x.itemsize == 2:
        wide = (a.astype(np.float32) for a in (x, weight, hidden))
        return _rnn(*wide, rectified=rectified).astype(x.dtype)
    out = np.empty(x.shape, x.dtype)
    across = np.ascontiguousarray(weight.T)
    for now, pre in zip(out, x, strict=True):
        np.dot(hidden, across, out=now)
        now += pre
        np.maximum(now, 0, out=now) if rectified else np.tanh(now, out=now)
        hidden = now
    return out


def _rnn_back_definition(ct: Any, weight: Any, out: Any, *, rectified: bool) -> Any:
    pres: list[Any] = []
    carried = None
    for arrived, now in zip(reversed(unbind(ct, dim=0)), reversed(unbind(out, dim=0)), strict=True):
        total = _added((arrived, carried))
        pre = keep_where(total, now > 0.0) if rectified else total * (1.0 - now * now)
        carried = mm(pre, weight)
        pres.insert(0, pre)
    return stack(*pres, dim=0), carried


@_in_float32
def _rnn_back(ct: Array, weight: Array, out: Array, *, rectified: bool) -> tuple[Array, ...]:
    pres = np.empty(ct.shape, ct.dtype)
    slope = out > 0 if rectified else 1 - out * out
    carried = np.zeros(ct.shape[1:], ct.dtype)
    for step in reversed(range(len(ct))):
        carried += ct[step]
        if rectified:
            pres[step] = np.where(slope[step], carried, 0)
        else:
            np.multiply(carried, slope[step], out=pres[step])
        np.dot(pres[step], weight, out=carried)
    return pres, carried


rnn_back = composite("rnn_back", _rnn_back_definition, _rnn_back, outputs=("pre", "hidden"))
"""The cotangents of the gates and of the first state of `rnn`."""


def _rnn_vjp(ct: Any, weight: Any, hidden: Any, out: Any, rectified: bool) -> Any:
    pre, hidden_ct = rnn_back(ct, weight, out, rectified=rectified)
    return pre, _weight_ct(pre, hidden, out), hidden_ct


rnn = composite("rnn", _rnn_definition, _rnn, _rnn_vjp, together=True)
"""``out[s] = f(x[s] + out[s - 1] @ weight.T)`` from ``out[-1] = hidden``; f is tanh, or max(., 0) if ``rectified``."""


# Long short-term memory


def _lstm_definition(x: Any, weight: Any, hidden: Any, cell: Any) -> Any:
    outs, cells, gates = [], [], []
    for pre in unbind(x, dim=0):
        i, f, g, o = split(pre + mm(hidden, t(weight)), sizes=(cell.shape[1],) * 4, dim=1)
        i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
        cell = f * cell + i * g
        hidden = o * tanh(cell)
        outs.append(hidden)
        cells.append(cell)
        gates.append(cat(i, f, g, o, dim=1))
    return stack(*outs, dim=0), stack(*cells, dim=0), stack(*gates, dim=0)


@_in_float32
def _lstm(x: Array, weight: Array, hidden: Array, cell: Array) -> tuple[Array, ...]:
    steps, batch, width = x.shape
    n = width // 4
    # A sigmoid is (1 + tanh(half)) / 2, so that one tanh serves all gates.
    half = np.full(width, 0.5, x.dtype)
    half[2 * n : 3 * n] = 1
    lift = 1 - half
    lift[lift != 0] = 0.5
    gates = x * half
    across = weight.T * half
    outs, cells = np.empty((steps, batch, n), x.dtype), np.empty((steps, batch, n), x.dtype)
    fed, part = np.empty((batch, width), x.dtype), np.empty((batch, n), x.dtype)
    for gate, out, now in zip(gates, outs, cells, strict=True):
        np.dot(hidden, across, out=fed)
        gate += fed
        np.tanh(gate, out=gate)
        gate *= half
        gate += lift
        np.multiply(gate[:, n : 2 * n], cell, out=now)
        np.multiply(gate[:, :n], gate[:, 2 * n : 3 * n], out=part)
        now += part
        np.tanh(now, out=out)
        out *= gate[:, 3 * n :]
        hidden, cell = out, now
    return outs, cells, gates


def _lstm_back_definition(
    ct: Any, cells_ct: Any, gates_ct: Any, weight: Any, cell: Any, cells: Any, gates: Any, *, given: tuple[bool, ...]
) -> Any:  # fmt: skip
    earlier = unbind(_before(cell, cells), dim=0)
    pres: list[Any] = []
    hidden_ct = cell_ct = None
    arrived = [_steps(c, on) for c, on in zip((ct, cells_ct, gates_ct), given, strict=True)]
    n = cell.shape[1]
    for step in reversed(range(cells.shape[0])):
        out_ct, now_ct, made_ct = (c[step] for c in arrived)
        i, f, g, o = split(slice_(gates, index=(step,)), sizes=(n,) * 4, dim=1)
        high = tanh(slice_(cells, index=(step,)))
        h = _added((out_ct, hidden_ct, zero(o)))
        c = _added((h * o * (1.0 - high * high), cell_ct, now_ct))
        inner = cat(c * g, c * earlier[step], c * i, h * high, dim=1)
        slope = cat(i * (1.0 - i), f * (1.0 - f), 1.0 - g * g, o * (1.0 - o), dim=1)
        pre = _added((inner, made_ct)) * slope
        hidden_ct, cell_ct = mm(pre, weight), c * f
        pres.insert(0, pre)
    return stack(*pres, dim=0), hidden_ct, cell_ct


@_in_float32
def _lstm_back(
    ct: Array, cells_ct: Array, gates_ct: Array, weight: Array, cell: Array, cells: Array, gates: Array, *,
    given: tuple[bool, ...],
) -> tuple[Array, ...]:  # fmt: skip
    steps, batch, n = cells.shape
    i, f, g, o = (gates[..., k * n : (k + 1) * n] for k in range(4))
    pres = gates - gates * gates
    np.subtract(1, g * g, out=pres[..., 2 * n : 3 * n])
    if given[2]:
        extra = pres * gates_ct
    high = np.tanh(cells)
    blocks = pres.reshape(steps, batch, 4, n)
    blocks[:, :, 0] *= g
    blocks[0, :, 1] *= cell
    blocks[1:, :, 1] *= cells[:-1]
    blocks[:, :, 2] *= i
    blocks[:, :, 3] *= high
    np.multiply(high, high, out=high)
    np.subtract(1, high, out=high)
    high *= o
    h, c, part = (np.zeros((batch, n), ct.dtype) for _ in range(3))
    for step in reversed(range(steps)):
        if given[0]:
            h += ct[step]
        np.multiply(h, high[step], out=part)
        c += part
        if given[1]:
            c += cells_ct[step]
        blocks[step, :, :3] *= c[:, None]
        blocks[step, :, 3] *= h
        if given[2]:
            pres[step] += extra[step]
        np.dot(pres[step], weight, out=h)
        c *= f[step]
    return pres, h, c


lstm_back = composite(
    "lstm_back", _lstm_back_definition, _lstm_back, outputs=("pre", "hidden", "cell")
)
"""The cotangents of the gates and of both first states of `lstm`."""


def _lstm_vjp(
    ct: Any, weight: Any, hidden: Any, cell: Any, out: Any, cells: Any, gates: Any
) -> Any:
    cts, given = _present(ct, (out, cells, gates))
    pre, hidden_ct, cell_ct = lstm_back(*cts, weight, cell, cells, gates, given=given)
    return pre, _weight_ct(pre, hidden, out), hidden_ct, cell_ct


lstm = composite(
    "lstm", _lstm_definition, _lstm, _lstm_vjp,
    outputs=("out", "cells", "gates"), together=True, takes_absent=True,
)  # fmt: skip
"""``c = f c + i g`` and ``out = o tanh(c)``, with ``i, f, o = sigmoid`` and ``g = tanh`` of ``x + out @ weight.T``."""


# Gated recurrent unit


def _gru_definition(x: Any, weight: Any, bias: Any, hidden: Any) -> Any:
    n = hidden.shape[1]
    outs, gates, news = [], [], []
    for pre in unbind(x, dim=0):
        fed = split(mm(hidden, t(weight)) + bias, sizes=(n,) * 3, dim=1)
        given = split(pre, sizes=(n,) * 3, dim=1)
        r, z = sigmoid(given[0] + fed[0]), sigmoid(given[1] + fed[1])
        new = tanh(given[2] + r * fed[2])
        hidden = new + z * (hidden - new)
        outs.append(hidden)
        gates.append(cat(r, z, new, dim=1))
        news.append(fed[2])
    return stack(*outs, dim=0), stack(*gates, dim=0), stack(*news, dim=0)


@_in_float32
def _gru(x: Array, weight: Array, bias: Array, hidden: Array) -> tuple[Array, ...]:
    steps, batch, width = x.shape
    n = width // 3
    two = 2 * n
    half = np.ones(width, x.dtype)
    half[:two] = 0.5
    gates = x * half
    across, lift = weight.T * half, bias * half
    outs, news = np.empty((steps, batch, n), x.dtype), np.empty((steps, batch, n), x.dtype)
    fed = np.empty((batch, width), x.dtype)
    for gate, out, inner in zip(gates, outs, news, strict=True):
        np.dot(hidden, across, out=fed)
        fed += lift
        inner[...] = fed[:, two:]
        both, new = gate[:, :two], gate[:, two:]
        both += fed[:, :two]
        np.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        np.multiply(both[:, :n], inner, out=out)
        new += out
        np.tanh(new, out=new)
        np.subtract(hidden, new, out=out)
        out *= both[:, n:]
        out += new
        hidden = out
    return outs, gates, news


def _gru_back_definition(
    ct: Any, gates_ct: Any, news_ct: Any, weight: Any, hidden: Any, out: Any, gates: Any, news: Any, *,
    given: tuple[bool, ...],
) -> Any:  # fmt: skip
    n = hidden.shape[1]
    earlier = unbind(_before(hidden, out), dim=0)
    arrived = [_steps(c, on) for c, on in zip((ct, gates_ct, news_ct), given, strict=True)]
    pres: list[Any] = []
    feds: list[Any] = []
    hidden_ct = None
    for step in reversed(range(out.shape[0])):
        out_ct, made_ct, inner_ct = (c[step] for c in arrived)
        r, z, new = split(slice_(gates, index=(step,)), sizes=(n,) * 3, dim=1)
        made = (None,) * 3 if made_ct is None else split(made_ct, sizes=(n,) * 3, dim=1)
        inner = slice_(news, index=(step,))
        h = _added((out_ct, hidden_ct, zero(z)))
        to_new = _added((h * (1.0 - z), made[2])) * (1.0 - new * new)
        to_z = _added((h * (earlier[step] - new), made[1])) * (z * (1.0 - z))
        to_r = _added((to_new * inner, made[0])) * (r * (1.0 - r))
        fed = cat(to_r, to_z, _added((to_new * r, inner_ct)), dim=1)
        hidden_ct = h * z + mm(fed, weight)
        pres.insert(0, cat(to_r, to_z, to_new, dim=1))
        feds.insert(0, fed)
    return stack(*pres, dim=0), stack(*feds, dim=0), hidden_ct


@_in_float32
def _gru_back(
    ct: Array, gates_ct: Array, news_ct: Array, weight: Array, hidden: Array, out: Array, gates: Array, news: Array, *,
    given: tuple[bool, ...],
) -> tuple[Array, ...]:  # fmt: skip
    steps, batch, n = out.shape
    r, z, new = (gates[..., k * n : (k + 1) * n] for k in range(3))
    pres = gates - gates * gates
    to_r, to_z, to_new = (pres[..., k * n : (k + 1) * n] for k in range(3))
    np.subtract(1, new * new, out=to_new)
    to_r *= news
    extra = pres * gates_ct if given[1] else None
    if extra is not None:  # what arrives at r did not come through the inner product
        np.multiply(r - r * r, gates_ct[..., :n], out=extra[..., :n])
    to_z[0] *= hidden - new[0]
    to_z[1:] *= out[:-1] - new[1:]
    to_new *= 1 - z
    feds = np.empty(pres.shape, pres.dtype)
    h, kept = np.zeros((batch, n), ct.dtype), np.empty((batch, n), ct.dtype)
    for step in reversed(range(steps)):
        if given[0]:
            h += ct[step]
        np.multiply(h, z[step], out=kept)
        now, fed = pres[step], feds[step]
        now[:, 2 * n :] *= h
        now[:, n : 2 * n] *= h
        if extra is not None:
            now[:, n:] += extra[step, :, n:]
        now[:, :n] *= now[:, 2 * n :]
        if extra is not None:
            now[:, :n] += extra[step, :, :n]
        fed[:, : 2 * n] = now[:, : 2 * n]
        np.multiply(now[:, 2 * n :], r[step], out=fed[:, 2 * n :])
        if given[2]:
            fed[:, 2 * n :] += news_ct[step]
        np.dot(fed, weight, out=h)
        h += kept
    return pres, feds, h


gru_back = composite("gru_back", _gru_back_definition, _gru_back, outputs=("pre", "fed", "hidden"))
"""The cotangents of what the inputs and the state give to the gates of `gru`, and of its first state."""


def _gru_vjp(ct: Any, weight: Any, hidden: Any, out: Any, gates: Any, news: Any) -> Any:
    cts, given = _present(ct, (out, gates, news))
    pre, fed, hidden_ct = gru_back(*cts, weight, hidden, out, gates, news, given=given)
    bias_ct = sum(fed, axis=(0, 1), keepdim=False)
    return pre, _weight_ct(fed, hidden, out), bias_ct, hidden_ct


gru = composite(
    "gru", _gru_definition, _gru, _gru_vjp,
    outputs=("out", "gates", "news"), together=True, takes_absent=True,
)  # fmt: skip
"""``out = new + z (out - new)``, ``new = tanh(x_n + r s_n)``, ``r, z = sigmoid(x + s)``; s = out @ weight.T + bias."""

__all__ = ["gru", "gru_back", "lstm", "lstm_back", "rnn", "rnn_back"]
