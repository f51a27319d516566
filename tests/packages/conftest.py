"""Programs on packages that were written for PyTorch: with Wengert they give PyTorch's numbers.

A file here names its `PACKAGE` and holds functions `case_NAME(torch)`. `report.py` runs them in three processes of
their own: under `wengert run`, in a program that calls `install_as_torch`, and with PyTorch itself.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wengert

REPORT = Path(__file__).with_name("report.py")
ROOT = REPORT.parents[2]
WAYS = {
    "wengert run": ["-m", "wengert", "run", str(REPORT)],
    "install_as_torch": [str(REPORT), "--install"],
}
SINGLE, DOUBLE = 1e-5, 1e-10
"""How far numbers may be apart. A file whose `NUMBERS` are "single" computes Python's own in float32 too."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each case and each way of running Wengert."""
    if "case" in metafunc.fixturenames:
        cases = [name for name in vars(metafunc.module) if name.startswith("case_")]
        metafunc.parametrize("case", cases, ids=[name.removeprefix("case_") for name in cases])
        metafunc.parametrize("way", WAYS, scope="module")


def report(arguments: list[str], file: str) -> dict[str, Any]:
    """What `report.py` prints of a file's cases."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        [sys.executable, *arguments, file],
        capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return answer


@pytest.fixture(scope="module")
def expected(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What PyTorch gives; skipped without it or without the package."""
    for needed in (request.module.PACKAGE, "torch"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    answer = report([str(REPORT)], request.module.__file__)
    assert not any(is_wengerts(file) for file in answer["files"])
    cases: dict[str, Any] = answer["cases"]
    return cases


@pytest.fixture(scope="module")
def actual(way: str, expected: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """What Wengert gives, in a process into which PyTorch was never imported."""
    answer = report(WAYS[way], request.module.__file__)
    assert answer["files"] and all(is_wengerts(file) for file in answer["files"])
    cases: dict[str, Any] = answer["cases"]
    return cases


def is_wengerts(file: str) -> bool:
    """Say whether a file is Wengert's."""
    return Path(file).is_relative_to(Path(wengert.__file__).parent)


@pytest.fixture
def agree(
    case: str, expected: dict[str, Any], actual: dict[str, Any], request: pytest.FixtureRequest
) -> Callable[[], None]:
    """`agree()` fails with a line for each place where the outcomes of a case differ."""

    def agree() -> None:
        wanted = expected[case]
        if "raised" not in case:
            assert not isinstance(wanted, str), f"PyTorch itself refuses this: {wanted}"
        relative = SINGLE if getattr(request.module, "NUMBERS", "") == "single" else DOUBLE
        found = [line[:300] for line in differences(wanted, actual[case], "result", relative)]
        if found:
            pytest.fail("\n".join(["PyTorch | Wengert", *found[:10]]), pytrace=False)

    return agree


def differences(wanted: Any, given: Any, at: str, relative: float) -> Iterator[str]:
    """One line for each place where two outcomes disagree."""
    if isinstance(wanted, dict) and isinstance(given, dict) and wanted.keys() == given.keys():
        dtype = str(wanted.get("tensor", wanted.get("array", "")))
        relative = SINGLE if dtype.endswith(("float32", "complex64")) else relative
        for key in wanted:
            yield from differences(wanted[key], given[key], f"{at}[{key!r}]", relative)
    elif isinstance(wanted, list) and isinstance(given, list) and len(wanted) == len(given):
        for i, pair in enumerate(zip(wanted, given, strict=True)):
            yield from differences(*pair, f"{at}[{i}]", relative)
    elif isinstance(wanted, float) and isinstance(given, float):
        alike = math.isclose(wanted, given, rel_tol=relative, abs_tol=relative / 10)
        if not alike and not (math.isnan(wanted) and math.isnan(given)):
            yield f"{at}: {wanted!r} | {given!r}"
    elif wanted != given:
        yield f"{at}: {str(wanted)[:100]} | {given}"
