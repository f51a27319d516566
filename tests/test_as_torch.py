"""`install_as_torch`: from then on `import torch` means Wengert, unless PyTorch is there already."""

from __future__ import annotations

import subprocess
import sys


def run(program: str) -> str:
    """What a program prints in a process of its own; its last line of errors where it fails."""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return (
        answer.stdout.strip() if not answer.returncode else answer.stderr.strip().splitlines()[-1]
    )


def test_torch_and_what_lies_below_it_mean_wengert():
    assert (
        run(
            "import wengert; wengert.install_as_torch(); wengert.install_as_torch()\n"
            "import torch, torch.nn.functional as F, torch.utils.dlpack\n"
            "from torch import nn\n"
            "print(torch is wengert, F is wengert.nn.functional, nn.Module is wengert.nn.Module)"
        )
        == "True True True"
    )


def test_what_is_lacking_is_named_as_pytorch_spells_it():
    words = run("import wengert; wengert.install_as_torch(); import torch; torch.no_such_name")
    assert "Wengert has no `torch.no_such_name` yet" in words
    words = run("import wengert; wengert.install_as_torch(); import torch.no_such_module")
    assert "ModuleNotFoundError" in words and "`torch.no_such_module`" in words


def test_pytorch_that_is_there_already_is_not_displaced():
    words = run(
        "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\n"
        "import wengert; wengert.install_as_torch()"
    )
    assert words.startswith("RuntimeError: install_as_torch: PyTorch itself is already imported")
