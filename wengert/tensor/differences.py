"""Slopes of a function from its values on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.core import dtypes
from wengert.core.shapes import axis_of
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.tape.storage import Recorded
from wengert.tensor.joining import cat
from wengert.tensor.numbers import number_of, whole_of
from wengert.tensor.parts import narrow
from wengert.tensor.promotion import dtype_of, floating, is_number, require_tensor
from wengert.tensor.views import view

__all__ = ["gradient"]


def gradient(
    input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1
) -> tuple[Any, ...]:
    """Return the slope along each dimension of values on a grid, estimated from neighbours.

    Inside, ``(x[i + 1] - x[i - 1]) / (2 h)``, or what the parabola through three points has where the grid is uneven;
    at both ends the slope of the line (``edge_order`` 1) or the parabola (2) through the outermost points.
    ``spacing`` is the distance h, or one for each dimension, or a vector of places for each. ``dim`` is one dimension
    or several, all where it is None: a slope for each. Integers become floats.

    RuntimeError where spacings and dimensions differ in number, for a dimension shorter than ``edge_order + 1`` or
    named twice, and for uint8 and bools.

    >>> import wengert as torch
    >>> torch.gradient(torch.tensor([0., 1., 4., 9.]))
    (tensor([1., 2., 4., 5.]),)
    >>> torch.gradient(torch.tensor([0., 1., 9.]), spacing=(torch.tensor([0., 1., 3.]),), edge_order=2)
    (tensor([0., 2., 6.]),)
    """
    edge_order = whole_of("gradient", "edge_order", edge_order)
    op = "torch.gradient"
    require_tensor("gradient", input)
    if edge_order not in (1, 2):
        raise RuntimeError(
            f"{op} only supports edge_order=1 and edge_order=2, but got {edge_order}."
        )
    axes = _axes(input, dim)
    steps = _spacings(spacing, len(axes), input.ndim, dim)
    kind = dtype_of(input)
    if kind.kind in "bu":
        raise DTypeError(
            f"{op} does not support {dtypes.public(kind)} input, whose differences have no sign. Use `input.long()`."
        )
    for axis in axes:
        if input.shape[axis] < edge_order + 1:
            raise ShapeError(
                f"{op} expected each dimension size to be at least edge_order+1 = {edge_order + 1}, but dimension "
                f"{axis} of shape {shape_text(input.shape)} has size {input.shape[axis]}."
            )
    x = floating(input)
    return tuple(_slope(x, axis, h, edge_order) for axis, h in zip(axes, steps, strict=True))


def _axes(x: Any, dim: Any) -> list[int]:
    if dim is None:
        return list(range(x.ndim))
    several = dim if isinstance(dim, Sequence) else (dim,)
    axes = [axis_of("torch.gradient", d, x.ndim) for d in several]
    for i, axis in enumerate(axes):
        if axis in axes[:i]:
            raise RuntimeError(
                f"torch.gradient: dim {axis} appears multiple times in the list of dims"
            )
    return axes


def _spacings(spacing: Any, count: int, rank: int, dim: Any) -> list[Any]:
    """Return a distance or a vector of places for each dimension."""
    op = "torch.gradient"
    spacing = 1 if spacing is None else spacing
    if isinstance(spacing, Recorded):
        if spacing.ndim:  # type: ignore[attr-defined]
            raise TypeError(
                f"{op}: spacing must be a number, or a tuple of numbers or of vectors, not a tensor of dimensions. "
                f"Use `spacing=(places,)`."
            )
        spacing = number_of(op, "spacing", spacing)
    if is_number(spacing):
        return [spacing] * count
    if not isinstance(spacing, Sequence) or isinstance(spacing, str):
        raise TypeError(
            f"{op}: spacing must be a number, or a tuple of numbers or of vectors, not {type(spacing).__name__}."
        )
    if len({isinstance(h, Recorded) for h in spacing}) > 1 or not all(
        is_number(h) or isinstance(h, Recorded) for h in spacing
    ):
        raise TypeError(
            f"{op}: the elements of spacing must all be numbers or all be vectors, but got {spacing!r}."
        )
    if len(spacing) != count:
        wanted = (
            f"a list of length equal to 'self.dim() = {rank}', since dim argument was not given"
            if dim is None
            else f"it's spacing and dim arguments to have the same length ({count})"
        )
        raise RuntimeError(
            f"{op} expected spacing to be unspecified, a scalar or {wanted}, but got a spacing of length "
            f"{len(spacing)}."
        )
    return list(spacing)


def _slope(x: Any, axis: int, h: Any, order: int) -> Any:
    n = x.shape[axis]
    if isinstance(h, Recorded):
        return _uneven(x, axis, _distances(h, n), order)
    if order == 1:
        first, last = (_weighed(x, axis, (i, i + 1), (-1.0, 1.0), 1) for i in (0, n - 2))
    else:
        first = _weighed(x, axis, (0, 1, 2), (-1.5, 2.0, -0.5), 1)
        last = _weighed(x, axis, (n - 3, n - 2, n - 1), (0.5, -2.0, 1.5), 1)
    if n == 2:
        return cat([first / h, last / h], axis)
    inside = narrow(x, axis, 2, n - 2) - narrow(x, axis, 0, n - 2)
    return cat([first / h, inside / (2 * h), last / h], axis)


def _distances(places: Any, n: int) -> Any:
    """Return the distances of neighbouring places; RuntimeError unless there is one for each element."""
    if places.ndim != 1:
        raise ShapeError(
            f"torch.gradient expected each element of spacing to have one dimension, but got an element with "
            f"{places.ndim} dimensions!"
        )
    if places.shape[0] != n:
        raise ShapeError(
            f"torch.gradient: a vector of spacing has {places.shape[0]} places, and its dimension {n} elements. "
            f"Give a place for each element."
        )
    places = floating(places)
    return narrow(places, 0, 1, n - 1) - narrow(places, 0, 0, n - 1)


def _uneven(x: Any, axis: int, steps: Any, order: int) -> Any:
    """Differentiate the line or the parabola through neighbouring points, from the distances between them."""
    n = x.shape[axis]
    column = (-1, *(1,) * (x.ndim - axis - 1))
    parts = []
    if order == 1:
        for at in (0, n - 2):
            rise = narrow(x, axis, at + 1, 1) - narrow(x, axis, at, 1)
            parts.append(rise / view(narrow(steps, 0, at, 1), column))
    else:
        for at in (0, n - 3):
            h, k = (view(narrow(steps, 0, at + i, 1), column) for i in (0, 1))
            first = (-(2.0 * h + k) / (h * (h + k)), (h + k) / (h * k), -h / (k * (h + k)))
            last = (k / (h * (h + k)), -(h + k) / (h * k), (h + 2.0 * k) / (k * (h + k)))
            parts.append(_weighed(x, axis, (at, at + 1, at + 2), last if parts else first, 1))
    if n > 2:
        h, k = (view(narrow(steps, 0, i, n - 2), column) for i in (0, 1))
        weights = (-k / (h * (h + k)), (k - h) / (h * k), h / (k * (h + k)))
        parts.insert(1, _weighed(x, axis, (0, 1, 2), weights, n - 2))
    return cat(parts, axis)


def _weighed(x: Any, axis: int, at: Sequence[int], weights: Sequence[Any], count: int) -> Any:
    first, *rest = (narrow(x, axis, i, count) * w for i, w in zip(at, weights, strict=True))
    for part in rest:
        first = first + part
    return first
