"""A few of the random programs, each with all that a tape must get right at once."""

import warnings

import pytest

pytest.importorskip("torch")


@pytest.mark.parametrize("block", range(12))
def test_random_programs_agree(block):
    from tests.parity.random_programs import difference

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [difference(seed) for seed in range(block * 50, block * 50 + 50)]
    assert [f for f in found if f is not None] == []
