"""The list's spelling, and how it is corrected."""

import pytest

from tests.parity.opdb.listing import corrected, parse, read

LINES = """
# about the list
erfinv
    tolerance float64 1e-8: PyTorch's own approximation
max.binary  lacking
sum
    values complex128 ~dim=0: one reason
    skip vmap: another
zeros off: a third
""".splitlines()


def test_an_entry_says_its_state_and_what_is_known():
    entries = parse(LINES)
    assert [entry.state for entry in entries.values()] == ["", "lacking", "", "off"]
    assert entries["erfinv"].tolerances == {"float64": 1e-8}
    assert [str(line) for line in entries["sum"].known] == [
        "values complex128 ~dim=0",
        "skip vmap",
    ]
    assert entries["zeros"].reason == "a third"


def test_a_line_covers_the_calls_that_it_describes():
    line = parse(LINES)["sum"].known[0]
    assert line.covers("values", "complex128", "sum(float32 (2,), dim=0)")
    assert not line.covers("values", "complex128", "sum(float32 (2,), dim=1)")
    assert not line.covers("values", "float32", "sum(float32 (2,), dim=0)")
    assert not line.covers("first", "complex128", "sum(float32 (2,), dim=0)")


@pytest.mark.parametrize(
    "lines, message",
    [
        (["    values: reason"], "before the first"),
        (["sum", "    values:"], "a reason must follow"),
        (["sum", "    speed: reason"], "cannot read 'speed'"),
        (["sum", "    values float8: reason"], "cannot read 'values float8'"),
        (["sum", "sum"], "listed twice"),
        (["sum absent"], "write NAME"),
        (["sum off"], "write NAME"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused(lines, message):
    with pytest.raises(ValueError, match=message):
        parse(lines)


def test_the_list_is_corrected_line_by_line():
    entries = parse(LINES)
    stale = [entries["sum"].known[0]]
    found = corrected(LINES, stale=stale, arrived=["max.binary"], missing=["mul"])
    assert found == [
        "",
        "# about the list",
        "erfinv",
        "    tolerance float64 1e-8: PyTorch's own approximation",
        "max.binary",
        "mul",
        "sum",
        "    skip vmap: another",
        "zeros off: a third",
    ]


def test_the_list_is_in_order():
    names = [name.lower() for name in read()]
    assert names == sorted(names)
