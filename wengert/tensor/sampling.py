"""Tensors of random numbers: for the same seed, the same numbers as PyTorch's CPU generator.

`rand` and its like make them of a shape; `bernoulli`, `multinomial`, `normal` and `poisson` draw from the distributions
that tensors describe. Nothing flows back to those: their gradients are zero.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from wengert.core import continuous, discrete, dtypes, uniforms
from wengert.core.carrier import Array
from wengert.core.primitive import Primitive
from wengert.core.shapes import Shape, positive_size
from wengert.core.strides import by_rows, room_like
from wengert.errors import DTypeError, ShapeError, cannot_broadcast
from wengert.rules import randomness as rows
from wengert.tape.storage import Recorded
from wengert.tensor import creation
from wengert.tensor.device import CPU, place_of, preserves
from wengert.tensor.device import device as Device
from wengert.tensor.drawing import between, number
from wengert.tensor.generator import Draw, drawn
from wengert.tensor.numbers import require_flags, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, fits, require_tensor
from wengert.tensor.views import expand

__all__ = [
    "bernoulli", "multinomial", "normal", "poisson", "rand", "rand_like", "randint", "randint_like", "randn",
    "randn_like", "randperm",
]  # fmt: skip


def rand(
    *size: Any, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **named: Any,
) -> Any:  # fmt: skip
    """Return uniform numbers in [0, 1) of a shape, given as ints or one tuple.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(2)
    tensor([0.4963, 0.7682])
    """
    place = place_of(device)
    shape, real = _shape("rand", size, named), _dtype("rand", dtype, out)
    draw = partial(uniforms.uniform, dtype=real)
    return _made("rand", draw, shape, real, generator, out, requires_grad, place)


def randn(
    *size: Any, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **named: Any,
) -> Any:  # fmt: skip
    """Return normal numbers of mean 0 and standard deviation 1 of a shape, given as ints or one tuple.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randn(2)
    tensor([ 1.5410, -0.2934])
    """
    place = place_of(device)
    shape, real = _shape("randn", size, named), _dtype("randn", dtype, out)
    draw = _normals(real, _room(out, shape))
    return _made("randn", draw, shape, real, generator, out, requires_grad, place)


def randint(
    low: Any = 0, high: Any = None, size: Any = None, *, generator: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Return integers from ``low`` to ``high - 1``: ``randint(high, size)`` or ``randint(low, high, size)``.

    Raises RuntimeError when there is no such integer, or one is out of the dtype's range.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randint(10, (3,))
    tensor([4, 9, 3])
    """
    place = place_of(device)
    if size is None and isinstance(high, list | tuple):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if not isinstance(size, list | tuple):
        raise TypeError(
            f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}, "
            f"as in `randint(10, (2, 3))`."
        )
    shape = positive_size("randint", (size,))
    target = _dtype("randint", dtype, out, np.dtype(np.int64))
    draw = _integers("randint", target, low, high)
    return _made("randint", draw, shape, target, generator, out, requires_grad, place)


def _integers(op: str, dtype: np.dtype[Any], low: Any, high: Any) -> Draw:
    first, end = between(dtype, whole_of(op, "low", low), whole_of(op, "high", high))
    return partial(discrete.randint, dtype=dtype, low=first, high=end)


