"""The harness of the parity tests, in which PyTorch is the oracle.

A test that takes the argument `torch` is a program. It runs twice: once with PyTorch under that
name and once with Wengert. What it returns and what it prints must agree: dtypes, shapes,
numbers, flags and text; an exception that it returns must be of PyTorch's type or of a subclass.
With `WENGERT_PARITY_SELF=1` PyTorch stands on both sides, which tests the programs themselves.

This file knows nothing about what is compared: it takes tensors, numbers, text, exceptions and
nests of them.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.parity.opdb.run import seed

RELATIVE = {
    "bfloat16": 1.6e-2,
    "float16": 2e-3,
    "float32": 4e-6,
    "complex64": 4e-6,
    "float64": 1e-11,
}
ABSOLUTE = {"bfloat16": 4e-3, "float16": 1e-3, "float32": 1e-6, "complex64": 1e-6, "float64": 1e-11}
MOST_DIFFERENCES_SHOWN = 12

# Names that programs here use and that Wengert is known to lack: such a program is expected to
# fail. `test_scope_parity.py` fails as soon as one of them exists, and it leaves this list.
AHEAD: frozenset[str] = frozenset()


@dataclass
class Libraries:
    """The two libraries; `running` is the one whose program runs now."""

    oracle: ModuleType
    candidate: ModuleType
    running: ModuleType | None = None


@dataclass
class TensorRecord:
    """What is compared of a tensor."""

    dtype: str
    shape: tuple[int, ...]
    requires_grad: bool
    is_leaf: bool
    values: np.ndarray


@dataclass
class Refusal:
    """How a call failed (`None`: it did not), and what it changed although it failed."""

    error: Exception | None
    changed: list[str]


def pytest_report_header() -> str:
    """Say which samples of PyTorch's op database this run draws."""
    return f"opdb: WENGERT_OPDB_SEED={seed()}"


