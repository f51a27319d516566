"""The committed list of operators, `ops.txt`: what is on it and what is known to differ.

This file knows the list's spelling and nothing of PyTorch or Wengert.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

LIST = Path(__file__).with_name("ops.txt")
CHECKS = (
    "values", "layout", "forms", "first", "second", "jvp", "vmap", "inplace", "out", "later", "errors",
)  # fmt: skip
DTYPES = ("float32", "float64", "complex128", "int64", "bool")
KNOWN = re.compile(r"(?P<skip>skip )?(?P<check>\w+)(?: (?P<dtype>\w+))?(?: ~(?P<text>.+?))?$")
LOOSER = re.compile(r"tolerance (?P<dtype>\w+) (?P<rtol>\S+)$")


@dataclass(frozen=True)
class Known:
    """One known difference: which calls it covers, and why.

    `skipped` ones are never made; of the others at least one must fail, or the line is out of date.
    """

    check: str
    dtype: str | None
    text: str
    reason: str
    skipped: bool
    number: int

    def covers(self, check: str, dtype: str, call: str) -> bool:
        """Say whether a call (as it is printed) is one that this line speaks of."""
        return self.check == check and self.dtype in (None, dtype) and self.text in call

    def __str__(self) -> str:
        words = ["skip" if self.skipped else "", self.check, self.dtype or ""]
        return " ".join([*filter(None, words), *([f"~{self.text}"] if self.text else [])])


@dataclass
class Entry:
    """An operator of the list: `state` is `""`, `lacking` or `off`."""

    name: str
    state: str = ""
    reason: str = ""
    known: list[Known] = field(default_factory=list)
    tolerances: dict[str, float] = field(default_factory=dict)

    def covering(self, check: str, dtype: str, call: str) -> Known | None:
        """Return the first line that speaks of a call."""
        return next((line for line in self.known if line.covers(check, dtype, call)), None)


def read(path: Path = LIST) -> dict[str, Entry]:
    """Return the list's entries by name, in the order of the file."""
    return parse(path.read_text(encoding="utf-8").splitlines())


def parse(lines: Iterable[str]) -> dict[str, Entry]:
    """Return the entries that `lines` spell; a line that cannot be read raises ValueError."""
    entries: dict[str, Entry] = {}
    entry = None
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            entry = _operator(line, number)
            if entry.name in entries:
                raise ValueError(f"ops.txt:{number}: {entry.name} is listed twice")
            entries[entry.name] = entry
        elif entry is None:
            raise ValueError(f"ops.txt:{number}: an indented line before the first operator")
        else:
            _remark(entry, line.strip(), number)
    return entries


def corrected(
    lines: list[str], stale: Iterable[Known], arrived: Iterable[str], missing: Iterable[str]
) -> list[str]:
    """Return the list's lines without stale ones, with `arrived` not lacking, `missing` added."""
    dropped = {line.number for line in stale}
    heads = {name: name for name in arrived}
    blocks: list[list[str]] = [[]]
    for number, line in enumerate(lines, start=1):
        name = line.partition(" ")[0]
        if name and not line.startswith("#"):
            blocks.append([heads.get(name, line)])
        elif number not in dropped:
            blocks[-1].append(line)
    operators = blocks[1:] + [[name] for name in missing]
    operators.sort(key=lambda block: block[0].partition(" ")[0].lower())
    return [line for block in (blocks[0], *operators) for line in block]


def _operator(line: str, number: int) -> Entry:
    """Read `NAME`, `NAME lacking` or `NAME off: REASON`."""
    head, _, reason = line.partition(": ")
    name, _, state = head.partition(" ")
    if state.strip() not in ("", "lacking", "off") or (state.strip() == "off") != bool(reason):
        raise ValueError(f"ops.txt:{number}: write NAME, NAME lacking or NAME off: REASON")
    return Entry(name, state.strip(), reason.strip())


def _remark(entry: Entry, line: str, number: int) -> None:
    """Read an indented line into its entry."""
    head, _, reason = line.partition(": ")
    looser, known = LOOSER.match(head), KNOWN.match(head)
    if not reason.strip():
        raise ValueError(f"ops.txt:{number}: a reason must follow, as in `second: why it fails`")
    if looser and looser["dtype"] in DTYPES:
        entry.tolerances[looser["dtype"]] = float(looser["rtol"])
    elif known and known["check"] in CHECKS and known["dtype"] in (None, *DTYPES):
        text = known["text"] or ""
        skipped = known["skip"] is not None
        entry.known.append(
            Known(known["check"], known["dtype"], text, reason.strip(), skipped, number)
        )
    else:
        raise ValueError(f"ops.txt:{number}: cannot read {head!r}; the file's head says what can")
