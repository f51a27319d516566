"""Running recurrent cells over sequences: stacks of layers, both directions, sequences of different lengths.

Knows no modules: it takes weights. A layer's inputs go through one product for all time steps; then one row runs the
recurrence (`rules.recurrent`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from wengert.nn.functional.affine import linear
from wengert.nn.functional.dropout import dropout
from wengert.rules import indexing, structural
from wengert.rules import lstm as gated
from wengert.rules import recurrent as rows
from wengert.tape.storage import handle
from wengert.tensor import elementary, filled, joining
from wengert.tensor.promotion import own_array

GATES: Final = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
"""How many rows of weights each hidden unit has, by the kind of cell."""


@dataclass(frozen=True)
class Packed:
    """Where the steps of packed sequences stand: the sizes of the batch at each step, which only shrink.

    ``padded (time, batch)``  places in the packed data, forwards and backwards; what lies beyond an end is never used
    ``packed (n)``            places in the padded results, flat
    ``last (1, batch)``       places of each sequence's last step in the padded results, flat
    """

    padded: tuple[Any, Any]
    packed: tuple[Any, Any]
    last: Any

    @classmethod
    def of(cls, batch_sizes: Any) -> Packed:
        """Lay out the steps for given sizes of the batch."""
        sizes = batch_sizes.detach().numpy()
        steps, batch = len(sizes), int(sizes[0])
        lengths = (sizes[:, None] > np.arange(batch)).sum(0)
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        step, column = np.arange(steps)[:, None], np.arange(batch)
        inside = step < lengths
        turned = np.where(inside, lengths - 1 - step, 0)
        padded = tuple(
            own_array(np.where(inside, starts[now] + column, 0))
            for now in (np.broadcast_to(step, inside.shape), turned)
        )
        packed = tuple(
            handle((now * batch + column)[inside])
            for now in (np.broadcast_to(step, inside.shape), turned)
        )
        return cls(padded, packed, handle(((lengths - 1) * batch + column)[None]))


@dataclass(frozen=True)
class Network:
    """What a recurrent network does: the kind of its cells ("LSTM", "GRU", "RNN_TANH", "RNN_RELU") and its dropout."""

    mode: str
    directions: int
    dropout: float = 0.0
    training: bool = False


def run(
    network: Network, x: Any, weights: Sequence[Sequence[Any]], hidden: Any, cell: Any, packed: Packed | None
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Run all layers over ``x (time, batch, n)``, or packed ``(sum of lengths, n)``.

    ``weights`` has for each layer and direction what its inputs, its state, their biases (or None) and its projection
    (or None) are multiplied with and shifted by. ``hidden`` and ``cell`` are ``(layers directions, batch, m)``.
    Returns the outputs of the last layer, and the last states, laid out alike.
    """
    hiddens, cells = [], []
    layers = len(weights) // network.directions
    for layer in range(layers):
        outs = []
        for direction in range(network.directions):
            k = layer * network.directions + direction
            before = (hidden[k], None if cell is None else cell[k])
            out, h, c = _pass(network.mode, x, weights[k], before, bool(direction), packed)
            outs.append(out)
            hiddens.append(h)
            cells.append(c)
        x = outs[0] if len(outs) == 1 else joining.cat(outs, -1)
        if network.dropout and network.training and layer < layers - 1:
            x = dropout(x, network.dropout)
    return x, _joined(hiddens), None if cell is None else _joined(cells)


def _joined(states: list[Any]) -> Any:
    return states[0] if len(states) == 1 else joining.cat(states)


def _pass(
    mode: str, x: Any, weights: Sequence[Any], before: tuple[Any, Any], backwards: bool, packed: Packed | None
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Run one layer in one direction; packed sequences are laid out so that each begins at the first step."""
    if packed is not None:
        x = indexing.index(x, packed.padded[backwards], axis=0, span=1)
    out, cells = scan(mode, x, weights, *before, backwards=backwards and packed is None)
    if packed is None:
        end = (slice(0, 1) if backwards else slice(-1, None),)
        h, c = (own(states, end) for states in (out, cells))
        return out, h, c

    def at(states: Any, places: Any) -> Any:
        return None if states is None else indexing.index(states, places, axis=0, span=2)

    return at(out, packed.packed[backwards]), at(out, packed.last), at(cells, packed.last)


def own(states: Any, index: tuple[Any, ...]) -> Any:
    """Return some of the states in memory of their own, for they are written to; None for states that there are not."""
    if states is None:
        return None
    return structural.clone_by_rows(structural.slice_(states, index=index))


def scan(
    mode: str, x: Any, weights: Sequence[Any], hidden: Any, cell: Any, *, backwards: bool = False
) -> tuple[Any, Any]:
    """Run one layer over ``x (time, batch, n)`` from its first states; return all hidden and all cell states."""
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    if mode == "GRU":
        pre = linear(x, w_ih, b_ih)
        bias = (
            filled.zeros(len(w_hh), dtype=w_hh.dtype, device=w_hh.device) if b_hh is None else b_hh
        )
        return rows.gru(pre, w_hh, bias, hidden, backwards=backwards)[0], None
    shift = b_hh if b_ih is None else b_ih if b_hh is None else b_ih + b_hh
    pre = linear(x, w_ih, shift)
    if mode != "LSTM":
        rectified = mode == "RNN_RELU"
        return rows.rnn(pre, w_hh, hidden, rectified=rectified, backwards=backwards), None
    if w_hr is not None:
        return _projected(pre, w_hh, w_hr, hidden, cell, backwards)
    out, cells, _ = gated.lstm(pre, w_hh, hidden, cell, backwards=backwards)
    return out, structural.transpose(cells, dim0=1, dim1=2)


def _projected(
    pre: Any, w_hh: Any, w_hr: Any, hidden: Any, cell: Any, backwards: bool
) -> tuple[Any, Any]:
    """Run an LSTM whose hidden state is projected, step by step.

    Source: Sak, Senior and Beaufays, Long short-term memory based recurrent neural network architectures, 2014.
    """
    outs, cells = [], []
    steps = structural.unbind(pre, dim=0)
    for now in reversed(steps) if backwards else steps:
        i, f, g, o = (now + linear(hidden, w_hh)).chunk(4, 1)
        i, f, g, o = (
            elementary.sigmoid(i), elementary.sigmoid(f), elementary.tanh(g), elementary.sigmoid(o)
        )  # fmt: skip
        cell = f * cell + i * g
        hidden = linear(o * elementary.tanh(cell), w_hr)
        outs.append(hidden)
        cells.append(cell)
    if backwards:
        outs.reverse()
        cells.reverse()
    return joining.stack(outs), joining.stack(cells)
