"""Time Wengert against PyTorch in one process, in interleaved rounds, as ratios.

Knows nothing of what is timed: a program hands over pairs of works and gets results, a table and a
JSON file. A work is called with a number of repetitions, prepares them without being timed, and
returns the part that is timed. Both sides get the same repetitions, the same number of threads and
the same garbage-collector policy, and their values are compared before any clock starts.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import gc
import importlib
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FEWEST_ROUNDS = 5
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

Work = Callable[[int], Callable[[], object]]


class DifferentResultsError(Exception):
    """The two sides of a pair do not compute the same, so their times mean nothing."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """The same work for both sides, and the ratio of their times that is wanted.

    per: units of work (nodes) in one repetition. most: repetitions that fit in memory.
    tolerance: relative and absolute difference allowed between the two values.
    """

    name: str
    ours: Work
    theirs: Work
    target: float | None = None
    per: int = 1
    most: int | None = None
    tolerance: float = 1e-5


@dataclasses.dataclass(frozen=True)
class Spread:
    """Smallest and median time in seconds."""

    min: float
    median: float

    @classmethod
    def of(cls, seconds: Sequence[float], per: int = 1) -> Spread:
        return cls(min(seconds) / per, statistics.median(seconds) / per)


@dataclasses.dataclass(frozen=True)
class Result:
    """What one pair took, and how that stands to its target.

    score compares minima, score_of_medians medians: a ratio (unit "x") or a difference (unit "s").
    """

    program: str
    name: str
    threads: int
    ours: Spread
    theirs: Spread
    score: float
    score_of_medians: float
    unit: str
    target: float | None

    @property
    def verdict(self) -> str:
        """Return "met" or "missed", "unsure" if minima and medians disagree, "" without target."""
        if self.target is None:
            return ""
        met = [score <= self.target for score in (self.score, self.score_of_medians)]
        return "met" if all(met) else "missed" if not any(met) else "unsure"


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every program has."""
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--threads", type=int, default=1, help="threads on either side (default 1)")
    found.add_argument("--rounds", type=int, help="interleaved rounds")
    found.add_argument("--gc", choices=("enabled", "disabled"), default="enabled")
    found.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    found.add_argument("--quick", action="store_true", help="tiny sizes: shows only that it runs")
    found.add_argument(
        "--self-test", action="store_true", help="PyTorch on both sides: ratios are to be near 1"
    )
    return found


