"""The frequencies that the elements of transforms belong to, and their order."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array
from wengert.core.silence import silently
from wengert.errors import DTypeError, ShapeError
from wengert.rules import arrangement
from wengert.tensor.creation import finish
from wengert.tensor.device import placed
from wengert.tensor.filled import chosen_dtype
from wengert.tensor.fourier.arguments import axis, ints
from wengert.tensor.numbers import double_of, whole_of
from wengert.tensor.out import deliver
from wengert.tensor.promotion import require_tensor

__all__ = ["fftfreq", "fftshift", "ifftshift", "rfftfreq"]


def fftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return the frequencies that the ``n`` elements of `fft` belong to, in cycles per unit of ``d``.

    They are ``[0, 1, ..., (n - 1) // 2, -(n // 2), ..., -1] / (n * d)``, where ``d`` is how far apart samples are.
    The default dtype is that of floats. TypeError for other types of ``n`` and ``d``, RuntimeError for a negative ``n``
    and for integer dtypes, NotImplementedError for complex ones.

    >>> import wengert as torch
    >>> torch.fft.fftfreq(5), torch.fft.fftfreq(4, d=0.5)
    (tensor([ 0.0000,  0.2000,  0.4000, -0.4000, -0.2000]), tensor([ 0.0000,  0.5000, -1.0000, -0.5000]))
    """
    op = "fft.fftfreq"
    count, apart = _spacing(op, n, d)
    steps = np.concatenate([np.arange((count + 1) // 2), np.arange(-(count // 2), 0)])
    return _frequencies(op, steps, count * apart, out, dtype, layout, device, requires_grad)


def rfftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Return the frequencies that the ``n // 2 + 1`` elements of `rfft` belong to: ``[0, 1, ..., n // 2] / (n * d)``.

    Where n is even the last one is positive, and in `fftfreq` negative. See `fftfreq`.

    >>> import wengert as torch
    >>> torch.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    op = "fft.rfftfreq"
    count, apart = _spacing(op, n, d)
    steps = np.arange(count // 2 + 1)
    return _frequencies(op, steps, count * apart, out, dtype, layout, device, requires_grad)


def _spacing(op: str, n: Any, d: Any) -> tuple[int, float]:
    count = whole_of(op, "n", n)
    if count < 0:
        raise ShapeError(
            f"{op}: Trying to create tensor with negative dimension {count}: [{count}]."
        )
    return count, float(double_of(op, "d", d))


@silently
def _frequencies(
    op: str, steps: Array, span: float, out: Any, dtype: Any, layout: Any, device: Any,
    requires_grad: bool,
) -> Any:  # fmt: skip
    """Return whole numbers divided by ``span``, as a tensor of the dtype asked for."""
    place = placed(device, layout)
    target = chosen_dtype(op, dtype, out, dtypes.default_float())
    if dtypes.kind(target) not in "fc":
        raise DTypeError(
            f"{op} requires a floating point or complex dtype, but got {dtypes.public(target)}. Use torch.float32."
        )
    if target.kind == "c":
        raise NotImplementedError(
            f'"{op}" not implemented for {dtypes.public(target)}: frequencies are real. Use `.to(dtype)` of floats.'
        )
    # Each factor is rounded to the dtype, or to float32 for a shorter one, as PyTorch does.
    work = target if target.itemsize > 2 else np.dtype(np.float32)
    factor = np.float64(1.0) / np.float64(span)
    numbers = steps.astype(target).astype(work) * factor.astype(work)
    made = finish(numbers.astype(target), requires_grad, place)
    return made if out is None else deliver(made, out, op=op)


def fftshift(input: Any, dim: Any = None) -> Any:
    """Move elements along dimensions (all, or an int or tuple) so that frequency 0 stands in the middle.

    The order of `fftfreq` becomes ascending: elements move by ``n // 2`` places, those at the end to the front.
    RuntimeError for no dimension, IndexError for one that is not there.

    >>> import wengert as torch
    >>> torch.fft.fftshift(torch.fft.fftfreq(4))
    tensor([-0.5000, -0.2500,  0.0000,  0.2500])
    """
    return _moved("fft.fftshift", input, dim, 0)


def ifftshift(input: Any, dim: Any = None) -> Any:
    """Undo `fftshift`: the middle element along dimensions becomes the first one.

    >>> import wengert as torch
    >>> torch.fft.ifftshift(torch.tensor([-2, -1, 0, 1, 2]))
    tensor([ 0,  1,  2, -2, -1])
    """
    return _moved("fft.ifftshift", input, dim, 1)


def _moved(op: str, x: Any, dim: Any, rounding: int) -> Any:
    """Roll elements by half of each size, rounded down or (``rounding`` of 1) up."""
    require_tensor(op, x)
    dims = ints(op, "dim", dim)
    axes = tuple(range(x.ndim)) if dims is None else tuple(axis(op, d, x) + x.ndim for d in dims)
    if not axes:
        raise ShapeError(
            f"{op}: there is no dimension to move elements along (PyTorch: `shifts` required)."
        )
    shifts = tuple((x.shape[a] + rounding) // 2 for a in axes)
    return arrangement.roll(x, shifts=shifts, dims=axes)
