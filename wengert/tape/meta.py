"""The device ``meta``: tensors that have a shape, a dtype and strides, and no elements.

A payload of this carrier describes an array. A row whose results' sizes are computed from the operands' says in its
outline what they are. Others are run on few elements: element by element operations on two along each dimension, others
(reductions, products, rearrangements) on short dimensions that stand for the long ones, whose places in the result tell
its shape. Where that does not tell, the row is run on as many elements as there would be, up to a limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NoReturn

import numpy as np
from numpy.lib.stride_tricks import as_strided

from wengert.core import dtypes
from wengert.core.carrier import EVERYWHERE, RAW, ROOT, Array, Level, Value
from wengert.core.primitive import Primitive
from wengert.core.shapes import Shape, broadcast_shape, broadcastable, inferred
from wengert.core.silence import silent
from wengert.core.strides import memory_order, regrouped
from wengert.errors import DeviceError, MetaError, ShapeError, cannot_broadcast, shape_text
from wengert.rules import complex_parts, memory, structural
from wengert.tape.storage import Recorded, handle, ndarray

FEW: Final = 1 << 12
"""Operands with so many elements in all are stood for as they are, without shortened dimensions."""

MOST: Final = 1 << 24
"""So many elements of operands and results, in all, are computed in order to find what they are."""

SHORT: Final = 12
"""Dimensions up to this size are never shortened: a row may give them a meaning, as to the 3 of a cross product."""


class _Elsewhere:
    """What the hot paths find in place of a dtype: one that is no other's, and of no kind, so that they step aside."""

    __slots__ = ()

    kind = ""


class MetaLevel(Level):
    """Where operations on descriptions are done: above plain arrays, below every tape and transform."""

    kind = "meta device"

    def interpret(
        self, row: Primitive, operands: Sequence[Value], params: dict[str, Any], level: Level
    ) -> Any:
        """Return tensors without elements, of the shapes and dtypes that ``row`` gives.

        RuntimeError for an operand on the CPU that is neither a number nor an index.
        """
        if row.kind == "composite" and not row.rules:
            assert row.definition is not None
            return row.definition(*operands, **params)
        described = [_description(row, x, operands) for x in operands]
        found = silent().run(_outlined, row, described, params)
        if isinstance(found, tuple):
            return tuple(map(handle, found))
        return handle(found)


META: Final = MetaLevel(ROOT.number)


class Meta:
    """What stands in a tensor on the device ``meta`` where others have an array: a description of one.

    ``strides`` and ``offset``, where it begins in the memory that it shares with its views, are in bytes, as NumPy's.
    """

    __slots__ = ("element_type", "offset", "shape", "strides")

    level = META

    def __init__(
        self, shape: Shape, dtype: np.dtype[Any], strides: Shape | None = None, offset: int = 0
    ) -> None:
        if math.prod(shape) * dtype.itemsize >= 2**63:
            raise ShapeError(
                f"Storage size calculation overflowed with sizes={shape_text(shape)}: memory has addresses of 63 bits, "
                f"on the device meta as well."
            )
        self.shape, self.element_type, self.offset = shape, dtype, offset
        self.strides = in_order(shape, range(len(shape)), dtype) if strides is None else strides

    @classmethod
    def of(cls, array: Array) -> Meta:
        """Return the description of an array, in memory of its own."""
        return cls(array.shape, array.dtype, array.strides)

    @property
    def dtype(self) -> Any:
        """What tells hot paths, which ask for the dtype first, that this is no array."""
        return _Elsewhere()

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def __getitem__(self, key: Any) -> NoReturn:
        raise IndexError("a description has no elements")

    def concrete(self, op: str) -> NoReturn:
        """Raise NotImplementedError: there is no value."""
        raise no_data(op)

    def phantom(self) -> Array:
        """Return an array of this shape, dtype and strides, of which no element may be read: it has memory for one."""
        return as_strided(np.empty(1, self.element_type), self.shape, self.strides)

    def regrouped(self, shape: Shape) -> Shape | None:
        """Return the strides of a view in another shape, None where the elements would have to be copied."""
        return regrouped(self.shape, self.strides, shape, self.element_type.itemsize)


def is_meta(x: Any) -> bool:
    """Say whether a tensor is on the device meta, whatever is recorded of it and whatever carries it."""
    payload = x._payload
    while payload.__class__ not in RAW and payload.__class__ is not Meta:
        payload = payload._payload if isinstance(payload, Recorded) else payload.below
    return payload.__class__ is Meta


