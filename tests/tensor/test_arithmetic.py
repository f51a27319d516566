"""Elementwise functions and operators: values at the edges, and the words of every refusal."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import wengert as torch

X = torch.tensor([1.0, 2.0])
INTS = torch.tensor([1, 2])
BOOLS = torch.tensor([True, False])
COMPLEX = torch.tensor([1 + 1j, 2])

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "sizes": (
        lambda: X + torch.ones(3),
        RuntimeError,
        r"add: operands of shapes \[2\] and \[3\] do not broadcast: The size of tensor a \(2\) must match the "
        r"size of tensor b \(3\) at non-singleton dimension 0.*reshape",
    ),
    "sizes of where": (
        lambda: torch.where(X > 1, X, torch.ones(3)),
        RuntimeError,
        r"where: operands of shapes .*unsqueeze",
    ),
    "sizes of pow": (lambda: X ** torch.ones(3), RuntimeError, "pow: operands of shapes"),
    "text": (lambda: torch.add(X, "a"), TypeError, "add.*not str.*torch.tensor"),
    "text beside an operator": (lambda: X + "a", TypeError, "unsupported operand"),
    "fraction": (lambda: X * Fraction(1, 2), TypeError, "Fraction cannot be an operand.*float"),
    "number alone": (lambda: torch.exp(2.0), TypeError, "exp.*'input' must be Tensor, not float"),
    "numbers alone": (lambda: torch.pow(2, 3), TypeError, "pow.*'exponent' must be Tensor"),
    "comparison of a number": (lambda: torch.lt(2, X), TypeError, "lt.*'input' must be Tensor"),
    "maximum with a number": (lambda: torch.maximum(X, 2), TypeError, "'other' must be Tensor"),
    "bools subtracted": (lambda: BOOLS - BOOLS, RuntimeError, "two bool tensors.*Use `\\^`"),
    "bool subtracted": (lambda: X - True, RuntimeError, "a bool tensor.*convert the mask"),
    "from a bool": (lambda: 1 - BOOLS, RuntimeError, "a bool tensor is not supported"),
    "bool negated": (lambda: -BOOLS, RuntimeError, "Negation.*Use `~` for not"),
    "plus of a bool": (lambda: +BOOLS, RuntimeError, r"The `\+` operator.*\.int\(\)"),
    "abs of bools": (
        lambda: abs(BOOLS),
        NotImplementedError,
        '"abs" not implemented for torch.bool',
    ),
    "relu of bools": (lambda: BOOLS.relu(), RuntimeError, '"relu" not implemented.*Convert'),
    "pow of bools": (lambda: BOOLS**BOOLS, NotImplementedError, '"pow" not implemented'),
    "order of complex": (lambda: COMPLEX < 1, NotImplementedError, '"lt".*no order'),
    "maximum of complex": (
        lambda: torch.maximum(X, COMPLEX),
        RuntimeError,
        '"maximum" not implemented for torch.complex64',
    ),
    "sign of complex": (lambda: torch.sign(COMPLEX), NotImplementedError, '"sign".*abs'),
    "floor of complex": (lambda: COMPLEX // 2, NotImplementedError, '"floor_divide"'),
    "remainder of bools": (lambda: BOOLS % BOOLS, NotImplementedError, '"remainder"'),
    "integers by zero": (lambda: INTS // 0, RuntimeError, "ZeroDivisionError.*torch.where"),
    "remainder by zero": (lambda: INTS % 0, RuntimeError, "remainder: ZeroDivisionError"),
    "negative power": (lambda: INTS**-1, RuntimeError, r"negative integer powers.*x\.float\(\)"),
    "and of floats": (lambda: X & X, NotImplementedError, '"bitwise_and".*Compare first'),
    "not of floats": (lambda: ~X, TypeError, "only implemented on integer.*Compare first"),
    "condition": (lambda: torch.where(X, X, X), RuntimeError, "boolean tensor.*condition != 0"),
    "half a where": (lambda: torch.where(X > 1, X), TypeError, "give `input` and `other`"),
    "alpha text": (lambda: torch.add(X, X, alpha="a"), TypeError, "'alpha' must be Number"),
    "alpha fraction": (lambda: torch.add(INTS, INTS, alpha=2.5), RuntimeError, "integral input"),
    "alpha complex": (lambda: torch.sub(X, X, alpha=1j), RuntimeError, "non-complex input"),
    "alpha bool": (lambda: torch.add(INTS, INTS, alpha=True), RuntimeError, "bool alpha"),
    "float of several": (lambda: float(X), ValueError, "only one element.*has 2.*tolist"),
    "float of complex": (lambda: float(COMPLEX[0]), RuntimeError, "real number.*complex"),
    "truth of several": (lambda: bool(X), RuntimeError, r"more than one value is ambiguous.*any"),
    "truth of none": (lambda: bool(X[:0]), RuntimeError, "no values is ambiguous"),
    "index": (lambda: [1, 2][X[0]], TypeError, "only integer tensors of a single element"),
    "text inside": (lambda: "a" in X, RuntimeError, "only supports Tensor or scalar"),
    "deletion": (lambda: X.__delitem__(0), TypeError, r"does not support deleting.*x\[mask\]"),
    "array of texts": (lambda: X * np.array(["a", "b"]), TypeError, "can't convert an array"),
    "write of another shape": (lambda: X.clone().__imod__(torch.ones(3, 2)), RuntimeError, "shape"),
    "write of another kind": (lambda: INTS.clone().__imod__(1.5), RuntimeError, "can't be cast"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()
    assert torch.equal(X, torch.tensor([1.0, 2.0]))
    assert torch.equal(INTS, torch.tensor([1, 2]))


def test_remainder_has_the_sign_of_the_divisor() -> None:
    x = torch.tensor([-3.0, 3.0, -2.0, 5.5])
    assert (x % 2).tolist() == [1.0, 1.0, 0.0, 1.5]
    assert (x % -2).tolist() == [-1.0, -1.0, 0.0, -0.5]
    assert (5 % torch.tensor([3, -3])).tolist() == [2, -1]


def test_remainder_written_in_place_is_seen_by_views() -> None:
    x = torch.tensor([5.0, 7.0])
    view = x[1:]
    x %= 4
    assert view.tolist() == [3.0]
    x //= 2
    assert view.tolist() == [1.0]
    mask = torch.tensor([True, True])
    same = mask
    mask &= torch.tensor([True, False])
    assert same.tolist() == [True, False]


def test_remainder_passes_gradients_to_both_operands() -> None:
    x = torch.tensor([7.0, -7.0], requires_grad=True)
    y = torch.tensor([4.0, 4.0], requires_grad=True)
    (x % y).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    assert y.grad.tolist() == [-1.0, 2.0]


def test_negative_zero_stays() -> None:
    negative, positive = torch.tensor(-0.0), torch.tensor(0.0)
    assert np.signbit(negative.relu().numpy())
    assert np.signbit(torch.maximum(negative, positive).numpy())
    assert not np.signbit(torch.maximum(positive, negative).numpy())


def test_integers_to_negative_tensor_powers() -> None:
    base = torch.tensor([1, -1, -1, 2, -3])
    assert (base ** torch.tensor([-2, -2, -3, -1, 2])).tolist() == [1, 1, -1, 0, 9]


def test_alpha_scales_in_the_common_dtype() -> None:
    x = torch.zeros(1, dtype=torch.float64)
    assert torch.add(x, torch.tensor([1]), alpha=0.1).item() == 0.1
    assert torch.add(BOOLS, BOOLS, alpha=2).dtype is torch.bool


def test_every_derivative_of_a_power_stays_on_the_tape() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    g = x**3
    for expected in (12.0, 12.0, 6.0, 0.0):
        (g,) = torch.autograd.grad(g, x, create_graph=True)
        assert g.item() == expected


@pytest.mark.parametrize("f", [torch.relu, torch.abs], ids=["relu", "abs"])
def test_second_derivative_of_a_kink_is_zero(f: Callable[[Any], Any]) -> None:
    x = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    (g,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    assert h.tolist() == [0.0, 0.0, 0.0]


def test_gradient_of_a_modulus_is_the_direction() -> None:
    z = torch.tensor([3 + 4j, 0, -2j], requires_grad=True)
    z.abs().sum().backward()
    assert np.allclose(z.grad.numpy(), [0.6 + 0.8j, 0, -1j])


def test_result_of_a_quotient_may_be_written() -> None:
    x = torch.tensor([3.0], requires_grad=True)
    y = torch.tensor([2.0], requires_grad=True)
    z = x / y
    z += 1
    z.sum().backward()
    assert (x.grad.item(), y.grad.item()) == (0.5, -0.75)


ARRAY = np.array([3.0, 4.0])
BESIDE = {
    "array * tensor": lambda x, a: a * x,
    "tensor * array": lambda x, a: x * a,
    "array - tensor": lambda x, a: a - x,
    "array / tensor": lambda x, a: a / x,
    "array ** tensor": lambda x, a: a**x,
    "tensor @ array": lambda x, a: x @ a,
    "array @ tensor": lambda x, a: a @ x,
    "scalar * tensor": lambda x, a: a[0] * x,
}


@pytest.mark.parametrize("case", BESIDE)
def test_arrays_beside_tensors_keep_gradients(case: str) -> None:
    f = BESIDE[case]
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    out = f(x, ARRAY.copy())
    assert isinstance(out, torch.Tensor)
    assert np.array_equal(out.detach().numpy(), f(np.array([1.0, 2.0]), ARRAY))
    out.sum().backward()
    assert x.grad is not None


def test_an_array_changed_after_its_use_leaves_the_gradient_alone() -> None:
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    array = ARRAY.copy()
    out = x * array
    array[:] = 100.0
    out.sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_numpy_functions_refuse_tensors_rather_than_drop_gradients() -> None:
    with pytest.raises(RuntimeError, match=r"detach\(\)\.numpy\(\)"):
        np.sin(torch.ones(2, requires_grad=True))
    with pytest.raises(RuntimeError, match=r"detach\(\)\.numpy\(\)"):
        np.asarray(torch.ones(2, requires_grad=True))
    assert np.asarray(X).dtype == np.float32


def test_names_of_nodes_tell_numbers_from_tensors() -> None:
    x = torch.tensor([2.0], requires_grad=True)
    named = {
        "RsubBackward1": 1 - x,
        "RsubBackward0": torch.rsub(x, x),
        "PowBackward2": 2**x,
        "PowBackward1": x**x,
        "PowBackward0": x**2,
        "RemainderBackward0": x % 2,
        "RemainderBackward1": x % x,
    }
    assert [out.grad_fn.name() for out in named.values()] == list(named)