def randperm(
    n: int, *, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Return the integers 0 to ``n - 1`` in random order.

    Raises RuntimeError for a negative ``n`` and for one that the dtype does not hold, NotImplementedError for bool and
    complex.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randperm(4)
    tensor([0, 1, 3, 2])
    """
    place = place_of(device)
    (count,) = positive_size("randperm", (whole_of("randperm", "n", n),))
    target = _dtype("randperm", dtype, out, np.dtype(np.int64))
    if target.kind in "bc":
        raise uniforms.not_for("randperm", target)
    exact = 2 ** (dtypes.limits(target).nmant + 1) + 1 if dtypes.kind(target) == "f" else count
    if count > exact or not fits(count, target):
        raise DTypeError(
            f"randperm: n={count} is too large for {dtypes.public(target)}, which does not hold every integer below. "
            f"Use dtype=torch.int64."
        )

    def draw(stream: Any, s: Shape) -> Array:
        orders = [discrete.randperm(stream, count, target) for _ in range(int(np.prod(s[:-1])))]
        return orders[0] if len(s) == 1 else np.array(orders).reshape(s)

    return _made("randperm", draw, (count,), target, generator, out, requires_grad, place)


def rand_like(
    input: Any, *, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """Return uniform numbers in [0, 1) of another tensor's shape, dtype and order in memory."""
    real, like = _like("rand_like", input, dtype, memory_format)
    place = creation.place_like(input) if device is None else place_of(device)
    draw = partial(uniforms.uniform, dtype=real)
    return _made(
        "rand_like", draw, tuple(input.shape), real, generator, None, requires_grad, place, like
    )


def randn_like(
    input: Any, *, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """Return normal numbers of another tensor's shape, dtype and order in memory."""
    real, like = _like("randn_like", input, dtype, memory_format)
    place = creation.place_like(input) if device is None else place_of(device)
    draw = _normals(real, like)
    return _made(
        "randn_like", draw, tuple(input.shape), real, generator, None, requires_grad, place, like
    )


def randint_like(
    input: Any, low: Any = 0, high: Any = None, *, generator: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """Return integers of another tensor's shape, dtype and order in memory: below ``high``, from ``low`` or 0 on."""
    target, like = _like("randint_like", input, dtype, memory_format)
    place = creation.place_like(input) if device is None else place_of(device)
    low, high = (0, low) if high is None else (low, high)
    draw = _integers("randint_like", target, low, high)
    shape = tuple(input.shape)
    return _made("randint_like", draw, shape, target, generator, None, requires_grad, place, like)


def _shape(op: str, size: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    """Return the shape that was asked for by position or as ``size=``; TypeError for none and for other names."""
    if "size" in named and not size:
        size = (named.pop("size"),)
    if named or not size:
        what = f"unexpected argument '{next(iter(named))}'" if named else "no 'size'"
        raise TypeError(f"{op}() got {what}. Give the sizes, as in `{op}(2, 3)`.")
    return positive_size(op, size)


def _dtype(op: str, dtype: Any, out: Any, default: np.dtype[Any] | None = None) -> np.dtype[Any]:
    """Return the dtype asked for, else that of ``out``, else the default; RuntimeError where the two differ."""
    if out is None:
        if dtype is None:
            return dtypes.default_float() if default is None else default
        return dtypes.to_numpy(dtype)
    require_tensor(op, out, "out")
    if dtype is not None and dtypes.to_numpy(dtype) != dtype_of(out):
        raise DTypeError(
            f"{op}(): dtype {dtype} does not match dtype of out parameter ({out.dtype})"
        )
    return dtype_of(out)


def _like(
    op: str, input: Any, dtype: Any, memory_format: Any
) -> tuple[np.dtype[Any], Array | None]:
    """Return the dtype asked for or the tensor's own, and an array that lies in memory as the result will."""
    require_tensor(op, input)
    target = dtype_of(input) if dtype is None else dtypes.to_numpy(dtype)
    if not preserves(memory_format) or input._payload.__class__ is not np.ndarray:
        return target, None
    return target, room_like(input._payload)


def _room(out: Any, shape: Shape) -> Array | None:
    """Return the array of an ``out`` that has the shape already, and so keeps its order in memory."""
    if out is None or tuple(out.shape) != shape or out._payload.__class__ is not np.ndarray:
        return None
    room: Array = out._payload
    return room


def _normals(real: np.dtype[Any], like: Array | None = None) -> Draw:
    blocks = like is None or like.flags.c_contiguous
    return partial(continuous.normal, dtype=real, blocks=blocks)


def _made(
    op: str, draw: Draw, shape: Shape, dtype: np.dtype[Any], generator: Any, out: Any, requires_grad: bool,
    place: Device = CPU, like: Array | None = None,
) -> Any:  # fmt: skip
    """Draw numbers into a new tensor, or into ``out``, in the order of its memory where it has the shape already."""
    # What cannot require a gradient is refused before a number is drawn.
    creation.finish(np.empty(0, dtype), requires_grad)
    if out is not None:
        like = _room(out, shape)
    made = drawn(op, generator, draw, shape, like=like, place=place, dtype=dtype)
    if out is not None:
        made = deliver(made, out, op=op, silent=True)
    if requires_grad:
        creation.mark(made)
    return made


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Return normal numbers of mean ``mean`` and standard deviation ``std``.

    Each may be a number or a tensor, and tensors broadcast; for two numbers, ``size`` gives the shape. The dtype is
    that of ``mean``, else of ``std``. Raises RuntimeError for a negative ``std``.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.normal(torch.tensor([1., 10., 100.]), 0.1)
    tensor([ 1.1541,  9.9707, 99.7821])
    """
    tensors = [x for x in (mean, std) if isinstance(x, Recorded)]
    if not tensors:
        return _normal_of_size(mean, std, size, generator, out, dtype, device, requires_grad)
    if size is not None:
        raise TypeError("normal(): a size is for two numbers: tensors have their own shape.")
    first: Any = tensors[0]
    target = dtype_of(first) if out is None else _dtype("normal", None, out)
    spread = 1.0 if isinstance(std, Recorded) else number("normal", "std", std)
    if isinstance(std, Recorded) and dtype_of(std).kind == "c":
        raise RuntimeError("normal expects standard deviation to be non-complex. Use `std.abs()`.")
    if not isinstance(mean, Recorded):
        middle = number("normal", "mean", mean)
    shape = _common_shape([tuple(x.shape) for x in tensors])  # type: ignore[attr-defined]

    def draw(stream: Any, s: Shape, *given: Array) -> Array:
        if isinstance(std, Recorded) and not np.all(given[-1] >= 0):
            raise RuntimeError("normal expects all elements of std >= 0.0. Use `std.abs()`.")
        numbers = continuous.normal(stream, s, target, std=spread)
        if isinstance(std, Recorded):
            np.multiply(numbers, given[-1], out=numbers, casting="unsafe")
        offset = given[0] if isinstance(mean, Recorded) else target.type(middle)
        return np.add(numbers, offset, out=numbers, casting="unsafe")

    given = [expand(x, shape) for x in tensors]
    return _detached(
        _row(mean, std), drawn("normal", generator, draw, shape, *given, dtype=target), given, out
    )


def _normal_of_size(
    mean: Any, std: Any, size: Any, generator: Any, out: Any, dtype: Any, device: Any, requires_grad: bool
) -> Any:  # fmt: skip
    place = place_of(device)
    if size is None:
        raise TypeError(
            "normal() of two numbers needs a size, as in `torch.normal(0.0, 1.0, (2, 3))`."
        )
    shape, real = positive_size("normal", (size,)), _dtype("normal", dtype, out)
    middle, spread = number("normal", "mean", mean), number("normal", "std", std)
    draw = partial(_normals(real, _room(out, shape)), mean=middle, std=spread)
    return _made("normal", draw, shape, real, generator, out, requires_grad, place)


def _common_shape(shapes: list[Shape]) -> Shape:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise cannot_broadcast("normal", shapes) from None


def _row(mean: Any, std: Any) -> Primitive:
    if not isinstance(std, Recorded):
        return rows.normal_by_mean
    return rows.normal_by_both if isinstance(mean, Recorded) else rows.normal_by_std


def _detached(row: Primitive, numbers: Any, parameters: Any, out: Any) -> Any:
    """Deliver numbers with the history that nothing flows back to their parameters."""
    if out is not None:
        return deliver(numbers, out, op=row.name, silent=True)
    for x in reversed(parameters):
        if x._edge is not None:
            numbers = row(x, numbers)
    return numbers


def bernoulli(input: Any, p: Any = None, *, generator: Any = None, out: Any = None) -> Any:
    """Return ones, each with the probability at its place in ``input``, and zeros, in ``input``'s dtype.

    With a number ``p``, that is the probability, and ``input`` gives the shape. Raises RuntimeError for what is no
    probability, NotImplementedError for probabilities that are integers.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.bernoulli(torch.tensor([0.1, 0.5, 0.9, 1.0]))
    tensor([0., 0., 1., 1.])
    """
    require_tensor("bernoulli", input)
    dtype = dtype_of(input) if out is None else _dtype("bernoulli", None, out)
    if dtype.kind == "c":
        raise uniforms.not_for("bernoulli", dtype)
    chance = None if p is None else number("bernoulli", "p", p)

    def draw(stream: Any, s: Shape, *given: Array) -> Array:
        return discrete.bernoulli(stream, s, given[0] if chance is None else chance).astype(dtype)

    given = [input] if chance is None else []
    place = creation.place_like(input)
    numbers = drawn(
        "bernoulli", generator, draw, tuple(input.shape), *given, place=place, dtype=dtype
    )
    return _detached(rows.bernoulli, numbers, [input], out)


def poisson(input: Any, generator: Any = None) -> Any:
    """Return a count for each rate in ``input``, in its dtype.

    Raises RuntimeError for a negative rate, NotImplementedError for rates that are integers.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.poisson(torch.tensor([0.5, 3.0, 30.0]))
    tensor([ 2.,  4., 31.])
    """
    require_tensor("poisson", input)

    def draw(stream: Any, s: Shape, rates: Array) -> Array:
        return discrete.poisson(stream, rates)

    numbers = drawn("poisson", generator, draw, tuple(input.shape), input)
    return _detached(rows.poisson, numbers, [input], None)


def multinomial(
    input: Any, num_samples: int, replacement: bool = False, *, generator: Any = None, out: Any = None
) -> Any:  # fmt: skip
    """Return ``num_samples`` indices with the probabilities that ``input`` is proportional to, for each of its rows.

    ``input: (n,) or (m, n) -> (num_samples,) or (m, num_samples)``. Without ``replacement`` no index comes twice.
    Raises RuntimeError for weights that are negative, not finite, no floats or all 0, and for more samples than there
    are weights.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.multinomial(torch.tensor([0., 10., 3., 0.]), 4, replacement=True)
    tensor([2, 1, 1, 2])
    """
    require_tensor("multinomial", input)
    require_flags("multinomial", replacement=replacement)
    count = whole_of("multinomial", "num_samples", num_samples)
    shape = tuple(input.shape)
    if len(shape) not in (1, 2):
        raise ShapeError(
            f"multinomial: prob_dist must be 1 or 2 dim, got {len(shape)}. Use `reshape` to make rows of weights."
        )
    if dtypes.kind(dtype_of(input)) != "f":
        raise DTypeError(
            f"multinomial only supports floating-point dtypes for input, got: {input.dtype}. Use `.float()`."
        )
    if out is not None and _dtype("multinomial", None, out) != np.int64:
        raise DTypeError(f"multinomial expects Long tensor out, got: {out.dtype}.")
    if count <= 0:
        raise ShapeError(f"multinomial: cannot sample n_sample <= 0 samples, got {count}.")
    if not replacement and count > shape[-1]:
        raise ShapeError(
            f"multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement, got {count} > "
            f"{shape[-1]}. Use fewer, or replacement=True."
        )

    def draw(stream: Any, s: Shape, weights: Array) -> Array:
        return by_rows(discrete.multinomial(stream, weights, count, bool(replacement)))

    made = drawn(
        "multinomial", generator, draw, (*shape[:-1], count), input, dtype=np.dtype(np.int64)
    )
    return made if out is None else deliver(made, out, silent=True)
