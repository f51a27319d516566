"""The named tuples that functions with several results return. They print as PyTorch's, which has them by these names.

`wengert.return_types` has them all.
"""

from __future__ import annotations

import collections
from typing import Any, Final

__all__ = [
    "aminmax", "cummax", "cummin", "frexp", "histogram", "histogramdd", "kthvalue", "linalg_cholesky_ex", "linalg_eig",
    "linalg_eigh", "linalg_inv_ex", "linalg_ldl_factor", "linalg_ldl_factor_ex", "linalg_lstsq", "linalg_lu",
    "linalg_lu_factor", "linalg_lu_factor_ex", "linalg_qr", "linalg_slogdet", "linalg_solve_ex", "linalg_svd",
    "lu_unpack", "max", "median", "min", "mode", "nanmedian", "qr", "slogdet", "sort", "svd", "topk",
    "triangular_solve",
]  # fmt: skip


def named_result(name: str, *fields: str) -> Any:
    """Make the named tuple that ``torch.return_types`` has as ``name``."""

    def show(self: Any) -> str:
        lines = ",\n".join(f"{f}={v!r}" for f, v in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n{lines})"

    def anew(cls: Any, *values: Any) -> Any:
        several = len(values) == 1 < len(fields) and isinstance(values[0], list | tuple)
        return base.__new__(cls, *(values[0] if several else values))

    def reduced(self: Any) -> Any:
        return remade, (name, tuple(self))

    make: Any = collections.namedtuple
    base = make(name, fields)
    body = {
        "__slots__": (), "__new__": anew, "__repr__": show, "__reduce__": reduced, "__module__": "wengert.return_types",
        "n_fields": len(fields), "n_sequence_fields": len(fields), "n_unnamed_fields": 0,
    }  # fmt: skip
    made = type(
        name, (base,), {**body, "__doc__": f"What ``{name}`` returns: {', '.join(fields)}."}
    )
    _by_name[name] = made
    return made


_by_name: Final[dict[str, Any]] = {}


def remade(name: str, values: tuple[Any, ...]) -> Any:
    """Return a named tuple that was pickled, wherever its class says that it is defined."""
    return _by_name[name](*values)


aminmax = named_result("aminmax", "min", "max")
cummax = named_result("cummax", "values", "indices")
cummin = named_result("cummin", "values", "indices")
frexp = named_result("frexp", "mantissa", "exponent")
histogram = named_result("histogram", "hist", "bin_edges")
histogramdd = named_result("histogramdd", "hist", "bin_edges")
kthvalue = named_result("kthvalue", "values", "indices")
max = named_result("max", "values", "indices")
median = named_result("median", "values", "indices")
min = named_result("min", "values", "indices")
mode = named_result("mode", "values", "indices")
nanmedian = named_result("nanmedian", "values", "indices")
sort = named_result("sort", "values", "indices")
topk = named_result("topk", "values", "indices")
linalg_cholesky_ex = named_result("linalg_cholesky_ex", "L", "info")
linalg_eig = named_result("linalg_eig", "eigenvalues", "eigenvectors")
linalg_eigh = named_result("linalg_eigh", "eigenvalues", "eigenvectors")
linalg_inv_ex = named_result("linalg_inv_ex", "inverse", "info")
linalg_ldl_factor = named_result("linalg_ldl_factor", "LD", "pivots")
linalg_ldl_factor_ex = named_result("linalg_ldl_factor_ex", "LD", "pivots", "info")
linalg_lstsq = named_result("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
linalg_lu = named_result("linalg_lu", "P", "L", "U")
linalg_lu_factor = named_result("linalg_lu_factor", "LU", "pivots")
linalg_lu_factor_ex = named_result("linalg_lu_factor_ex", "LU", "pivots", "info")
linalg_qr = named_result("linalg_qr", "Q", "R")
linalg_slogdet = named_result("linalg_slogdet", "sign", "logabsdet")
linalg_solve_ex = named_result("linalg_solve_ex", "result", "info")
linalg_svd = named_result("linalg_svd", "U", "S", "Vh")
lu_unpack = named_result("lu_unpack", "P", "L", "U")
lu_with_info = named_result("_lu_with_info", "LU", "pivots", "info")
qr = named_result("qr", "Q", "R")
slogdet = named_result("slogdet", "sign", "logabsdet")
svd = named_result("svd", "U", "S", "V")
triangular_solve = named_result("triangular_solve", "solution", "cloned_coefficient")
