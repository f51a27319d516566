"""Complex numbers as users take them apart and put them together. `real` and `imag` are views."""

from __future__ import annotations

from typing import Any

from wengert.core import dtypes
from wengert.errors import DTypeError, ShapeError
from wengert.rules import complex_parts as rows
from wengert.rules import structural
from wengert.tape.provenance import warn_once
from wengert.tape.storage import ndarray
from wengert.tensor import views
from wengert.tensor.apply import combine
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, floating, require_tensor

__all__ = [
    "adjoint", "angle", "complex", "conj", "conj_physical", "imag", "is_conj",
    "polar", "real", "resolve_conj", "view_as_complex", "view_as_real",
]  # fmt: skip


def _require_complex(op: str, x: Any) -> None:
    require_tensor(op, x)
    if dtype_of(x).kind != "c":
        raise DTypeError(
            f"{op} is not implemented for tensors with non-complex dtypes, got {x.dtype}. "
            f"Convert with `x.to(torch.complex64)`."
        )


def view_as_real(input: Any) -> Any:
    """View complex numbers as pairs of real ones, the real part first: (...) -> (..., 2).

    >>> import wengert as torch
    >>> torch.view_as_real(torch.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    _require_complex("view_as_real", input)
    return views.viewed(rows.view_as_real, input, {})


def view_as_complex(input: Any) -> Any:
    """View pairs of real numbers along the last dimension as complex ones: (..., 2) -> (...).

    Raises RuntimeError for another last size, and where pairs do not lie side by side in memory.
    """
    require_tensor("view_as_complex", input)
    dtype = dtype_of(input)
    if dtypes.kind(dtype) != "f" or dtype.itemsize < 4:
        raise DTypeError(
            f"view_as_complex is only supported for float32 and float64 tensors, but got a tensor of {input.dtype}. "
            f"Use `x.float()`."
        )
    if not input.ndim or input.shape[-1] != 2:
        raise ShapeError(
            f"view_as_complex: Tensor must have a last dimension of size 2, got shape {tuple(input.shape)}. "
            f"Use `torch.complex(real, imag)` to join two tensors."
        )
    payload = input._payload
    if payload.__class__ is ndarray and payload.size:
        item = payload.itemsize
        if payload.strides[-1] != item or any(s % (2 * item) for s in payload.strides[:-1]):
            raise ShapeError(
                "view_as_complex: Tensor must have a last dimension with stride 1, and the other strides divisible by "
                "2. Use `x.contiguous()` first."
            )
    return views.viewed(rows.view_as_complex, input, {})


def real(input: Any) -> Any:
    """Return the real parts as a view; a real tensor itself."""
    require_tensor("real", input)
    if dtype_of(input).kind != "c":
        return input
    return _part(input, 0)


def imag(input: Any) -> Any:
    """Return the imaginary parts as a view; RuntimeError for real tensors."""
    _require_complex("imag", input)
    return _part(input, 1)


def _part(x: Any, index: int) -> Any:
    return views.viewed(structural.select, view_as_real(x), {"index": (Ellipsis, index)})


def conj(input: Any) -> Any:
    """Return the complex conjugate, a tensor of its own; a real tensor itself."""
    require_tensor("conj", input)
    return structural.conj(input) if dtype_of(input).kind == "c" else input


def conj_physical(input: Any, *, out: Any = None) -> Any:
    """Return the complex conjugate; a real tensor itself."""
    require_tensor("conj_physical", input)
    made = rows.conj_physical(input) if dtype_of(input).kind == "c" else input
    return made if out is None else deliver(made, out, exact=dtype_of(input).kind in "biu")


def resolve_conj(input: Any) -> Any:
    """Return the tensor itself: conjugates are computed at once here."""
    require_tensor("resolve_conj", input)
    return input


def is_conj(input: Any) -> bool:
    """Return False: conjugates are computed at once here."""
    require_tensor("is_conj", input)
    return False


def adjoint(input: Any) -> Any:
    """Return the conjugate of matrices with the last two dimensions exchanged: (..., m, n) -> (..., n, m).

    Raises RuntimeError for one dimension; a tensor without any is conjugated, with PyTorch's warning.
    """
    require_tensor("adjoint", input)
    if not input.ndim:
        warn_once("Tensor.mH is deprecated on 0-D tensors. Consider using x.conj().")
        return conj(input)
    if input.ndim < 2:
        raise ShapeError(
            f"adjoint: tensor.adjoint() is only supported on matrices or batches of matrices. Got {input.ndim}-D "
            f"tensor. Use `.conj()`."
        )
    return conj(views.transpose(input, -2, -1))


def angle(input: Any, *, out: Any = None) -> Any:
    """Return the angle of complex numbers in radians, between -pi and pi; of real ones pi below 0, else 0.

    The gradient at 0, and of real numbers, is 0.

    >>> import wengert as torch
    >>> torch.angle(torch.tensor([1 + 1j, -1 + 0j]))
    tensor([0.7854, 3.1416])
    """
    require_tensor("angle", input)
    made = rows.angle(input) if dtype_of(input).kind == "c" else rows.half_turn(floating(input))
    return made if out is None else deliver(made, out)


def _require_parts(op: str, x: Any, y: Any, names: tuple[str, str]) -> None:
    """Raise unless two operands are tensors of one dtype that complex numbers have parts of."""
    for name, v in zip(names, (x, y), strict=True):
        require_tensor(op, v, name)
    if any(dtypes.kind(dtype_of(v)) != "f" or dtype_of(v).itemsize < 4 for v in (x, y)):
        raise DTypeError(
            f"{op}: Expected both inputs to be Float or Double tensors but got {x.dtype} and {y.dtype}. "
            f"Convert with `.float()`."
        )
    if dtype_of(x) != dtype_of(y):
        raise DTypeError(
            f"{op}: Expected object of scalar type {x.dtype} but got scalar type {y.dtype} for argument "
            f"`{names[1]}`. Convert it with `{names[1]}.to({x.dtype})`."
        )


def complex(real: Any, imag: Any, *, out: Any = None) -> Any:
    """Return ``real + i imag``. RuntimeError unless both are float32, or both float64.

    >>> import wengert as torch
    >>> torch.complex(torch.tensor([1.]), torch.tensor([2.]))
    tensor([1.+2.j])
    """
    _require_parts("complex", real, imag, ("real", "imag"))
    made = combine(rows.complex_, real, imag)
    return made if out is None else deliver(made, out, exact=True)


def polar(abs: Any, angle: Any, *, out: Any = None) -> Any:
    """Return the complex numbers of modulus ``abs`` and ``angle`` in radians: ``abs * (cos + i sin)``."""
    _require_parts("polar", abs, angle, ("abs", "angle"))
    made = combine(rows.polar, abs, angle)
    return made if out is None else deliver(made, out)
