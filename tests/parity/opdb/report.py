"""How the checks are shown to those who add operators."""

from __future__ import annotations

import collections
import textwrap
import time

from tests.parity.opdb import forms
from tests.parity.opdb.judge import Verdict, arrived, is_stale, judge, missing_from
from tests.parity.opdb.listing import LIST, Entry, corrected, read
from tests.parity.opdb.run import all_wanted, seed
from tests.parity.opdb.samples import database

MARKS = {"pass": "ok", "FAIL": "FAIL", "known": "known", "skip": "-"}


def details(entries: list[Entry], checks: tuple[str, ...], heed_list: bool) -> int:
    """Print each check of each operator with its first difference; return 1 if one fails."""
    print(f"seed {seed()}, {'every sample' if all_wanted() else 'a few samples each'}")
    failed = False
    for entry in entries:
        print(f"\n{entry.name}{_standing(entry)}")
        if entry.state == "off" or not forms.has(database()[entry.name].name):
            continue
        for check in checks:
            started = time.perf_counter()
            verdict = judge(entry, check, heed_list)
            failed |= verdict.state == "FAIL"
            _show(check, verdict, time.perf_counter() - started)
    return int(failed)


def _standing(entry: Entry) -> str:
    """Say what there is to know of an operator before it is run."""
    exists = forms.has(database()[entry.name].name)
    if entry.state == "off":
        return f"  (off: {entry.reason})"
    if not exists:
        return "  lacking: Wengert has no function and no method of this name"
    if entry.state == "lacking":
        return "  exists now: take `lacking` from its line in ops.txt"
    return "" if entry.name in read() else "  not in ops.txt yet: add it"


def _show(check: str, verdict: Verdict, seconds: float) -> None:
    reasons = collections.Counter(verdict.reasons)
    notes = "; ".join(f"{reason}" + (f" (x{n})" if n > 1 else "") for reason, n in reasons.items())
    head = f"  {MARKS[verdict.state]:5} {check:8} {verdict.made:4} calls  {seconds:5.1f} s"
    print(f"{head}  {textwrap.shorten(notes, 110)}".rstrip())
    for complaint in verdict.complaints():
        print(textwrap.indent(complaint, "        "))


def summary(entries: list[Entry], checks: tuple[str, ...], heed_list: bool) -> int:
    """Print a table of operators and checks, and the counts; return 1 if a check fails."""
    width = max(len(entry.name) for entry in entries)
    print(f"seed {seed()}")
    print(" ".join([f"{'':{width}}", *(f"{check:7}" for check in checks)]))
    counts: dict[str, collections.Counter[str]] = {c: collections.Counter() for c in checks}
    for entry in entries:
        states = _states(entry, checks, heed_list)
        for check, state in zip(checks, states, strict=True):
            counts[check][state] += 1
        shown = [f"{MARKS.get(state, state):7}" for state in states]
        print(" ".join([f"{entry.name:{width}}", *shown]).rstrip(), flush=True)
    print()
    for state in ("pass", "known", "FAIL", "skip", "lacking", "off"):
        print(" ".join([f"{state:{width}}", *(f"{counts[c][state]:<7}" for c in checks)]).rstrip())
    for name in missing_from(read()):
        print(f"not in ops.txt: {name}")
    return int(any(counts[check]["FAIL"] for check in checks))


def update(checks: tuple[str, ...]) -> int:
    """Correct what is out of date in `ops.txt`, and print what was."""
    entries = read()
    come, missing = arrived(entries), missing_from(entries)
    stale = []
    for entry in entries.values():
        if entry.state:
            continue
        for line in entry.known:
            if line.check in checks and is_stale(entry, line):
                stale.append(line)
                print(f"{entry.name}: out of date: {line}")
    for name in come:
        print(f"{name}: not lacking any more")
    for name in missing:
        print(f"{name}: added")
    lines = corrected(LIST.read_text(encoding="utf-8").splitlines(), stale, come, missing)
    LIST.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def _states(entry: Entry, checks: tuple[str, ...], heed_list: bool) -> list[str]:
    if entry.state == "off":
        return ["off"] * len(checks)
    if not forms.has(database()[entry.name].name):
        return ["lacking"] * len(checks)
    return [judge(entry, check, heed_list).state for check in checks]
