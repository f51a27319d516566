"""Assertions as PyTorch's programs write them (`torch._check` and its kin), and its functions of symbolic numbers.

Sizes are Python numbers here, so that `sym_int` and its kin compute with these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from wengert.core import dtypes
from wengert.tape.storage import Recorded
from wengert.tensor import reductions
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["sym_float", "sym_int", "sym_ite", "sym_max", "sym_min", "sym_not", "sym_sqrt", "sym_sum"]  # fmt: skip

Message = Callable[[], str]


def _assert(condition: Any, message: str) -> None:
    """Raise AssertionError with a message unless a condition holds; a tensor of one element is one.

    >>> import wengert as torch
    >>> torch._assert(torch.tensor(0.), "the loss is 0")
    Traceback (most recent call last):
    AssertionError: the loss is 0
    """
    if not condition:
        raise AssertionError(message)


def _assert_async(input: Any, assert_msg: str | None = None) -> None:
    """Raise RuntimeError unless a tensor of one element is not zero."""
    require_tensor("_assert_async", input)
    if not bool(input):
        raise RuntimeError(assert_msg or "Expected Tensor with single nonzero value, but got zero")


def _check_with(error_type: type[Exception], cond: bool, message: Message | None = None) -> None:
    """Raise an error of a type, with the text that ``message()`` returns, unless ``cond`` is True.

    TypeError for a condition that is no bool, and for a message that cannot be called.
    """
    if not isinstance(cond, bool):
        if isinstance(cond, Recorded):
            raise TypeError(
                "cond must be a bool, but got a Tensor. For tensor conditions, use torch._check_tensor_all() to assert "
                "that all elements are true."
            )
        raise TypeError(f"cond must be a bool, but got {type(cond)}. Compare, or use `bool(cond)`.")
    if not cond:
        raise error_type(_text(message))


def _text(message: Message | None) -> str:
    if message is None:
        return "Expected cond to be True, but got False. Say what was expected with `lambda: ...`."
    if not callable(message):
        raise TypeError(f"message must be a callable, as in `lambda: {message!r}`.")
    return str(message())


def _check(cond: bool, message: Message | None = None) -> None:
    """Raise RuntimeError, with the text that ``message()`` returns, unless ``cond`` is True.

    >>> import wengert as torch
    >>> torch._check(2 < 1, lambda: "2 is not below 1")
    Traceback (most recent call last):
    RuntimeError: 2 is not below 1
    """
    _check_with(RuntimeError, cond, message)


def _check_index(cond: bool, message: Message | None = None) -> None:
    """Raise IndexError unless ``cond`` is True; see `_check`."""
    _check_with(IndexError, cond, message)


def _check_value(cond: bool, message: Message | None = None) -> None:
    """Raise ValueError unless ``cond`` is True; see `_check`."""
    _check_with(ValueError, cond, message)


def _check_type(cond: bool, message: Message | None = None) -> None:
    """Raise TypeError unless ``cond`` is True; see `_check`."""
    _check_with(TypeError, cond, message)


def _check_not_implemented(cond: bool, message: Message | None = None) -> None:
    """Raise NotImplementedError unless ``cond`` is True; see `_check`."""
    _check_with(NotImplementedError, cond, message)


def _check_is_size(i: int, message: Message | None = None, *, max: int | None = None) -> None:
    """Raise RuntimeError unless ``i`` is a size: 0 or more, and at most ``max``."""
    _check(i >= 0, message)
    if max is not None:
        _check(i <= max, message)


def _check_tensor_all_with(
    error_type: type[Exception], cond: Any, message: Message | None = None
) -> None:
    """Raise an error of a type unless all elements of a bool tensor are True; see `_check_tensor_all`."""
    if not isinstance(cond, Recorded):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}. Use `torch._check(cond)`.")
    if dtype_of(cond).kind != "b":
        found = dtypes.public(dtype_of(cond))
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {found}. Compare first.")
    _check_with(error_type, bool(reductions.all(cond)), message)


def _check_tensor_all(cond: Any, message: Message | None = None) -> None:
    """Raise RuntimeError, with the text that ``message()`` returns, unless all elements of a bool tensor are True.

    >>> import wengert as torch
    >>> x = torch.tensor([1., -1.])
    >>> torch._check_tensor_all(x > 0, lambda: f"some are not positive: {x}")
    Traceback (most recent call last):
    RuntimeError: some are not positive: tensor([ 1., -1.])
    """
    _check_tensor_all_with(RuntimeError, cond, message)


def sym_int(a: Any) -> int:
    """Return a number without its fraction, as `int` does."""
    return int(a)


def sym_float(a: Any) -> float:
    """Return a number as a float."""
    return float(a)


def sym_not(a: Any) -> bool:
    """Return ``not a``."""
    return not a


def _pair(name: str, a: Any, b: Any) -> tuple[Any, Any]:
    """Return two numbers, both floats if one is."""
    for value in (a, b):
        if not isinstance(value, int | float):
            raise AssertionError(f"{name}: expected a number, got {value!r}.")
    return (float(a), float(b)) if float in (type(a), type(b)) else (a, b)


def sym_max(a: Any, b: Any) -> Any:
    """Return the larger of two numbers; a float if one is a float.

    >>> import wengert as torch
    >>> torch.sym_max(3, 4), torch.sym_max(3.5, 2), torch.sym_max(3, 2.5)
    (4, 3.5, 3.0)
    """
    return max(_pair("sym_max", a, b))


def sym_min(a: Any, b: Any) -> Any:
    """Return the smaller of two numbers; a float if one is a float."""
    return min(_pair("sym_min", a, b))


def sym_sum(*args: Any) -> Any:
    """Return the sum of numbers, given one by one or in a sequence."""
    numbers: Iterable[Any] = args
    if len(args) == 1 and isinstance(args[0], list | tuple):
        numbers = args[0]
    return sum(numbers)


def sym_sqrt(a: Any) -> float:
    """Return the square root of a number. ValueError below 0."""
    return math.sqrt(a)


def sym_ite(b: bool, t: Any, f: Any) -> Any:
    """Return ``t`` if ``b`` is True, else ``f``. AssertionError unless ``b`` is a bool and the two of one type."""
    if not isinstance(b, bool):
        raise AssertionError(f"sym_ite: expected a bool, got {type(b)}.")
    if type(t) is not type(f):
        raise AssertionError(f"sym_ite: type mismatch: {type(t)} vs {type(f)}.")
    return t if b else f
