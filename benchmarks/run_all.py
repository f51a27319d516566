"""Run every benchmark program, on one thread and on two, and print one table.

Each program runs in its own process. A missed target is shown, never an error; a program that
fails, or whose two sides compute different results, is one.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pairs

FOLDER = Path(__file__).resolve().parent
ON_EACH_THREAD_COUNT = (
    ("training_step.py",),
    ("network.py",),
    ("record.py",),
    ("large.py", "--hold", "last"),
    ("large.py", "--hold", "all"),
    ("large.py", "--grad"),
    ("cold_start.py",),
)


def commands(threads: list[int]) -> Iterator[tuple[str, ...]]:
    """Yield the programs with their own options."""
    yield ("import_time.py",)
    for count in threads:
        for program in ON_EACH_THREAD_COUNT:
            yield (*program, "--threads", str(count))


def main() -> int:
    """Run what is asked for; return 1 if a program failed."""
    spec = pairs.parser(__doc__)
    spec.set_defaults(threads=None)
    spec.add_argument("--only", nargs="+", metavar="NAME", help="programs whose name has NAME")
    read = spec.parse_args()
    handed_on = ["--gc", read.gc]
    handed_on += ["--rounds", str(read.rounds)] if read.rounds else []
    handed_on += ["--quick"] if read.quick else []
    handed_on += ["--self-test"] if read.self_test else []
    results, failed = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "results.json")
        for command in commands([read.threads] if read.threads else [1, 2]):
            if read.only and not any(name in command[0] for name in read.only):
                continue
            print("running", *command, file=sys.stderr, flush=True)
            if run([*command, *handed_on, "--json", str(file)]):
                results += pairs.load(file)
            else:
                failed.append(" ".join(command))
    if results:
        pairs.report(results, read)
    for verdict in ("met", "unsure", "missed"):
        print(f"{verdict}: {sum(result.verdict == verdict for result in results)}", end="  ")
    print()
    if not read.only or any(name in "count_instructions.py" for name in read.only):
        counted = ["--self-test"] if read.self_test else ["--check"]
        if not run(["count_instructions.py", *counted], quiet=False):
            failed.append("count_instructions.py")
    if failed:
        print("failed:", *failed, sep="\n  ")
    return 1 if failed else 0


def run(command: list[str], quiet: bool = True) -> bool:
    """Run one program; tell whether it succeeded."""
    program, *arguments = command
    done = subprocess.run(
        [sys.executable, str(FOLDER / program), *arguments],
        stdout=subprocess.DEVNULL if quiet else None,
        check=False,
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
