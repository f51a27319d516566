"""Seconds that ``import wengert`` takes above NumPy's own import.

Fresh processes take turns: one imports NumPy alone, one Wengert, one PyTorch (where installed).
Files are in the system's cache and compiled to bytecode. The slowest modules are listed below.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import time

import pairs

TARGET = 0.15
LISTED = 12
TIMED = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s*(\S+)")


def seconds_to_import(module: str, threads: int) -> float:
    """Return how long a process lives that imports NumPy, then ``module``."""
    start = time.perf_counter()
    run(["-c", f"import numpy, {module}"], threads)
    return time.perf_counter() - start


def run(arguments: list[str], threads: int) -> str:
    """Run Python from the repository's root; return what it writes to stderr."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=pairs.ROOT,
        env=pairs.thread_environment(threads),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stderr


def slowest(module: str, threads: int) -> list[tuple[int, int, str]]:
    """Return (own, cumulative, name), in us, of the modules that ``module`` adds to NumPy's."""
    written = run(["-X", "importtime", "-c", f"import numpy, {module}"], threads)
    rows = [(int(own), int(whole), name) for own, whole, name in TIMED.findall(written)]
    # A module is listed when its import ends, so all that NumPy brings stands above NumPy's line.
    last = next(i for i, (_, _, name) in enumerate(rows) if name == "numpy")
    return sorted(rows[last + 1 :], reverse=True)[:LISTED]


def main() -> None:
    """Time the imports in turns of fresh processes."""
    read = pairs.options(pairs.parser(__doc__))
    rounds = 1 if read.quick else min(read.rounds, 9)
    ours = "torch" if read.self_test else "wengert"
    modules = ["numpy", ours]
    if importlib.util.find_spec("torch") is not None and not read.self_test:
        modules.append("torch")
    times: dict[str, list[float]] = {module: [] for module in modules}
    for module in modules:
        seconds_to_import(module, read.threads)
    for turn in range(rounds):
        for module in modules if turn % 2 == 0 else reversed(modules):
            times[module].append(seconds_to_import(module, read.threads))
    took = {module: pairs.Spread.of(seconds) for module, seconds in times.items()}
    mine, numpy = took[ours], took["numpy"]
    scores = mine.min - numpy.min, mine.median - numpy.median
    name = f"{ours} above numpy"
    results = [pairs.Result("import_time", name, read.threads, mine, numpy, *scores, "s", TARGET)]
    if "torch" in took and not read.self_test:
        other = took["torch"]
        ratios = mine.min / other.min, mine.median / other.median
        name = "wengert against torch"
        results.append(
            pairs.Result("import_time", name, read.threads, mine, other, *ratios, "x", None)
        )
    pairs.report(results, read)
    print("\nslowest modules, in us: own, cumulative")
    for own, whole, name in slowest(ours, read.threads):
        print(f"{own:>8} {whole:>8}  {name}")


if __name__ == "__main__":
    main()
