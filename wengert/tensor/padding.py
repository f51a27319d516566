"""Padding: a tensor made larger on any side by a constant or by its own elements, or smaller."""

from __future__ import annotations

from typing import Any

from wengert.core.shapes import size_argument
from wengert.errors import ShapeError, shape_text
from wengert.rules import arrangement as rows
from wengert.tensor.numbers import double_of
from wengert.tensor.promotion import dtype_of, filling, require_tensor

__all__ = ["pad"]

_MODES = {
    "reflect": (rows.reflection_pad, rows.reflection_pad2d, rows.reflection_pad3d),
    "replicate": (rows.replication_pad, rows.replication_pad2d, rows.replication_pad3d),
    "circular": (rows.circular_pad,) * 3,
}


def with_constant(input: Any, pad: Any, value: Any) -> Any:
    """Pad a tensor with a number that its dtype can hold, also a complex one."""
    amounts = _by_axis(input, size_argument("pad", (pad,)))
    number = filling(value, dtype_of(input), "pad")
    return rows.constant_pad_nd(input, pad=amounts, value=number.item())


def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    """Make a tensor larger by ``pad = (left, right, top, bottom, ...)`` elements, from the last dimension backwards.

    The new elements are ``value`` (0), or with ``mode`` the tensor's own: mirrored at its edge (``"reflect"``), those
    at the edge (``"replicate"``), or those at the other end (``"circular"``). Negative numbers cut off. The modes other
    than ``"constant"`` pad the last one, two or three dimensions of a tensor that has one or two more.

    Raises RuntimeError for odd or too many numbers, more reflected or wrapped elements than there are, a result without
    room, or a ``value`` that the mode does not take; NotImplementedError for other modes.

    >>> import wengert as torch
    >>> torch.nn.functional.pad(torch.tensor([[1, 2, 3]]), (1, 2), mode="reflect")
    tensor([[2, 1, 2, 3, 2, 1]])
    """
    if value is not None:
        value = double_of("pad", "value", value)
    require_tensor("pad", input)
    if isinstance(pad, int):
        raise TypeError(
            f"pad(): argument 'pad' must be tuple of ints, not int. Use `({pad}, {pad})` for both ends of the last "
            f"dimension."
        )
    if mode == "constant":
        return with_constant(input, pad, 0.0 if value is None else value)
    amounts = _by_axis(input, size_argument("pad", (pad,)))
    if mode not in _MODES:
        raise NotImplementedError(
            f"Unrecognised padding mode {mode}: use 'constant', 'reflect', 'replicate' or 'circular'."
        )
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    count = len(size_argument("pad", (pad,))) // 2
    if not 1 <= count <= 3 or input.ndim not in (count + 1, count + 2):
        raise NotImplementedError(
            f"pad: mode '{mode}' pads the last 1, 2 or 3 dimensions of a tensor that has one or two more; got {count} "
            f"and shape {shape_text(input.shape)}. Use `unsqueeze` to add dimensions, and a number for each side."
        )
    _require_enough(input, amounts, mode)
    return _MODES[mode][count - 1](input, pad=amounts)


def _by_axis(x: Any, pad: tuple[int, ...]) -> rows.Pad:
    """Return what is put before and after, for every axis from the first."""
    if len(pad) % 2:
        raise ShapeError(f"pad: Padding length must be divisible by 2, got {len(pad)} numbers.")
    if len(pad) > 2 * x.ndim:
        raise ShapeError(
            f"pad: Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {x.ndim}"
        )
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    amounts = (*((0, 0),) * (x.ndim - len(pairs)), *reversed(pairs))
    for axis, (n, (before, after)) in enumerate(zip(x.shape, amounts, strict=True)):
        if n + min(before, 0) + min(after, 0) < 0:
            raise ShapeError(
                f"pad: The input size {n}, plus negative padding {before} and {after}, resulted in a negative output "
                f"size, which is invalid. Check dimension {axis} of your input."
            )
    return amounts


def _require_enough(x: Any, amounts: rows.Pad, mode: str) -> None:
    """Raise unless the elements suffice to fill the new places of every axis."""
    for axis, (n, (before, after)) in enumerate(zip(x.shape, amounts, strict=True)):
        most = max(before, after)
        if mode == "reflect" and most >= n and most > 0:
            raise ShapeError(
                f"pad: Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {axis} of input {shape_text(x.shape)}"
            )
        if mode == "circular" and most > n:
            raise ShapeError(
                f"pad: Padding value causes wrapping around more than once: ({before}, {after}) at dimension {axis} "
                f"of input {shape_text(x.shape)}"
            )
        if mode == "circular" and n + min(before, 0) + min(after, 0) <= 0 < most:
            raise ShapeError(
                f"pad: ({before}, {after}) at dimension {axis} cuts all of input {shape_text(x.shape)} off, and leaves "
                f"nothing to wrap around."
            )
        if n + before + after <= 0 and (before or after):
            raise ShapeError(
                f"pad: input {shape_text(x.shape)} with padding ({before}, {after}) at dimension {axis} leaves "
                f"nothing."
            )
        if not n and most > 0:
            raise ShapeError(
                f"pad: dimension {axis} of input {shape_text(x.shape)} has no elements to pad with."
            )
