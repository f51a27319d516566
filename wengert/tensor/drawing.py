"""Random numbers written into a tensor: ``x.uniform_()`` and its like.

A tensor that is not contiguous is filled in the order of its memory, as PyTorch does. The write cuts the tensor's
history: nothing flows back through it.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from wengert.core import continuous, discrete, dtypes, uniforms
from wengert.core.carrier import Array
from wengert.core.primitive import Primitive
from wengert.core.silence import silently
from wengert.errors import ShapeError
from wengert.rules import randomness as rows
from wengert.tape.meta import is_meta
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded
from wengert.tensor.device import CPU, META
from wengert.tensor.generator import Draw, drawn
from wengert.tensor.inplace import overwrite, writable
from wengert.tensor.numbers import double_of, whole_of
from wengert.tensor.promotion import dtype_of, require_tensor
from wengert.tensor.views import expand


def _fill(op: str, row: Primitive, x: Any, draw: Draw, generator: Any, *operands: Any) -> Any:
    """Write numbers into a tensor; what fails has drawn nothing."""
    writable(x, op)
    like = x._payload if x._payload.__class__ is np.ndarray else None
    place = META if is_meta(x) else CPU
    numbers = drawn(
        op, generator, draw, tuple(x.shape), *operands, like=like, place=place, dtype=dtype_of(x)
    )
    return overwrite(x, numbers, row, op)


def number(op: str, name: str, value: Any) -> float:
    """Return a real parameter, given as a number or a tensor of one; TypeError for anything else."""
    return float(double_of(op, name, value))


def uniform_(input: Any, from_: Any = 0.0, to: Any = 1.0, *, generator: Any = None) -> Any:
    """Fill a tensor with uniform numbers in ``[from, to)``.

    Raises NotImplementedError for integers, RuntimeError unless ``from <= to`` and both, and their difference, are
    finite in the tensor's dtype.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(3).uniform_(-1, 1)
    tensor([-0.0075,  0.5364, -0.8230])
    """
    require_tensor("uniform_", input)
    low, high = number("uniform_", "from", from_), number("uniform_", "to", to)
    draw = partial(uniforms.uniform, dtype=dtype_of(input), low=low, high=high)
    return _fill("uniform_", rows.uniform_, input, draw, generator)


def normal_(input: Any, mean: Any = 0.0, std: Any = 1.0, *, generator: Any = None) -> Any:
    """Fill a tensor with normal numbers; complex ones have half of the variance ``std ** 2`` in each part.

    Raises NotImplementedError for integers, RuntimeError unless ``std >= 0``.
    """
    require_tensor("normal_", input)
    draw = partial(
        continuous.normal,
        dtype=dtype_of(input),
        mean=number("normal_", "mean", mean),
        std=number("normal_", "std", std),
        blocks=without_gaps(input),
    )
    return _fill("normal_", rows.normal_, input, draw, generator)


def without_gaps(x: Any) -> bool:
    """Say whether a tensor's elements lie in order in memory, so that PyTorch draws normals in blocks."""
    return x._payload.__class__ is not np.ndarray or x._payload.flags.c_contiguous


def log_normal_(input: Any, mean: Any = 1.0, std: Any = 2.0, *, generator: Any = None) -> Any:
    """Fill a tensor with exponentials of normal numbers of that mean and standard deviation.

    Raises NotImplementedError unless the tensor is floating, RuntimeError unless ``std > 0``.
    """
    require_tensor("log_normal_", input)
    mu, sigma = number("log_normal_", "mean", mean), number("log_normal_", "std", std)
    draw = partial(continuous.log_normal, dtype=dtype_of(input), mean=mu, std=sigma)
    return _fill("log_normal_", rows.log_normal_, input, draw, generator)


def exponential_(input: Any, lambd: Any = 1.0, *, generator: Any = None) -> Any:
    """Fill a tensor with exponential numbers of rate ``lambd``, whose mean is ``1 / lambd``.

    Raises RuntimeError unless the tensor is floating and ``lambd > 0``.
    """
    require_tensor("exponential_", input)
    rate = number("exponential_", "lambd", lambd)
    draw = partial(continuous.exponential, dtype=dtype_of(input), rate=rate)
    return _fill("exponential_", rows.exponential_, input, draw, generator)


