"""`repr`, `str` and formats of tensors made, computed and nested at random: Wengert's text is PyTorch's.

`test_display_parity.py` compares the writer of numbers alone; here whole tensors print.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import wengert
from tests.parity.random_arrays import random_array

oracle = pytest.importorskip("torch")

LIBRARIES = (oracle, wengert)
PER_SEED = 100
OPTIONS: dict[str, list[Any]] = {
    "precision": [None, 0, 1, 2, 3, 6, 8, 12],
    "threshold": [None, 0, 3, 10, 100, 10000, float("inf")],
    "edgeitems": [None, 0, 1, 2, 5],
    "linewidth": [None, 0, 1, 20, 40, 79, 120, 200],
    "profile": [None, None, "default", "short", "full"],
    "sci_mode": [None, None, None, True, False],
}
HISTORIES = """
    x.clone() | -x | x * 2 | x + x | x.reshape(-1) | x.unsqueeze(0) | x.detach() | x.t() if x.dim() == 2 else x.abs()
    x.abs() | x[..., None] | x.flatten() | x.to(torch.float64) | x[0] if x.dim() else x.double() | x.amax()
""".replace("\n", "|").split("|")
"""Operations whose results are exact, for libraries differ in the last bit of a sine."""


@pytest.fixture(autouse=True)
def _as_before():
    yield
    for library in LIBRARIES:
        library.set_printoptions(profile="default")
        library.set_default_dtype(library.float32)


def texts(library: ModuleType, seed: int) -> list[str]:
    """What a hundred random tensors print under random options."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(PER_SEED):
        if rng.random() < 0.1:
            chosen = {name: values[rng.integers(len(values))] for name, values in OPTIONS.items()}
            library.set_printoptions(profile="default")
            library.set_printoptions(**{k: v for k, v in chosen.items() if v is not None})
            name = rng.choice(["float32", "float32", "float64", "float16", "bfloat16"])
            library.set_default_dtype(getattr(library, name))
        found.append(shown(library, random_tensor(library, rng), rng))
    return found


def random_tensor(library: ModuleType, rng: np.random.Generator) -> Any:
    """A tensor of any dtype and layout, a leaf or a result."""
    array = random_array(rng)
    x = library.from_numpy(array.copy())
    if x.is_floating_point() and rng.random() < 0.15:
        x = x.bfloat16()
    if x.dim() > 1 and rng.random() < 0.2:
        x = x.transpose(0, -1)
    if (x.is_floating_point() or x.is_complex()) and rng.random() < 0.4:
        x = x.requires_grad_()
    if x.is_floating_point() and x.numel() and rng.random() < 0.4:
        expressions = [h.strip() for h in HISTORIES if h.strip()]
        x = eval(expressions[rng.integers(len(expressions))], {"torch": library, "x": x})
    return x


def shown(library: ModuleType, x: Any, rng: np.random.Generator) -> str:
    """One of the ways in which programs print a tensor."""
    way = rng.integers(10)
    if way == 0:
        return str([x, x])
    if way == 1:
        return str({"a": x, "b": (x, None)})
    if way == 2 and x.is_leaf and (x.is_floating_point() or x.is_complex()):
        return repr(library.nn.Parameter(x.detach(), requires_grad=bool(rng.integers(2))))
    if way == 3:
        return f"{x.shape} {x.size()} {x.dtype} {x.device} {x.layout} {x.type()}"
    if way == 4:
        return f"{x}" if x.dim() else f"{x} {x!s} {x!r}"
    return repr(x)


@pytest.mark.parametrize("seed", range(25))
def test_random_tensors_print_the_same(seed):
    pytest.importorskip("ml_dtypes")
    expected, found = (texts(library, seed) for library in LIBRARIES)
    assert found == expected


@pytest.mark.parametrize(
    "expression",
    [
        "torch.Size([2, 3]), torch.Size([]), torch.ones(2, 0).shape, [torch.Size([1])]",
        "torch.float32, torch.int64, torch.bool, torch.complex64, [torch.uint8]",
        "torch.nn.Parameter(torch.tensor([1.5])), torch.nn.Parameter(torch.tensor(1.5), requires_grad=False)",
        "[torch.nn.Parameter(torch.ones(2)), torch.ones(1)]",
        "torch.zeros(0), torch.zeros(2, 0), torch.zeros(0, dtype=torch.int32), torch.zeros(0, 3, requires_grad=True)",
        "torch.tensor([1, 2]).max(0), torch.tensor([[1.5, 2.5]]).sort()",
        "torch.tensor([True]), torch.tensor(True), torch.tensor(1 + 2j), torch.tensor([1e-9 + 1e9j])",
        "torch.tensor([1e10]), torch.tensor([1.0, 1e-10]), torch.tensor([float('nan'), float('-inf'), 3])",
        "torch.arange(2000), torch.arange(2000.0).reshape(2, 1000), torch.ones(40, 40), torch.ones(1, 1, 1, 1, 1)",
        "torch.tensor([1.0], dtype=torch.float64), torch.tensor([1], dtype=torch.int8)",
        "torch.ones(2, requires_grad=True) * 2, torch.ones(2, requires_grad=True).detach()",
        "torch.inference_mode()(lambda: torch.ones(2))()",
    ],
)
def test_what_programs_print(expression):
    expected, found = (str(eval(expression, {"torch": library})) for library in LIBRARIES)
    assert found == expected


def test_options_persist_as_pytorchs_do():
    printed = []
    for library in LIBRARIES:
        x = library.tensor([1.23456789, 1e-6, 12345.0])
        seen = []
        for options in (
            {"precision": 2},
            {"sci_mode": True},
            {},
            {"precision": 6, "sci_mode": False},
            {"profile": "short"},
            {"linewidth": 20},
            {"profile": "full"},
            {"profile": "default"},
        ):
            library.set_printoptions(**options)
            seen.append(repr(x))
        printed.append(seen)
    assert printed[0] == printed[1]