def beside(
    x: Any, make: Callable[..., Any], shape: Shape, dtype: np.dtype[Any]
) -> Any:  # fmt: skip
    """Return ``make(shape, dtype)``, an array, as a tensor where ``x`` is: on the device meta nothing is made."""
    return handle(Meta(shape, dtype) if is_meta(x) else make(shape, dtype))


def no_data(op: str) -> MetaError:
    """Word the error for reading elements that are not there."""
    return MetaError(
        f"{op.rstrip(',')}: Cannot copy out of meta tensor; no data! A tensor on the device meta has a shape and a "
        f"dtype and no elements. Make one with elements, as with `torch.empty_like(x, device='cpu')`; for a module, "
        f"use `module.to_empty(device='cpu')` and then load or initialise its parameters."
    )


def nowhere(op: str) -> DeviceError:
    """Word the error for writing what was computed on the CPU into a tensor on the device meta."""
    return DeviceError(
        f"{op}: Expected all tensors to be on the same device, but found at least two devices, meta and cpu! What is "
        f"written to is on the device meta, and the value on the CPU. Use `x.copy_(value)`, which leaves the elements "
        f"behind, or make the value with `device='meta'`."
    )


def misplaced(what: str, leaf: Any, there: bool) -> DeviceError:
    """Word the error for a gradient on the device meta (``there``), or not, of a leaf that is not, or is."""
    return DeviceError(
        f"{what} - expected device {leaf.device} but got {'meta' if there else 'cpu'}. A gradient is where that is of "
        f"which it is the gradient: make it with `torch.zeros_like(x)` or its like, or move it with `.to(x.device)`."
    )


def _description(row: Primitive, x: Value, operands: Sequence[Value]) -> Any:
    """Return what is known of an operand: of one on the CPU, a number, an index or a function's own, the array."""
    raw = x.__class__ in RAW
    array = np.asarray(x) if raw else x._payload
    if array.__class__ is Meta:
        return array
    if row in (memory.copy, memory.to_copy) or (not raw and x._owner is EVERYWHERE):
        return array
    names = row.operands or ()
    if not array.ndim and names:
        return array
    # A number is expanded to be written to several places; so is True where a walk begins to trace what was selected.
    if ("indices" in names or (raw and array.dtype == bool)) and _one_number(array):
        return array
    if not (dtypes.kind(array.dtype) in "biu" and _indexes(row, x, operands)):
        meta = next(y for y in operands if y.__class__ not in RAW and y._payload.__class__ is Meta)
        raise DeviceError(
            f"{row.spoken}: Expected all tensors to be on the same device, but found at least two devices, meta and "
            f"cpu! One operand is on the device meta, of shape {shape_text(meta.shape)}, and one of shape "
            f"{shape_text(array.shape)} and dtype {dtypes.public(array.dtype)} is on the CPU. Use `y.to('meta')` for "
            f"that one, or give the other elements with `torch.empty_like(x, device='cpu')`."
        )
    return array


def _one_number(array: Array) -> bool:
    """Say whether an array is a number, or one that was expanded."""
    return not any(array.strides)


INDICES: Final = frozenset({"indices", "lengths", "sizes"})
"""Operands that are no data: positions in another one, and how much of it counts. They may be on the CPU."""


def _indexes(row: Primitive, x: Value, operands: Sequence[Value]) -> bool:
    """Say whether an operand is one of `INDICES`."""
    names = zip(row.operands or (), operands, strict=False)
    return any(name in INDICES and y is x for name, y in names)


def _outlined(row: Primitive, operands: list[Any], params: dict[str, Any]) -> Any:
    """Return the descriptions of what a row makes of such operands."""
    if row.view and operands[0].__class__ is Meta:
        return _viewed(row, operands[0], params)
    if row.aligned:
        return _elementwise(row, operands, params)
    if row.outline is not row.forward:
        phantoms = [x if x.__class__ is ndarray else x.phantom() for x in operands]
        return _described(_run(row, phantoms, params))
    if (row.variant_of or row) is memory.copy_slices:
        return Meta(operands[0].shape, _dtype(operands[0]))
    if max(math.prod(max(x.size, 1) for x in operands), _largest(params)) > FEW:
        for lengths, base in _shortenings(operands, params):
            found = _shortened(row, operands, params, lengths, base)
            if found is not None:
                return found
    return _computed(row, operands, params)