def cauchy_(input: Any, median: Any = 0.0, sigma: Any = 1.0, *, generator: Any = None) -> Any:
    """Fill a tensor with numbers of the Cauchy distribution around ``median``, of half width ``sigma``.

    Raises RuntimeError unless the tensor is floating and ``sigma > 0``.
    """
    require_tensor("cauchy_", input)
    middle, width = number("cauchy_", "median", median), number("cauchy_", "sigma", sigma)
    draw = partial(continuous.cauchy, dtype=dtype_of(input), median=middle, sigma=width)
    return _fill("cauchy_", rows.cauchy_, input, draw, generator)


def geometric_(input: Any, p: Any, *, generator: Any = None) -> Any:
    """Fill a tensor with how many trials of probability ``p`` it takes to the first success, at least 1.

    Raises NotImplementedError for bool and complex tensors, RuntimeError unless ``0 < p < 1``.
    """
    require_tensor("geometric_", input)
    draw = partial(discrete.geometric, dtype=dtype_of(input), p=number("geometric_", "p", p))
    return _fill("geometric_", rows.geometric_, input, draw, generator)


def bernoulli_(input: Any, p: Any = 0.5, *, generator: Any = None) -> Any:
    """Fill a tensor with ones, each with probability ``p``, and zeros; a tensor ``p`` has one for each element.

    Raises RuntimeError unless ``0 <= p <= 1`` and a tensor's shape expands to that of ``input``, NotImplementedError
    for a complex ``input`` and for a ``p`` of integers.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(5).bernoulli_(0.5)
    tensor([0., 0., 1., 0., 0.])
    """
    require_tensor("bernoulli_", input)
    dtype = dtype_of(input)
    if dtype.kind == "c":
        raise uniforms.not_for("bernoulli_", dtype)
    if not isinstance(p, Recorded):
        chance = number("bernoulli_", "p", p)

        def alike(stream: Any, shape: Any) -> Array:
            return discrete.bernoulli(stream, shape, chance).astype(dtype)

        return _fill("bernoulli_", rows.bernoulli_, input, alike, generator)

    def each(stream: Any, shape: Any, chances: Array) -> Array:
        return discrete.bernoulli(stream, shape, chances).astype(dtype)

    row = rows.bernoulli_each_
    return _fill("bernoulli_", row, input, each, generator, expand(p, tuple(input.shape)))


def random_(input: Any, *bounds: Any, generator: Any = None, to: Any = None, **named: Any) -> Any:
    """Fill a tensor with integers: ``random_(from, to)``, ``random_(to)`` from 0, or ``random_()``.

    ``to`` is excluded; ``from, None`` goes to the largest integer of the dtype, or to ``2 ** digits`` of a floating
    one, and so does ``random_()`` from 0. Raises RuntimeError where a bound is out of the dtype's range or
    ``from >= to``.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(5).random_(1, 7)
    tensor([3., 4., 6., 1., 2.])
    """
    require_tensor("random_", input)
    dtype = dtype_of(input)
    given = _bounds(bounds, to, named)
    if not given:
        if dtypes.public(dtype) in dtypes.WIDE_UNSIGNED:
            raise NotImplementedError(
                f"random_ not implemented for {dtypes.public(dtype)} without bounds. Give an upper bound."
            )
        draw = partial(discrete.random, dtype=dtype)
        return _fill("random_", rows.random_, input, draw, generator)
    row = rows.random_below_ if len(given) == 1 else rows.random_between_
    low, high = between(dtype, *(given if len(given) == 2 else (0, *given)))
    draw = partial(discrete.randint, dtype=dtype, low=low, high=high)
    return _fill("random_", row, input, draw, generator)


