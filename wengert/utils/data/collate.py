"""How samples become a batch: tensors are stacked, numbers become tensors, containers are gone into."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.dtypes import float64
from wengert.errors import ShapeError
from wengert.tensor.creation import as_tensor, tensor
from wengert.tensor.joining import TO_JOIN_SIZES, stack
from wengert.tensor.tensor import Tensor

Collate = Callable[..., Any]
CollateMap = dict[Any, Collate]
NOT_NUMBERS = "SaUO"
"""The kinds of NumPy arrays that are no numbers: bytes, text, objects."""


def default_convert(data: Any) -> Any:
    """Turn every NumPy array in a nest into a tensor that shares its memory, and leave all else as it is.

    Arrays of text stay arrays; tuples become lists, named tuples stay.

    >>> import numpy as np
    >>> default_convert({"x": np.array([1.0, 2.0]), "name": "a", "n": 3})
    {'x': tensor([1., 2.], dtype=torch.float64), 'name': 'a', 'n': 3}
    """
    if isinstance(data, Tensor):
        return data
    if type(data).__module__ == "numpy" and not isinstance(data, np.str_ | np.bytes_):
        if isinstance(data, np.ndarray) and dtypes.kind(data.dtype) in NOT_NUMBERS:
            return data
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _mapping_like(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _sequence_like(data, [default_convert(item) for item in data])
    return data


def _mapping_like(model: Any, items: dict[Any, Any]) -> Any:
    """Return a mapping of the model's kind; a dict where that kind cannot be made so."""
    try:
        if isinstance(model, MutableMapping):
            made = copy.copy(model)
            made.update(items)
            return made
        return type(model)(items)
    except TypeError:
        return items


def _sequence_like(model: Any, items: list[Any]) -> Any:
    """Return a sequence of the model's kind; a list for a tuple, and where that kind cannot be made so."""
    if isinstance(model, tuple):
        return type(model)(*items) if hasattr(model, "_fields") else items
    try:
        if isinstance(model, MutableSequence):
            made = copy.copy(model)
            for i, item in enumerate(items):
                made[i] = item
            return made
        return type(model)(items)
    except TypeError:
        return items


def collate(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Join samples of one structure by the functions that the map gives for the types of their leaves.

    A function of the map is called as ``fn(leaves, collate_fn_map=map)``. A type stands also for its subclasses; the
    first that fits, counts. Raises RuntimeError for sequences of several lengths, TypeError for leaves of other types.
    """
    first = batch[0]
    joined = _function_for(first, collate_fn_map or {})
    if joined is not None:
        return joined(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        items = {
            key: collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map)
            for key in first
        }
        return _mapping_like(first, items)
    if isinstance(first, Sequence):
        lengths = {len(sample) for sample in batch}
        if len(lengths) > 1 and not hasattr(first, "_fields"):
            raise RuntimeError(
                f"default_collate: each element in list of batch should be of equal size, but got the lengths "
                f"{sorted(lengths)}. Pad them in the dataset, or give the DataLoader a `collate_fn` that does, with "
                f"`nn.utils.rnn.pad_sequence` for instance."
            )
        columns = zip(*batch, strict=False)
        return _sequence_like(
            first, [collate(column, collate_fn_map=collate_fn_map) for column in columns]
        )
    raise _cannot_join(type(first))


def _function_for(first: Any, functions: CollateMap) -> Collate | None:
    exact = functions.get(type(first))
    if exact is not None:
        return exact
    return next((fn for kind, fn in functions.items() if isinstance(first, kind)), None)


def _cannot_join(found: Any) -> TypeError:
    return TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {found}. Give the "
        f"DataLoader a `collate_fn` that joins them."
    )


def _join_tensors(batch: Iterable[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    try:
        return stack(tuple(batch), 0)
    except ShapeError as error:
        what = str(error).removesuffix(TO_JOIN_SIZES)
        raise ShapeError(
            f"default_collate: {what} Bring the samples to one size in the dataset, or give the DataLoader a "
            f"`collate_fn` that joins them, with `nn.utils.rnn.pad_sequence` for instance."
        ) from None


def _join_arrays(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    if dtypes.kind(batch[0].dtype) in NOT_NUMBERS:
        raise _cannot_join(batch[0].dtype)
    return collate([as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def _join_scalars(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    return as_tensor(batch)


def _join_floats(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    return tensor(batch, dtype=float64)


def _join_ints(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    return tensor(batch)


def _join_text(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    return batch


default_collate_fn_map: CollateMap = {
    Tensor: _join_tensors,
    np.ndarray: _join_arrays,
    (np.bool_, np.number, np.object_): _join_scalars,
    float: _join_floats,
    int: _join_ints,
    str: _join_text,
    bytes: _join_text,
}
"""What `default_collate` does with leaves. Programs may add types of their own."""


def default_collate(batch: Any) -> Any:
    """Join a list of samples: tensors are stacked along a new first dimension, numbers make a tensor.

    Python floats give float64, and text stays a list. Containers give one container of their kind, with each place
    joined over the samples; plain tuples give a list.

    >>> default_collate([{"x": 1.5, "name": "a"}, {"x": 2.5, "name": "b"}])
    {'x': tensor([1.5000, 2.5000], dtype=torch.float64), 'name': ['a', 'b']}
    >>> default_collate([(0, 1), (2, 3)])
    [tensor([0, 2]), tensor([1, 3])]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
