"""Products of vectors, matrices and stacks: every pair of ranks, and the words of every refusal."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch

V, M, S = torch.ones(2), torch.ones(2, 2), torch.ones(3, 2, 2)

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "0-d": (lambda: V @ torch.tensor(1.0), RuntimeError, "at least 1D.*1D and 0D.*Use `\\*`"),
    "inner sizes": (
        lambda: M @ torch.ones(3),
        RuntimeError,
        r"cannot be multiplied \(2x2 and \[3\]\): the inner sizes 2 and 3 differ.*\.T",
    ),
    "inner sizes of a vector": (lambda: torch.ones(3) @ M, RuntimeError, "inner sizes 3 and 2"),
    "stacks": (lambda: S @ torch.ones(2, 2, 2), RuntimeError, "leading dimensions.*unsqueeze"),
    "dtypes": (lambda: M @ M.double(), RuntimeError, r"same dtype.*x\.to\(y\.dtype\)"),
    "dtypes, the other way": (lambda: M @ M.long(), RuntimeError, r"same dtype.*y\.to\(x\.dtype\)"),
    "bools": (lambda: M.bool() @ M.bool(), NotImplementedError, '"matmul" not implemented'),
    "bool vectors": (lambda: torch.dot(V.bool(), V.bool()), NotImplementedError, '"dot"'),
    "number": (lambda: M @ 2, TypeError, "unsupported operand"),
    "number in a function": (lambda: torch.matmul(M, 2), TypeError, "'other' must be Tensor"),
    "dot of a matrix": (
        lambda: torch.dot(V, M),
        RuntimeError,
        "dot: 1D tensors expected.*1D and 2D",
    ),
    "dot of sizes": (lambda: torch.dot(V, torch.ones(3)), RuntimeError, "inconsistent tensor size"),
    "dot of dtypes": (lambda: torch.dot(V, V.long()), RuntimeError, "same dtype.*Use"),
    "mm of a vector": (lambda: torch.mm(V, M), RuntimeError, "self must be a matrix, not 1D.*@"),
    "mm with a vector": (lambda: torch.mm(M, V), RuntimeError, "mat2 must be a matrix, not 1D"),
    "mv of matrices": (lambda: torch.mv(M, M), RuntimeError, "expected, got 2D and 2D.*`@`"),
    "mv of a number": (lambda: torch.mv(M, 2), TypeError, "mv.*'vec' must be Tensor, not int"),
    "bmm of matrices": (lambda: torch.bmm(M, M), RuntimeError, "must be 3D tensors, not 2D and 2D"),
    "bmm of counts": (
        lambda: torch.bmm(S, S[:2]),
        RuntimeError,
        "numbers of matrices differ: 3 and 2",
    ),
    "bmm of a number": (lambda: torch.bmm(S, 2), TypeError, "bmm.*'mat2' must be Tensor"),
    "bmm of sizes": (
        lambda: torch.bmm(S, torch.ones(3, 3, 2)),
        RuntimeError,
        "inner sizes 2 and 3",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


SHAPES = [(3,), (3, 3), (2, 3, 3), (4, 1, 3, 3)]


@pytest.mark.parametrize(("left", "right"), list(itertools.product(SHAPES, SHAPES)))
def test_values_and_gradients_of_every_pair_of_ranks(
    left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left), rng.normal(size=right)
    x, y = (torch.tensor(v, requires_grad=True) for v in (a, b))
    assert np.allclose((x @ y).detach().numpy(), a @ b)
    assert torch.autograd.gradcheck(torch.matmul, (x, y))


@pytest.mark.parametrize(("left", "right"), list(itertools.product(SHAPES[:3], SHAPES[:3])))
@pytest.mark.parametrize("dims", [(0, 0), (0, None), (None, 0)])
def test_every_pair_of_ranks_under_vmap(
    left: tuple[int, ...], right: tuple[int, ...], dims: tuple[Any, Any]
) -> None:
    rng = np.random.default_rng(1)
    shapes = [(5, *s) if d == 0 else s for s, d in zip((left, right), dims, strict=True)]
    x, y = (torch.tensor(rng.normal(size=s)) for s in shapes)
    expected = [(x[i] if dims[0] == 0 else x) @ (y[i] if dims[1] == 0 else y) for i in range(5)]
    assert np.allclose(torch.vmap(torch.matmul, dims)(x, y).numpy(), torch.stack(expected).numpy())


def test_node_names_are_those_of_the_last_step() -> None:
    v, m, s = (t.clone().requires_grad_() for t in (V, M, S))
    named = [
        ("DotBackward0", v @ v),
        ("MvBackward0", m @ v),
        ("MmBackward0", m @ m),
        ("SqueezeBackward4", v @ m),
        ("UnsafeViewBackward0", s @ v),
        ("UnsafeViewBackward0", v @ s),
        ("UnsafeViewBackward0", s @ m),
        ("BmmBackward0", torch.bmm(s, s)),
    ]
    assert [out.grad_fn.name() for _, out in named] == [name for name, _ in named]
