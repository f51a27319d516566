"""Parametrizations that are often wanted: orthogonal matrices, and weights normalized by length or by spectrum."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core.limits import finfo
from wengert.nn.functional.activation import normalize
from wengert.nn.module import Module
from wengert.nn.utils.parametrize import register_parametrization
from wengert.nn.utils.spectral_norm import outputs_of, require_iterations
from wengert.nn.utils.weight_norm import lengths, scaled
from wengert.tape.mode import no_grad
from wengert.tape.storage import concrete, handle
from wengert.tensor import filled, joining, matrices, sampling
from wengert.tensor.linalg import solving
from wengert.tensor.tensor import Tensor

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

MAPS = ("matrix_exp", "cayley", "householder")


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return scaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return lengths(weight, self.dim), weight


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Have a parameter be ``g * v / |v|``, and return the module.

    The norm is taken over all dimensions but ``dim``; over all for None. The parameters are
    ``parametrizations.<name>.original0`` (g) and ``original1`` (v); a state that `torch.nn.utils.weight_norm` saved is
    loaded, too. Source: Salimans and Kingma, Weight normalization, 2016.

    >>> import wengert as torch
    >>> m = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2))
    >>> {key: value.shape for key, value in m.state_dict().items() if "original" in key}
    {'parametrizations.weight.original0': torch.Size([2, 1]), 'parametrizations.weight.original1': torch.Size([2, 3])}
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: Any, prefix: str, *others: Any) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                new = f"{prefix}parametrizations.{name}.original{i}"
                state_dict[new] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    _u: Any
    _v: Any

    def __init__(
        self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        n = weight.ndim
        if not -n <= dim < n:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-n}, {n - 1}] but got {dim})"
            )
        require_iterations(n_power_iterations)
        self.dim = dim % n
        self.eps = eps
        if n > 1:
            self.n_power_iterations = n_power_iterations
            with no_grad():
                matrix = self._matrix(weight)
                u, v = (matrix.new_empty(size).normal_(0, 1) for size in matrix.size())
                self.register_buffer("_u", normalize(u, dim=0, eps=eps))
                self.register_buffer("_v", normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _matrix(self, weight: Any) -> Any:
        if self.dim != 0:
            weight = weight.permute(self.dim, *(d for d in range(weight.ndim) if d != self.dim))
        return weight.flatten(1)

    def _power_method(self, matrix: Any, steps: int) -> None:
        with no_grad():
            for _ in range(steps):
                self._u.copy_(normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(matrix.mH.mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # The next iteration writes to the buffers, and this one's backward reads them.
        u, v = self._u.clone(), self._v.clone()
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Any) -> Any:
        return value


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Any:  # fmt: skip
    """Have a parameter be divided by its largest singular value, and return the module.

    The value is estimated by the power method: 15 steps at first, and ``n_power_iterations`` whenever the weight is
    read in training mode. The weight counts as a matrix with a row for each index of ``dim``: 0, or 1 for transposed
    convolutions; a vector is divided by its length. ValueError for a name without tensor and for no iterations,
    IndexError for another dimension.
    Source: Miyato et al., Spectral normalization for generative adversarial networks, 2018.

    >>> import wengert as torch
    >>> m = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 2)).eval()
    >>> round(torch.linalg.matrix_norm(m.weight, 2).item(), 4)
    1.0
    """
    weight = _weight(module, name)
    made = _SpectralNorm(weight, n_power_iterations, outputs_of(module, dim), eps)
    return register_parametrization(module, name, made)


def _weight(module: Any, name: str) -> Any:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


class _Orthogonal(Module):
    base: Any

    def __init__(
        self, weight: Any, orthogonal_map: str, *, use_trivialization: bool = True
    ) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError(
                "The householder parametrization does not support complex tensors. Use orthogonal_map='matrix_exp'."
            )
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Any) -> Any:
        """Return a matrix with orthonormal columns, or rows where there are fewer of them."""
        turned = x.size(-2) < x.size(-1)
        if turned:
            x = x.mT
        n, k = x.size(-2), x.size(-1)
        if self.orthogonal_map == "householder":
            below = x.tril(-1)
            tau = 2.0 / (1.0 + below.square().sum(-2))
            q = _reflected(below, tau) * x.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            x = x.tril()
            if n != k:
                x = joining.cat([x, x.new_zeros(*x.shape[:-2], n, n - k)], -1)
            q = self._of_skew(x - x.mH)[..., :k]
        if "base" in self._buffers:
            q = self.base @ q
        return q.mT if turned else q

    def _of_skew(self, a: Any) -> Any:
        if self.orthogonal_map == "matrix_exp":
            return matrices.matrix_exp(a)
        one = filled.eye(a.size(-1), dtype=a.dtype, device=a.device)
        return solving.solve(one - a / 2, one + a / 2)

    def right_inverse(self, q: Any) -> Any:
        """Return a matrix that `forward` takes to ``q``, or near it where ``q`` is not orthogonal."""
        if q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {q.shape}."
            )
        with no_grad():
            turned = q.size(-2) < q.size(-1)
            tall = q.mT if turned else q
            if "base" in self._buffers:
                self.base = self._completed(tall)
                minus_one = filled.zeros_like(q)
                minus_one.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
                return minus_one
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                    "use_trivialization=False."
                )
            a, tau = _factored(tall)
            signs = a.diagonal(dim1=-2, dim2=-1)
            signs.sign_()
            signs[tau == 0.0] *= -1
            return a.mT if turned else a

    def _completed(self, q: Any) -> Any:
        """Return a square orthogonal matrix whose first columns are those of ``q``, made orthogonal if need be."""
        n, k = q.size(-2), q.size(-1)
        if n != k:
            more = sampling.randn(*q.shape[:-2], n, n - k, dtype=q.dtype)
            return _made_orthogonal(joining.cat([q, more], -1))
        error = (q.mH @ q - filled.eye(k, dtype=q.dtype, device=q.device)).abs()
        eps = 10.0 * n * finfo(q.dtype).eps
        close = bool((error <= eps + 1e-5 * filled.eye(k, dtype=error.dtype)).all())
        return q.clone() if close else _made_orthogonal(q)


def _factored(a: Any) -> tuple[Any, Any]:
    """Return LAPACK's QR factors: R above reflectors' vectors, and the reflectors' factors."""
    raw, tau = np.linalg.qr(concrete(a.detach(), "orthogonal"), mode="raw")
    return handle(raw.swapaxes(-2, -1).copy()), handle(tau)


