"""A few of the random programs, each with all that a tape must get right at once."""

import warnings

import pytest

pytest.importorskip("torch")


@pytest.mark.parametrize("block", range(12))
def test_random_programs_agree(block):
    from tests.parity.random_programs import followed

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ran = [followed(seed) for seed in range(block * 50, block * 50 + 50)]
    assert [found for found, _ in ran if found is not None] == []
    assert sum(ended for _, ended in ran) >= 30
