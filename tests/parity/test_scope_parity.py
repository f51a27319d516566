"""The names that programs here use ahead of Wengert are really absent from it."""

import functools

import wengert


def test_a_name_that_exists_is_not_listed_as_ahead(ahead):
    missing = object()

    def below(holder, name):
        return getattr(holder, name, missing)

    assert functools.reduce(below, ahead.split("."), wengert) is missing, (
        f"{ahead} exists now: take it from AHEAD in tests/parity/conftest.py"
    )