def _made_orthogonal(a: Any) -> Any:
    """Return the Q of the QR factors whose R has a diagonal that is not negative."""
    x, tau = _factored(a)
    return _reflected(x, tau) * x.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def _reflected(a: Any, tau: Any) -> Any:
    """Return the first columns of the product of reflectors ``1 - tau v v^H``; v is below the diagonal of a column."""
    n, k = a.size(-2), a.size(-1)
    one = filled.eye(n, k, dtype=a.dtype, device=a.device)
    vectors = a.tril(-1) + one
    q = one.expand(*a.shape[:-2], n, k)
    for i in reversed(range(k)):
        v = vectors[..., i : i + 1]
        q = q - tau[..., i : i + 1].unsqueeze(-1) * v @ (v.mH @ q)
    return q


def orthogonal(
    module: Any, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Any:  # fmt: skip
    """Have a matrix, or each of a batch ``(..., m, n)``, be orthogonal (unitary, if complex), and return the module.

    Its columns are orthonormal, or its rows where there are fewer of them. ``orthogonal_map`` says how it depends on
    the parameter X: "matrix_exp", ``exp(A)``, and "cayley", ``(1 + A/2)(1 - A/2)^-1``, of ``A = L - L^H``, L the lower
    triangle of X; "householder", a product of reflectors. The default is "matrix_exp" for square and complex matrices,
    else "householder". With ``use_trivialization`` the map is taken relative to a fixed matrix ``base``: what the
    parameter was, made orthogonal.

    Raises ValueError for a name without tensor, for less than two dimensions, and for another map.
    Source: Lezcano-Casado, Trivializations for gradient-based optimization on manifolds, 2019.

    >>> import wengert as torch
    >>> m = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(2, 4))
    >>> torch.allclose(m.weight.T @ m.weight, torch.eye(2), atol=1e-6)
    True
    """
    weight = _weight(module, name)
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)
