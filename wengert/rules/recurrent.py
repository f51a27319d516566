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
from wengert.core.strides import hollow, hollow_like
from wengert.rules.contraction import mm
from wengert.rules.elementwise import keep_where, relu, sigmoid, tanh
from wengert.rules.memory import zero
from wengert.rules.structural import cat, reshape, slice_, split, stack, sum, t, unbind, unsqueeze

EVERY = slice(None)


def in_float32(kernel: Callable[..., tuple[Array, ...]]) -> Callable[..., tuple[Array, ...]]:
    """Have a kernel compute float16 in float32, as PyTorch's do."""

    def wide(*arrays: Array, **params: Any) -> tuple[Array, ...]:
        dtype = arrays[0].dtype
        if dtype.itemsize != 2:
            return kernel(*arrays, **params)
        made = kernel(*(a.astype(np.float32) for a in arrays), **params)
        return tuple(a.astype(dtype) for a in made)

    return wide


def flat(x: Any) -> Any:
    """Return a stack of matrices as one matrix, of all their rows."""
    return reshape(x, shape=(x.shape[0] * x.shape[1], x.shape[2]))


def before(first: Any, states: Any, backwards: bool) -> Any:
    """Return the state before each step, given the first and those after each step."""
    if backwards:
        return cat(
            slice_(states, index=(slice(1, states.shape[0]),)), unsqueeze(first, dim=0), dim=0
        )
    return cat(
        unsqueeze(first, dim=0), slice_(states, index=(slice(0, states.shape[0] - 1),)), dim=0
    )


def weight_ct(pre: Any, hidden: Any, out: Any, backwards: bool) -> Any:
    """Return the cotangent of the weight, which takes each state but the last to the next step's gates."""
    return mm(t(flat(pre)), flat(before(hidden, out, backwards)))


def order(steps: int, backwards: bool) -> Sequence[int]:
    """Return the steps in the order in which they are taken."""
    return range(steps - 1, -1, -1) if backwards else range(steps)


def stacked(parts: list[Any], backwards: bool) -> Any:
    """Join what the steps made, in the order in which they were taken."""
    return stack(*(reversed(parts) if backwards else parts), dim=0)


def present(cts: Sequence[Any], instead: Sequence[Any]) -> tuple[list[Any], tuple[bool, ...]]:
    """Return cotangents with something of their shape in place of absent ones, and which are there."""
    given = tuple(ct is not None for ct in cts)
    return [s if ct is None else ct for ct, s in zip(cts, instead, strict=True)], given


def added(terms: Sequence[Any]) -> Any:
    """Add the terms that are there."""
    there = [term for term in terms if term is not None]
    total = there[0]
    for term in there[1:]:
        total = total + term
    return total


def arriving(x: Any, on: bool) -> Sequence[Any]:
    """Return the time steps of a cotangent, or Nones."""
    return unbind(x, dim=0) if on else [None] * x.shape[0]


# Plain recurrence


def _rnn_definition(x: Any, weight: Any, hidden: Any, *, rectified: bool, backwards: bool) -> Any:
    outs = []
    pres = unbind(x, dim=0)
    for step in order(len(pres), backwards):
        pre = pres[step] + mm(hidden, t(weight))
        hidden = relu(pre) if rectified else tanh(pre)
        outs.append(hidden)
    return stacked(outs, backwards)


def _rnn(x: Array, weight: Array, hidden: Array, *, rectified: bool, backwards: bool) -> Array:
    if x.itemsize == 2:
        wide = (a.astype(np.float32) for a in (x, weight, hidden))
        return _rnn(*wide, rectified=rectified, backwards=backwards).astype(x.dtype)
    out = np.empty(x.shape, x.dtype)
    across = np.ascontiguousarray(weight.T)
    for step in order(len(x), backwards):
        now = out[step]
        np.dot(hidden, across, out=now)
        now += x[step]
        np.maximum(now, 0, out=now) if rectified else np.tanh(now, out=now)
        hidden = now
    return out


def _rnn_back_definition(
    ct: Any, weight: Any, out: Any, *, rectified: bool, backwards: bool
) -> Any:
    pres: list[Any] = []
    carried = None
    arrived, outs = unbind(ct, dim=0), unbind(out, dim=0)
    for step in order(len(outs), not backwards):
        total, now = added((arrived[step], carried)), outs[step]
        pre = keep_where(total, now > 0.0) if rectified else total * (1.0 - now * now)
        carried = mm(pre, weight)
        pres.append(pre)
    return stacked(pres, not backwards), carried


@in_float32
def _rnn_back(
    ct: Array, weight: Array, out: Array, *, rectified: bool, backwards: bool
) -> tuple[Array, ...]:
    pres = np.empty(ct.shape, ct.dtype)
    slope = out > 0 if rectified else 1 - out * out
    carried = np.zeros(ct.shape[1:], ct.dtype)
    for step in order(len(ct), not backwards):
        carried += ct[step]
        if rectified:
            pres[step] = np.where(slope[step], carried, 0)
        else:
            np.multiply(carried, slope[step], out=pres[step])
        np.dot(pres[step], weight, out=carried)
    return pres, carried


rnn_back = composite(
    "rnn_back", _rnn_back_definition, _rnn_back, outputs=("pre", "hidden"), spoken="backward of rnn"
)
"""The cotangents of the gates and of the first state of `rnn`."""


def _rnn_vjp(ct: Any, weight: Any, hidden: Any, out: Any, rectified: bool, backwards: bool) -> Any:
    pre, hidden_ct = rnn_back(ct, weight, out, rectified=rectified, backwards=backwards)
    return pre, weight_ct(pre, hidden, out, backwards), hidden_ct


