"""The benchmark programs run, compare what they time, and judge it rightly. No time is asserted."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
beside_pytorch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed"
)


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that the programs share."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("pairs")


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program that counts bytecodes, as a module."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("count_instructions")


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program as a user does."""
    command = [sys.executable, str(BENCHMARKS / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def result(pairs: ModuleType, score: float, of_medians: float, target: float | None) -> Any:
    """Build a result with these scores."""
    spread = pairs.Spread(1e-6, 2e-6)
    return pairs.Result("p", "op", 1, spread, spread, score, of_medians, "x", target)


@beside_pytorch
@pytest.mark.parametrize(
    ("program", "options", "rows"),
    [
        ("training_step.py", (), 1),
        ("training_step.py", ("--threads", "2"), 1),
        ("network.py", (), 6),
        ("record.py", (), 9),
        ("large.py", ("--hold", "all"), 10),
        ("large.py", ("--grad",), 10),
        ("cold_start.py", (), 1),
        ("import_time.py", (), 2),
    ],
)
def test_a_program_compares_both_sides_and_reports(
    program: str, options: tuple[str, ...], rows: int, tmp_path: Path
) -> None:
    file = tmp_path / "results.json"
    done = run(program, "--quick", "--json", str(file), *options)
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text("utf-8"))["results"]
    assert len(found) == rows
    for row in found:
        assert 0 < row["ours"]["min"] <= row["ours"]["median"]
        assert 0 < row["theirs"]["min"] <= row["theirs"]["median"]
        assert row["threads"] == (2 if options == ("--threads", "2") else 1)
        assert row["name"] in done.stdout


@beside_pytorch
def test_run_all_gathers_one_table_of_two_thread_counts() -> None:
    done = run("run_all.py", "--quick", "--only", "training_step")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("training_step")]
    assert [row[2] for row in rows] == ["1", "2"]
    assert "met: " in done.stdout


@pytest.mark.parametrize(
    ("scores", "target", "verdict"),
    [
        ((0.9, 1.0), 1.0, "met"),
        ((1.1, 1.2), 1.0, "missed"),
        ((0.9, 1.1), 1.0, "unsure"),
        ((9.0, 9.0), None, ""),
    ],
)
def test_verdict_needs_minima_and_medians(
    pairs: ModuleType, scores: tuple[float, float], target: float | None, verdict: str
) -> None:
    assert result(pairs, *scores, target).verdict == verdict


def test_rounds_alternate_and_the_ratio_is_ours_over_theirs(
    pairs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    turns: list[str] = []

    def taking(name: str, seconds: float) -> Any:
        def work(times: int) -> Any:
            def timed() -> float:
                nonlocal now
                now += seconds * times
                turns.append(name)
                return 1.0

            return timed

        return work

    monkeypatch.setattr(pairs.time, "perf_counter", lambda: now)
    read = pairs.parser("").parse_args(["--rounds", "4"])
    pair = pairs.Pair("op", taking("ours", 0.5), taking("theirs", 2.0), target=0.3, per=10)
    (found,) = pairs.measure("program", [pair], read)
    assert turns[-8:] == ["ours", "theirs", "theirs", "ours"] * 2
    assert (found.score, found.score_of_medians, found.verdict) == (0.25, 0.25, "met")
    assert found.ours.min == pytest.approx(0.05)
    assert found.theirs.median == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ([1.0, 2.0], [1.0, 2.1], "differ by up to 0.1"),
        ([1.0], [1.0, 2.0], "1 results against PyTorch's 2"),
        (1, 1.0, "int64"),
    ],
)
def test_sides_that_differ_are_never_timed(
    pairs: ModuleType, ours: object, theirs: object, words: str
) -> None:
    read = pairs.parser("").parse_args(["--quick", "--rounds", "1"])
    pair = pairs.Pair("op", pairs.repeated(lambda: ours), pairs.repeated(lambda: theirs))
    with pytest.raises(pairs.DifferentResultsError, match=words):
        pairs.measure("program", [pair], read)


def test_hoarded_results_live_until_the_clock_stops(pairs: ModuleType) -> None:
    assert pairs.hoarded(lambda: "result")(3)() == ["result"] * 3
    assert pairs.repeated(lambda: "result")(3)() == "result"


def test_every_side_gets_the_same_threads(
    pairs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    found = pairs.thread_environment(2)
    assert {found[name] for name in pairs.THREAD_VARIABLES} == {"2"}
    assert str(pairs.ROOT) in found["PYTHONPATH"]


def test_results_survive_the_json_file(pairs: ModuleType, tmp_path: Path) -> None:
    read = pairs.parser("").parse_args(["--json", str(tmp_path / "results.json")])
    results = [result(pairs, 0.5, 0.6, 1.0), result(pairs, 0.5, 0.6, None)]
    pairs.report(results, read)
    assert pairs.load(read.json) == results


def test_only_bytecodes_of_the_folder_count(
    counting: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "def total(n):\n    k = 0\n    for i in range(n):\n        k += i\n    return k\n"
    tmp_path.joinpath("counted_module.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    total = importlib.import_module("counted_module").total
    counts = [counting.executed(lambda n=n: lambda: total(n), str(tmp_path)) for n in (5, 6, 7)]
    assert counts[2] - counts[1] == counts[1] - counts[0] > 0
    assert counting.executed(lambda: lambda: total(5), str(tmp_path / "elsewhere")) == 0


def test_a_rise_of_more_than_three_percent_fails_the_check(
    counting: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    table = {counting.VERSION: {"add": 100.0, "mul": 100.0}}
    assert counting.check({"add": 103.0, "mul": 50.0}, table) == 0
    assert "--update keeps the gain" in capsys.readouterr().out
    assert counting.check({"add": 104.0, "mul": 100.0}, table) == 1
    assert "add: 104 bytecodes, +4.0% against 100" in capsys.readouterr().out


def test_a_python_without_a_table_passes_with_a_note(
    counting: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counting.check({"add": 1.0}, {"2.7": {"add": 0.5}}) == 0
    assert "No table for Python" in capsys.readouterr().out


def test_counts_are_the_same_in_every_process(tmp_path: Path) -> None:
    table = tmp_path / "table.json"
    assert run("count_instructions.py", "--update", "--table", str(table)).returncode == 0
    first = table.read_text("utf-8")
    done = run("count_instructions.py", "--update", "--check", "--table", str(table))
    assert done.returncode == 0, done.stdout + done.stderr
    assert table.read_text("utf-8") == first
    counts = next(iter(json.loads(first).values()))
    assert len(counts) == 10
    assert all(count > 0 for count in counts.values())