def options(spec: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line, and start the process anew if it has other thread counts.

    A BLAS reads its thread count from the environment when it is loaded, so the variables must
    stand before NumPy is imported.
    """
    read = spec.parse_args(argv)
    if read.threads < 1:
        spec.error("--threads must be at least 1")
    wanted = thread_environment(read.threads)
    if any(os.environ.get(name) != wanted[name] for name in THREAD_VARIABLES):
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wanted)
    if read.rounds is None:
        read.rounds = 2 if read.quick else 15
    return read


def thread_environment(threads: int) -> dict[str, str]:
    """Return this environment with ``threads`` for every BLAS, and the clone on Python's path.

    Bytecode is kept, as it is of an installed package: else every start would compile Wengert and not PyTorch.
    """
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if str(ROOT) not in paths:
        paths.insert(0, str(ROOT))
    counts = dict.fromkeys(THREAD_VARIABLES, str(threads))
    made = {**os.environ, **counts, "PYTHONPATH": os.pathsep.join(paths)}
    made.pop("PYTHONDONTWRITEBYTECODE", None)
    return made


def sides(read: argparse.Namespace) -> tuple[Any, Any]:
    """Import both sides, with equal thread counts; PyTorch twice under ``--self-test``."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(read.threads)
    if torch.get_num_threads() != read.threads:
        raise RuntimeError(f"PyTorch runs {torch.get_num_threads()} threads, not {read.threads}")
    return (torch if read.self_test else wengert()), torch


def wengert() -> Any:
    """Import the clone's package, wherever the program was started."""
    if str(ROOT) not in sys.path:
        sys.path.insert(1, str(ROOT))
    return importlib.import_module("wengert")


def repeated(call: Callable[[], object]) -> Work:
    """Turn a plain callable into a work that holds each result until the next one stands."""

    def run(times: int) -> object:
        held: object = None
        for _ in repeat(None, times):
            held = call()
        return held

    return warmed(run)


def warmed(run: Callable[[int], object]) -> Work:
    """Turn ``run(times)`` into a work; one repetition before the clock warms caches and threads."""

    def work(times: int) -> Callable[[], object]:
        run(1)
        return lambda: run(times)

    return work


def hoarded(call: Callable[[], object]) -> Work:
    """Turn a plain callable into a work that holds every result until the clock has stopped."""

    def work(times: int) -> Callable[[], object]:
        call()
        return lambda: [call() for _ in repeat(None, times)]

    return work


def measure(program: str, pairs: Sequence[Pair], read: argparse.Namespace) -> list[Result]:
    """Check that all pairs agree, then time them one after the other."""
    for pair in pairs:
        require_equal(pair.name, pair.ours(1)(), pair.theirs(1)(), pair.tolerance)
    results = []
    with collector(read.gc):
        for pair in pairs:
            ours, theirs = interleave(pair, read)
            mine, other = Spread.of(ours, pair.per), Spread.of(theirs, pair.per)
            scores = mine.min / other.min, mine.median / other.median
            results.append(
                Result(program, pair.name, read.threads, mine, other, *scores, "x", pair.target)
            )
    return results


def interleave(pair: Pair, read: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Time both sides in turn, each first in every other round; return seconds per repetition."""
    sample, patience = (0.0005, 0.05) if read.quick else (0.01, 5.0)
    times = repetitions(pair, sample)
    found: tuple[list[float], list[float]] = ([], [])
    works = (pair.ours, pair.theirs)
    start = time.perf_counter()
    for turn in range(read.rounds):
        for side in (0, 1) if turn % 2 == 0 else (1, 0):
            if read.threads > 1:
                await_rest()
            found[side].append(clock(works[side], times) / times)
        if turn + 1 >= FEWEST_ROUNDS and time.perf_counter() - start > patience:
            break
    return found


def await_rest(watched: float = 0.005, limit: float = 1.0) -> None:
    """Wait until this process uses no time: idle threads of a BLAS spin, and disturb the other side."""
    patience = time.monotonic() + limit
    while time.monotonic() < patience:
        used = time.process_time()
        time.sleep(watched)
        if time.process_time() - used < watched / 10:
            return


def repetitions(pair: Pair, sample: float) -> int:
    """Return how many repetitions keep the faster side busy for ``sample`` seconds."""
    times = 1
    while pair.most is None or times * 2 <= pair.most:
        taken = clock(pair.ours, times), clock(pair.theirs, times)
        if min(taken) >= sample or max(taken) >= 10 * sample:
            break
        times *= 2
    return times


def clock(work: Work, times: int) -> float:
    """Time one sample in seconds; what it returns is dropped after the clock has stopped."""
    timed = work(times)
    # Each side starts from an empty young generation and pays only for its own allocations.
    gc.collect()
    start = time.perf_counter()
    held = timed()
    stop = time.perf_counter()
    del held
    return stop - start


@contextlib.contextmanager
def collector(policy: str) -> Iterator[None]:
    """Put what the imports left behind out of the collector's reach; then leave it on, or off."""
    gc.collect()
    gc.freeze()
    if policy == "disabled":
        gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def require_equal(name: str, ours: object, theirs: object, tolerance: float) -> None:
    """Raise DifferentResultsError unless shapes, dtypes and values agree."""
    import numpy as np

    mine, other = list(arrays(ours)), list(arrays(theirs))
    if len(mine) != len(other):
        raise DifferentResultsError(f"{name}: {len(mine)} results against PyTorch's {len(other)}")
    for a, b in zip(mine, other, strict=True):
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            raise DifferentResultsError(
                f"{name}: {a.dtype} {a.shape} against PyTorch's {b.dtype} {b.shape}"
            )
        if not np.allclose(a, b, rtol=tolerance, atol=tolerance):
            worst = float(np.max(np.abs(a - b)))
            raise DifferentResultsError(f"{name}: values differ by up to {worst:.3g}")


def arrays(value: Any) -> Iterator[Any]:
    """Yield the NumPy arrays in tensors, numbers, and lists or tuples of them."""
    import numpy as np

    if isinstance(value, list | tuple):
        for item in value:
            yield from arrays(item)
    else:
        yield value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)


def show(results: Sequence[Result]) -> None:
    """Print results as a table."""
    rows = [HEADER, *(cells(result) for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        name, *rest = (
            cell.ljust(w) if i < 2 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((name, *rest)).rstrip())


HEADER = (
    *("program", "what", "threads", "ours min", "ours median", "theirs min", "theirs median"),
    *("score", "of medians", "target", "verdict"),
)


def cells(result: Result) -> tuple[str, ...]:
    """Return one row of the table."""
    spreads = (result.ours.min, result.ours.median, result.theirs.min, result.theirs.median)
    scores = (f"{score:.3f} {result.unit}" for score in (result.score, result.score_of_medians))
    target = "" if result.target is None else f"{result.target:.3f} {result.unit}"
    timed = (duration(seconds) for seconds in spreads)
    return (
        result.program,
        result.name,
        str(result.threads),
        *timed,
        *scores,
        target,
        result.verdict,
    )


def duration(seconds: float) -> str:
    """Spell a time with three digits in ns, us, ms or s."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(seconds) >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def report(results: Sequence[Result], read: argparse.Namespace) -> None:
    """Print the table, and write the JSON file that ``--json`` names."""
    show(results)
    if read.json is not None:
        rows = [{**dataclasses.asdict(result), "verdict": result.verdict} for result in results]
        found = {"machine": machine(), "self_test": read.self_test, "gc": read.gc, "results": rows}
        read.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def load(file: Path) -> list[Result]:
    """Read back the results of a file that ``report`` wrote."""
    rows = json.loads(file.read_text(encoding="utf-8"))["results"]
    for row in rows:
        del row["verdict"]
        row["ours"], row["theirs"] = Spread(**row["ours"]), Spread(**row["theirs"])
    return [Result(**row) for row in rows]


def machine() -> dict[str, object]:
    """Describe what a time was taken on."""
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, object] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }
    for package in ("numpy", "torch"):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
