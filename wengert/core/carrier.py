"""Levels, the stack of open ones, and who interprets an operation.

An operand is a raw array or a *tensor*, something with a `standing`. Each transform (vmap, jvp, grad, trace) opens a
level; an operation among several levels is handed to the highest, with everything lower as payload. This file may not
know what a tensor, a tape or any carrier is made of.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from wengert.errors import LeakError

Array = np.ndarray[Any, Any]
Value = Any
"""A raw array or a tensor: what rules and rows are handed."""

RAW: Final = {np.ndarray, *(np.dtype(c).type for c in "?bhilqBHILQefdFD")}
"""Classes of raw operands. NumPy scalars occur inside a raw backward only. bfloat16's joins when it is first used."""

_numbers = itertools.count(1)


class Level:
    """One run of one transform; later levels have higher numbers.

    ``outer_grad`` is the grad mode of the region in which the level was opened; ``by_hand`` says that the program
    opened it itself, around eager code, and not a transform around a function.
    """

    kind = "base"
    by_hand = False

    def __init__(self, number: int | None = None) -> None:
        self.number = next(_numbers) if number is None else number
        self.open = True
        self.outer_grad = True

    def interpret(
        self, row: Any, operands: Sequence[Value], params: dict[str, Any], level: Level
    ) -> Any:
        """Run ``row`` on operands of which this level is the highest."""
        raise NotImplementedError(f"the {self.kind} level interprets nothing of its own")

    def random(self, draw: Callable[..., Value], shape: tuple[int, ...], *operands: Value) -> Value:
        """Return random numbers of ``shape`` at this level, from ``draw`` of the level below.

        ``operands`` are values without history that they depend on.
        """
        return draw(shape, *operands)


ROOT: Final = Level(0)
"""The level of eager code. It is always open."""

EVERYWHERE: Final = Level(sys.maxsize)
"""The owner of constants, which count as made inside of whatever level they are used in."""


class _Share:
    """What one thread has added to the counts below. Goes with the thread, and takes out what the thread left in."""

    def __init__(self) -> None:
        self.special = self.quiet = 0

    def __del__(self) -> None:
        global special, quiet
        # When Python shuts down, the main thread's share outlives this module's names.
        if (self.special or self.quiet) and _counting is not None:
            with _counting:
                special -= self.special
                quiet -= self.quiet


class ThreadState(threading.local):
    """What each thread has of its own: open levels, grad mode, the innermost trace, the walk back that runs now."""

    def __init__(self) -> None:
        self.levels: list[Level] = []
        self.grad = True
        self.inference = False
        self.trace: Any = None
        self.saved_hooks: list[tuple[Callable[..., Any], Callable[..., Any]]] = []
        self.anomaly = False
        self.walk: Any = None
        self.share = _Share()

    @property
    def innermost(self) -> Level:
        """Return the level opened last, the owner of whatever is made now."""
        return self.levels[-1] if self.levels else ROOT


_counting = threading.Lock()

special = 0
"""How many levels, saved-tensor hooks and inference modes are in effect, over all threads. While it is 0, and only
then, operations on plain arrays may be computed without a look at the thread's state."""

quiet = 0
"""How many threads do not record. While it is 0, recording needs no look at the thread's grad mode."""

state: Final = ThreadState()


def add_special(change: int) -> None:
    """Count something special in (+1) or out (-1)."""
    global special
    state.share.special += change
    with _counting:
        special += change


def add_quiet(change: int) -> None:
    """Count a thread that stops recording in (+1) or out (-1)."""
    global quiet
    state.share.quiet += change
    with _counting:
        quiet += change


@contextmanager
def opened(level: Level, *, grad: bool | None = None) -> Iterator[Level]:
    """Keep ``level`` on the stack for the block; ``grad=True`` turns recording on inside."""
    level.outer_grad = state.grad
    if grad is not None:
        switch_grad(grad)
    state.levels.append(level)
    add_special(1)
    try:
        yield level
    finally:
        level.open = False
        # Where the level is not there, its thread has died, and another one unwinds what it left behind.
        if level in state.levels:
            state.levels.remove(level)
            add_special(-1)
            switch_grad(level.outer_grad)


def switch_grad(on: bool) -> None:
    """Set the thread's grad mode, keeping the count of quiet threads."""
    if on is not state.grad:
        state.grad = on
        add_quiet(-1 if on else 1)


def recording_at(level: Level) -> bool:
    """Say whether operations at ``level`` are recorded: the grad modes from there inwards must all be on."""
    if not state.grad:
        return False
    for inner in reversed(state.levels):
        if inner is level:
            return True
        if not inner.outer_grad:
            return False
    return True


eager: Callable[[Any, Sequence[Value], dict[str, Any]], Any] | None = None
"""What the tape registers for operations among plain tensors while nothing special is in effect."""


def register_eager(interpreter: Callable[[Any, Sequence[Value], dict[str, Any]], Any]) -> None:
    """Let ``interpreter`` have operations among tensors while nothing special is in effect.

    It returns NotImplemented for operands that are not plain.
    """
    global eager
    eager = interpreter


def interpret(row: Any, operands: Sequence[Value], params: dict[str, Any]) -> Any:
    """Hand ``row`` to the highest level among the operands.

    Raises LeakError when that level is closed: the value escaped from its transform.
    """
    if not special and eager is not None:
        out = eager(row, operands, params)
        if out is not NotImplemented:
            return out
    top: tuple[int, Level, Callable[..., Any]] | None = None
    for x in operands:
        if x.__class__ not in RAW:
            found = x._standing()
            if top is None or found[0] > top[0]:
                top = found
    assert top is not None, "raw operands never come here"
    _, level, interpreter = top
    if not level.open:
        raise leaked(level, row.spoken)
    return interpreter(row, operands, params, level)


def leaked(level: Level, op: str) -> LeakError:
    """Word the error for a value whose level has closed."""
    return LeakError(
        f"{op}: an operand was made inside a {level.kind} that has ended. Values inside a transform exist only there: "
        f"return them from the transformed function instead of storing them outside."
    )
