"""Connectionist temporal classification: how likely a sequence of labels is, however it is stretched over time.

Log-probabilities are ``x (time, n, classes)``. ``targets (n, s)`` are labels, of which ``sizes (n)`` count; of times,
``lengths (n)`` do. A sequence goes through *states*: its labels, with a blank before, between and after them. It may
stay in a state, go on to the next one, and leave a blank out between two labels that differ.

Source: Graves, Fernandez, Gomez and Schmidhuber, Connectionist temporal classification, 2006.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import composite, constant
from wengert.core.strides import hollow
from wengert.rules.elementwise import exp, keep_where, where
from wengert.rules.indexing import every, gather, scatter
from wengert.rules.memory import revalued, zero
from wengert.rules.reduction import logsumexp
from wengert.rules.structural import (
    broadcast_to,
    cat,
    detach,
    reshape,
    slice_,
    stack,
    sum,
    unbind,
    unsqueeze,
)


def _states(
    targets: Array, sizes: Array, *, blank: int, classes: int
) -> tuple[Array, Array, Array, Array]:
    counts = np.arange(targets.shape[-1]) < sizes[..., None]
    labels = np.where(counts, targets, blank)
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        wrong = labels[(labels < 0) | (labels >= classes)].flat[0]
        raise IndexError(
            f"ctc_loss: Target {wrong} is out of bounds: there are {classes} classes. Targets are numbers from 0 to "
            f"{classes - 1}, the blank {blank} excepted."
        )
    return _with_blanks(labels, sizes, blank)


def _with_blanks(labels: Array, sizes: Array, blank: int) -> tuple[Array, Array, Array, Array]:
    count = 2 * labels.shape[-1] + 1
    states = np.full((*labels.shape[:-1], count), blank, np.int64)
    states[..., 1::2] = labels
    skips = np.zeros(states.shape, np.bool_)
    skips[..., 3::2] = labels[..., 1:] != labels[..., :-1]
    numbers, last = np.arange(count), 2 * sizes[..., None]
    starts = np.broadcast_to(numbers < 2, states.shape) & (numbers <= last)
    return states, skips, starts, (numbers == last) | (numbers == last - 1)


def _outline(
    targets: Array, sizes: Array, *, blank: int, classes: int
) -> tuple[Array, Array, Array, Array]:
    shape = (*targets.shape[:-1], 2 * targets.shape[-1] + 1)
    skips, starts, ends = (hollow(shape, np.bool_) for _ in range(3))
    return hollow(shape, np.int64), skips, starts, ends


ctc_states = constant(
    "ctc_states", _states, outputs=("states", "skips", "starts", "ends"), outline=_outline,
    batch=lambda size, mapped, p, *values: ctc_states(*every(size, mapped, values), **p),
)  # fmt: skip
"""The class of each state, and whether it may be entered past a blank, first, and left last; IndexError for a target
that is no class."""


def _forwards(emitted: Sequence[Any], states: Any, lengths: Any) -> list[Any]:
    """Return, for each time, the log-probability of all ways from the start to each state."""
    _, skips, starts, _ = states
    none = zero(emitted[0]) - math.inf
    long = [unsqueeze(lengths > time, dim=1) for time in range(len(emitted))]
    # With no time at all there is one way: to have come nowhere, which is the first state.
    empty = where(starts & ~_moved(starts, 1, starts & ~starts), zero(none), none)
    alpha = where(long[0], where(starts, emitted[0], none), empty)
    out = [alpha]
    for time in range(1, len(emitted)):
        past = where(skips, _moved(alpha, 2, none), none)
        alpha = where(
            long[time], _total(alpha, _moved(alpha, 1, none), past) + emitted[time], alpha
        )
        out.append(alpha)
    return out


def _backwards(emitted: Sequence[Any], states: Any, lengths: Any) -> list[Any]:
    """Return, for each time, the log-probability of all ways from each state to the end, its own time excepted."""
    _, skips, _, ends = states
    none = zero(emitted[0]) - math.inf
    first = where(ends, zero(none), none)
    out = [first]
    for time in range(len(emitted) - 1, 0, -1):
        then = out[-1] + emitted[time]
        past = _moved(where(skips, then, none), -2, none)
        before = _total(then, _moved(then, -1, none), past)
        out.append(where(unsqueeze(lengths > time, dim=1), before, first))
    return out[::-1]


def _moved(x: Any, by: int, none: Any) -> Any:
    """Return ``x`` moved along its last axis, with ``none`` moving in."""
    count = x.shape[1]
    gap = min(abs(by), count)
    kept = slice(0, count - gap) if by > 0 else slice(gap, count)
    rest = slice_(x, index=(slice(None), kept))
    new = slice_(none, index=(slice(None), slice(0, gap)))
    return cat(new, rest, dim=1) if by > 0 else cat(rest, new, dim=1)


def _total(*parts: Any) -> Any:
    return logsumexp(stack(*parts, dim=0), axis=(0,), keepdim=False)


def _emitted(x: Any, labels: Any) -> tuple[tuple[Any, ...], Any]:
    """Return the log-probability of each state at each time, and the states' classes at all times."""
    at = broadcast_to(unsqueeze(labels, dim=0), shape=(x.shape[0], *labels.shape))
    return unbind(gather(x, at, dim=2), dim=0), at


