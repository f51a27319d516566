"""Tensors of a given shape: zeros, ones, one number everywhere, the identity, or whatever memory holds.

Every function takes ``dtype``, ``device`` and ``requires_grad``, and PyTorch's ``layout``, ``pin_memory`` and
``memory_format``, which change nothing here. An ``out`` gives its dtype where none is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import Shape, positive_size, size_argument
from wengert.core.strides import memory_order, room_like
from wengert.errors import DTypeError, ShapeError
from wengert.tape.meta import Meta, in_order
from wengert.tensor.creation import finish, place_like, room
from wengert.tensor.device import META, placed, preserves
from wengert.tensor.device import device as Device
from wengert.tensor.layout import layout as laid_out
from wengert.tensor.numbers import number_of, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, filling, require_tensor

__all__ = [
    "empty", "empty_like", "empty_permuted", "empty_strided", "eye", "full", "full_like", "ones", "ones_like", "zeros",
    "zeros_like",
]  # fmt: skip


def _dtype(op: str, dtype: Any, out: Any) -> np.dtype[Any]:
    """Return the dtype asked for, else that of ``out``, else the default; RuntimeError where the two differ."""
    return chosen_dtype(op, dtype, out, dtypes.default_float())


def chosen_dtype(op: str, dtype: Any, out: Any, default: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype asked for, else that of ``out``, else ``default``; RuntimeError where the two differ."""
    if out is None:
        return default if dtype is None else dtypes.to_numpy(dtype)
    require_tensor(op, out, "out")
    if dtype is not None and dtypes.to_numpy(dtype) != dtype_of(out):
        raise DTypeError(
            f"{op}(): dtype {dtype} does not match dtype of out parameter ({out.dtype})"
        )
    return dtype_of(out)


def _shape(op: str, shape: tuple[Any, ...], size: Any) -> Shape:
    """Return the shape that was asked for by position or as ``size=``."""
    if size is None and not shape:
        raise TypeError(
            f"{op}() missing 1 required positional argument: 'size', as in `{op}(2, 3)`."
        )
    return positive_size(op, shape if size is None else (size,))


