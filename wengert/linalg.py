"""Linear algebra under PyTorch's names for it, `torch.linalg`. Only names stand here."""

from __future__ import annotations

from wengert.errors import LinAlgError, refuser
from wengert.tensor.linalg.arranging import (
    cross,
    diagonal,
    matmul,
    multi_dot,
    vander,
    vecdot,
)
from wengert.tensor.linalg.factoring import (
    cholesky,
    cholesky_ex,
    lu,
    lu_factor,
    lu_factor_ex,
    lu_solve,
    qr,
    solve_triangular,
)
from wengert.tensor.linalg.indefinite import ldl_factor, ldl_factor_ex, ldl_solve
from wengert.tensor.linalg.reflecting import householder_product
from wengert.tensor.linalg.sizes import (
    cond,
    matrix_norm,
    norm,
    vector_norm,
)
from wengert.tensor.linalg.solving import (
    det,
    inv,
    inv_ex,
    matrix_exp,
    matrix_power,
    slogdet,
    solve,
    solve_ex,
    tensorinv,
    tensorsolve,
)
from wengert.tensor.linalg.spectra import (
    eig,
    eigh,
    eigvals,
    eigvalsh,
    lstsq,
    matrix_rank,
    pinv,
    svd,
    svdvals,
)

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "ldl_factor",
    "ldl_factor_ex",
    "ldl_solve",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]

__getattr__ = refuser(__name__, "torch.linalg")
