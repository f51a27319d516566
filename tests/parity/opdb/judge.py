"""Running a check of an operator and holding the list to what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.parity.opdb import check_derivatives, check_values, check_vmap, check_writes, forms
from tests.parity.opdb.listing import CHECKS, DTYPES, Entry, Known
from tests.parity.opdb.outcome import Differs, NotApplicable
from tests.parity.opdb.samples import (
    Sample,
    all_wanted,
    database,
    drawn,
    everything,
    seed,
    supports,
)


@dataclass(frozen=True)
class Check:
    """A comparison of one sample, and the dtypes and kind of samples that it is made with."""

    compare: Callable[[Sample, float | None], None]
    dtypes: tuple[str, ...]
    differentiates: bool = False


REGISTRY: dict[str, Check] = {
    "values": Check(check_values.values, DTYPES),
    "forms": Check(check_values.other_forms, ("float64", "complex128", "int64")),
    "first": Check(check_derivatives.first, ("float64", "complex128"), differentiates=True),
    "second": Check(check_derivatives.second, ("float64",), differentiates=True),
    "jvp": Check(check_derivatives.jvp, ("float64", "complex128"), differentiates=True),
    "vmap": Check(check_vmap.vmap, ("float64", "int64")),
    "inplace": Check(check_writes.inplace, ("float64", "complex128", "int64")),
    "out": Check(check_writes.out, ("float32", "int64")),
    "errors": Check(check_values.errors, ("",)),
}
assert tuple(REGISTRY) == CHECKS


@dataclass(frozen=True)
class Failure:
    """One call on which Wengert differs, or a line of the list that is out of date."""

    check: str
    dtype: str
    call: str
    difference: str

    def __str__(self) -> str:
        return f"{self.check} {self.dtype}".rstrip() + f"\n  {self.call}\n  {self.difference}"


@dataclass
class Verdict:
    """How a check of an operator came out."""

    made: int = 0
    failures: list[Failure] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)

    @property
    def state(self) -> str:
        """`FAIL`, `known`, `pass`, or `skip` where there was nothing to compare."""
        if self.failures:
            return "FAIL"
        return "known" if self.known else "pass" if self.made else "skip"


def judge(entry: Entry, name: str, heed_list: bool = True) -> Verdict:
    """Run one check of one operator; `heed_list=False` shows known differences as failures."""
    op, check, verdict = database()[entry.name], REGISTRY[name], Verdict()
    for dtype in check.dtypes:
        if dtype and not supports(op, dtype, check.differentiates):
            verdict.reasons.append(f"PyTorch does not do this for {dtype}")
            continue
        _run(entry, op, name, dtype, verdict, heed_list)
    if heed_list:
        for line in entry.known:
            if line.check == name:
                _hold(entry, op, line, verdict)
    return verdict


def _wants_gradient(name: str, dtype: str) -> bool:
    """Say whether the samples of a check are drawn as leaves that take a gradient."""
    inexact = dtype.startswith(("float", "complex"))
    return inexact and (REGISTRY[name].differentiates or name == "inplace")


def _run(entry: Entry, op: Any, name: str, dtype: str, verdict: Verdict, heed_list: bool) -> None:
    """Make the comparisons of one dtype, up to the first that fails."""
    gradient = _wants_gradient(name, dtype) and supports(op, dtype, backward=True)
    for sample in drawn(op, name, dtype, gradient):
        covering = entry.covering(name, dtype, sample.text) if heed_list and entry.known else None
        if covering:
            verdict.reasons.append(covering.reason)
            continue
        difference = _difference(entry, name, sample, verdict)
        if difference:
            verdict.failures.append(Failure(name, dtype, sample.text, difference))
            return


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


def _hold(entry: Entry, op: Any, line: Known, verdict: Verdict) -> None:
    """Require that a known difference is still there: one of its calls must fail."""
    verdict.known.append(line)
    if line.skipped:
        return
    dtypes = [line.dtype] if line.dtype else REGISTRY[line.check].dtypes
    aside = Verdict()
    for dtype in dtypes:
        if dtype and not supports(op, dtype, REGISTRY[line.check].differentiates):
            continue
        gradient = _wants_gradient(line.check, dtype) and supports(op, dtype, backward=True)
        for sample in everything(op, line.check, dtype, gradient):
            covered = line.covers(line.check, dtype, sample.text)
            if covered and _difference(entry, line.check, sample, aside):
                return
    verdict.failures.append(
        Failure(line.check, line.dtype or "", str(line), "passes now: take the line from ops.txt")
    )


def missing_from(entries: dict[str, Entry]) -> list[str]:
    """Return the operators that Wengert and the database have and the list does not name."""
    return [name for name, op in database().items() if name not in entries and forms.has(op.name)]


def repeat_text(entry: Entry, check: str) -> str:
    """Return the command that repeats a check."""
    every = " --all" if all_wanted() else ""
    return (
        f"repeat with: WENGERT_OPDB_SEED={seed()} "
        f"python -m tests.parity.opdb {entry.name} --check {check}{every}"
    )