rnn = composite(
    "rnn", _rnn_definition, _rnn, _rnn_vjp, together=True, backward_name="StackBackward0",
    outline=lambda x, *others, **p: hollow(x.shape, x.dtype),
)  # fmt: skip
"""``out[s] = f(x[s] + out[s - 1] @ weight.T)`` from ``out[-1] = hidden``; f is tanh, or max(., 0) if ``rectified``."""


# Gated recurrent unit


def _gru_definition(x: Any, weight: Any, bias: Any, hidden: Any, *, backwards: bool) -> Any:
    n = hidden.shape[1]
    outs: list[Any] = []
    gates: list[Any] = []
    news: list[Any] = []
    pres = unbind(x, dim=0)
    for step in order(len(pres), backwards):
        fed = split(mm(hidden, t(weight)) + bias, sizes=(n,) * 3, dim=1)
        given = split(pres[step], sizes=(n,) * 3, dim=1)
        r, z = sigmoid(given[0] + fed[0]), sigmoid(given[1] + fed[1])
        new = tanh(given[2] + r * fed[2])
        hidden = new + z * (hidden - new)
        outs.append(hidden)
        gates.append(cat(r, z, new, dim=1))
        news.append(fed[2])
    return tuple(stacked(parts, backwards) for parts in (outs, gates, news))


@in_float32
def _gru(
    x: Array, weight: Array, bias: Array, hidden: Array, *, backwards: bool
) -> tuple[Array, ...]:
    steps, batch, width = x.shape
    n = width // 3
    two = 2 * n
    half = np.ones(width, x.dtype)
    half[:two] = 0.5
    gates = x * half
    across, lift = weight.T * half, bias * half
    outs, news = np.empty((steps, batch, n), x.dtype), np.empty((steps, batch, n), x.dtype)
    fed = np.empty((batch, width), x.dtype)
    for step in order(steps, backwards):
        gate, out, inner = gates[step], outs[step], news[step]
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
    given: tuple[bool, ...], backwards: bool,
) -> Any:  # fmt: skip
    n = hidden.shape[1]
    earlier = unbind(before(hidden, out, backwards), dim=0)
    arrived = [arriving(c, on) for c, on in zip((ct, gates_ct, news_ct), given, strict=True)]
    pres: list[Any] = []
    feds: list[Any] = []
    hidden_ct = None
    for step in order(out.shape[0], not backwards):
        out_ct, made_ct, inner_ct = (c[step] for c in arrived)
        r, z, new = split(slice_(gates, index=(step,)), sizes=(n,) * 3, dim=1)
        made = (None,) * 3 if made_ct is None else split(made_ct, sizes=(n,) * 3, dim=1)
        inner = slice_(news, index=(step,))
        h = added((out_ct, hidden_ct, zero(z)))
        to_new = added((h * (1.0 - z), made[2])) * (1.0 - new * new)
        to_z = added((h * (earlier[step] - new), made[1])) * (z * (1.0 - z))
        to_r = added((to_new * inner, made[0])) * (r * (1.0 - r))
        fed = cat(to_r, to_z, added((to_new * r, inner_ct)), dim=1)
        hidden_ct = h * z + mm(fed, weight)
        pres.append(cat(to_r, to_z, to_new, dim=1))
        feds.append(fed)
    return stacked(pres, not backwards), stacked(feds, not backwards), hidden_ct


@in_float32
def _gru_back(
    ct: Array, gates_ct: Array, news_ct: Array, weight: Array, hidden: Array, out: Array, gates: Array, news: Array, *,
    given: tuple[bool, ...], backwards: bool,
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
    to_z *= before(hidden, out, backwards) - new
    to_new *= 1 - z
    feds = np.empty(pres.shape, pres.dtype)
    h, kept = np.zeros((batch, n), ct.dtype), np.empty((batch, n), ct.dtype)
    for step in order(steps, not backwards):
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


gru_back = composite(
    "gru_back",
    _gru_back_definition,
    _gru_back,
    outputs=("pre", "fed", "hidden"),
    spoken="backward of gru",
)
"""The cotangents of what the inputs and the state give to the gates of `gru`, and of its first state."""


def _gru_vjp(
    ct: Any, weight: Any, hidden: Any, out: Any, gates: Any, news: Any, backwards: bool
) -> Any:
    cts, given = present(ct, (out, gates, news))
    pre, fed, hidden_ct = gru_back(
        *cts, weight, hidden, out, gates, news, given=given, backwards=backwards
    )
    bias_ct = sum(fed, axis=(0, 1), keepdim=False)
    return pre, weight_ct(fed, hidden, out, backwards), bias_ct, hidden_ct


def _gru_outline(
    x: Array, weight: Array, bias: Array, hidden: Array, *, backwards: bool
) -> tuple[Array, ...]:
    state = (*x.shape[:2], x.shape[2] // 3)
    return hollow(state, x.dtype), hollow_like(x), hollow(state, x.dtype)


gru = composite(
    "gru", _gru_definition, _gru, _gru_vjp,
    outputs=("out", "gates", "news"), together=True, takes_absent=True, backward_name="StackBackward0",
    outline=_gru_outline,
)  # fmt: skip
"""``out = new + z (out - new)``, ``new = tanh(x_n + r s_n)``, ``r, z = sigmoid(x + s)``; s = out @ weight.T + bias."""

__all__ = ["gru", "gru_back", "rnn", "rnn_back"]
