"""Rows that multiply and add over a shared axis. Each is linear in either operand with the other fixed."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import linear
from wengert.rules.structural import (
    broadcast_to,
    conj,
    reshape,
    squeeze,
    sum,
    t,
    transpose,
    unsqueeze,
)


def _dot(x: Array, y: Array) -> Array:
    return x.dot(y)  # type: ignore[no-any-return]


def _dot_batch(size: int, mapped: Any, p: Any, x: Any, y: Any) -> Any:
    return sum(x * y, axis=(1,), keepdim=False)


dot = linear(
    "dot", _dot, [lambda ct, y: ct * y, lambda ct, x: ct * x], joint=False, batch=_dot_batch
)


mv = linear(
    "mv", _dot,
    [lambda ct, y: unsqueeze(ct, dim=1) * unsqueeze(y, dim=0), lambda ct, x: vm(ct, x)],
    joint=False, batch=lambda size, mapped, p, x, y: _mv_mapped(mapped, x, y),
)  # fmt: skip


def _mv_mapped(mapped: Any, x: Any, y: Any) -> Any:
    return squeeze(matmul(x, unsqueeze(y, dim=y.ndim)), dims=(2,))


mm = linear(
    "mm", _dot, [lambda ct, y: mm(ct, t(y)), lambda ct, x: mm(t(x), ct)],
    joint=False, batch=lambda size, mapped, p, x, y: matmul(x, y),
)  # fmt: skip


def _matmul(x: Array, y: Array) -> Array:
    return np.matmul(x, y)  # type: ignore[no-any-return]


def _matmul_batch(size: int, mapped: Any, p: Any, x: Any, y: Any) -> Any:
    """Give both operands the same number of axes behind the mapped one, so that batch axes line up."""
    rank = max(x.ndim - mapped[0], y.ndim - mapped[1])
    lined_up = [
        reshape(v, shape=(size, *(1,) * (rank - v.ndim + 1), *v.shape[1:])) if m else v
        for v, m in zip((x, y), mapped, strict=True)
    ]
    return matmul(*lined_up)


def _swap(x: Any) -> Any:
    return transpose(x, dim0=x.ndim - 2, dim1=x.ndim - 1)


matmul = linear(
    "matmul", _matmul, [lambda ct, y: matmul(ct, _swap(y)), lambda ct, x: matmul(_swap(x), ct)],
    joint=False, batch=_matmul_batch, backward_name="UnsafeViewBackward0",
)  # fmt: skip
"""Matrix products over the last two axes, the others broadcast against each other."""

bmm = matmul.named("bmm", "BmmBackward0")


def _column(x: Any) -> Any:
    return unsqueeze(x, dim=x.ndim)


def _row(x: Any) -> Any:
    return unsqueeze(x, dim=x.ndim - 1)


def _without_column(x: Any) -> Any:
    return squeeze(x, dims=(x.ndim - 1,))


def _vm_batch(size: int, mapped: Any, p: Any, x: Any, y: Any) -> Any:
    out = _matmul_batch(size, mapped, p, _row(x), y)
    return squeeze(out, dims=(out.ndim - 2,))


def _vm(x: Array, y: Array) -> Array:
    # For one matrix `dot` takes half the time of `matmul`; for a stack it leaves the BLAS.
    return x.dot(y) if y.ndim == 2 else np.matmul(x, y)  # type: ignore[no-any-return]


vm = linear(
    "vm", _vm,
    [lambda ct, y: _without_column(matmul(y, _column(ct))), lambda ct, x: _column(x) * _row(ct)],
    joint=False, batch=_vm_batch, backward_name="SqueezeBackward4",
)  # fmt: skip
"""A vector times a matrix or each of a stack of them, named as the last of PyTorch's steps."""

vm_each = vm.named("vm_each", "UnsafeViewBackward0")


def _mv_each_batch(size: int, mapped: Any, p: Any, x: Any, y: Any) -> Any:
    return _without_column(_matmul_batch(size, mapped, p, x, _column(y)))


mv_each = linear(
    "mv_each", _matmul,
    [lambda ct, y: _column(ct) * y, lambda ct, x: _without_column(matmul(_swap(x), _column(ct)))],
    joint=False, batch=_mv_each_batch, backward_name="UnsafeViewBackward0",
)  # fmt: skip
"""Each matrix of a stack times one vector."""

__all__ = ["bmm", "broadcast_to", "conj", "dot", "matmul", "mm", "mv", "mv_each", "vm", "vm_each"]
