"""NumPy's functions of tensors: what `numpy.exp(x)` and `array + x` do, by NumPy's protocol for ufuncs.

An array's operator beside a tensor is the tensor's, which records. Any other ufunc computes on the elements, as in
PyTorch, and gives a tensor without history; it refuses one whose gradient it would lose.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from wengert.core import dtypes
from wengert.core.carrier import Array, state
from wengert.errors import GradientError
from wengert.tape import storage as cells
from wengert.tape.storage import Recorded
from wengert.tensor import creation, overriding
from wengert.tensor.promotion import dtype_of

REFLECTED: Final = {
    np.add: "__radd__", np.subtract: "__rsub__", np.multiply: "__rmul__", np.true_divide: "__rtruediv__",
    np.floor_divide: "__rfloordiv__", np.remainder: "__rmod__", np.power: "__rpow__", np.matmul: "__rmatmul__",
    np.bitwise_and: "__rand__", np.bitwise_or: "__ror__", np.bitwise_xor: "__rxor__",
    np.left_shift: "__rlshift__", np.right_shift: "__rrshift__",
    np.equal: "__eq__", np.not_equal: "__ne__", np.less: "__gt__", np.less_equal: "__ge__",
    np.greater: "__lt__", np.greater_equal: "__le__",
}  # fmt: skip
"""What a tensor on the right makes of an array's operator: NumPy asks the ufunc behind it."""

WRAPPED: Final = ("__call__", "reduce", "accumulate", "reduceat")


def wrapped(x: Any, array: Any) -> Any:
    """Return an array that NumPy made of a tensor as a tensor on its memory, of the class that ``x`` is of.

    Booleans become uint8, as in PyTorch. TypeError for what is no array.
    """
    if overriding.has_torch_function_unary(x):
        method = cells.tensor_type.__array_wrap__  # type: ignore[attr-defined]
        return overriding.handle_torch_function(method, (x,), x, array)
    if isinstance(array, np.ndarray) and array.dtype == np.bool_:
        array = array.astype(np.uint8)
    return creation.from_numpy(array)


def answer(x: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Return what a ufunc of NumPy makes of operands among which there are tensors; see the module's words.

    Raises RuntimeError for a tensor that requires grad, TypeError where NumPy was to write into a tensor.

    >>> import numpy as np, wengert as torch
    >>> np.exp(torch.zeros(2)), np.ones(2) + torch.ones(2)
    (tensor([1., 1.]), tensor([2., 2.], dtype=torch.float64))
    """
    outs = kwargs.get("out", ())
    name = f"numpy.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if any(isinstance(v, Recorded) for v in outs) or (
        method == "at" and isinstance(inputs[0], Recorded)
    ):
        raise TypeError(
            f"{name}: return arrays must be of ArrayType, and a tensor counts the writes to its memory, which NumPy "
            f"would not tell of. Use the method of the tensor, such as `x.add_(...)`, or `x.copy_(...)`."
        )
    if any(_has_own_answer(v) for v in (*inputs, *outs)):
        return NotImplemented
    if method == "__call__" and not kwargs and ufunc in REFLECTED:
        left, right = inputs
        an_array = isinstance(left, np.ndarray | np.generic) and dtypes.has(left.dtype)
        if an_array and isinstance(right, Recorded):
            by_operator = getattr(right, REFLECTED[ufunc])(left)
            if by_operator is not NotImplemented:
                return by_operator
    operands = [_elements(v, name) for v in inputs]
    found = getattr(ufunc, method)(*operands, **{k: _elements(v, name) for k, v in kwargs.items()})
    if method not in WRAPPED:
        return found
    if isinstance(found, tuple):
        return tuple(_delivered(x, v, outs) for v in found)
    return _delivered(x, found, outs)


def _has_own_answer(operand: Any) -> bool:
    """Say whether an operand is of another library that answers ufuncs itself."""
    standard = np.ndarray.__array_ufunc__
    answers = getattr(type(operand), "__array_ufunc__", standard)
    return answers is not standard and not isinstance(operand, Recorded)


def _elements(operand: Any, name: str) -> Any:
    """Return a tensor's elements, and anything else as it is. A ufunc keeps no hold of them."""
    if not isinstance(operand, Recorded):
        return operand
    x: Any = operand
    if x._edge is not None and state.grad:
        raise GradientError(
            f"{name}: Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead, or, to "
            f"keep the gradient, PyTorch's function of the same meaning, such as `torch.exp(x)`."
        )
    if dtype_of(x).kind == "V":
        raise TypeError(
            f"{name}: Got unsupported ScalarType BFloat16, which NumPy does not know. Use `x.float()`."
        )
    return x._read(f"{name}()")


def _delivered(x: Any, found: Any, outs: tuple[Array | None, ...]) -> Any:
    if any(found is out for out in outs):
        return found
    return x.__array_wrap__(np.asarray(found))
