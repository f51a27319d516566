"""The command: programs under `wengert run` behave as under `python`, and what is lacking is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from wengert import as_torch, cli

ROOT = Path(__file__).parent.parent
Run = subprocess.CompletedProcess[str]

SAME_AS_PYTHON = {
    "names": """
        import sys
        print(__name__, __file__, __package__, __spec__, __cached__, sys.argv, sys.path[0])
        print(sys.modules["__main__"].__dict__ is globals(), sorted(globals().keys() - {'__annotations__'}))
        print(type(__builtins__), type(__loader__), __loader__.get_source("__main__") is not None)
    """,
    "sibling": "import beside\nprint(beside.value)",
    "no future of the runner": "def f(x: print('evaluated')): pass",
    "exit number": "raise SystemExit(7)",
    "exit text": "import sys\nprint('before')\nsys.exit('a reason')",
    "exit none": "import sys\nsys.exit()",
    "error": """
        def inner():
            return 1 / 0
        def outer():
            inner()
        outer()
    """,
    "chained error": """
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("later") from error
    """,
    "syntax error": "x = (1,\nprint(x",
    "missing module": "import no_such_module_anywhere",
    "interrupt": "raise KeyboardInterrupt",
    "own hook": """
        import sys, traceback
        def hook(kind, value, frames):
            print("hooked", kind.__name__, [frame.name for frame in traceback.extract_tb(frames)])
        sys.excepthook = hook
        def fail():
            raise OSError("x")
        fail()
    """,
    "thread": """
        import threading, time
        def late():
            time.sleep(0.05)
            print("late")
        threading.Thread(target=late).start()
        print("main ends")
    """,
    "coding": "# -*- coding: latin-1 -*-\nprint(ascii('\u00e9'))",
}


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Run]:
    """`start("wengert", "run", "x.py")`: one Python process in an empty folder, with this checkout on its path."""

    def start(*words: str, **variables: str) -> Run:
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = os.environ | {"PYTHONPATH": path} | variables
        return subprocess.run(
            [sys.executable, "-m", *words] if words[0] == "wengert" else [sys.executable, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return start


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., str]:
    """`program(text)`: write a program into the folder and return its name."""

    def program(text: str, name: str = "program.py") -> str:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="latin-1")
        return name

    return program


@pytest.mark.parametrize("text", SAME_AS_PYTHON.values(), ids=SAME_AS_PYTHON.keys())
def test_a_program_runs_as_python_runs_it(start, program, text):
    program("value = 12", "inner/beside.py")
    script = program(text, "inner/program.py")
    expected = start(script, "a", "--version", "--", "-h")
    actual = start("wengert", "run", script, "a", "--version", "--", "-h")
    assert (actual.stdout, actual.stderr) == (expected.stdout, expected.stderr)
    assert actual.returncode == expected.returncode


def test_an_interrupted_program_ends_by_the_signal(start, program):
    assert start("wengert", "run", program("raise KeyboardInterrupt")).returncode == -signal.SIGINT


def test_safe_path_keeps_the_folder_of_the_script_away(start, program):
    script = program("import sys\nprint(any('inner' in p for p in sys.path))", "inner/program.py")
    assert start("wengert", "run", script).stdout == "True\n"
    assert start("wengert", "run", script, PYTHONSAFEPATH="1").stdout == "False\n"


def test_a_script_that_does_not_exist(start):
    answer = start("wengert", "run", "absent.py", "x")
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert "can't open file" in answer.stderr
    assert "absent.py" in answer.stderr
    assert "No such file or directory" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_folder_is_no_script(start, tmp_path):
    answer = start("wengert", "run", ".")
    assert answer.returncode == 2
    assert "can't open file" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_no_script_and_no_command(start):
    for words in (["wengert", "run"], ["wengert"], ["wengert", "walk"]):
        answer = start(*words)
        assert answer.returncode == 2
        assert "usage: wengert" in answer.stderr


def test_torch_and_its_submodules_are_wengert(start, program):
    script = program(
        """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F
        import torch.optim as optim
        from torch import nn as again, tensor
        from torch.autograd import Function
        from torch.func import grad
        import torch.func, torch.autograd
        import wengert

        assert torch is wengert and nn is again is wengert.nn and F is wengert.nn.functional
        assert optim is wengert.optim and Function is wengert.autograd.Function
        assert grad is wengert.func.grad and torch.tensor is tensor is wengert.tensor
        for name in ("", ".nn", ".optim", ".autograd", ".func"):
            import sys
            assert sys.modules["torch" + name].__spec__.name == "wengert" + name
        x = torch.tensor(3.0, requires_grad=True)
        (x * x).backward()
        print(x.grad)
        """
    )
    answer = start("wengert", "run", script)
    assert (answer.stdout, answer.stderr) == ("tensor(6.)\n", "")


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("import torch.sparse", "ModuleNotFoundError", "torch.sparse"),
        ("import torch.nn.quantized as x", "ModuleNotFoundError", "torch.nn.quantized"),
        ("from torch.sparse.deep import x", "ModuleNotFoundError", "torch.sparse"),
        ("import torch\ntorch.lobpcg(1)", "MissingFeatureError", "torch.lobpcg"),
        ("import torch\ntorch._dynamo", "MissingFeatureError", "torch._dynamo"),
        ("import torch\ntorch.nn.quantized()", "MissingFeatureError", "torch.nn.quantized"),
        ("import torch.optim as o\no.SparseAdam", "MissingFeatureError", "torch.optim.SparseAdam"),
    ],
)
def test_what_is_lacking_is_named(start, program, text, kind, name):
    answer = start("wengert", "run", program(text))
    assert answer.returncode == 1
    last = answer.stderr.splitlines()[-1]
    assert last.startswith((f"{kind}: ", f"wengert.errors.{kind}: "))
    assert f"Wengert has no `{name}` yet." in last
    assert "README" in last and "PyTorch" in last
    assert answer.stderr.count("  File ") == 1, answer.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import torch.no_such", "No module named 'torch.no_such'"),
        ("import torch.tensor", "No module named 'torch.tensor'"),
        (
            "import torch\ntorch.no_such",
            "module 'torch' has no attribute 'no_such', here or in PyTorch",
        ),
        ("import torch\ntorch.nn.TanH()", "no attribute 'TanH'. Did you mean `torch.nn.Tanh`?"),
        ("import torch\nclass N(torch.nn.module): pass", "Did you mean `torch.nn.Module`?"),
        ("import torch\ntorch.optim.adam([])", "Did you mean `torch.optim.Adam`?"),
        ("import torch\ntorch.ones(2).no_such", "object has no attribute 'no_such'"),
        ("import torch\ntorch.nn.MSELoss().no_such", "'MSELoss' object has no attribute 'no_such'"),
        (
            "import torch\nclass Net(torch.nn.Module): pass\nNet().no_such",
            "'Net' object has no attribute 'no_such'",
        ),
        ("from torch.nn import TanH", "no attribute 'TanH'. Did you mean `torch.nn.Tanh`?"),
    ],
)
def test_a_slip_is_no_gap(start, program, text, words):
    answer = start("wengert", "run", program(text))
    assert answer.returncode == 1
    last = answer.stderr.splitlines()[-1]
    assert words in last
    assert "README" not in last and " yet" not in last


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            "torch.ones(2).sum(dims=0)",
            "PyTorch's `sum` was called: it takes `input`, `dim`, `keepdim`, `dtype`",
        ),
        (
            "torch.mean(torch.ones(2), axes=0)",
            "PyTorch's `mean` was called: it takes `input`, `dim`",
        ),
        (
            "torch.nn.functional.gelu(torch.ones(2), approx=1)",
            "`gelu` was called: it takes `input`, `approximate`",
        ),
        ("torch.ones(2).backward(foo=1)", "`backward` was called: it takes `self`, `gradient`"),
    ],
)
def test_the_names_of_arguments_are_listed(start, program, call, words):
    answer = start("wengert", "run", program(f"import torch\n{call}"))
    assert answer.returncode == 1
    assert words in answer.stderr.splitlines()[-1]


def test_nothing_is_listed_for_functions_of_the_program(start, program):
    answer = start("wengert", "run", program("def own(a): pass\nown(b=1)"))
    assert answer.stderr.splitlines()[-1].startswith("TypeError: own() got an unexpected keyword")


def test_a_name_lacking_in_a_from_import(start, program):
    answer = start("wengert", "run", program("from torch import lobpcg"))
    assert answer.returncode == 1
    assert "ImportError: cannot import name 'lobpcg' from 'wengert'" in answer.stderr
    note = answer.stderr.splitlines()[-1]
    assert "Wengert stands for `torch` in this program: Wengert has no `torch.lobpcg` yet" in note
    assert answer.stderr.count("  File ") == 1, answer.stderr


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("torch.ones(2).coalesce()", "Tensor"),
        ("torch.Tensor.coalesce", "Tensor"),
        ("torch.ones(2).dtype.abbr", "dtype"),
        ("torch.nn.MSELoss().xpu", "Module"),
        ("class Net(torch.nn.Module): pass\nNet().xpu", "Module"),
    ],
)
def test_a_lacking_method_is_explained(start, program, text, owner):
    name = text.removesuffix("()").rpartition(".")[2]
    answer = start("wengert", "run", program(f"import torch\n{text}"))
    assert answer.returncode == 1
    error, note = answer.stderr.splitlines()[-2:]
    assert error.startswith("AttributeError: ") and f"has no attribute '{name}'" in error
    assert "Wengert stands for `torch` in this program" in note
    assert f"lacks what PyTorch's `{owner}` has under the name `{name}`" in note
    assert "README" in note


def test_a_foreign_type_is_asked(start, program):
    text = """
        import torch

        class Diagonal:
            def __init__(self, n, value):
                self.n, self.value = n, value

            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                return KNOWN[func](*args)

        KNOWN = {torch.mean: lambda d: d.value / d.n}
        print(torch.mean(Diagonal(4, 2.0)))
    """
    done = start("-m", "wengert", "run", program(text))
    assert done.stdout == "0.5\n", done.stderr


@pytest.mark.parametrize(
    "text", ["[].no_such", "import torch\ntorch.ones.no_such", "torch_ = 1\ntorch_.no_such"]
)
def test_an_attribute_of_something_else_is_pythons_business(start, program, text):
    answer = start("wengert", "run", program(text))
    assert answer.returncode == 1
    assert "Wengert" not in answer.stderr


def test_probing_for_what_is_lacking_goes_on(start, program):
    script = program(
        """
        import torch
        print(hasattr(torch, "no_such"), getattr(torch.nn, "NoSuch", "default"))
        try:
            from torch import no_such
        except ImportError:
            print("absent")
        try:
            import torch.no_such
        except ModuleNotFoundError as error:
            print(error.name)
        """
    )
    assert start("wengert", "run", script).stdout == "False default\nabsent\ntorch.no_such\n"


def test_the_hook_refuses_where_pytorch_is_loaded(start, program, tmp_path):
    (tmp_path / "torch.py").write_text("value = 1")
    script = program(
        """
        import torch
        from wengert.as_torch import install_as_torch
        try:
            install_as_torch()
        except RuntimeError as error:
            print(error)
        import torch as again
        print(torch is again, torch.value)
        """
    )
    answer = start(script)
    assert "PyTorch itself is already imported in this process" in answer.stdout
    assert "import wengert as torch" in answer.stdout
    assert answer.stdout.endswith("True 1\n"), answer.stderr


def test_the_hook_can_be_installed_twice(start, program):
    script = program(
        """
        import sys
        from wengert.as_torch import install_as_torch
        before = len(sys.meta_path)
        install_as_torch()
        import torch
        install_as_torch()
        print(len(sys.meta_path) - before, torch.__name__)
        """
    )
    assert start(script).stdout == "1 wengert\n"


def test_the_hook_imports_torch_and_tensors_say_they_are_its(start, program):
    script = program(
        """
        import pickle, sys
        import wengert
        from wengert.as_torch import install_as_torch
        x = wengert.ones(2)
        install_as_torch()
        print(sys.modules["torch"] is wengert, type(x), type(wengert.nn.Parameter(x)))
        print(wengert.__version__, wengert.__version__ >= "2.8")
        print(pickle.loads(pickle.dumps(x)), pickle.loads(pickle.dumps(wengert.nn.Parameter(x))))
        """
    )
    import wengert

    assert start(script).stdout.splitlines()[:3] == [
        "True <class 'torch.Tensor'> <class 'torch.nn.parameter.Parameter'>",
        f"2.13.0+wengert.{wengert.__version__} True",
        "tensor([1., 1.]) Parameter containing:",
    ]


def test_version(start):
    import wengert

    assert start("wengert", "--version").stdout == f"wengert {wengert.__version__}\n"


def test_info_names_versions_and_extras(start):
    import numpy
    import scipy

    lines = start("wengert", "info").stdout.splitlines()
    words = [line.split() for line in lines]
    assert ["numpy", numpy.__version__, "BLAS"] in [line[:3] for line in words]
    assert ["scipy", scipy.__version__] in words
    assert any(line[:1] == ["python"] and sys.executable in line for line in words)


def test_info_says_how_to_get_what_is_missing(monkeypatch):
    required = ["numpy>=2", "pytest; extra == 'test'", 'no-such-thing>=3; extra == "plot"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: required)
    lines = list(cli.facts())
    assert any(line.startswith(f"extra    test: pytest {pytest.__version__}") for line in lines)
    here = lines.index("extra    plot: nothing installed")
    assert lines[here + 1].endswith(f"missing: {sys.executable} -m pip install no-such-thing")


def test_info_of_a_checkout_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(cli, "packages_of_extras", dict)
    assert any("pip install -e ." in line for line in cli.facts())


def test_the_words_of_a_program_are_its_own():
    assert cli.split_at_script(["run", "x.py", "-h", "--", "y"]) == (
        ["run", "x.py"],
        ["-h", "--", "y"],
    )
    assert cli.split_at_script(["run", "-h"]) == (["run", "-h"], [])
    assert cli.split_at_script(["info"]) == (["info"], [])


def test_other_modules_are_none_of_the_finders_business():
    finder = as_torch.TorchFinder()
    assert finder.find_spec("torchvision") is None
    assert finder.find_spec("numpy") is None