def zeros(
    *shape: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return zeros of a shape, given as ints or one tuple.

    >>> import wengert as torch
    >>> torch.zeros(2)
    tensor([0., 0.])
    """
    made = room(
        placed(device, layout), np.zeros, _shape("zeros", shape, size), _dtype("zeros", dtype, out)
    )
    made = finish(made, requires_grad)
    return made if out is None else deliver(made, out, silent=True)


def ones(
    *shape: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return ones of a shape, given as ints or one tuple."""
    made = room(
        placed(device, layout), np.ones, _shape("ones", shape, size), _dtype("ones", dtype, out)
    )
    made = finish(made, requires_grad)
    return made if out is None else deliver(made, out, silent=True)


def empty(
    *shape: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """Return a tensor of a shape with arbitrary elements."""
    made = room(
        placed(device, layout, memory_format),
        np.empty,
        _shape("empty", shape, size),
        _dtype("empty", dtype, out),
    )
    made = finish(made, requires_grad)
    return made if out is None else deliver(made, out, silent=True)


def empty_strided(
    size: Sequence[int], stride: Sequence[int], *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return a tensor with arbitrary elements, neighbours along each dimension ``stride`` elements apart in memory."""
    place = placed(device, layout)
    shape, steps = (
        positive_size("empty_strided", (size,)),
        size_argument("empty_strided", (stride,)),
    )
    if len(shape) != len(steps):
        raise ShapeError(
            f"empty_strided: dimensionality of sizes ({len(shape)}) must match dimensionality of strides ({len(steps)})"
        )
    if any(n < 0 for n in steps):
        raise ShapeError(f"empty_strided: strides must be non-negative, got {list(steps)}")
    target = _dtype("empty_strided", dtype, None)
    strides = tuple(step * target.itemsize for step in steps)
    if place is META:
        return finish(Meta(shape, target, strides), requires_grad)
    reach = 1 + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    memory = np.empty(0 if 0 in shape else reach, target)
    return finish(np.lib.stride_tricks.as_strided(memory, shape, strides), requires_grad)


def empty_permuted(
    size: Sequence[int], physical_layout: Sequence[int], *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Return a tensor with arbitrary elements whose dimensions lie in memory in the order ``physical_layout``."""
    place = placed(device, layout)
    shape = positive_size("empty_permuted", (size,))
    order = size_argument("empty_permuted", (physical_layout,))
    if sorted(order) != list(range(len(shape))):
        raise ShapeError(
            f"empty_permuted: physical_layout {list(order)} must name every dimension of size {list(shape)} once"
        )
    target = _dtype("empty_permuted", dtype, None)
    if place is META:
        return finish(Meta(shape, target, in_order(shape, order, target)), requires_grad)
    memory = np.empty([shape[d] for d in order], target)
    return finish(memory.transpose(np.argsort(order)), requires_grad)


def full(
    size: Sequence[int], fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return a tensor of a shape filled with one number, whose kind gives the dtype.

    >>> import wengert as torch
    >>> torch.full((2,), 7)
    tensor([7, 7])
    """
    place = placed(device, layout)
    shape = _size_tuple("full", size)
    number = number_of("full", "fill_value", fill_value)
    target = chosen_dtype("full", dtype, out, _own(number))
    made = finish(_filled(place, shape, number, target, "full"), requires_grad)
    return made if out is None else deliver(made, out, silent=True)


def _size_tuple(op: str, size: Any) -> Shape:
    if not isinstance(size, list | tuple):
        raise TypeError(
            f"{op}(): argument 'size' must be tuple of ints, not {type(size).__name__}."
        )
    return positive_size(op, (size,))


def _own(number: Any) -> np.dtype[Any]:
    return dtypes.of_number(number)


def _filled(place: Device, shape: Shape, number: Any, dtype: np.dtype[Any], op: str) -> Any:
    one = filling(number, dtype, op)._payload
    return room(place, lambda shape, dtype: np.full(shape, one), shape, dtype)


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return the identity matrix, or an ``n x m`` matrix with ones on its diagonal.

    >>> import wengert as torch
    >>> torch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    place = placed(device, layout)
    n = whole_of("eye", "n", n)
    m = n if m is None else whole_of("eye", "m", m)
    for name, count in (("n", n), ("m", m)):
        if count < 0:
            raise ShapeError(f"eye: {name} must be greater or equal to 0, got {count}")
    made = room(
        place,
        lambda shape, dtype: np.eye(*shape, dtype=dtype),
        (n, m),
        _dtype("eye", dtype, out),
    )
    made = finish(made, requires_grad)
    return made if out is None else deliver(made, out, silent=True)


def _like(op: str, input: Any, dtype: Any) -> tuple[Shape, np.dtype[Any]]:
    require_tensor(op, input)
    return tuple(input.shape), dtype_of(input) if dtype is None else dtypes.to_numpy(dtype)


def _room(
    op: str, input: Any, dtype: Any, memory_format: Any, device: Any, layout: Any, number: Any = None
) -> Any:  # fmt: skip
    """Return memory for a tensor like another, on its device unless another is asked for, filled with a number.

    The elements lie as that one's do unless they are to lie by rows.
    """
    shape, target = _like(op, input, dtype)
    place = placed(place_like(input) if device is None else device, layout)
    if place is META:
        order = memory_order(laid_out(input)) if preserves(memory_format) else range(len(shape))
        return Meta(shape, target, in_order(shape, order, target))
    made = room_like(laid_out(input), target) if preserves(memory_format) else np.empty(shape, target)  # fmt: skip
    if number is not None:
        made.fill(number)
    return made


def zeros_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """Return zeros of another tensor's shape and dtype."""
    made = _room("zeros_like", input, dtype, memory_format, device, layout, 0)
    return finish(made, requires_grad)


def ones_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """Return ones of another tensor's shape and dtype."""
    made = _room("ones_like", input, dtype, memory_format, device, layout, 1)
    return finish(made, requires_grad)


def empty_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """Return a tensor of another's shape and dtype with arbitrary elements."""
    made = _room("empty_like", input, dtype, memory_format, device, layout)
    return finish(made, requires_grad)


def full_like(
    input: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """Return a tensor of another's shape and dtype filled with one number."""
    target = _like("full_like", input, dtype)[1]
    number = number_of("full_like", "fill_value", fill_value)
    one = filling(number, target, "full_like")._payload
    made = _room("full_like", input, dtype, memory_format, device, layout, one)
    return finish(made, requires_grad)


def new_full(
    input: Any, size: Sequence[int], fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return a tensor of a shape with one number everywhere, of ``input``'s dtype."""
    shape = _size_tuple("new_full", size)
    target = _like("new_full", input, dtype)[1]
    place = placed(place_like(input) if device is None else device, layout)
    number = number_of("new_full", "fill_value", fill_value)
    return finish(_filled(place, shape, number, target, "new_full"), requires_grad)
