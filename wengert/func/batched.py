"""Batching: `Batched` carries a mapped axis along, and `vmap` runs a function on one example at a time, all at once.

The mapped axis is always the first of the value. A row batches by lining its operands up, by shifting its parameters,
by a rule of its own, or one example after the other. Knows nothing of tangents or tracing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.autograd.above import above
from wengert.core.carrier import RAW, Level, Value, opened
from wengert.core.primitive import Primitive
from wengert.core.shapes import axis_of
from wengert.core.tree import flatten, leaf_paths
from wengert.errors import TraceError, shape_text
from wengert.func.dual import lowered, payload_of, unshared
from wengert.func.mapped import apply_mapped
from wengert.func.payload import Payload
from wengert.rules import structural as rows
from wengert.tape.record import numpy_dtype
from wengert.tape.storage import Recorded, handle


class Batched(Payload):
    """The payload of a tensor inside `vmap`: a value whose first axis is mapped."""

    __slots__ = ("value",)

    def __init__(self, level: Level, value: Value) -> None:
        self.level, self.value = level, value

    @property
    def below(self) -> Any:
        """The value."""
        return self.value

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return tuple(self.value.shape[1:])

    @property
    def element_type(self) -> np.dtype[Any]:
        """The dtype of the value."""
        return numpy_dtype(self.value)  # type: ignore[no-any-return]

    def concrete(self, op: str) -> np.ndarray[Any, Any]:
        """Refuse: there is one value per example."""
        raise TraceError(
            f"vmap: {op} asks for one value where every example has its own. Use `torch.where` for a choice that "
            f"depends on values, and return the tensor to look at it outside."
        )

    def __repr__(self) -> str:
        return f"Batched(size={self.value.shape[0]}, value={self.value!r})"


class VmapLevel(Level):
    """One run of `vmap` over a batch of ``size`` examples."""

    kind = "vmap"

    def __init__(self, size: int, randomness: str = "error") -> None:
        super().__init__()
        self.size = size
        self.randomness = randomness

    def random(self, draw: Callable[..., Value], shape: tuple[int, ...], *operands: Value) -> Value:
        """Draw once for all examples, or once for each; RuntimeError when vmap was not told which.

        Numbers that depend on what differs between examples are never the same for all: RuntimeError.
        """
        pairs = [self.split(x) for x in operands]
        values, mapped = [v for v, _ in pairs], [m for _, m in pairs]
        if self.randomness == "different":
            return self.join(draw((self.size, *shape), *self.all_mapped(values, mapped)))
        if self.randomness != "same":
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Pass randomness='same' or "
                "randomness='different' to vmap, or make the numbers outside."
            )
        if any(mapped):
            raise RuntimeError(
                "vmap: does not currently support same randomness with a batched tensor input. "
                "Pass randomness='different', or draw uniform numbers and compare with them."
            )
        return draw(shape, *values)

    def split(self, x: Value) -> tuple[Value, bool]:
        """Return an operand's value and whether its first axis is mapped here."""
        if x.__class__ not in RAW and x._edge is None:
            payload = x._payload
            if payload.__class__ is Batched and payload.level is self:
                return payload.value, True
        return x, False

    def join(self, out: Any) -> Any:
        """Return results with a mapped first axis as tensors of this level."""
        if isinstance(out, tuple):
            return tuple(handle(Batched(self, v)) for v in out)
        return handle(Batched(self, out))

    def interpret(
        self, row: Primitive, operands: Sequence[Value], params: dict[str, Any], level: Level
    ) -> Any:
        """Apply ``row`` to the whole batch."""
        if row.kind == "composite" and row.shift is None:
            assert row.definition is not None
            return row.definition(*operands, **params)
        pairs = [self.split(x) for x in operands]
        values = [v for v, _ in pairs]
        mapped = [m for _, m in pairs]
        if row.aligned:
            return self.join(row(*self.lined_up(values, mapped), **params))
        if row.batch is not None:
            return self.join(row.batch(self.size, mapped, params, *values))
        if row.shift is not None:
            return self.join(row(*self.all_mapped(values, mapped), **row.shift(params, self.size)))
        return self.join(self.one_by_one(row, values, mapped, params))

    def lined_up(self, values: Sequence[Value], mapped: Sequence[bool]) -> list[Value]:
        """Put axes of size 1 behind the mapped one, so that examples of lower rank broadcast as they do alone."""
        rank = max(len(v.shape) - m for v, m in zip(values, mapped, strict=True))
        return [
            rows.reshape(v, shape=(self.size, *(1,) * (rank - len(v.shape) + 1), *v.shape[1:]))
            if m and len(v.shape) - 1 < rank
            else v
            for v, m in zip(values, mapped, strict=True)
        ]

    def all_mapped(self, values: Sequence[Value], mapped: Sequence[bool]) -> list[Value]:
        """Give every operand a mapped first axis."""
        return [
            v if m else rows.broadcast_to(v, shape=(self.size, *v.shape))
            for v, m in zip(values, mapped, strict=True)
        ]

    def one_by_one(
        self,
        row: Primitive,
        values: Sequence[Value],
        mapped: Sequence[bool],
        params: dict[str, Any],
    ) -> Any:
        """Apply a row without batching rule to each example, and stack."""
        outs = [
            row(*[v[i] if m else v for v, m in zip(values, mapped, strict=True)], **params)
            for i in range(self.size)
        ]
        if isinstance(outs[0], tuple):
            return tuple(rows.stack(*column, dim=0) for column in zip(*outs, strict=True))
        return rows.stack(*outs, dim=0)

    def apply_function(self, cls: Any, args: tuple[Any, ...]) -> Any:
        """Apply a custom Function to the whole batch."""
        return apply_mapped(self, cls, args, _front)


