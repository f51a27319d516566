"""Count the bytecodes that Wengert executes per recorded op, per walked node and per training step.

A count does not depend on the machine's speed or load, so a rise of a few percent shows. Only
frames of the package's own files count. What runs in C (NumPy's kernels, slots, allocation) is
invisible, and bytecodes differ in cost: the counts guard the Python part of the hot path, the
timings the whole.
``instructions.json`` holds a table per minor version of Python, which ``--update`` rewrites.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pairs
import record
import training_step

TABLE = Path(__file__).with_name("instructions.json")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
ALLOWED_RISE = 0.03
WARM_UP = 32
# Views tidy their list of relatives now and then; a power of two covers whole periods of that.
REPEATED = 16
LENGTHS = (20, 60)

Counts = dict[str, float]


def executed(prepare: Callable[[], Callable[[], object]], folder: str) -> int:
    """Count the bytecodes that frames of files in ``folder`` execute in what ``prepare`` returns.

    It is run twice: Python 3.13 starts to report a code object's bytecodes halfway through its
    first traced run.
    """
    traced(prepare(), folder)
    return traced(prepare(), folder)


def traced(call: Callable[[], object], folder: str) -> int:
    """Count once."""
    count = 0

    def inside(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "opcode"
        return inside

    def entered(frame: FrameType, _event: str, _argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(folder):
            return None
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        return inside

    before = sys.gettrace()
    # Python 3.12 reports bytecodes only if some frame asked for them before tracing starts.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(entered)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def count_all(package: Any) -> Counts:
    """Count everything, after a warm-up and without garbage collections."""
    folder = str(Path(package.__file__).parent) + os.sep
    enabled = gc.isenabled()
    gc.disable()
    try:
        return dict(count_each(package, folder))
    finally:
        if enabled:
            gc.enable()


def count_each(package: Any, folder: str) -> Iterator[tuple[str, float]]:
    """Yield a name and a count for every op, graph and the training step."""
    for name in record.RECORDED:
        recorder = record.recorder(name, package)
        recorder(WARM_UP)
        count = executed(partial(partial, recorder, REPEATED), folder)
        yield f"record {name}", count / REPEATED
    for name in record.GRAPHS:
        unit = "node" if name == "mul chain" else "block"
        yield f"walk a {unit}, {name}", walk(name, package, folder)
    step = training_step.build(package)
    for _ in range(WARM_UP):
        step()
    yield "training step", executed(lambda: step, folder)


def walk(name: str, package: Any, folder: str) -> float:
    """Count a walk per node or block, as a difference of two lengths: the call itself drops out."""
    counts = []
    for length in LENGTHS:
        work = record.walker(name, length, package)
        work(WARM_UP)()
        counts.append(executed(partial(work, 1), folder))
    return (counts[1] - counts[0]) / (LENGTHS[1] - LENGTHS[0])


def risen(counts: Counts, table: Counts) -> list[str]:
    """Say which counts stand more than the allowed rise above the table."""
    return [
        f"{name}: {count:g} bytecodes, {count / table[name] - 1:+.1%} against {table[name]:g}"
        for name, count in counts.items()
        if name in table and count > table[name] * (1 + ALLOWED_RISE)
    ]


def check(counts: Counts, tables: dict[str, Counts]) -> int:
    """Compare with the table of this Python; return the exit status."""
    table = tables.get(VERSION)
    if table is None:
        print(f"No table for Python {VERSION}: nothing to compare with. --update writes one.")
        return 0
    for name in sorted(counts.keys() ^ table.keys()):
        place = "the table" if name in table else "this run"
        print(f"{name}: only in {place}; --update settles it")
    above = risen(counts, table)
    if above:
        print(f"Risen by more than {ALLOWED_RISE:.0%} on Python {VERSION}:", *above, sep="\n  ")
        print("Take the rise back, or write down why it stands and run --update.")
        return 1
    if any(counts[name] < table[name] * (1 - ALLOWED_RISE) for name in counts if name in table):
        print("Some counts fell by more than 3%: --update keeps the gain.")
    print(f"No count rose by more than {ALLOWED_RISE:.0%} on Python {VERSION}.")
    return 0


def main() -> int:
    """Count, print, and compare or update the table."""
    spec = argparse.ArgumentParser(description=__doc__)
    spec.add_argument("--check", action="store_true", help="fail if a count rose by more than 3%%")
    spec.add_argument("--update", action="store_true", help="write this Python's table")
    spec.add_argument("--table", type=Path, default=TABLE)
    spec.add_argument("--self-test", action="store_true", help="count the Python part of PyTorch")
    read = spec.parse_args()
    package = importlib.import_module("torch") if read.self_test else pairs.wengert()
    counts = count_all(package)
    tables = json.loads(read.table.read_text("utf-8")) if read.table.exists() else {}
    known = tables.get(VERSION, {})
    for name, count in counts.items():
        print(f"{name:24} {count:8g}  table {known.get(name, '-')}")
    if read.update:
        tables[VERSION] = counts
        read.table.write_text(json.dumps(tables, indent=1, sort_keys=True) + "\n", "utf-8")
    return check(counts, tables) if read.check else 0


if __name__ == "__main__":
    sys.exit(main())
