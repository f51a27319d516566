"""bfloat16 is always named; ml_dtypes is imported when it is first used, and missed in words that help."""

from __future__ import annotations

import subprocess
import sys


def run(program: str) -> str:
    """What a program prints in a process of its own."""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return answer.stdout + answer.stderr


def test_naming_it_and_asking_about_it_imports_nothing():
    assert run(
        "import sys, wengert as torch\n"
        "d = torch.bfloat16\n"
        "print(d, d.itemsize, d.is_floating_point, d.is_complex, d.is_signed, d == torch.float32, hash(d) == hash(d))\n"
        "print(isinstance(torch.ones(2), torch.BFloat16Tensor), 'ml_dtypes' in sys.modules)"
    ).splitlines() == ["torch.bfloat16 2 True False True False True", "False False"]


def test_a_missing_package_is_an_error_with_the_command_that_installs_it():
    words = run(
        "import sys; sys.modules['ml_dtypes'] = None\n"
        "import wengert as torch\n"
        "torch.ones(2, dtype=torch.bfloat16)"
    )
    assert "MissingExtraError: torch.bfloat16 needs the package ml_dtypes" in words
    assert f"{sys.executable} -m pip install ml_dtypes" in words


def test_other_dtypes_go_on_after_a_missing_package():
    assert "tensor([2., 2.])" in run(
        "import sys; sys.modules['ml_dtypes'] = None\n"
        "import wengert as torch\n"
        "try: torch.ones(2).bfloat16()\n"
        "except ImportError: print(torch.ones(2) + torch.ones(2))"
    )
