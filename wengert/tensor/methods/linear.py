"""Methods of linear algebra."""

from __future__ import annotations

from typing import Any

from wengert.tape.storage import Recorded
from wengert.tensor import contraction, matrices, products
from wengert.tensor.inplace import in_place


class LinearMethods(Recorded):
    """Products of vectors and matrices, and what is made of matrices."""

    __slots__ = ()

    matmul = contraction.matmul
    mm = contraction.mm
    mv = contraction.mv
    dot = contraction.dot
    bmm = contraction.bmm
    vdot = products.vdot
    inner = products.inner
    outer = products.outer
    ger = products.ger
    kron = products.kron
    cross = products.cross
    trace = products.trace
    addmm, addmm_ = products.addmm, in_place(products.addmm)
    addmv, addmv_ = products.addmv, in_place(products.addmv)
    addr, addr_ = products.addr, in_place(products.addr)
    addbmm, addbmm_ = products.addbmm, in_place(products.addbmm)
    baddbmm, baddbmm_ = products.baddbmm, in_place(products.baddbmm)

    det = matrices.det
    logdet = matrices.logdet
    slogdet = matrices.slogdet
    inverse = matrices.inverse
    pinverse = matrices.pinverse
    orgqr = matrices.orgqr
    matrix_power = matrices.matrix_power
    matrix_exp = matrices.matrix_exp
    cholesky = matrices.cholesky
    cholesky_solve = matrices.cholesky_solve
    cholesky_inverse = matrices.cholesky_inverse
    triangular_solve = matrices.triangular_solve
    lu_solve = matrices.lu_solve
    qr = matrices.qr
    svd = matrices.svd

    def lu(self, pivot: bool = True, get_infos: bool = False) -> tuple[Any, ...]:
        """Return `torch.lu`'s results as a plain tuple."""
        return tuple(matrices.lu(self, pivot, get_infos))
