"""Every operator on the list agrees with PyTorch on its own database's samples."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.parity.opdb.listing import CHECKS, read

ENTRIES = read()
EXISTING = [name for name, entry in ENTRIES.items() if not entry.state]
UPDATE = "`python -m tests.parity.opdb --update` corrects the list"


@pytest.fixture(scope="session")
def judge() -> ModuleType:
    """The judge, which needs PyTorch and what its database imports."""
    pytest.importorskip("torch")
    pytest.importorskip("expecttest")
    from tests.parity.opdb import judge

    return judge


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", EXISTING)
def test_an_operator_agrees_with_pytorch(judge, name, check):
    entry = ENTRIES[name]
    verdict = judge.judge(entry, check)
    if verdict.state == "FAIL":
        lines = [*verdict.complaints(), judge.repeat_text(entry, check)]
        pytest.fail("\n".join(lines), pytrace=False)
    if verdict.state == "known":
        pytest.xfail("; ".join(line.reason for line in verdict.known))
    if verdict.state == "skip":
        pytest.skip("; ".join(dict.fromkeys(verdict.reasons)) or "the operator has no such form")


def test_an_operator_that_exists_is_listed(judge):
    assert not judge.missing_from(ENTRIES), UPDATE


def test_an_operator_that_is_listed_as_lacking_does_not_exist(judge):
    assert not judge.arrived(ENTRIES), UPDATE


def test_the_list_names_operators_of_the_database(judge):
    assert not sorted(set(ENTRIES) - set(judge.database()))
