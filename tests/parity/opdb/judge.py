"""Running a check of an operator and holding the list to what comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.parity.opdb import (
    check_derivatives,
    check_later,
    check_layout,
    check_values,
    check_vmap,
    check_writes,
    forms,
)
from tests.parity.opdb.listing import CHECKS, DTYPES, Entry, Known
from tests.parity.opdb.outcome import Differs, NotApplicable
from tests.parity.opdb.run import all_wanted, seed
from tests.parity.opdb.samples import (
    Sample,
    database,
    drawn,
    everything,
    supports,
)


@dataclass(frozen=True)
class Check:
    """A comparison of one sample, and the dtypes and kind of samples that it is made with."""

    compare: Callable[[Sample, float | None], None]
    dtypes: tuple[str, ...]
    differentiates: bool = False
    variants: Callable[[Any], list[str]] = lambda op: [""]


def _forms(op: Any) -> list[str]:
    return list(forms.others(op))


def _outs(op: Any) -> list[str]:
    return list(check_writes.OUTS) if op.supports_out else []


REGISTRY: dict[str, Check] = {
    "values": Check(check_values.values, DTYPES),
    "layout": Check(
        check_layout.layout, ("float64",), variants=lambda op: list(check_layout.LAYOUTS)
    ),
    "forms": Check(
        check_values.other_forms,
        ("float64", "complex128", "int64"),
        variants=lambda op: list(forms.others(op)),
    ),
    "first": Check(check_derivatives.first, ("float64", "complex128"), differentiates=True),
    "second": Check(check_derivatives.second, ("float64",), differentiates=True),
    "jvp": Check(check_derivatives.jvp, ("float64", "complex128"), differentiates=True),
    "vmap": Check(check_vmap.vmap, ("float64", "int64")),
    "inplace": Check(check_writes.inplace, ("float64", "complex128", "int64")),
    "out": Check(check_writes.out, ("float32", "int64"), variants=_outs),
    "later": Check(
        check_later.later,
        ("float64",),
        differentiates=True,
        variants=lambda op: list(check_later.WAYS),
    ),
    "errors": Check(check_values.errors, ("",)),
}
assert tuple(REGISTRY) == CHECKS


@dataclass(frozen=True)
class Failure:
    """One call on which Wengert differs."""

    check: str
    dtype: str
    call: str
    difference: str


@dataclass
class Verdict:
    """How a check of an operator came out."""

    made: int = 0
    failures: list[Failure] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    stale: list[Known] = field(default_factory=list)

    @property
    def state(self) -> str:
        """`FAIL`, `known`, `pass`, or `skip` where there was nothing to compare."""
        if self.failures or self.stale:
            return "FAIL"
        return "known" if self.known else "pass" if self.made else "skip"

    def complaints(self) -> list[str]:
        """Return each different failure once, with the dtypes that it was seen at."""
        told: dict[str, list[Failure]] = {}
        for failure in self.failures:
            told.setdefault(failure.difference.partition("\n    expected")[0], []).append(failure)
        lines = [
            f"{one[0].check} {', '.join(dict.fromkeys(f.dtype for f in one))}".rstrip()
            + f"\n  {one[0].call}\n  {one[0].difference}"
            for one in told.values()
        ]
        return lines + [f"out of date: take `{line}` from ops.txt" for line in self.stale]


def judge(entry: Entry, name: str, heed_list: bool = True) -> Verdict:
    """Run one check of one operator; `heed_list=False` shows known differences as failures."""
    op, check, verdict = database()[entry.name], REGISTRY[name], Verdict()
    for dtype in check.dtypes:
        if dtype and not supports(op, dtype, check.differentiates):
            verdict.reasons.append(f"PyTorch does not do this for {dtype}")
            continue
        _run(entry, name, dtype, verdict, heed_list)
    if heed_list:
        verdict.known = [line for line in entry.known if line.check == name]
        verdict.stale = [line for line in verdict.known if is_stale(entry, line)]
    return verdict


def _samples(
    entry: Entry, name: str, dtype: str, source: Callable[..., Iterable[Sample]]
) -> Iterator[Sample]:
    """Yield the samples of a check at a dtype, each in every variant of the check."""
    check, op = REGISTRY[name], database()[entry.name]
    wanted = check.differentiates or name == "inplace"
    inexact = dtype.startswith(("float", "complex"))
    gradient = wanted and inexact and supports(op, dtype, backward=True)
    for sample in source(op, name, dtype, gradient):
        for variant in check.variants(op):
            yield dataclasses.replace(sample, variant=variant)


def _run(entry: Entry, name: str, dtype: str, verdict: Verdict, heed_list: bool) -> None:
    """Make the comparisons of one dtype, in each variant up to the first that fails."""
    failed = set()
    for sample in _samples(entry, name, dtype, drawn):
        if sample.variant in failed:
            continue
        covering = entry.covering(name, dtype, sample.text) if heed_list and entry.known else None
        if covering:
            verdict.reasons.append(covering.reason)
            continue
        difference = _difference(entry, name, sample, verdict)
        if difference:
            verdict.failures.append(Failure(name, dtype, sample.text, difference))
            failed.add(sample.variant)


def _difference(entry: Entry, name: str, sample: Sample, verdict: Verdict) -> str:
    """Make one comparison and return how it failed, or nothing."""
    try:
        REGISTRY[name].compare(sample, entry.tolerances.get(sample.dtype))
    except NotApplicable as reason:
        verdict.reasons.append(str(reason))
    except Differs as difference:
        return str(difference)
    else:
        verdict.made += 1
    return ""


def is_stale(entry: Entry, line: Known) -> bool:
    """Say whether none of the calls that a line of the list covers fails any more."""
    if line.skipped:
        return False
    op, check = database()[entry.name], REGISTRY[line.check]
    for dtype in [line.dtype] if line.dtype else check.dtypes:
        if dtype and not supports(op, dtype, check.differentiates):
            continue
        for sample in _samples(entry, line.check, dtype, everything):
            covered = line.covers(line.check, dtype, sample.text)
            if covered and _difference(entry, line.check, sample, Verdict()):
                return False
    return True


def missing_from(entries: dict[str, Entry]) -> list[str]:
    """Return the operators that Wengert and the database have and the list does not name."""
    return [name for name, op in database().items() if name not in entries and forms.has(op.name)]


def arrived(entries: dict[str, Entry]) -> list[str]:
    """Return the operators that the list calls lacking although Wengert has them."""
    return [
        name
        for name, entry in entries.items()
        if entry.state == "lacking" and forms.has(database()[name].name)
    ]


def repeat_text(entry: Entry, check: str) -> str:
    """Return the command that repeats a check."""
    every = " --all" if all_wanted() else ""
    return (
        f"repeat with: WENGERT_OPDB_SEED={seed()} "
        f"python -m tests.parity.opdb {entry.name} --check {check}{every}"
    )
