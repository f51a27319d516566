"""NumPy's ufuncs of tensors where Wengert does more than PyTorch, and the words of what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as torch
from wengert.errors import TraceError
from wengert.trace import trace


@pytest.mark.parametrize(
    ("program", "slope"),
    [
        ("a + x", [1.0, 1.0]),
        ("a - x", [-1.0, -1.0]),
        ("a * x", [3.0, 4.0]),
        ("a / x", [-3.0, -1.0]),
        ("np.float64(3) * x", [3.0, 3.0]),
        ("x * a", [3.0, 4.0]),
    ],
)
def test_an_operator_beside_an_array_is_differentiated(program, slope):
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    y = eval(program, {"np": np, "a": np.array([3.0, 4.0]), "x": x})
    y.sum().backward()
    assert isinstance(y, torch.Tensor)
    assert x.grad.tolist() == slope


def test_comparisons_beside_an_array_are_masks():
    a, x = np.array([1.0, 2.0, 3.0]), torch.tensor([2.0, 2.0, 2.0])
    assert (a < x).tolist() == [True, False, False]
    assert (a >= x).tolist() == [False, True, True]
    assert (a != x).dtype is torch.bool
    assert (np.array([3, 1]) & torch.tensor([1, 1])).tolist() == [1, 1]


def test_an_array_stays_an_array_when_a_tensor_is_added_in_place():
    a = np.array([1.0, 2.0])
    seen = a
    a += torch.tensor([10.0, 20.0])
    assert a is seen
    assert a.tolist() == [11.0, 22.0]
    with pytest.raises(RuntimeError, match="numpy.add: Can't call numpy"):
        a += torch.tensor([1.0, 1.0], requires_grad=True)
    assert a.tolist() == [11.0, 22.0]


def test_the_elements_are_only_read():
    x = torch.ones(3)
    w = torch.ones(3, requires_grad=True)
    y = (w * x).sum()
    np.exp(x)
    assert x._version == 0
    y.backward()
    assert w.grad.tolist() == [1.0, 1.0, 1.0]


def test_another_library_has_its_turn():
    class Own:
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return ufunc.__name__, method

    assert np.add(torch.ones(2), Own()) == ("add", "__call__")


def test_ufuncs_in_transforms_and_traces_say_what_is_wrong():
    with pytest.raises(RuntimeError, match="numpy.exp"):
        torch.func.vmap(np.exp)(torch.ones(2))
    with pytest.raises(RuntimeError, match="numpy.exp"):
        torch.func.grad(lambda x: np.exp(x))(torch.tensor(1.0))
    with pytest.raises(TraceError, match="numpy.exp"):
        trace(lambda x: np.exp(x), torch.ones(2))


def test_the_words():
    with pytest.raises(RuntimeError, match=r"numpy.exp: Can't call numpy\(\).*such as `torch.exp"):
        np.exp(torch.ones(2, requires_grad=True))
    with pytest.raises(TypeError, match="numpy.exp: return arrays must be of ArrayType.*counts"):
        np.exp(np.ones(2), out=torch.ones(2))
    with pytest.raises(TypeError, match=r"numpy.add.at: return arrays.*x.add_"):
        np.add.at(torch.ones(2), [0], 1.0)
    with pytest.raises(TypeError, match=r"numpy.exp: Got unsupported ScalarType BFloat16.*float"):
        np.exp(torch.ones(2, dtype=torch.bfloat16))
