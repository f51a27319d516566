"""Versions compare as PyTorch's do."""

import pytest

from wengert.torch_version import TorchVersion

VERSIONS = [
    "1.1.0",
    "2.13",
    "2.13.0",
    "2.13.0a0",
    "2.13.0rc1",
    "2.13.0+cpu",
    "2.13.1",
    "2.14",
    "3",
    "2.8.0.dev1",
]


@pytest.mark.parametrize("method", ["__lt__", "__le__", "__gt__", "__ge__", "__eq__"])
def test_every_pair_compares_as_pytorchs(method):
    oracle = pytest.importorskip("torch").torch_version.TorchVersion
    for left in VERSIONS:
        for right in [*VERSIONS, (2, 13), (2, 13, 1), (1,)]:
            made = getattr(TorchVersion(left), method)(right)
            assert made == getattr(oracle(left), method)(right), (left, method, right)


def test_it_is_a_string():
    version = TorchVersion("2.13.0+wengert.0.1.0")
    assert version.split("+")[0] == "2.13.0" and {version: 1}[version] == 1