def _loss(alpha: Any, ends: Any) -> Any:
    return -logsumexp(where(ends, alpha, zero(alpha) - math.inf), axis=(1,), keepdim=False)


def _definition(x: Any, targets: Any, lengths: Any, sizes: Any, *, blank: int, finite: bool) -> Any:
    states = ctc_states(targets, sizes, blank=blank, classes=x.shape[2])
    alphas = _forwards(_emitted(x, states[0])[0], states, lengths)
    loss = moving = _loss(alphas[-1], states[3])
    # PyTorch's slope is the one that is left of the loss's when the probabilities are made to add up to 1.
    for time, now in enumerate(unbind(exp(x), dim=0)):
        moving = moving + keep_where(sum(now, axis=(1,), keepdim=False), lengths > time)
    if finite:
        moving = keep_where(moving, loss != math.inf)
    return revalued(moving, loss)


def _back_definition(
    ct: Any, x: Any, targets: Any, lengths: Any, sizes: Any, *, blank: int, finite: bool
) -> Any:
    states = ctc_states(targets, sizes, blank=blank, classes=x.shape[2])
    emitted, at = _emitted(x, states[0])
    alphas, betas = _forwards(emitted, states, lengths), _backwards(emitted, states, lengths)
    loss = _loss(alphas[-1], states[3])
    column = (x.shape[1], 1)
    there = stack(*(a + b for a, b in zip(alphas, betas, strict=True)), dim=0)
    seen = scatter(exp(there + reshape(loss, shape=column)), at, dim=2, shape=tuple(x.shape))
    # Where no way leads to the end, the loss is infinite and has no slope: not a number, as in PyTorch.
    ct = ct + (detach(loss) - detach(loss))
    slopes = unbind((exp(x) - seen) * reshape(ct, shape=column), dim=0)
    out = stack(
        *(keep_where(now, unsqueeze(lengths > time, dim=1)) for time, now in enumerate(slopes)),
        dim=0,
    )
    return keep_where(out, reshape(loss != math.inf, shape=column)) if finite else out


def _scan(emitted: Array, skips: Array, first: Array, longs: Array) -> Array:
    """Run `_forwards` on arrays, from the states' log-probabilities at the first time on."""
    time, n, count = emitted.shape
    out = np.full((time, n, count + 2), -np.inf, emitted.dtype)
    out[0, :, 2:] = first
    barred = np.where(skips, emitted.dtype.type(0), emitted.dtype.type(-np.inf))
    for now in range(1, time):
        old, new = out[now - 1], out[now, :, 2:]
        np.logaddexp(old[:, 2:], old[:, 1:-1], out=new)
        np.logaddexp(new, old[:, :-2] + barred, out=new)
        new += emitted[now]
        if not longs[now].all():
            np.copyto(new, old[:, 2:], where=~longs[now])
    return out[..., 2:]


