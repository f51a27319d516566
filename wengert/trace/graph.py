"""The graph: instructions in single-assignment form, its inputs, constants and results. Prints the same every time.

Knows nothing of how it was recorded or how it is run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import Primitive


@dataclass(frozen=True, slots=True)
class Var:
    """One value of a graph: its number, shape and dtype."""

    number: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return f"%{self.number}"

    @property
    def annotated(self) -> str:
        """The variable with its type, as in ``%3: float32[2, 5]``."""
        return f"{self}: {self.dtype.name}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One primitive applied to variables."""

    row: Primitive
    args: tuple[Var, ...]
    params: dict[str, Any]
    outs: tuple[Var, ...]

    def __str__(self) -> str:
        left = ", ".join(v.annotated for v in self.outs)
        shown = [str(a) for a in self.args]
        shown += [f"{k}={_static(v)}" for k, v in sorted(self.params.items())]
        return f"{left} = {self.row.name}({', '.join(shown)})"


def _static(value: Any) -> str:
    """Print a parameter; slices as in an index."""
    if isinstance(value, tuple):
        inner = ", ".join(map(_static, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, slice):
        parts = ["" if p is None else str(p) for p in (value.start, value.stop)]
        step = "" if value.step is None else f":{value.step}"
        return ":".join(parts) + step
    return value.name if isinstance(value, np.dtype) else repr(value)


@dataclass(slots=True)
class Graph:
    """A straight-line program over arrays.

    ``inputs`` are the arguments, ``captured`` what the function reads from outside at each call, ``constants`` arrays
    fixed when it was recorded; ``outputs`` are what it returns, ``updates`` what it writes outside.
    """

    inputs: list[Var] = field(default_factory=list)
    captured: list[Var] = field(default_factory=list)
    constants: dict[Var, Array] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    outputs: list[Var] = field(default_factory=list)
    updates: list[Var] = field(default_factory=list)
    count: int = 0

    def new_var(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Var:
        """Return a fresh variable."""
        self.count += 1
        return Var(self.count - 1, shape, dtype)

    def verify(self) -> None:
        """Check that every variable is defined once, before its uses; raises ValueError otherwise."""
        defined: set[int] = set()
        for var in [*self.inputs, *self.captured, *self.constants]:
            _define(defined, var)
        for instruction in self.instructions:
            for arg in instruction.args:
                if arg.number not in defined:
                    raise ValueError(f"{arg} is used before it is defined, in: {instruction}")
            for out in instruction.outs:
                _define(defined, out)
        for var in [*self.outputs, *self.updates]:
            if var.number not in defined:
                raise ValueError(f"the result {var} is not defined")

    def without_dead_code(self) -> Graph:
        """Return the graph without what no result needs."""
        live = {v.number for v in [*self.outputs, *self.updates]}
        kept: list[Instruction] = []
        for instruction in reversed(self.instructions):
            if any(out.number in live for out in instruction.outs):
                kept.append(instruction)
                live |= {a.number for a in instruction.args}
        constants = {v: a for v, a in self.constants.items() if v.number in live}
        return Graph(
            self.inputs,
            self.captured,
            constants,
            kept[::-1],
            self.outputs,
            self.updates,
            self.count,
        )

    def __str__(self) -> str:
        lines = [f"graph({', '.join(v.annotated for v in self.inputs)}):"]
        if self.captured:
            lines.append(f"  captured {', '.join(v.annotated for v in self.captured)}")
        for var, array in self.constants.items():
            shown = repr(array.item()) if array.size == 1 else "..."
            lines.append(f"  {var.annotated} = constant {shown}")
        lines += [f"  {instruction}" for instruction in self.instructions]
        if self.updates:
            lines.append(f"  update {', '.join(map(str, self.updates))}")
        lines.append(f"  return {', '.join(map(str, self.outputs))}")
        return "\n".join(lines)


def _define(defined: set[int], var: Var) -> None:
    if var.number in defined:
        raise ValueError(f"{var} is defined twice")
    defined.add(var.number)
