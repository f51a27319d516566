"""Each program in `examples/` prints under `wengert run` what stands beside it.

Text agrees character for character; numbers that show more digits than float32 keeps may differ in the last ones.
Where PyTorch is installed, the same expectation is also held against PyTorch itself.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((ROOT / "examples").glob("*.py"))
NUMBER = re.compile(r"-?\d+\.\d*(?:e[-+]?\d+)?")
DIGITS_KEPT = 7
RELATIVE = 1e-5


def started(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with this checkout on its path and plots without a screen."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=240,
    )


def first_difference(expected: str, actual: str) -> str | None:
    """Say where two printouts part; None if they agree."""
    if NUMBER.sub("#", expected) != NUMBER.sub("#", actual):
        for number, (want, got) in enumerate(
            zip(expected.splitlines(), actual.splitlines(), strict=False), start=1
        ):
            if NUMBER.sub("#", want) != NUMBER.sub("#", got):
                return f"line {number}: {want!r} | {got!r}"
        return f"{len(expected.splitlines())} lines | {len(actual.splitlines())} lines"
    for want, got in zip(NUMBER.findall(expected), NUMBER.findall(actual), strict=True):
        if want != got and not both_long_and_near(want, got):
            return f"{want} | {got}"
    return None


def both_long_and_near(want: str, got: str) -> bool:
    """Say whether one of two numbers shows every digit and they agree up to rounding."""
    shown = max(len(re.sub(r"e.*|\D", "", text).lstrip("0")) for text in (want, got))
    return shown >= DIGITS_KEPT and abs(float(want) - float(got)) <= RELATIVE * abs(float(want))


def check(run: subprocess.CompletedProcess[str], program: Path) -> None:
    """Compare what a run printed with the file beside the program."""
    assert run.returncode == 0, run.stderr
    assert first_difference(program.with_suffix(".out").read_text(), run.stdout) is None


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda file: file.stem)
def test_a_program_prints_what_stands_beside_it(program, tmp_path):
    if "matplotlib" in program.read_text():
        pytest.importorskip("matplotlib")
    run = started(["-m", "wengert", "run", str(program)], tmp_path)
    check(run, program)
    assert_only_expected_warnings(run.stderr, program)


def assert_only_expected_warnings(stderr: str, program: Path) -> None:
    """A program that changes saved values through `.data` gets one warning for it; the others get none."""
    if program.stem == "data_surprise":
        assert stderr.count("Warning: ") == 1, stderr
        assert ".data" in stderr
    else:
        assert stderr == ""


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="PyTorch is not installed")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda file: file.stem)
def test_pytorch_prints_the_same(program, tmp_path):
    check(started([str(program)], tmp_path), program)


def test_the_linear_fit_saves_its_plot(tmp_path):
    pytest.importorskip("matplotlib")
    started(["-m", "wengert", "run", str(ROOT / "examples" / "linear_fit.py")], tmp_path)
    assert (tmp_path / "linear_fit.png").read_bytes()[:4] == b"\x89PNG"


def test_every_program_is_listed():
    listed = (ROOT / "examples" / "README.md").read_text()
    assert len(PROGRAMS) >= 12
    assert [file.name for file in PROGRAMS if f"`{file.name}`" not in listed] == []


def test_the_one_page_agrees(tmp_path):
    run = started([str(ROOT / "docs" / "one_page.py")], tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("Both readings agree with the engine.\n")


@pytest.mark.parametrize(
    ("expected", "actual", "agree"),
    [
        ("loss 1.2345678", "loss 1.2345679", True),
        ("loss 1.2345678", "loss 1.2355678", False),
        ("loss 0.0032", "loss 0.0033", False),
        ("tensor([1., 2.])", "tensor([1., 3.])", False),
        ("tensor([1., 2.])", "tensor([1., 2.0])", False),
        ("a 10.000000", "b 10.000000", False),
        ("one\n", "one\ntwo\n", False),
        ("0.0000123", "0.0000124", False),
    ],
)
def test_the_comparison_itself(expected, actual, agree):
    assert (first_difference(expected, actual) is None) == agree
