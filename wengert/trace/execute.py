"""The NumPy executor: runs a graph's instructions one by one with each row's forward."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wengert.core.carrier import Array
from wengert.trace.graph import Graph


def execute(
    graph: Graph, inputs: Sequence[Array], captured: Sequence[Array]
) -> tuple[list[Array], list[Array]]:
    """Return the arrays of ``graph.outputs`` and ``graph.updates``, none sharing memory with what was given."""
    env: dict[int, Array] = {}
    for var, array in zip([*graph.inputs, *graph.captured], [*inputs, *captured], strict=True):
        env[var.number] = array
    for var, array in graph.constants.items():
        env[var.number] = array
    for instruction in graph.instructions:
        out = instruction.row.forward(
            *[env[a.number] for a in instruction.args], **instruction.params
        )
        outs = out if isinstance(out, tuple) else (out,)
        for var, array in zip(instruction.outs, outs, strict=True):
            env[var.number] = np.asarray(array)
    outputs = [np.array(env[v.number], order="C") for v in graph.outputs]
    updates = [np.array(env[v.number], order="C") for v in graph.updates]
    return outputs, updates