def _run(
    x: Array, targets: Array, lengths: Array, sizes: Array, blank: int
) -> tuple[tuple[Array, ...], Array, Array, Array, Array]:
    states = _states(targets, sizes, blank=blank, classes=x.shape[2])
    emitted = np.take_along_axis(x, states[0][None], 2)
    longs = (np.arange(len(x))[:, None] < lengths)[..., None]
    none, nil = x.dtype.type(-np.inf), x.dtype.type(0)
    empty = np.where(np.arange(states[0].shape[-1]) == 0, nil, none)
    first = np.where(longs[0], np.where(states[2], emitted[0], none), empty)
    alphas = _scan(emitted, states[1], first, longs)
    last = np.where(states[3], alphas[-1], none)
    loss = -np.logaddexp.reduce(last, axis=1)
    return states, emitted, longs, alphas, loss.astype(x.dtype, copy=False)


def _kernel(
    x: Array, targets: Array, lengths: Array, sizes: Array, *, blank: int, finite: bool
) -> Array:
    return _run(x, targets, lengths, sizes, blank)[-1]


def _back_kernel(
    ct: Array, x: Array, targets: Array, lengths: Array, sizes: Array, *, blank: int, finite: bool
) -> Array:
    states, emitted, longs, alphas, loss = _run(x, targets, lengths, sizes, blank)
    labels, skips, _, ends = states
    none, nil = x.dtype.type(-np.inf), x.dtype.type(0)
    first = np.where(ends, nil, none)
    there = alphas.copy()
    then = np.full((x.shape[1], labels.shape[-1] + 2), -np.inf, x.dtype)
    inside, beta = then[:, :-2], first
    there[-1] += first
    for time in range(len(x) - 1, 0, -1):
        np.add(beta, emitted[time], out=inside)
        past = np.full_like(first, -np.inf)
        past[:, :-2] = np.where(skips, inside, none)[:, 2:]
        beta = np.logaddexp(np.logaddexp(inside, then[:, 1:-1]), past)
        beta = np.where(longs[time], beta, first)
        there[time - 1] += beta
    there += loss[:, None]
    seen = np.exp(there, out=there)
    out = np.exp(x)
    out[..., blank] -= np.add.reduce(seen[..., ::2], axis=-1)
    rows = np.arange(x.shape[1])
    for s in range(1, labels.shape[-1], 2):
        out[:, rows, labels[:, s]] -= seen[..., s]
    out *= (ct + (loss - loss))[:, None]
    if not longs.all():
        np.copyto(out, nil, where=~longs)
    if finite:
        np.copyto(out, nil, where=(loss == np.inf)[:, None])
    return out


ctc_back = composite(
    "ctc_back",
    _back_definition,
    _back_kernel,
    backward_name="CtcLossBackwardBackward0",
    spoken="backward of ctc_loss",
)
"""The cotangent of the log-probabilities of `ctc`."""


def _vjp(ct: Any, x: Any, targets: Any, lengths: Any, sizes: Any, blank: int, finite: bool) -> Any:
    return ctc_back(ct, x, targets, lengths, sizes, blank=blank, finite=finite)


ctc = composite(
    "ctc", _definition, _kernel, [_vjp, None, None, None], backward_name="CtcLossBackward0",
    outline=lambda x, *others, **p: hollow((x.shape[1],), x.dtype),
    spoken="ctc_loss",
)  # fmt: skip
"""Minus the log-probability of each of ``n`` sequences of labels. With ``finite``, impossible ones have no slope."""

__all__ = ["ctc", "ctc_back", "ctc_states"]