@pytest.fixture(scope="session")
def torch() -> Libraries:
    """Both libraries; the hook below hands a program one of them at a time."""
    oracle = pytest.importorskip("torch")
    oracle.set_num_threads(1)
    itself = os.environ.get("WENGERT_PARITY_SELF") == "1"
    return Libraries(oracle, oracle if itself else importlib.import_module("wengert"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a program with each library and compare; leave every other test to pytest."""
    libraries = pyfuncitem.funcargs.get("torch")
    if not isinstance(libraries, Libraries):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names if name != "torch"}
    try:
        expected = outcome(libraries, libraries.oracle, pyfuncitem.obj, arguments)
    except Exception as error:
        raise AssertionError("PyTorch itself refuses this program") from error
    assert expected != (None, ""), "the program neither returns nor prints anything"
    try:
        actual = outcome(libraries, libraries.candidate, pyfuncitem.obj, arguments)
    except AttributeError as error:
        expect_if_ahead(error)
        raise
    found = list(differences(expected[0], actual[0], "result"))
    found += differences(expected[1], actual[1], "printed")
    if libraries.candidate is not libraries.oracle:
        found += [f"the refused call changed {what}" for what in changes_in(actual[0])]
    if found:
        lines = ["PyTorch | Wengert", *found[:MOST_DIFFERENCES_SHOWN]]
        pytest.fail("\n".join(lines), pytrace=False)
    return True


def expect_if_ahead(error: AttributeError) -> None:
    """Mark the running test as an expected failure if the error is about a name in `AHEAD`."""
    named = set(re.findall(r"\w+", str(error)))
    lacking = sorted(path for path in AHEAD if path.rpartition(".")[2] in named)
    if lacking:
        pytest.xfail(f"Wengert has no {lacking[0]} yet")


def outcome(
    libraries: Libraries,
    library: ModuleType,
    program: Callable[..., Any],
    arguments: dict[str, Any],
) -> tuple[Any, str]:
    """What `program` returns, as records, and what it prints."""
    libraries.running = library
    printed = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
        warnings.simplefilter("ignore")
        try:
            returned = record(program(torch=library, **arguments), library)
        finally:
            library.set_grad_enabled(True)
            libraries.running = None
    return returned, printed.getvalue()


def record(value: Any, library: ModuleType) -> Any:
    """`value` with its tensors and library objects replaced by what is compared of them."""
    if isinstance(value, library.Tensor):
        return record_tensor(value)
    if isinstance(value, dict):
        return {key: record(item, library) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        kind = "Size" if type(value).__name__ == "Size" else type(value).__mro__[-2].__name__
        return [kind, *(record(item, library) for item in value)]
    if isinstance(value, np.ndarray):
        return TensorRecord(f"numpy {value.dtype}", value.shape, False, True, value.copy())
    if type(value).__name__ in ("dtype", "device"):
        return str(value)
    if isinstance(value, (Refusal, Exception)):
        return value
    if value is None or type(value) in (bool, int, float, complex, str):
        return value
    raise TypeError(f"a program returned a {type(value)}, which the harness cannot compare")


def record_tensor(tensor: Any) -> TensorRecord:
    """The record of a tensor, read through `tolist` so that no memory becomes shared."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape = tuple(tensor.shape)
    held = "float32" if dtype == "bfloat16" else dtype
    values = np.array(tensor.detach().tolist(), dtype=held).reshape(shape)
    return TensorRecord(dtype, shape, tensor.requires_grad, tensor.is_leaf, values)


def differences(expected: Any, actual: Any, at: str) -> Iterator[str]:
    """One line for each place where two records disagree."""
    if isinstance(expected, TensorRecord) and isinstance(actual, TensorRecord):
        yield from tensor_differences(expected, actual, at)
    elif isinstance(expected, Refusal) and isinstance(actual, Refusal):
        assert expected.error is not None, f"PyTorch does not refuse the call at {at}"
        yield from error_differences(expected.error, actual.error, at)
    elif isinstance(expected, Exception):
        yield from error_differences(expected, actual, at)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected | actual:
            yield from differences(
                expected.get(key, "nothing"), actual.get(key, "nothing"), f"{at}[{key!r}]"
            )
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for place, pair in enumerate(zip(expected, actual, strict=True), start=-1):
            yield from differences(*pair, at if place < 0 else f"{at}[{place}]")
    elif type(expected) is not type(actual):
        yield f"{at}: {expected!r} | {actual!r}"
    elif isinstance(expected, (float, complex)):
        if not np.isclose(expected, actual, rtol=4e-6, atol=1e-7, equal_nan=True):
            yield f"{at}: {expected!r} | {actual!r}"
    elif expected != actual:
        yield f"{at}: {expected!r} | {actual!r}"


def tensor_differences(expected: TensorRecord, actual: TensorRecord, at: str) -> Iterator[str]:
    """One line for each property in which two tensors disagree."""
    for name in ("dtype", "shape", "requires_grad", "is_leaf"):
        if getattr(expected, name) != getattr(actual, name):
            yield f"{at}.{name}: {getattr(expected, name)} | {getattr(actual, name)}"
    if expected.shape != actual.shape:
        return
    kind = expected.dtype.removeprefix("numpy ")
    rtol, atol = RELATIVE.get(kind, 1e-11), ABSOLUTE.get(kind, 1e-11)
    if not np.allclose(actual.values, expected.values, rtol=rtol, atol=atol, equal_nan=True):
        yield f"{at}: {expected.values.tolist()} | {actual.values.tolist()}"


def error_differences(expected: Exception, actual: Any, at: str) -> Iterator[str]:
    """One line unless `actual` is an exception of the kind of `expected`.

    A class of PyTorch's own stands for the built-in class nearest above it.
    """
    built_in = next(kind for kind in type(expected).__mro__ if kind.__module__ == "builtins")
    if not isinstance(actual, built_in):
        found = f"{type(actual).__name__}: {actual}" if isinstance(actual, Exception) else actual
        yield f"{at}: {type(expected).__name__}: {str(expected)[:200]} | {found}"


def changes_in(recorded: Any) -> Iterator[str]:
    """Whatever the refused calls in a record changed."""
    if isinstance(recorded, Refusal):
        yield from recorded.changed
    elif isinstance(recorded, (dict, list)):
        for item in recorded.values() if isinstance(recorded, dict) else recorded:
            yield from changes_in(item)


@pytest.fixture
def refused(torch: Libraries) -> Callable[..., Refusal]:
    """`refused(call, x, y)`: how `call()` fails; `x`, `y` and their graphs must not change."""

    def refused(call: Callable[[], Any], *watched: Any) -> Refusal:
        assert torch.running is not None
        before = [state(tensor, watched, torch.running) for tensor in watched]
        error = None
        try:
            call()
        except Exception as raised:
            error = raised
        after = [state(tensor, watched, torch.running) for tensor in watched]
        pairs = enumerate(zip(before, after, strict=True))
        changed = [line for place, pair in pairs for line in differences(*pair, f"[{place}]")]
        return Refusal(error, changed)

    return refused


@pytest.fixture(params=sorted(AHEAD))
def ahead(request: pytest.FixtureRequest) -> str:
    """Each name in `AHEAD` in turn."""
    return request.param


@pytest.fixture
def caught() -> Callable[[Callable[[], Any]], Any]:
    """`caught(call)`: what `call()` returns, or the exception that it raises."""

    def caught(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            return error

    return caught


@pytest.fixture
def warned() -> Callable[[Callable[[], Any]], list[str]]:
    """`warned(call)`: the names of the categories of the warnings that `call()` gives."""

    def warned(call: Callable[[], Any]) -> list[str]:
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            call()
        return sorted({warning.category.__name__ for warning in given})

    return warned


def state(tensor: Any, watched: tuple[Any, ...], library: ModuleType) -> dict[str, Any]:
    """Everything that a refused call must leave as it was, with the gradients of the graph."""
    leaves = [leaf for leaf in watched if leaf.is_leaf and leaf.requires_grad]
    return {
        "value": record_tensor(tensor),
        "grad": None if tensor.grad is None else record_tensor(tensor.grad),
        "version": version_of(tensor),
        "gradients": gradients_of(tensor, leaves, library),
    }


def version_of(tensor: Any) -> int | None:
    """The version counter; tensors made in inference mode have none."""
    try:
        return tensor._version
    except RuntimeError:
        return None


def gradients_of(tensor: Any, leaves: list[Any], library: ModuleType) -> Any:
    """The gradients of a tensor's graph, or how it fails; the graph is kept and nothing added."""
    if tensor.is_leaf or not tensor.requires_grad or not leaves:
        return None
    cotangent = library.ones_like(tensor)
    try:
        found = library.autograd.grad(
            tensor, leaves, cotangent, retain_graph=True, allow_unused=True
        )
    except Exception as error:
        return type(error).__name__
    return [None if gradient is None else record_tensor(gradient) for gradient in found]