def _computed(row: Primitive, operands: list[Any], params: dict[str, Any]) -> Any:
    """Return the descriptions of results that are computed, on operands as large as they are said to be."""
    count = sum(x.size for x in operands)
    try:
        if count > MOST or _largest(params) > MOST:
            raise MemoryError(f"no more than {MOST} elements are computed with for that")
        outs = _described(_run(row, [_stand_in(x, x.shape) for x in operands], params))
    except MemoryError as error:
        raise MetaError(
            f"{row.spoken}: what it makes of tensors of shapes {', '.join(shape_text(x.shape) for x in operands)} on "
            f"the device meta can only be found by computing it, and they are too large: {error}. Use smaller ones."
        ) from None
    return outs


def _largest(params: dict[str, Any]) -> int:
    """Return how many elements the largest shape among a row's parameters has."""
    shapes = (v for v in params.values() if isinstance(v, tuple) and v)
    return max((math.prod(v) for v in shapes if all(n.__class__ is int for n in v)), default=0)


def _dtype(x: Any) -> np.dtype[Any]:
    return x.dtype if x.__class__ is ndarray else x.element_type  # type: ignore[no-any-return]


# Views


def _viewed(row: Primitive, x: Meta, params: dict[str, Any]) -> Any:
    """Return the descriptions of views of what ``x`` describes; of a copy, where one has to be made."""
    if row is memory.as_strided:
        for step, given in params["chain"]:
            x = _viewed(step, x, given)
        return x
    if row is structural.reshape:
        shape = inferred(row.spoken, params["shape"], x.size)
        strides = x.regrouped(shape)
        return Meta(shape, x.element_type, strides, 0 if strides is None else x.offset)
    if row in (structural.view_dtype, complex_parts.view_as_complex):
        if x.shape and x.strides[-1] != x.element_type.itemsize:
            x = Meta(x.shape, x.element_type)
    phantom = x.phantom()
    start = _address(phantom)

    def described(view: Array) -> Meta:
        return Meta(view.shape, view.dtype, view.strides, x.offset + _address(view) - start)

    views = row.forward(phantom, **params)
    return tuple(map(described, views)) if isinstance(views, tuple) else described(views)


def _address(array: Array) -> int:
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


# Operations element by element


def _elementwise(row: Primitive, operands: list[Any], params: dict[str, Any]) -> Any:
    """Return the descriptions of what a row makes of each element on its own: it is asked for two along each axis."""
    shapes = [x.shape for x in operands]
    if not broadcastable(shapes):
        raise cannot_broadcast(row.spoken, shapes)
    shape = broadcast_shape(shapes)
    outs = _run(row, [_stand_in(x, tuple(min(n, 2) for n in x.shape)) for x in operands], params)

    def described(out: Array) -> Meta:
        return _laid_out(shape, out)

    return tuple(map(described, outs)) if isinstance(outs, tuple) else described(outs)


# Other operations


def _counts(params: Any) -> Iterator[int]:
    """Yield the integers among a row's parameters: how many elements it is to take, say, or from where on."""
    if isinstance(params, dict | list | tuple):
        for value in params.values() if isinstance(params, dict) else params:
            yield from _counts(value)
    elif isinstance(params, slice):
        yield from _counts((params.start, params.stop, params.step))
    elif isinstance(params, int):
        yield abs(params)


def _shortenings(operands: list[Any], params: dict[str, Any]) -> Iterator[tuple[list[int], int]]:
    """Yield sets of long dimensions to shorten, the most first, each with what all short sizes and counts are up to.

    A row may compute with some of the long ones. Those that are left are shorter than the others, so that the smaller
    of two sizes stays the smaller.
    """
    sizes = {n for x in operands for n in x.shape} | {*params.get("shape", ())}
    least = max([SHORT, *(n for n in _counts(params) if n not in sizes)])
    long = sorted(n for n in sizes if n > least)
    for start in range(min(len(long), 4)):
        yield long[start:], max([least, *(n for n in sizes if n < long[start])])


