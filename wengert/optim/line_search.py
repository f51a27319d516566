"""A line search for the strong Wolfe conditions: how far to go along a direction.

Knows nothing of optimisers: it is handed a function that evaluates a point of the line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Point(NamedTuple):
    """A point of the line: how far along, the value there, its gradient, and the slope along the line."""

    t: Any
    value: float
    gradient: Any
    slope: Any


def strong_wolfe(
    evaluate: Callable[[Any], Point], start: Point, t: Any, longest: float, most: int,
    c1: float = 1e-4, c2: float = 0.9, tolerance: float = 1e-9,
) -> tuple[Point, int]:  # fmt: skip
    """Return a point that meets the strong Wolfe conditions, and how often ``evaluate`` was called.

    Sufficient decrease: ``f(t) <= f(0) + c1 t f'(0)``; small slope: ``|f'(t)| <= c2 |f'(0)|``. ``t`` is tried first.
    The best point so far is returned when ``most`` rounds are over, or when the bracket, times ``longest`` (the
    direction's largest element), is smaller than ``tolerance``.
    Source: Nocedal and Wright, Numerical optimization, 2006, algorithms 3.5 and 3.6.
    """

    def too_high(at: Point) -> bool:
        return bool(at.value > start.value + c1 * at.t * start.slope)

    def flat(at: Point) -> bool:
        return bool(abs(at.slope) <= -c2 * start.slope)

    before, at, rounds = start, evaluate(t), 0
    while rounds < most:
        if too_high(at) or (rounds > 1 and at.value >= before.value):
            bracket = [before, at]
            break
        if flat(at):
            return at, rounds + 1
        if at.slope >= 0:
            bracket = [before, at]
            break
        bounds = at.t + 0.01 * (at.t - before.t), at.t * 10
        before, at = at, evaluate(lowest_of_cubic(before, at, bounds))
        rounds += 1
    else:
        bracket = [start, at]

    low, high = _order(bracket)
    stuck = False
    while rounds < most and abs(bracket[1].t - bracket[0].t) * longest >= tolerance:
        t, stuck = _trial(bracket, stuck)
        at = evaluate(t)
        rounds += 1
        if too_high(at) or at.value >= bracket[low].value:
            bracket[high] = at
            low, high = _order(bracket)
            continue
        done = flat(at)
        if not done and at.slope * (bracket[high].t - bracket[low].t) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = at
        if done:
            break
    return bracket[low], rounds + 1


def _order(bracket: list[Point]) -> tuple[int, int]:
    """Return the positions of the lower and the higher end."""
    return (0, 1) if bracket[0].value <= bracket[1].value else (1, 0)


def _trial(bracket: list[Point], stuck: bool) -> tuple[Any, bool]:
    """Return where to look next, and whether that is close to an end; the second time in a row it moves away."""
    t = lowest_of_cubic(bracket[0], bracket[1])
    first, last = min(p.t for p in bracket), max(p.t for p in bracket)
    margin = 0.1 * (last - first)
    if min(last - t, t - first) >= margin:
        return t, False
    if not (stuck or t >= last or t <= first):
        return t, True
    return (last - margin if abs(t - last) < abs(t - first) else first + margin), False


def lowest_of_cubic(a: Point, b: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Return where the cubic through two points with their slopes is lowest, within bounds: the points, or others.

    The middle of the bounds stands for a cubic that has no minimum.
    """
    if bounds is None:
        bounds = (a.t, b.t) if a.t <= b.t else (b.t, a.t)
    if a.t > b.t:
        a, b = b, a
    bend = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = bend**2 - a.slope * b.slope
    if not square >= 0:
        return (bounds[0] + bounds[1]) / 2.0
    root = square.sqrt()
    t = b.t - (b.t - a.t) * ((b.slope + root - bend) / (b.slope - a.slope + 2 * root))
    return min(max(t, bounds[0]), bounds[1])