def _bounds(bounds: tuple[Any, ...], to: Any, named: dict[str, Any]) -> list[Any]:
    """Read the forms of `random_`: [], [to] or [from, to], whose ``to`` may be None; TypeError for any other."""
    given = [*bounds] if "from" not in named else [named.pop("from"), *bounds]
    given += [] if to is None else [to]
    if named or len(given) > 2:
        raise TypeError(
            "random_() received an invalid combination of arguments. "
            "Use `random_()`, `random_(to)` or `random_(from, to)`."
        )
    if len(given) == 2:
        given[0] = whole_of("random_", "from", given[0])
    if given and (given[-1] is not None or len(given) == 1):
        given[-1] = whole_of("random_", "to", given[-1])
    return given


def between(dtype: np.dtype[Any], low: int, high: int | None) -> tuple[int, int]:
    """Return the bounds of `random_`, the upper one excluded, as the dtype can hold them.

    Raises RuntimeError where there is no integer between them, and where one is out of the dtype's range.
    """
    if dtype.kind == "c":
        raise RuntimeError(
            "check_random_bounds handles only integral, floating-point and boolean types. "
            "Draw integers and convert them."
        )
    if high is None and low == -(2**63):
        return _everything(dtype)
    if high is not None and low >= high:
        raise _no_room(low, high)
    if dtypes.kind(dtype) == "f":
        low = _held(low, 1, dtype)
        high = (
            _exact_up_to(dtype) + (low < _exact_up_to(dtype))
            if high is None
            else _held(high, -1, dtype)
        )
    elif high is None:
        high = int(np.iinfo(dtype).max) + 1 if dtype.kind in "iu" else 2
    if low >= high:
        raise _no_room(low, high)
    _require_range("from", low, dtype)
    _require_range("to - 1", high - 1, dtype)
    return low, high


def _everything(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return the bounds of all of int64, for dtypes that PyTorch draws them in."""
    if dtype not in (np.int64, np.float64, np.float32):
        raise NotImplementedError(
            f"random_ draws from all of int64 only into int64, float64 and float32, not {dtypes.public(dtype)}. "
            f"Give an upper bound."
        )
    return -(2**63), 2**63


def _exact_up_to(dtype: np.dtype[Any]) -> int:
    """Return the number up to which a floating dtype holds every integer."""
    return int(2 ** (dtypes.limits(dtype).nmant + 1))


@silently
def _held(bound: int, step: int, dtype: np.dtype[Any]) -> int:
    """Return a bound, moved inwards (``step``: 1 if it is the lower, else -1) where the dtype rounds it outwards."""
    value = float(dtype.type(np.float32(bound + step) if dtype == np.float16 else bound + step))
    if not math.isfinite(value):
        return bound
    near = int(value)
    if near >= bound if step > 0 else near < bound:
        return bound
    spacing = abs(bound + step).bit_length() - 1 - int(dtypes.limits(dtype).nmant)
    return near + step * (1 << spacing)


def _no_room(low: int, high: int) -> ShapeError:
    return ShapeError(
        f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}. "
        f"The upper bound is excluded: to draw {high} too, pass {high + 1}."
    )


def _require_range(name: str, bound: int, dtype: np.dtype[Any]) -> None:
    """Raise RuntimeError for a bound out of the dtype's range; warn where floats have gaps between integers."""
    if dtype.kind == "b":
        fits = bound in (0, 1)
    elif dtypes.kind(dtype) == "f":
        fits = abs(bound) <= float(dtypes.limits(dtype).max)
    else:
        fits = np.iinfo(dtype).min <= bound <= np.iinfo(dtype).max
    if not fits:
        raise RuntimeError(
            f"random_: {name} is out of bounds for {dtypes.public(dtype)}, got {bound}. Use a wider dtype."
        )
    if dtypes.kind(dtype) == "f" and abs(bound) > _exact_up_to(dtype):
        exponent = dtypes.limits(dtype).nmant + 1
        warn(
            f"random_: {name} is out of bounds [-(2^{exponent}), 2^{exponent}]. Due to precision limitations "
            f"{dtypes.public(dtype)} can support discrete uniform distribution only within this range."
        )
