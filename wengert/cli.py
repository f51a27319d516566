"""The command `wengert`: run an unmodified PyTorch program, or say what is installed.

This file knows how Python starts a program and how it ends; what `torch` means there is `as_torch`'s business.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import inspect
import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import SourceFileLoader
from types import FunctionType, ModuleType, TracebackType
from typing import Any

import numpy as np

import wengert
from wengert import as_torch
from wengert.errors import WHAT_TO_DO, install_command, is_lacking, no_such_name

CANNOT_OPEN = 2
"""The exit status with which Python itself answers a script that it cannot open."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with ``argv`` (the process's own arguments by default) and return its exit status."""
    own, program_args = split_at_script(list(sys.argv[1:] if argv is None else argv))
    options = command_line().parse_args(own)
    if options.command == "run":
        return run(options.script, program_args)
    print("\n".join(facts()))
    return 0


def split_at_script(argv: list[str]) -> tuple[list[str], list[str]]:
    """Cut ``run script.py a b`` after the script: what follows belongs to the program, options too."""
    if argv[:1] == ["run"]:
        for i, word in enumerate(argv[1:], start=2):
            if not word.startswith("-"):
                return argv[:i], argv[i:]
    return argv, []


def command_line() -> argparse.ArgumentParser:
    """Describe the command's own options."""
    parser = argparse.ArgumentParser(
        prog="wengert", description="Gradients of PyTorch programs, on NumPy."
    )
    parser.add_argument("--version", action="version", version=f"wengert {wengert.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    runner = commands.add_parser(
        "run",
        help="run a PyTorch program on Wengert",
        usage="wengert run script.py [argument ...]",
        description="Run a program in which `torch` and its submodules mean Wengert.",
    )
    runner.add_argument("script", help="the program; every word after it is the program's own")
    commands.add_parser("info", help="versions, NumPy's BLAS, and which extras are installed")
    return parser


def run(script: str, program_args: Sequence[str]) -> int:
    """Run ``script`` as `python script` would, with Wengert under the name `torch`.

    Whatever the program raises goes on to Python, which prints it and chooses the exit status; only the frames of this
    runner are left out of the traceback. A script that cannot be opened is a message and status 2.
    """
    path = os.path.abspath(script)
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as error:
        print(f"wengert run: can't open file {path!r}: {error}", file=sys.stderr)
        return CANNOT_OPEN
    as_torch.install_as_torch()
    if b"__torch_function__" in source:
        # A type that is no tensor may be meant, whose definition nobody hears of.
        wengert.overrides.enable_torch_function()
    sys.argv = [script, *program_args]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    program = main_module(path)
    sys.modules["__main__"] = program
    try:
        exec(compile(source, path, "exec", dont_inherit=True), vars(program))
    except BaseException as error:
        explain_lacking_name(error)
        show_without_runner(error)
        raise
    return 0


def main_module(path: str) -> ModuleType:
    """Make the module `__main__` that Python makes for a script."""
    module = ModuleType("__main__")
    vars(module).update(
        __file__=path,
        __cached__=None,
        __loader__=SourceFileLoader("__main__", path),
        __builtins__=sys.modules["builtins"],
    )
    return module


def explain_lacking_name(error: BaseException) -> None:
    """Add what to do to `from torch import x`, `tensor.x` and `f(x=1)`, where Python words the error itself.

    A `__getattr__` that worded the second would make every access to an attribute of a tensor slower, and a `**rest`
    for the third every call.
    """
    if type(error) is ImportError and is_ours(error.name):
        explain_import(error, sys.modules[str(error.name)])
    arguments = names_of_arguments(error)
    if arguments is not None:
        error.add_note(arguments)
    if type(error) is AttributeError and error.name:
        kind = error.obj if isinstance(error.obj, type) else type(error.obj)
        ours = (c.__name__ for c in kind.__mro__ if c.__module__.startswith(("torch", "wengert")))
        owner = next((c for c in ours if is_lacking(f"class {c}", error.name)), None)
        if owner is not None:
            error.add_note(
                f"Wengert stands for `torch` in this program, and lacks what PyTorch's `{owner}` has under the name "
                f"`{error.name}`. {WHAT_TO_DO}"
            )