def _front(x: Any, dim: int) -> Any:
    """Return the value of a tensor with axis ``dim`` moved to the front."""
    value = payload_of(x)
    axis = axis_of("vmap", dim, len(value.shape))
    if axis == 0:
        return value
    rest = [a for a in range(len(value.shape)) if a != axis]
    return rows.permute(value, axes=(axis, *rest))


def _to_place(value: Any, dim: int) -> Any:
    """Move the first axis to ``dim``."""
    rank = len(value.shape)
    axis = axis_of("vmap", dim, rank)
    order = list(range(1, rank))
    order.insert(axis, 0)
    return value if axis == 0 else rows.permute(value, axes=tuple(order))


def _structure(tree: Any) -> str:
    """Describe a value's outermost level, as ``tuple of 2``."""
    several = isinstance(tree, list | tuple | dict)
    return f"{type(tree).__name__} of {len(tree)}" if several else type(tree).__name__


def _spread(dims: Any, tree: Any, what: str) -> list[Any]:
    """Return one dim per leaf of ``tree``, from a number for all or a tree of the same shape."""
    leaves, _ = flatten(tree)
    if dims is None or isinstance(dims, int):
        return [dims] * len(leaves)
    if isinstance(tree, list | tuple | dict):
        parts = list(tree.values()) if isinstance(tree, dict) else list(tree)
        given = list(dims.values()) if isinstance(dims, dict) else list(dims)
        if len(parts) == len(given):
            return [
                d for part, dim in zip(parts, given, strict=True) for d in _spread(dim, part, what)
            ]
    raise ValueError(
        f"vmap: {what} {dims!r} is not compatible with the structure of the {what[:-5]}puts, {_structure(tree)}: one "
        f"dim for all, or one for each of them."
    )


def vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """Return a function that maps ``func`` over an axis of its arguments.

    ``in_dims`` says which axis of each argument is mapped (None: the whole argument goes to every example, and so do
    keyword arguments), ``out_dims`` where the mapped axis goes in the outputs. Nests with itself and every other
    transform. ``chunk_size`` bounds how many examples are computed at a time.

    Raises ValueError for sizes that differ, structures that do not fit, and outputs that are no tensors.

    >>> import wengert as torch
    >>> torch.func.vmap(torch.dot)(torch.ones(2, 3), torch.ones(2, 3))
    tensor([3., 3.])
    """

    if randomness not in ("error", "same", "different"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        leaves, rebuild = flatten(args)
        dims = _spread(in_dims, args, "in_dims")
        sizes = _sizes(leaves, dims)
        if len(sizes) != 1:
            raise ValueError(
                _unequal(args, leaves, dims)
                if sizes
                else "vmap: at least one argument must be a tensor with a mapped dimension (in_dims is None for all)."
            )
        (size,) = sizes
        if chunk_size is not None and chunk_size < size:
            return _in_chunks(once, args, kwargs, dims, out_dims, size, chunk_size)
        return once(size, leaves, rebuild, dims, kwargs)

    def once(
        size: int, leaves: list[Any], rebuild: Any, dims: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        level = VmapLevel(size, randomness)
        with opened(level):
            inner = [
                handle(Batched(level, _front(x, d)))
                if isinstance(x, Recorded) and d is not None
                else x
                for x, d in zip(leaves, dims, strict=True)
            ]
            result = func(*rebuild(iter(inner)), **kwargs)
            outs, rebuild_outs = flatten(result)
            places = _spread(out_dims, result, "out_dims")
            return rebuild_outs(
                iter([_unmapped(level, x, d, leaves) for x, d in zip(outs, places, strict=True)])
            )

    return mapped


def _sizes(leaves: list[Any], dims: list[Any]) -> set[int]:
    found = set()
    for x, d in zip(leaves, dims, strict=True):
        if d is None:
            continue
        if not isinstance(x, Recorded):
            raise ValueError(
                f"vmap: Got in_dim={d} for an input but the input is of type {type(x).__name__}. We cannot vmap over "
                f"non-Tensor arguments, please use None as the respective in_dim"
            )
        shape = tuple(x.shape)  # type: ignore[attr-defined]
        if not -len(shape) <= d < len(shape):
            raise ValueError(
                f"vmap: Got in_dim={d} for some input, but that input is a Tensor of dimensionality {len(shape)} so "
                f"expected in_dim to satisfy -{len(shape)} <= in_dim < {len(shape)}."
            )
        found.add(shape[d])
    return found


MOST_LISTED = 12
"""How many arguments an error lists."""


def _unequal(args: tuple[Any, ...], leaves: list[Any], dims: list[Any]) -> str:
    """Say how long each argument is along its mapped dimension."""
    paths = [path for i, arg in enumerate(args) for path in leaf_paths(arg, f"argument {i}")]
    mapped = [(p, x, d) for p, x, d in zip(paths, leaves, dims, strict=True) if d is not None]
    listed = [
        f"{x.shape[d]} for {path} (shape {shape_text(x.shape)}, in_dim {d})"
        for path, x, d in mapped[:MOST_LISTED]
    ]
    rest = ", ..." if len(mapped) > MOST_LISTED else ""
    return (
        f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
        f"[{', '.join(str(x.shape[d]) for _, x, d in mapped[:MOST_LISTED])}{rest}] for the mapped dimension: "
        f"{', '.join(listed)}{rest}. An argument that every example takes as a whole has the in_dim None."
    )


def _unmapped(level: VmapLevel, x: Any, dim: Any, given: Sequence[Any]) -> Any:
    if not isinstance(x, Recorded):
        raise ValueError(
            f"vmap: the function must only return Tensors, got type {type(x).__name__}. Return it outside of vmap, or "
            f"make a tensor of it."
        )
    value, is_mapped = level.split(lowered(x, level))
    if dim is None:
        if is_mapped:
            raise ValueError("vmap: out_dims is None for an output that differs between examples.")
        return value
    if not is_mapped:
        given = (*given, value)
        value = rows.broadcast_to(value, shape=(level.size, *value.shape))
    return unshared(_to_place(value, dim), given)


def _in_chunks(
    once: Callable[..., Any],
    args: Any,
    kwargs: Any,
    dims: list[Any],
    out_dims: Any,
    size: int,
    chunk: int,
) -> Any:
    """Map over slices of the batch one after the other, and join the results."""
    leaves, rebuild = flatten(args)
    parts = []
    for start in range(0, size, chunk):
        stop = min(size, start + chunk)

        def cut(x: Any, d: Any, start: int = start, stop: int = stop) -> Any:
            if d is None or not isinstance(x, Recorded):
                return x
            axis = axis_of("vmap", d, x.ndim)  # type: ignore[attr-defined]
            return x[(*(slice(None),) * axis, slice(start, stop))]  # type: ignore[index]

        some = [cut(x, d) for x, d in zip(leaves, dims, strict=True)]
        parts.append(once(stop - start, some, rebuild, dims, kwargs))
    flat = [flatten(part)[0] for part in parts]
    _, rebuild_outs = flatten(parts[0])
    places = _spread(out_dims, parts[0], "out_dims")
    joined = [
        column[0] if d is None else rows.cat(*column, dim=axis_of("vmap", d, column[0].ndim))
        for column, d in zip(zip(*flat, strict=True), places, strict=True)
    ]
    return rebuild_outs(iter(joined))


above.vmap = vmap