def _shortened(
    row: Primitive, operands: list[Any], params: dict[str, Any], long: list[int], base: int
) -> Any:  # fmt: skip
    """Return the descriptions of a row's results, found with short dimensions in place of the ``long`` ones.

    None where that does not tell. The short ones are larger than all other sizes and than what the row counts, ``base``
    at most, which would be cut off otherwise, and are further apart than it counts, so that no quotient or remainder of
    two of them is the same. It is done twice, with other short ones, in the order of the long ones: a size of the
    result must stand for the same long one both times, or be one that was not shortened, or a number that was given.
    """
    counts = {n for n in _counts(params) if n not in long}
    gap = 2 + max(counts, default=0)
    first = {n: base + 1 + i * gap for i, n in enumerate(long)}
    second = {n: base + 1 + gap * (len(long) + 2 * i) for i, n in enumerate(long)}
    given = {n for x in operands for n in x.shape if n not in long} | counts
    shapes = [_renamed(x.shape, second) for x in operands]
    if sum(map(math.prod, shapes)) > MOST or _largest(_renamed(params, second)) > MOST:
        return None
    try:
        one, two = (
            _run(
                row,
                [_stand_in(x, _renamed(x.shape, names)) for x in operands],
                _renamed(params, names),
            )
            for names in (first, second)
        )
    except Exception:  # of whatever sort a row raises for sizes that do not fit
        return None
    several = isinstance(one, tuple)
    pairs = zip(one, two, strict=True) if several else ((one, two),)
    back = {(first[n], second[n]): n for n in first}
    found = [_matched(a, b, back, given) for a, b in pairs]
    if any(meta is None for meta in found):
        return None
    return tuple(found) if several else found[0]


def _renamed(value: Any, names: dict[int, int]) -> Any:
    """Return a shape, or a row's parameters, with short sizes in place of the long ones."""
    kind = value.__class__
    if kind is int:
        return names.get(value, value)
    if kind is dict:
        return {name: _renamed(part, names) for name, part in value.items()}
    if kind is slice:
        return slice(*(_renamed(part, names) for part in (value.start, value.stop, value.step)))
    return kind(_renamed(part, names) for part in value) if kind in (tuple, list) else value


def _matched(
    a: Array, b: Array, back: dict[tuple[int, int], int], given: set[int]
) -> Meta | None:  # fmt: skip
    """Return what two results for short dimensions say about that for the long ones, or None."""
    if a.ndim != b.ndim:
        return None
    shape = []
    for pair in zip(a.shape, b.shape, strict=True):
        n = back.get(pair, pair[0] if pair[0] == pair[1] and pair[0] in given else None)
        if n is None:
            return None
        shape.append(n)
    return _laid_out(tuple(shape), a)


def _run(row: Primitive, stand_ins: list[Array], params: dict[str, Any]) -> Any:
    """Return what a row makes of arrays: one, or a tuple of them."""
    out = row.outline(*stand_ins, **params)
    return tuple(map(np.asarray, out)) if isinstance(out, tuple) else np.asarray(out)


def _stand_in(x: Any, shape: Shape) -> Array:
    """Return an array of ones (zeros, for indices) in place of an operand, its elements in the same order in memory.

    Of an array it is the array itself, where the shape is not another one. What is large has memory for one element.
    """
    if x.__class__ is ndarray:
        if x.shape == shape:
            return x
        x = Meta.of(x)
    dtype = x.element_type
    one = np.full((), 0 if dtype.kind in "biu" else 1, dtype)
    if math.prod(shape) > FEW:
        return np.broadcast_to(one, shape)
    order = memory_order(x.phantom())
    made: Array = np.full([shape[axis] for axis in order], one)
    return made.transpose(np.argsort(order)) if order else made


def _described(outs: Any) -> Any:
    if isinstance(outs, tuple):
        return tuple(_laid_out(out.shape, out) for out in outs)
    return _laid_out(outs.shape, outs)


def _laid_out(shape: Shape, like: Array) -> Meta:
    """Return the description of a new array of a shape, its elements in the order in memory of those of ``like``."""
    if len(shape) != like.ndim or 0 in like.strides:
        return Meta(shape, like.dtype)
    return Meta(shape, like.dtype, in_order(shape, memory_order(like), like.dtype))


def in_order(shape: Shape, order: Sequence[int], dtype: np.dtype[Any]) -> Shape:
    """Return the strides of an array without gaps whose axes lie in memory in that order, the slowest first."""
    strides, step = [0] * len(shape), dtype.itemsize
    for axis in reversed(order):
        strides[axis] = step
        step *= max(shape[axis], 1)
    return tuple(strides)


__all__ = [
    "META",
    "Meta",
    "MetaLevel",
    "beside",
    "in_order",
    "is_meta",
    "misplaced",
    "no_data",
    "nowhere",
]
