"""Fourier transforms along several dimensions: along all of them, or some, or by default the last two."""

from __future__ import annotations

from typing import Any

from wengert.rules import fourier as rows
from wengert.rules.complex_parts import conj_physical
from wengert.rules.structural import conj
from wengert.tensor.fourier.arguments import (
    axes_and_sizes,
    floats,
    power_of,
    resized,
)
from wengert.tensor.out import deliver

__all__ = [
    "fft2", "fftn", "hfft2", "hfftn", "ifft2", "ifftn", "ihfft2", "ihfftn", "irfft2", "irfftn", "rfft2", "rfftn",
]  # fmt: skip

Ints = int | tuple[int, ...] | None


def fftn(
    input: Any, s: Ints = None, dim: Ints = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the discrete Fourier transform along several dimensions: `fft` along each of ``dim``, one after another.

    ``s`` gives how many elements along each: of more the first ones are taken, behind fewer stand zeros, and -1 takes
    those there are. Without ``dim`` the last ``len(s)`` dimensions are meant, and without both all. ``norm`` divides by
    1 (``"backward"``, the default), the root (``"ortho"``) or the whole (``"forward"``) of the product of these sizes.

    ``input`` is real or complex; results are complex64 of float32, and complex128 of float64. Integers and bools
    become the default float. TypeError for arguments of other types, IndexError for a dimension that is not there,
    RuntimeError for floats of 16 bits, a dimension named twice, sizes and dimensions that do not go together, sizes
    below 1 and other words for ``norm``.

    >>> import wengert as torch
    >>> torch.fft.fftn(torch.tensor([[1., 2.], [3., 4.]]))
    tensor([[10.+0.j, -2.+0.j],
            [-4.+0.j,  0.+0.j]])
    """
    return _delivered("fft.fftn", _complex("fft.fftn", input, s, dim, norm, inverse=False), out)


def ifftn(
    input: Any, s: Ints = None, dim: Ints = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the inverse of `fftn`: `ifft` along each of several dimensions.

    ``norm`` is the one that `fftn` was called with. The arguments and errors are those of `fftn`.

    >>> import wengert as torch
    >>> torch.fft.ifftn(torch.tensor([[10., -2.], [-4., 0.]]))
    tensor([[1.+0.j, 2.+0.j],
            [3.+0.j, 4.+0.j]])
    """
    return _delivered("fft.ifftn", _complex("fft.ifftn", input, s, dim, norm, inverse=True), out)


def rfftn(
    input: Any, s: Ints = None, dim: Ints = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the first half, along the last of ``dim``, of `fftn` of real numbers.

    That are ``s[-1] // 2 + 1`` elements; the others are conjugates of these. The arguments and errors are those of
    `fftn`; RuntimeError for complex numbers and where there is no dimension, too.

    >>> import wengert as torch
    >>> torch.fft.rfftn(torch.tensor([[1., 2., 3.], [4., 5., 6.]])).real.round(decimals=3)
    tensor([[21., -3.],
            [-9.,  0.]])
    """
    return _delivered("fft.rfftn", _half("fft.rfftn", input, s, dim, norm), out)


def irfftn(
    input: Any, s: Ints = None, dim: Ints = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the inverse of `rfftn`: real numbers, of whose transform ``input`` is the first half along a dimension.

    ``s[-1]`` is how many there are along the last of ``dim``, by default ``2 * (m - 1)`` of m; pass it where it is odd.
    Along that dimension ``s[-1] // 2 + 1`` elements of the input count. The arguments and errors are else those of
    `ifftn`; RuntimeError where there is no dimension, too.

    >>> import wengert as torch
    >>> torch.fft.irfftn(torch.tensor([[10., -2.], [-4., 0.]]))
    tensor([[1., 2.],
            [3., 4.]])
    """
    return _delivered("fft.irfftn", _whole("fft.irfftn", input, s, dim, norm), out)


def hfftn(
    input: Any, s: Ints = None, dim: Ints = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return `fftn` of a signal of which the last of ``dim`` holds the first half, as for `hfft`; results are real.

    It is `fft` along the other dimensions and `hfft` along the last one. ``s[-1]`` is as for `irfftn`; the other
    arguments and errors are those of `fftn`. RuntimeError where there is no dimension, too.

    >>> import wengert as torch
    >>> torch.fft.hfftn(torch.tensor([[1, 1j, 2], [0, 1, 0]]))
    tensor([[ 5.,  1.,  1., -3.],
            [ 1.,  1.,  5., -3.]])
    """
    return _delivered("fft.hfftn", _hermitian("fft.hfftn", input, s, dim, norm), out)


def ihfftn(
    input: Any, s: Ints = None, dim: Ints = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """Return the inverse of `hfftn`: `ihfft` along the last of ``dim`` and `ifft` along the others, of real numbers.

    Along the last one that gives ``s[-1] // 2 + 1`` elements. The arguments and errors are those of `rfftn`.

    >>> import wengert as torch
    >>> torch.fft.ihfftn(torch.tensor([[5., 1., 1., -3.], [1., 1., 5., -3.]])).real
    tensor([[1., 0., 2.],
            [0., 1., 0.]])
    """
    return _delivered("fft.ihfftn", _inverse_hermitian("fft.ihfftn", input, s, dim, norm), out)


def fft2(
    input: Any, s: Ints = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """Return `fftn` along two dimensions, by default the last ones.

    >>> import wengert as torch
    >>> torch.fft.fft2(torch.ones(3, 2, 2)).abs().sum((1, 2))
    tensor([4., 4., 4.])
    """
    _require_dims("fft.fft2", dim)
    return _delivered("fft.fft2", _complex("fft.fft2", input, s, dim, norm, inverse=False), out)


def ifft2(
    input: Any, s: Ints = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """Return `ifftn` along two dimensions, by default the last ones: the inverse of `fft2`.

    >>> import wengert as torch
    >>> torch.fft.ifft2(torch.fft.fft2(torch.tensor([[1., 2.], [3., 4.]]))).real
    tensor([[1., 2.],
            [3., 4.]])
    """
    _require_dims("fft.ifft2", dim)
    return _delivered("fft.ifft2", _complex("fft.ifft2", input, s, dim, norm, inverse=True), out)


def rfft2(
    input: Any, s: Ints = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """Return `rfftn` along two dimensions, by default the last ones.

    >>> import wengert as torch
    >>> torch.fft.rfft2(torch.ones(3, 4, 6)).shape
    torch.Size([3, 4, 4])
    """
    _require_dims("fft.rfft2", dim)
    return _delivered("fft.rfft2", _half("fft.rfft2", input, s, dim, norm), out)


def irfft2(
    input: Any, s: Ints = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """Return `irfftn` along two dimensions, by default the last ones: the inverse of `rfft2`.

    >>> import wengert as torch
    >>> x = torch.arange(6.).reshape(2, 3)
    >>> torch.allclose(torch.fft.irfft2(torch.fft.rfft2(x), s=x.shape), x, atol=1e-6)
    True
    """
    _require_dims("fft.irfft2", dim)
    return _delivered("fft.irfft2", _whole("fft.irfft2", input, s, dim, norm), out)


def hfft2(
    input: Any, s: Ints = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """Return `hfftn` along two dimensions, by default the last ones.

    >>> import wengert as torch
    >>> torch.fft.hfft2(torch.ones(3, 2, 5)).shape
    torch.Size([3, 2, 8])
    """
    _require_dims("fft.hfft2", dim)
    return _delivered("fft.hfft2", _hermitian("fft.hfft2", input, s, dim, norm), out)


def ihfft2(
    input: Any, s: Ints = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
) -> Any:
    """Return `ihfftn` along two dimensions, by default the last ones: the inverse of `hfft2`.

    >>> import wengert as torch
    >>> torch.fft.ihfft2(torch.ones(3, 2, 8)).shape
    torch.Size([3, 2, 5])
    """
    _require_dims("fft.ihfft2", dim)
    return _delivered("fft.ihfft2", _inverse_hermitian("fft.ihfft2", input, s, dim, norm), out)


def _require_dims(op: str, dim: Any) -> None:
    if dim is None:
        name = op.removesuffix("2")
        raise TypeError(
            f"{op}(): argument 'dim' must be tuple of ints, not NoneType. `torch.{name}n` takes all dimensions."
        )


def _complex(op: str, x: Any, s: Any, dim: Any, norm: Any, *, inverse: bool) -> Any:
    power = power_of(op, norm, inverse=inverse)
    axes, sizes = axes_and_sizes(op, x, s, dim)
    x = resized(floats(op, x, to_complex=True), axes, sizes)
    return rows.dft(x, axes=axes, inverse=inverse, power=power)


def _half(op: str, x: Any, s: Any, dim: Any, norm: Any) -> Any:
    power = power_of(op, norm, inverse=False)
    axes, sizes = axes_and_sizes(op, x, s, dim, some=True, real=True)
    x = resized(floats(op, x), axes, sizes)
    return rows.real_dft(x, axes=axes, onesided=True, power=power)


def _whole(op: str, x: Any, s: Any, dim: Any, norm: Any) -> Any:
    power = power_of(op, norm, inverse=True)
    axes, sizes = axes_and_sizes(op, x, s, dim, back=True, some=True)
    x = resized(floats(op, x, to_complex=True), axes, [*sizes[:-1], sizes[-1] // 2 + 1])
    return rows.real_idft(x, axes=axes, n=sizes[-1], power=power)


def _hermitian(op: str, x: Any, s: Any, dim: Any, norm: Any) -> Any:
    power = power_of(op, norm, inverse=False)
    axes, sizes = axes_and_sizes(op, x, s, dim, back=True, some=True)
    x = resized(floats(op, x, to_complex=True), axes, [*sizes[:-1], sizes[-1] // 2 + 1])
    if len(axes) > 1:
        x = rows.dft(x, axes=axes[:-1], inverse=False, power=power)
    return rows.real_idft(conj(x), axes=axes[-1:], n=sizes[-1], power=power)


def _inverse_hermitian(op: str, x: Any, s: Any, dim: Any, norm: Any) -> Any:
    power = power_of(op, norm, inverse=True)
    axes, sizes = axes_and_sizes(op, x, s, dim, some=True, real=True)
    x = resized(floats(op, x), axes, sizes)
    half = rows.real_dft(x, axes=axes[-1:], onesided=True, power=power)
    if len(axes) == 1:
        return conj(half)
    return rows.dft(conj_physical(half), axes=axes[:-1], inverse=True, power=power)


def _delivered(op: str, made: Any, out: Any) -> Any:
    return made if out is None else deliver(made, out, op=op)
