"""`install_as_torch`: from then on `import torch` means Wengert, unless PyTorch is there already."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest


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
    words = run("import wengert; wengert.install_as_torch(); import torch; torch.sparse")
    assert "Wengert has no `torch.sparse` yet" in words
    words = run("import wengert; wengert.install_as_torch(); import torch.sparse")
    assert "ModuleNotFoundError" in words and "Wengert has no `torch.sparse` yet" in words


def test_a_module_that_pytorch_lacks_too_is_a_slip():
    words = run("import wengert; wengert.install_as_torch(); import torch.nn.Functional")
    assert words == (
        "ModuleNotFoundError: No module named 'torch.nn.Functional'. Did you mean `torch.nn.functional`?"
    )


def test_pytorch_that_is_there_already_is_not_displaced():
    words = run(
        "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\n"
        "import wengert; wengert.install_as_torch()"
    )
    assert words.startswith("RuntimeError: install_as_torch: PyTorch itself is already imported")


WITH_ADDRESSES = importlib.util.find_spec("wengert.nn.modules.linear") is not None
AS_TORCH = "import wengert; wengert.install_as_torch(); import torch, pickle; nn = torch.nn\n"


def test_the_base_of_modules_says_where_pytorch_defines_it():
    program = AS_TORCH + (
        "print(nn.Module.__module__, torch.nn.modules.module.Module is nn.Module, nn.DataParallel.__module__)"
    )
    assert run(program) == "torch.nn.modules.module True torch.nn.parallel.data_parallel"


@pytest.mark.skipif(not WITH_ADDRESSES, reason="the modules under PyTorch's addresses")
def test_layers_say_where_pytorch_defines_them():
    program = AS_TORCH + (
        "print(*(c.__module__ for c in (nn.Linear, nn.Module, nn.LSTM, nn.MSELoss, nn.BatchNorm1d, nn.InstanceNorm1d,"
        " nn.MultiheadAttention, nn.ParameterList, nn.Flatten, nn.Parameter, nn.Buffer, torch.Tensor)))\n"
        "print(nn.Linear, torch.nn.modules.conv._ConvNd, issubclass(nn.Conv2d, torch.nn.modules.conv._ConvNd))"
    )
    named, shown = run(program).splitlines()
    assert named.replace("torch.nn.modules.", "").split() == [
        "linear", "module", "rnn", "loss", "batchnorm", "instancenorm", "activation", "container", "flatten",
        "torch.nn.parameter", "torch.nn.parameter", "torch",
    ]  # fmt: skip
    assert shown == (
        "<class 'torch.nn.modules.linear.Linear'> <class 'torch.nn.modules.conv._ConvNd'> True"
    )


def test_results_say_where_pytorch_defines_them_and_are_pickled_by_names_of_their_own():
    program = AS_TORCH + (
        "import pickle\n"
        "found = torch.tensor([1., 5.]).max(0)\n"
        "text = pickle.dumps(found)\n"
        "print(type(found), isinstance(found, torch.return_types.max), b'torch.return_types' in text)\n"
        "print(pickle.loads(text) == found)"
    )
    assert run(program).splitlines() == ["<class 'torch.return_types.max'> True False", "True"]


@pytest.mark.skipif(not WITH_ADDRESSES, reason="the modules under PyTorch's addresses")
def test_layers_are_imported_from_where_pytorch_defines_them():
    program = AS_TORCH + (
        "import torch.nn.modules.linear as linear\n"
        "from torch.nn.modules.batchnorm import _BatchNorm\n"
        "from torch.nn.modules.loss import _Loss, CrossEntropyLoss\n"
        "from torch.nn.modules.rnn import LSTM\n"
        "from torch.nn.modules import Linear, Module\n"
        "print(linear.Linear is nn.Linear, issubclass(nn.BatchNorm2d, _BatchNorm), LSTM is nn.LSTM)\n"
        "linear.Linar"
    )
    assert "Did you mean `torch.nn.modules.linear.Linear`?" in run(program)
    assert run(program.removesuffix("linear.Linar")) == "True True True"


PLAIN = "import wengert, pickle, copy; torch = wengert; nn = torch.nn\n"
MAKE = "m = nn.Sequential(nn.Linear(2, 1), nn.LSTM(1, 1)); m[0].weight.data.fill_(3.0)\n"
BARE = "m = nn.Sequential(nn.Dropout(0.25), nn.ReLU())\n"


@pytest.mark.parametrize("protocol", [0, 5])
@pytest.mark.parametrize(
    ("write", "read"), [(AS_TORCH, PLAIN), (PLAIN, AS_TORCH), (AS_TORCH, AS_TORCH)]
)
def test_pickled_layers_load_in_both_ways(tmp_path, write, read, protocol):
    file = str(tmp_path / "module.pkl")
    run_well(write + BARE + f"open({file!r}, 'wb').write(pickle.dumps(m, {protocol}))")
    loaded = run_well(
        read
        + f"m = pickle.load(open({file!r}, 'rb')); print(m[0].p, type(m[1]) is nn.ReLU, type(m) is nn.Sequential)"
    )
    assert loaded == "0.25 True True"


@pytest.mark.parametrize(("write", "read"), [(AS_TORCH, PLAIN), (PLAIN, AS_TORCH)])
def test_saved_layers_load_in_both_ways(tmp_path, write, read):
    file = str(tmp_path / "module.pt")
    run_well(write + MAKE + f"torch.save(m, {file!r})")
    loaded = run_well(
        read + f"m = torch.load({file!r}, weights_only=False); print(m[0].weight.tolist())"
    )
    assert loaded == "[[3.0, 3.0]]"


@pytest.mark.parametrize(("write", "read"), [(AS_TORCH, PLAIN), (PLAIN, AS_TORCH)])
def test_pickled_tensors_load_in_both_ways(tmp_path, write, read):
    file = str(tmp_path / "tensors.pkl")
    made = "[nn.Parameter(torch.ones(2, 3).t()), torch.ones(2), torch.float32, torch.Size([1])]"
    run_well(write + f"open({file!r}, 'wb').write(pickle.dumps({made}))")
    loaded = run_well(
        read + f"p, x, *more = pickle.load(open({file!r}, 'rb'))\n"
        "print(type(p) is nn.Parameter, type(x) is torch.Tensor, p.stride(), more)"
    )
    assert loaded == "True True (1, 3) [torch.float32, torch.Size([1])]"


def test_a_layer_saved_under_pytorchs_name_is_allowed_by_its_class(tmp_path):
    file = str(tmp_path / "layer.pt")
    program = AS_TORCH + (
        f"torch.save(nn.Tanh(), {file!r})\n"
        "with torch.serialization.safe_globals([nn.Tanh, set]):\n"
        f"    print(torch.load({file!r}))"
    )
    assert run_well(program) == "Tanh()"


def test_subclasses_and_copies_of_layers_are_pickled_as_before():
    program = AS_TORCH + (
        "import copy, __main__\n"
        "class Own(nn.Linear): pass\n"
        "a = Own(2, 1); b = pickle.loads(pickle.dumps(a)); c = copy.deepcopy(nn.Linear(2, 1))\n"
        "print(type(b) is Own, torch.equal(a.weight, b.weight), type(c) is nn.Linear,"
        " pickle.loads(pickle.dumps(nn.Linear)) is nn.Linear)"
    )
    assert run(program) == "True True True True"


def run_well(program: str) -> str:
    """What a program prints that must not fail."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_packages_find_torch_installed_in_the_version_that_it_says():
    program = """
import importlib.metadata as metadata, importlib.util, sys, wengert
wengert.install_as_torch()
told = "wengert.torch_metadata" in sys.modules
import torch
found = metadata.distribution("Torch")
print(told, metadata.version("torch") == str(torch.__version__) == found.metadata["Version"], found.name)
print(metadata.metadata("torch")["Name"], found.requires, found.files, len(found.entry_points))
import numpy
print("torch" in metadata.packages_distributions()["torch"], metadata.version("numpy") == numpy.__version__)
print(next(iter(metadata.distributions())).metadata["Name"], list(metadata.distributions(name="torch_vision")))
print(importlib.util.find_spec("torch") is not None, importlib.util.find_spec("torch.nn") is not None)
print(found.locate_file("wengert").name)
"""
    lines = run(program).splitlines()
    assert lines == [
        "False True torch", "torch None None 0", "True True", "torch []", "True True", "wengert",
    ]  # fmt: skip


def test_packages_find_torch_installed_in_a_program_that_is_run(tmp_path):
    script = tmp_path / "asks.py"
    script.write_text("from importlib.metadata import version\nprint(version('torch'))\n")
    command = [sys.executable, "-m", "wengert", "run", str(script)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.startswith("2.13.0+wengert."), done.stderr


def test_without_it_the_package_torch_is_what_is_installed():
    program = (
        "import wengert, importlib.metadata as metadata\n"
        "print([d.version for d in metadata.distributions(name='torch') if 'wengert' in d.version])"
    )
    assert run(program) == "[]"
