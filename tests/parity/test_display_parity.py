"""Printed tensors, string for string as PyTorch prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.parity.random_arrays import FLOATS, random_array
from wengert.tensor.display import format_scalar, set_printoptions, tensor_repr

oracle = pytest.importorskip("torch")

OPTIONS: list[dict[str, Any]] = [
    {},
    {"precision": 0},
    {"precision": 2, "linewidth": 100},
    {"precision": 8, "linewidth": 40},
    {"linewidth": 10},
    {"sci_mode": True},
    {"sci_mode": False},
    {"threshold": 5, "edgeitems": 1},
    {"threshold": 10, "edgeitems": 2, "linewidth": 30},
    {"threshold": 0},
    {"threshold": 4, "edgeitems": 0},
    {"edgeitems": 0},
    {"profile": "short"},
    {"profile": "full"},
    {"profile": "short", "precision": 6, "sci_mode": True},
]
TENSORS_PER_OPTION = 160


@pytest.fixture(autouse=True)
def _default_options() -> Iterator[None]:
    choose_options({})
    yield
    choose_options({})
    oracle.set_default_dtype(oracle.float32)


def choose_options(options: dict[str, Any]) -> None:
    """Set both libraries' options, starting from the defaults."""
    for choose in (oracle.set_printoptions, set_printoptions):
        choose(profile="default")
        choose(**options)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_random_tensors_print_the_same(options: dict[str, Any]) -> None:
    choose_options(options)
    rng = np.random.default_rng(OPTIONS.index(options))
    for _ in range(TENSORS_PER_OPTION):
        array = random_array(rng)
        tensor = oracle.from_numpy(array.copy())
        requires_grad = array.dtype.kind in "fc" and rng.random() < 0.4
        tensor.requires_grad_(requires_grad)
        if requires_grad and rng.random() < 0.5:
            tensor = tensor.clone() if rng.random() < 0.5 else tensor.unsqueeze(0).squeeze(0)
        assert printed(tensor, array, str(rng.choice(FLOATS, p=[0.1, 0.7, 0.2]))) == repr(tensor)


def printed(tensor: Any, array: np.ndarray, default_dtype: str) -> str:
    """What Wengert prints for the oracle's tensor; the default dtype is set for both."""
    oracle.set_default_dtype(getattr(oracle, default_dtype))
    return tensor_repr(
        array,
        default_dtype=default_dtype,
        dtype_name=str(array.dtype),
        requires_grad=tensor.requires_grad,
        grad_fn_name=None if tensor.grad_fn is None else type(tensor.grad_fn).__name__,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "bool", "complex64"])
@pytest.mark.parametrize("spec", ["", "s", "d", ".3f", "10.2e", ">12", "+", "%", "x", "05"])
@pytest.mark.parametrize("value", [0.1, 27.0, -3.0, 1e-7, 1.0])
def test_a_number_formats_the_same(value: float, spec: str, dtype: str) -> None:
    array = np.array(value, "float64").astype(dtype)
    tensor = oracle.from_numpy(array.copy()).requires_grad_(array.dtype.kind in "fc")
    expected = outcome(lambda: format(tensor, spec))
    assert outcome(lambda: format_scalar(array, spec)) == expected


def outcome(call: Callable[[], str]) -> str | tuple[type[Exception], str]:
    """What a call returns, or the class and the words of what it raises."""
    try:
        return call()
    except ValueError as error:
        return type(error), str(error)


def test_a_spec_for_dimensions_is_refused_in_the_same_words() -> None:
    with pytest.raises(TypeError) as expected:
        format(oracle.ones(2), ".2f")
    with pytest.raises(TypeError) as found:
        format_scalar(np.ones(2), ".2f")
    assert str(found.value).startswith(str(expected.value))