def explain_import(error: ImportError, module: ModuleType) -> None:
    """Add to the error of `from torch import x` what the error of `torch.x` says."""
    said = re.match(r"cannot import name '(\w+)'", str(error))
    if said is None:
        return
    torch_name = "torch" + module.__name__.removeprefix("wengert")
    error.add_note(
        f"Wengert stands for `torch` in this program: {no_such_name(module, torch_name, said[1])}"
    )


def names_of_arguments(error: BaseException) -> str | None:
    """List what a function of ours takes, for an error that says that it got an argument of another name."""
    said = re.match(r"(?:Tensor\.)?(\w+)\(\) got an unexpected keyword argument '\w+'", str(error))
    if type(error) is not TypeError or said is None:
        return None
    holders = (wengert.Tensor, wengert, wengert.nn.functional, wengert.linalg)
    function = next((f for h in holders if (f := vars_of(h).get(said[1])) is not None), None)
    if not isinstance(function, FunctionType) or not is_ours(function.__module__):
        return None
    given = inspect.signature(function).parameters.values()
    names = [f"`{p.name}`" for p in given if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return f"If PyTorch's `{said[1]}` was called: it takes {', '.join(names)}."


def vars_of(holder: ModuleType | type) -> dict[str, Any]:
    """Return the names of a module, or of a class and what it derives from."""
    if not isinstance(holder, type):
        return vars(holder)
    return {name: value for cls in reversed(holder.__mro__) for name, value in vars(cls).items()}


def is_ours(module: str | None) -> bool:
    """Say whether a module's name is that of Wengert or of a part of it."""
    return (module or "").partition(".")[0] == "wengert"


def show_without_runner(error: BaseException) -> None:
    """Let the exception hook in force, which may be the program's, see the program's frames only."""
    frames = without_runner(error.__traceback__)
    shown_by = sys.excepthook

    def hook(
        kind: type[BaseException], value: BaseException, traceback: TracebackType | None
    ) -> None:
        shown_by(kind, value.with_traceback(frames), frames)

    sys.excepthook = hook


def without_runner(traceback: TracebackType | None) -> TracebackType | None:
    """Drop this file's frames at the outer end and the import hook's at the inner end."""
    while traceback is not None and file_of(traceback) == __file__:
        traceback = traceback.tb_next
    frame = traceback
    while frame is not None:
        if frame.tb_next is not None and file_of(frame.tb_next) == as_torch.__file__:
            frame.tb_next = None
        frame = frame.tb_next
    return traceback


def file_of(traceback: TracebackType) -> str:
    """Return the file of a traceback's outermost frame."""
    return traceback.tb_frame.f_code.co_filename


def facts() -> Iterator[str]:
    """Say what a report of a fault should contain, line by line."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    yield f"wengert  {wengert.__version__}"
    yield f"python   {sys.version.split()[0]}  {sys.executable}"
    yield f"numpy    {np.__version__}  BLAS {blas['name']} {blas['version']}"
    yield f"scipy    {installed_version('scipy') or 'missing'}"
    extras = packages_of_extras()
    if not extras:
        yield "extras   unknown: this checkout is not installed (`python -m pip install -e .`)"
    for extra, packages in extras.items():
        found = [f"{name} {version}" for name in packages if (version := installed_version(name))]
        missing = [name for name in packages if not installed_version(name)]
        yield f"extra    {extra}: {', '.join(found) or 'nothing installed'}"
        if missing:
            yield f"         missing: {install_command(*missing)}"


def packages_of_extras() -> dict[str, list[str]]:
    """Read from the installed package which packages each extra brings."""
    try:
        requirements = importlib.metadata.requires("wengert") or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    extras: dict[str, list[str]] = {}
    for requirement in requirements:
        found = re.match(r"([\w.-]+).*extra *== *['\"]([\w-]+)['\"]", requirement)
        if found and found[1] != "wengert":
            extras.setdefault(found[2], []).append(found[1])
    return extras


def installed_version(package: str) -> str | None:
    """Return a package's version without importing it; None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
