"""Linear algebra: every refusal in words, results that are views of one another, and derivatives at special points."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from wengert.errors import LinAlgError

EYE, WIDE, ZERO = torch.eye(2), torch.ones(2, 3), torch.zeros(2, 2)
STACK = torch.stack([EYE, ZERO])
L = torch.linalg

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "singular": (lambda: L.inv(ZERO), LinAlgError, r"linalg\.inv: The diagonal element 1.*lstsq"),
    "one of a batch": (lambda: L.inv(STACK), LinAlgError, r"\(Batch element 1\): The diagonal"),
    "singular system": (lambda: L.solve(STACK, EYE), LinAlgError, r"linalg\.solve: \(Batch element 1\)"),
    "not positive": (
        lambda: L.cholesky(-EYE), LinAlgError, "leading minor of order 1 is not positive-definite.*identity",
    ),
    "one not positive": (lambda: L.cholesky(STACK), LinAlgError, r"\(Batch element 1\)"),
    "checked on demand": (lambda: L.inv_ex(ZERO, check_errors=True), LinAlgError, "singular"),
    "zero pivot": (lambda: L.lu_factor(ZERO), RuntimeError, r"U\[1,1\] is zero.*lu_factor_ex"),
    "not finite": (lambda: L.eig(EYE / 0), LinAlgError, "failed to converge.*isfinite"),
    "not square": (lambda: L.det(WIDE), RuntimeError, "square matrices, but they are 2 by 3"),
    "a vector": (lambda: L.svd(EYE[0]), RuntimeError, "must have at least 2 dimensions"),
    "integers": (lambda: L.inv(EYE.int()), RuntimeError, r"floating point or complex.*int32.*float\(\)"),
    "float16": (lambda: L.qr(EYE.half()), RuntimeError, "Low precision dtypes not supported.*float16"),
    "dtypes": (lambda: L.solve(EYE, EYE.double()), RuntimeError, r"same dtype.*B\.to\(A\.dtype\)"),
    "sizes": (lambda: L.solve(EYE, torch.ones(3, 1)), RuntimeError, r"AX = B \(\[2, 2\] and \[3, 1\]\)"),
    "vectors from the right": (lambda: L.solve(EYE, EYE[0], left=False), RuntimeError, "left=False.*unsqueeze"),
    "stacks": (lambda: L.solve(EYE.expand(2, 2, 2), EYE.expand(3, 2, 2)), RuntimeError, "do not broadcast"),
    "triangle": (lambda: L.eigh(EYE, "X"), RuntimeError, "'L' or 'U', but got X"),
    "mode": (lambda: L.qr(EYE, "full"), RuntimeError, "unrecognized mode 'full'"),
    "driver": (lambda: L.lstsq(EYE, EYE, driver="qr"), RuntimeError, "one of .gels, gelsy"),
    "svd driver": (lambda: L.svd(EYE, driver="gesvd"), RuntimeError, "only supported on CUDA"),
    "order": (lambda: L.matrix_norm(EYE, 3), RuntimeError, "Order 3 not supported.*nuc"),
    "norm's dims": (lambda: L.matrix_norm(EYE, dim=(0, 0)), RuntimeError, "dims must be different"),
    "condition": (lambda: L.cond(EYE, "max"), RuntimeError, "invalid norm type: max"),
    "tensorinv": (lambda: L.tensorinv(torch.ones(2, 3), 1), RuntimeError, "3 != 2"),
    "tensorsolve": (lambda: L.tensorsolve(torch.ones(2, 3), EYE[0]), RuntimeError, "3 != 2"),
    "cross of others": (lambda: L.cross(EYE, EYE), RuntimeError, "dimension -1 must have length 3. Got 2 and 2"),
    "one factor": (lambda: L.multi_dot([EYE]), RuntimeError, "at least 2 tensors but got 1"),
    "chain": (lambda: L.multi_dot([EYE, WIDE, EYE]), RuntimeError, "tensors 1 and 2 with shapes"),
    "trace of a vector": (lambda: torch.trace(EYE[0]), RuntimeError, "expected a matrix.*diagonal"),
    "addmm of vectors": (lambda: torch.addmm(EYE, EYE[0], EYE), RuntimeError, "mat1 must be a matrix, not 1D"),
    "addmm of sizes": (lambda: torch.addmm(EYE, EYE, torch.ones(3, 2)), RuntimeError, "2 and 3 differ"),
    "addmm of dtypes": (lambda: torch.addmm(EYE.double(), EYE, EYE), RuntimeError, "same dtype"),
    "addmm's input": (lambda: torch.addmm(torch.ones(3), EYE, EYE), RuntimeError, "must match the product's"),
    "addr's factor": (
        lambda: torch.addr(EYE.int(), EYE[0].int(), EYE[0].int(), alpha=0.5), RuntimeError, "must not be a floating",
    ),
    "outer of matrices": (lambda: torch.outer(EYE, EYE), RuntimeError, "Expected 1-D argument input.*kron"),
    "inner of sizes": (lambda: torch.inner(EYE, WIDE), RuntimeError, "last dimension must match"),
    "tensordot of sizes": (lambda: torch.tensordot(EYE, torch.ones(3, 2), 1), RuntimeError, "size 2 in dim 1 and"),
    "cdist of integers": (lambda: torch.cdist(EYE.int(), EYE), RuntimeError, "only supports floating-point"),
    "cdist of columns": (lambda: torch.cdist(EYE, WIDE), RuntimeError, "X1: 2 X2: 3"),
    "cdist's mode": (lambda: torch.cdist(EYE, EYE, 2, "fast"), ValueError, "fast is not a valid"),
    "einsum's letters": (lambda: torch.einsum("i$", EYE), RuntimeError, r"index 1 in the equation.*'\$'"),
    "einsum's rank": (lambda: torch.einsum("ijk", EYE), RuntimeError, r"subscripts in the equation \(3\)"),
    "einsum's operands": (lambda: torch.einsum("ij,jk", EYE), RuntimeError, "fewer operands were provided"),
    "einsum's sizes": (lambda: torch.einsum("ij,ij", EYE, WIDE), RuntimeError, "subscript j has sizes 2 and 3"),
    "einsum's diagonal": (lambda: torch.einsum("ii", WIDE), RuntimeError, "repeated.*3 != 2"),
    "einsum's output": (lambda: torch.einsum("ij->k", EYE), RuntimeError, "output subscript k does not appear"),
    "einsum's output twice": (lambda: torch.einsum("ij->ii", EYE), RuntimeError, "i appears more than once"),
    "einsum's lists": (lambda: torch.einsum(EYE, [0, 99]), ValueError, r"range \[0, 52\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


def test_the_error_is_torchs() -> None:
    assert torch.linalg.LinAlgError is LinAlgError
    assert issubclass(LinAlgError, RuntimeError)


@pytest.mark.parametrize("rank", [0, 1, 2, 3, 4])
def test_derivatives_of_the_determinant_at_every_rank(rank: int) -> None:
    """The determinant is a polynomial: differences of five points are exact but for rounding."""
    rng = np.random.default_rng(rank)
    a = rng.normal(size=(4, rank)) @ rng.normal(size=(rank, 4))
    assert torch.autograd.gradcheck(L.det, torch.tensor(a, requires_grad=True), atol=1e-8)

    def gradient(x: Any) -> Any:
        return torch.autograd.grad(L.det(x), x, create_graph=True)[0]

    assert torch.autograd.gradcheck(gradient, torch.tensor(a, requires_grad=True), atol=1e-7)


def test_products_around_some_of_the_singular_values() -> None:
    """Products of all but one or two, zeros among them: no division."""
    from wengert.rules.linalg import _products_around, _products_without_two

    s = np.array([[4.0, 3.0, 2.0, 0.0], [5.0, 3.0, 2.0, 1.0]])
    one = np.multiply(*_products_around(s))
    two = _products_without_two(s)
    for b, i, j in itertools.product(range(2), range(4), range(4)):
        assert one[b, i] == np.prod(np.delete(s[b], i))
        assert two[b, i, j] == (0 if i == j else np.prod(np.delete(s[b], [i, j])))


@pytest.mark.parametrize("name", ["eigh", "svd", "eig"])
def test_a_complex_function_of_phases_raises(name: str) -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    x = torch.tensor(a + a.conj().T, requires_grad=True)
    loss = getattr(L, name)(x)[0 if name == "svd" else 1].imag.sum()
    with pytest.raises(RuntimeError, match=r"e\^\(i phi\).*ill-defined.*moduli"):
        loss.backward()


def test_vectors_of_equal_values_have_no_gradient_but_values_have() -> None:
    x = torch.eye(3, requires_grad=True)
    L.eigvalsh(x).sum().backward()
    assert x.grad.tolist() == np.eye(3).tolist()
    (x.grad,) = torch.autograd.grad(L.eigh(x).eigenvectors.pow(3).sum(), x)
    assert x.grad.isnan().any()


@pytest.mark.parametrize(
    ("mode", "words"), [("r", "not computed when mode='r'"), ("complete", "nrows > ncols")]
)
def test_modes_of_qr_without_derivative(mode: str, words: str) -> None:
    x = torch.ones(3, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match=words):
        L.qr(x, mode).R.sum().backward()


@pytest.mark.parametrize("shape", [(3, 3), (2, 5, 3), (4, 2, 6)])
def test_factors_multiply_to_the_matrix(shape: tuple[int, ...]) -> None:
    x = torch.tensor(np.random.default_rng(2).normal(size=shape))
    q, r = L.qr(x)
    p, low, up = L.lu(x)
    u, s, vh = L.svd(x, full_matrices=False)
    for product in (q @ r, p @ low @ up, (u * s.unsqueeze(-2)) @ vh):
        assert np.allclose(product.numpy(), x.numpy())


@pytest.mark.parametrize(("left", "adjoint"), list(itertools.product([True, False], repeat=2)))
def test_a_factored_matrix_solves_from_both_sides(left: bool, adjoint: bool) -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=(2, 3, 3)) + 1j * rng.normal(size=(2, 3, 3))
    b = rng.normal(size=(2, 3, 3)) + 0j
    factors, pivots = L.lu_factor(torch.tensor(a))
    x = L.lu_solve(factors, pivots, torch.tensor(b), left=left, adjoint=adjoint).numpy()
    matrix = a.conj().swapaxes(-1, -2) if adjoint else a
    assert np.allclose(matrix @ x if left else x @ matrix, b)


def test_addmm_with_the_factor_0_does_not_look_at_its_input() -> None:
    bad = torch.full((2, 2), float("nan"), requires_grad=True)
    out = torch.addmm(bad, EYE, EYE, beta=0)
    assert out.tolist() == EYE.tolist()
    out.sum().backward()
    assert bad.grad.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("spread", [0.0, 1e-3, 1.0, 1e3])
def test_distances_of_near_points_keep_their_digits(spread: float) -> None:
    rng = np.random.default_rng(5)
    x = (1000.0 + spread * rng.normal(size=(2, 40, 3))).astype(np.float32)
    y = np.concatenate((x[:, ::2] + np.float32(2**-10), x[:, ::3]), 1)
    exact = np.linalg.norm(x[:, :, None].astype(float) - y[:, None].astype(float), axis=-1)
    found = torch.cdist(torch.tensor(x), torch.tensor(y)).numpy()
    np.testing.assert_allclose(found, exact, rtol=5e-6)


def test_distances_to_points_at_infinity() -> None:
    x = torch.ones(30, 2)
    x[3, 0] = float("inf")
    found = torch.cdist(x, torch.arange(60.0).reshape(30, 2))
    assert found[3].isinf().all()
    assert found[2].isfinite().all()


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, float("inf")])
def test_the_distance_of_equal_points_has_a_gradient_of_0(p: float) -> None:
    x = torch.ones(2, 3, requires_grad=True)
    (first,) = torch.autograd.grad(torch.cdist(x, torch.ones(1, 3), p).sum(), x, create_graph=True)
    assert not first.any()


EQUATIONS = {
    "ij,jk->ik": [(2, 3), (3, 4)], "ij,jk": [(2, 3), (3, 4)], "ij,kj->ik": [(2, 3), (4, 3)], "ii": [(3, 3)],
    "ii->i": [(3, 3)], "ij->ji": [(2, 3)], "ba": [(2, 3)], "i,j->ij": [(2,), (3,)], "i,i": [(3,), (3,)],
    "bij,bjk->bik": [(2, 3, 4), (2, 4, 5)], "bij,jk->bik": [(2, 3, 4), (4, 5)],
    "...ij,...jk->...ik": [(2, 1, 3, 4), (5, 4, 2)], "i...->...": [(2, 3)], "...": [(2, 3)],
    "ij,jk,kl->il": [(2, 3), (3, 4), (4, 2)], "abc,cd,def->abef": [(2, 2, 3), (3, 2), (2, 2, 2)],
    "ij,ij->j": [(2, 3), (1, 3)], "iji,jk->k": [(2, 3, 2), (3, 2)], ",i->i": [(), (3,)], "ij,k->": [(2, 3), (4,)],
}  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum_is_numpys(equation: str) -> None:
    rng = np.random.default_rng(4)
    given = [rng.normal(size=shape) for shape in EQUATIONS[equation]]
    tensors = [torch.tensor(a, requires_grad=True) for a in given]
    made = torch.einsum(equation, *tensors)
    assert np.allclose(made.detach().numpy(), np.einsum(equation, *given))
    assert torch.autograd.gradcheck(lambda *xs: torch.einsum(equation, *xs), tuple(tensors))


def test_einsum_takes_lists_of_numbers() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    assert torch.einsum(x, [0, 1], x, [2, 1], [2, 0]).tolist() == (x @ x.T).tolist()
    assert torch.einsum(x, [..., 1]).shape == (2, 3)


def test_a_stack_times_one_matrix_is_one_product() -> None:
    x, y = torch.ones(4, 5, 3, requires_grad=True), torch.ones(3, 2, requires_grad=True)
    (x @ y).sum().backward()
    assert y.grad.tolist() == [[20.0, 20.0]] * 3
    assert x.grad.shape == (4, 5, 3)


def test_a_traced_function_meets_a_singular_matrix_when_it_runs() -> None:
    from wengert.trace import trace

    traced = trace(L.inv, EYE)
    assert traced(2 * EYE).tolist() == (EYE / 2).tolist()
    with pytest.raises(LinAlgError, match="singular"):
        traced(ZERO)


@pytest.mark.parametrize("name", ["cholesky", "qr"])
def test_old_names_say_so(name: str) -> None:
    with pytest.warns(
        UserWarning, match=rf"torch\.{name} is deprecated in favor of torch\.linalg\.{name}"
    ):
        getattr(torch, name)(EYE)
