"""NumPy's functions of tensors: what comes back, of which dtype and class, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

# NumPy warns that PyTorch's own `__array_wrap__` takes one argument.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


def names(torch):
    """What the expressions below may use."""
    named = type("Named", (torch.Tensor,), {})
    return {
        "torch": torch,
        "np": np,
        "a": np.array([1.0, 2.0]),
        "h": np.array([0.5, 3.0], dtype=np.float32),
        "u": np.array([1, 2], dtype=np.uint16),
        "x": torch.tensor([0.5, 2.0]),
        "n": torch.tensor([3, 1]),
        "b": torch.tensor([True, False]),
        "c": torch.tensor([1 + 2j, 3 - 1j]),
        "s": torch.tensor(2.0),
        "g": torch.tensor([1.0, 2.0], requires_grad=True),
        "named": torch.tensor([1.0, 2.0]).as_subclass(named),
        "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False),
    }


@pytest.mark.parametrize(
    "expression",
    [
        "np.exp(x), np.sin(x), np.abs(x), np.sign(x), np.exp(s), np.exp(n), np.exp(b), np.exp(c)",
        "np.isnan(x), np.isfinite(n), np.logical_not(x), np.signbit(x)",
        "np.add(a, x), np.add(x, a), np.multiply(h, x), np.subtract(x, n), np.divide(n, n)",
        "np.maximum(x, 0), np.maximum(x, a), np.hypot(x, h), np.arctan2(x, 1.0), np.add([1.0, 2.0], x)",
        "np.add(u, x), np.add(x, u)",
        "np.modf(x), np.divmod(n, 2), np.frexp(x)[0]",
        "np.add.reduce(x), np.multiply.accumulate(x), np.add.reduceat(x, [0, 1]), np.multiply.outer(x, a)",
        "np.exp(x, out=np.zeros(2)), np.exp(h, where=np.array([True, True])), np.add(x, x, dtype=np.float64)",
        "np.clip(x, 0, 1), np.cumsum(x), np.cumprod(n), np.round(x), np.reshape(x, (2, 1)), np.transpose(x)",
        "np.argmax(x), np.where(x > 1, x, 0), np.sort(x), np.concatenate([x, x]), np.stack([x, x])",
        "np.allclose(x, x), float(np.linalg.norm(x)), np.ones_like(x), np.outer(x, h), np.expand_dims(x, 0)",
        "x + a, x - a, x * a, x / a, x // a, x % a, x ** a, n + a, s * a, a / x, a / s",
        "np.float64(2) * x, np.float32(2) + x, np.float64(2) / x, np.float64(2) ** x, np.int64(2) - n",
        "np.float64(2) == x, np.float64(2) < x, a == x, x == a, np.float64(2) * s, np.float64(2) * g",
        "x.__array_wrap__(a), x.__array_wrap__(a > 1), g.__array_wrap__(a), x.__array_priority__",
        "type(np.exp(named)).__name__, type(np.add(a, named)).__name__, type(np.exp(frozen)).__name__",
        "type(named.__array_wrap__(a)).__name__, type(np.modf(named)[1]).__name__",
        "[type(v).__name__ for v in (np.exp(x), np.exp(s), np.sum(a), np.multiply.outer(x, a))]",
        "np.exp(x).requires_grad, np.exp(g.detach()).grad_fn, np.exp(frozen)",
    ],
)
def test_what_they_give(torch, expression):
    return eval(expression, names(torch))


@pytest.mark.parametrize(
    "expression",
    [
        "np.exp(g)",
        "np.add(g, a)",
        "np.maximum(g, 0)",
        "np.add.reduce(g)",
        "np.cumsum(g)",
        "np.exp(x, out=np.zeros(2), where=g)",
        "np.exp(a, out=x)",
        "np.exp(x, out=x)",
        "np.add.at(x, [0], 1.0)",
        "np.exp(torch.ones(2, dtype=torch.bfloat16))",
        "np.add(np.array(['a', 'b']), x)",
        "np.add(np.ones(2, np.longdouble), x)",
        "np.bitwise_and(x, n)",
        "x.__array_wrap__(3.5) if hasattr(3.5, 'dtype') else x.__array_wrap__(np.float64(3))",
        "np.add(x, np.ones(3))",
    ],
)
def test_what_is_refused(torch, caught, expression):
    error = caught(lambda: eval(expression, names(torch)))
    assert isinstance(error, Exception), f"{expression} gave {error!r}"
    return error


def test_wrapped_memory_is_shared(torch):
    array = np.array([1.0, 2.0])
    made = torch.ones(1).__array_wrap__(array)
    array[0] = 7.0
    return made


def test_a_class_with_its_own_functions_is_asked(torch):
    asked = []

    class Asking(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            asked.append(func.__name__)
            return super().__torch_function__(func, types, args, kwargs or {})

    np.exp(torch.ones(2).as_subclass(Asking))
    return "__array_wrap__" in asked


READERS = [
    "x.numpy()",
    "np.asarray(x)",
    "np.array(x, dtype=np.float64)",
    "np.exp(x)",
    "x.__array__()",
]


@pytest.mark.parametrize("mode", ["no_grad", "inference_mode", "enable_grad"])
@pytest.mark.parametrize("expression", READERS)
def test_what_requires_grad_is_read_where_nothing_is_recorded(torch, caught, mode, expression):
    x = torch.tensor([1.0, 3.0, 2.0], requires_grad=True)
    with getattr(torch, mode)():
        found = []
        error = caught(lambda: found.append(eval(expression, {"np": np, "x": x})))
    return error, [torch.as_tensor(v) for v in found]


def test_memory_read_where_nothing_is_recorded_is_the_tensors(torch):
    x = torch.tensor([1.0, 3.0], requires_grad=True)
    with torch.no_grad():
        x.numpy()[0] = 5.0
    (x * x).sum().backward()
    return x, x.grad
