"""What `torch.nn.modules.utils` names: numbers as tuples, for layers' arguments; and prefixes of states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from wengert.errors import refuser
from wengert.nn.layers.sizes import repeated

__all__ = ["consume_prefix_in_state_dict_if_present"]


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that gives a number ``n`` times, and what is a sequence already as a tuple."""

    def parse(x: Any) -> tuple[Any, ...]:
        return repeated(x, n)

    parse.__name__ = name
    return parse


_single = _ntuple(1, "_single")
_pair = _ntuple(2, "_pair")
_triple = _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(t: Sequence[Any], n: int) -> tuple[Any, ...]:
    """Return the elements in reverse order, each ``n`` times: padding as `functional.pad` takes it."""
    return tuple(x for x in reversed(t) for _ in range(n))


def _list_with_default(out_size: Any, defaults: Sequence[int]) -> Any:
    """Return sizes with those of an input where they are None; ValueError where the input has too few."""
    if isinstance(out_size, int):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError(f"Input dimension should be at least {len(out_size) + 1}")
    last = defaults[-len(out_size) :]
    return [d if v is None else v for v, d in zip(out_size, last, strict=False)]


def consume_prefix_in_state_dict_if_present(state_dict: Any, prefix: str) -> None:
    """Take a prefix away from the keys of a state that have it, in place, and from its metadata.

    >>> import wengert as torch
    >>> state = {"module.weight": 1, "bias": 2}
    >>> torch.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    >>> state
    {'bias': 2, 'weight': 1}
    """
    _shorten(state_dict, prefix, lambda key: key.startswith(prefix))
    if hasattr(state_dict, "_metadata"):
        whole = prefix.replace(".", "")
        _shorten(
            state_dict._metadata,
            prefix,
            lambda key: key and (key == whole or key.startswith(prefix)),
        )


def _shorten(table: Any, prefix: str, applies: Callable[[str], Any]) -> None:
    keys: Iterable[str] = [key for key in table if applies(key)]
    for key in keys:
        table[key[len(prefix) :]] = table.pop(key)


__getattr__ = refuser(__name__, "torch.nn.modules.utils")
