"""What a row tells a compiler of itself. Knows no compiler.

A description is the name of an instruction or intrinsic over scalars ("fmul", "exp"); the compiler maps each name to
code of its own. Rows without one are run by the NumPy executor.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lowering:
    """The scalar instruction that computes one element of a row's output."""

    instruction: str
