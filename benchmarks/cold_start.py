"""A whole program, from cold start to exit: a linear fit of 5,000 epochs, nothing plotted.

Runs ``programs/linear_fit.py`` under ``python -m wengert run`` and under plain Python with PyTorch,
in fresh processes that take turns. Cold means a new process; files are in the system's cache and
compiled to bytecode, since an untimed run comes first. What both print is compared.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

import pairs

TARGET = 1 / 6
PROGRAM = pairs.ROOT / "benchmarks" / "programs" / "linear_fit.py"


def run(command: Sequence[str], threads: int) -> tuple[float, str]:
    """Run a command from the repository's root; return its seconds and its output."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command],
        cwd=pairs.ROOT,
        env=pairs.thread_environment(threads),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return seconds, done.stdout


def require_same_output(ours: str, theirs: str) -> None:
    """Raise DifferentResultsError unless words are equal and numbers agree to 1e-5."""
    mine, other = ours.split(), theirs.split()
    if len(mine) != len(other) or not all(map(same_word, mine, other)):
        raise pairs.DifferentResultsError(f"the outputs differ:\n{ours}\nPyTorch's:\n{theirs}")


def same_word(ours: str, theirs: str) -> bool:
    """Tell whether two words are equal, or numbers that differ by at most 1e-5."""
    try:
        return abs(float(ours) - float(theirs)) <= 1e-5
    except ValueError:
        return ours == theirs


def main() -> None:
    """Time the program in turns of fresh processes."""
    spec = pairs.parser(__doc__)
    spec.add_argument("--epochs", type=int)
    read = pairs.options(spec)
    rounds = 1 if read.quick else min(read.rounds, 7)
    arguments = [str(PROGRAM), str(read.epochs or (20 if read.quick else 5000))]
    commands = (arguments if read.self_test else ["-m", "wengert", "run", *arguments], arguments)
    require_same_output(*(run(command, read.threads)[1] for command in commands))
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        for side in (0, 1) if turn % 2 == 0 else (1, 0):
            seconds[side].append(run(commands[side], read.threads)[0])
    ours, theirs = map(pairs.Spread.of, seconds)
    scores = ours.min / theirs.min, ours.median / theirs.median
    name = f"linear fit, {arguments[1]} epochs"
    result = pairs.Result("cold_start", name, read.threads, ours, theirs, *scores, "x", TARGET)
    pairs.report([result], read)


if __name__ == "__main__":
    main()
