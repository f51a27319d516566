"""Orthogonal matrices from the reflections that other libraries keep of them: `torch.linalg.householder_product`."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.tape.storage import handle
from wengert.tensor import views
from wengert.tensor.apply import undefined
from wengert.tensor.complex_numbers import adjoint
from wengert.tensor.contraction import matmul
from wengert.tensor.copies import clone
from wengert.tensor.out import deliver
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = ["householder_product"]


def householder_product(A: Any, tau: Any, *, out: Any = None) -> Any:
    """Return the first ``n`` columns of ``H_1 H_2 ... H_k`` with ``H_i = I - tau_i v_i v_i^H``: ``(..., m, n)``.

    The vector ``v_i`` has zeros above its place i, 1 there, and below it what stands in column i of ``A (..., m, n)``,
    as LAPACK's factorization leaves it; ``tau`` is ``(..., k)``, ``k <= n <= m``. RuntimeError for other shapes and for
    two dtypes, NotImplementedError for integers.

    >>> import wengert as torch
    >>> torch.linalg.householder_product(torch.tensor([[0.], [1.]]), torch.tensor([1.]))
    tensor([[ 0.],
            [-1.]])
    """
    op = "linalg.householder_product"
    _require_reflections(op, A, tau)
    *stack, m, n = A.shape
    dtype = dtype_of(A)
    below = np.tril(np.ones((m, n), dtype), -1)
    vectors = A * handle(below) + handle(np.eye(m, n, dtype=dtype))
    made = views.expand(handle(np.eye(m, n, dtype=dtype)), (*stack, m, n))
    for i in reversed(range(tau.shape[-1])):
        v = vectors[..., i : i + 1]
        scale = views.unsqueeze(tau[..., i : i + 1], -1)
        made = made - matmul(v * scale, matmul(adjoint(v), made))
    if not tau.shape[-1]:
        made = clone(made)
    return made if out is None else deliver(made, out)


def _require_reflections(op: str, A: Any, tau: Any) -> None:
    require_tensor(op, A, "A")
    require_tensor(op, tau, "tau")
    if A.ndim < 2:
        raise ShapeError(f"{op}: input must have at least 2 dimensions, got {shape_text(A.shape)}.")
    m, n = A.shape[-2:]
    if m < n:
        raise ShapeError(
            f"{op}: input.shape[-2] must be greater than or equal to input.shape[-1], got {m} and {n}."
        )
    if tau.ndim != A.ndim - 1 or tuple(tau.shape[:-1]) != tuple(A.shape[:-2]):
        raise ShapeError(
            f"{op}: Expected tau to have one dimension less than input and its leading ones, but got tau of shape "
            f"{shape_text(tau.shape)} for {shape_text(A.shape)}."
        )
    if tau.shape[-1] > n:
        raise ShapeError(
            f"{op}: input.shape[-1] must be greater than or equal to tau.shape[-1], got {n} and {tau.shape[-1]}."
        )
    if dtype_of(A) != dtype_of(tau):
        raise DTypeError(
            f"{op}: tau dtype {tau.dtype} does not match input dtype {A.dtype}. Use `tau.to(A.dtype)`."
        )
    if dtypes.kind(dtype_of(A)) not in "fc" or dtype_of(A).itemsize < 4:
        raise undefined(op, dtype_of(A))
