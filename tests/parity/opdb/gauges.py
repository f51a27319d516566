"""Operators whose results PyTorch fixes only up to a choice, and what of them is determined.

A reduction takes the call and its result and returns what every right answer agrees on. It is
written in what both libraries have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.parity.opdb.calls import Call


def _eigenvectors(call: Call, out: Any) -> Any:
    """Eigenvectors are determined up to a phase each."""
    values, vectors = out
    return values, vectors.abs()


def _svd(call: Call, out: Any) -> Any:
    """Singular vectors are determined up to a phase for each pair of them."""
    u, s, v = out
    k = s.shape[-1]
    if call.kwargs.get("compute_uv", True) is False:
        return s
    return s, u[..., :k].abs(), _scaled(u, s, v.mT.conj() if v.is_complex() else v.mT)


def _linalg_svd(call: Call, out: Any) -> Any:
    """As for `svd`, of which the last factor is transposed already."""
    u, s, vh = out
    return s, u[..., : s.shape[-1]].abs(), _scaled(u, s, vh)


def _scaled(u: Any, s: Any, vh: Any) -> Any:
    """Return U S Vh."""
    k = s.shape[-1]
    return (u[..., :k] * s.unsqueeze(-2)) @ vh[..., :k, :]


def _qr(call: Call, out: Any) -> Any:
    """Q's columns are determined up to a phase each, those of R's rows undo it."""
    q, r = out
    if not q.numel():
        return r.abs()
    return r.abs(), q[..., : r.shape[-2]] @ r


def _lstsq(call: Call, out: Any) -> Any:
    """Residuals, rank and singular values depend on LAPACK's driver; the solution does not."""
    return out[0]


def _selected(call: Call, out: Any) -> Any:
    """Among equal values any index is right: compare what the indices select."""
    if not isinstance(out, tuple):
        return out
    dim = _dim(call)
    values, indices = out
    if call.input.dim() and indices.dim() < call.input.dim():
        indices = indices.unsqueeze(dim)
    return values, call.input.gather(dim, indices)


def _sorted_by(call: Call, out: Any) -> Any:
    """As for `_selected`, of an operator that returns only indices."""
    return call.input.gather(_dim(call), out)


def _dim(call: Call) -> int:
    """Return the dimension along which a call selects; the last unless it says another."""
    given = [a for a in call.args if type(a) is int]
    takes_count = call.kwargs.get("k") is None and len(given) > 1
    positional = given[1] if takes_count else (given[0] if given else -1)
    return int(call.kwargs.get("dim", positional))


def _topk_dim(call: Call, out: Any) -> Any:
    """`topk` and `kthvalue` take a count before the dimension."""
    dim = call.kwargs.get("dim", call.args[1] if len(call.args) > 1 else -1)
    values, indices = out
    if call.input.dim() and indices.dim() < call.input.dim():
        indices = indices.unsqueeze(dim)
    return values, call.input.gather(dim, indices)


GAUGES: dict[str, Callable[[Call, Any], Any]] = {
    "argsort": _sorted_by,
    "kthvalue": _topk_dim,
    "linalg.eig": _eigenvectors,
    "linalg.eigh": _eigenvectors,
    "linalg.lstsq": _lstsq,
    "linalg.qr": _qr,
    "linalg.svd": _linalg_svd,
    "median": _selected,
    "mode": _selected,
    "nanmedian": _selected,
    "qr": _qr,
    "sort": _selected,
    "svd": _svd,
    "topk": _topk_dim,
}


def determined(name: str, call: Call, out: Any) -> Any:
    """Return what of a result is determined: all of it for operators that are not in the table."""
    reduce = GAUGES.get(name)
    return out if reduce is None else reduce(call, out)
