"""Methods and properties that take complex numbers apart."""

from __future__ import annotations

from typing import Any

from wengert.errors import ShapeError
from wengert.tape.provenance import warn_once
from wengert.tape.storage import Recorded
from wengert.tensor import complex_numbers
from wengert.tensor.inplace import copy_, in_place


class PartMethods(Recorded):
    """Real and imaginary parts, conjugates, angles."""

    __slots__ = ()

    angle = complex_numbers.angle
    conj = complex_numbers.conj
    conj_physical = complex_numbers.conj_physical
    conj_physical_ = in_place(complex_numbers.conj_physical)
    resolve_conj = complex_numbers.resolve_conj
    is_conj = complex_numbers.is_conj
    adjoint = complex_numbers.adjoint

    @property
    def H(self) -> Any:
        """The conjugate of a matrix with its dimensions exchanged."""
        if len(self._payload.shape) not in (0, 2):
            raise ShapeError(
                f"tensor.H is only supported on matrices (2-D tensors). Got {len(self._payload.shape)}-D tensor. "
                f"Use `.mH` for batches of matrices."
            )
        if not len(self._payload.shape):
            warn_once("Tensor.H is deprecated on 0-D tensors. Consider using x.conj().")
            return complex_numbers.conj(self)
        return complex_numbers.adjoint(self)

    @property
    def mH(self) -> Any:
        """The conjugate of matrices with the last two dimensions exchanged."""
        return complex_numbers.adjoint(self)

    @property
    def real(self) -> Any:
        """The real parts, as a view; assigning writes to them."""
        return complex_numbers.real(self)

    @real.setter
    def real(self, value: Any) -> None:
        copy_(complex_numbers.real(self), value)

    @property
    def imag(self) -> Any:
        """The imaginary parts, as a view; assigning writes to them. RuntimeError for real tensors."""
        return complex_numbers.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        copy_(complex_numbers.imag(self), value)
