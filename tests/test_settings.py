"""Settings of the process: threads reach NumPy's BLAS, and where they cannot, a warning says so."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import wengert as torch
from wengert.core import blas


def test_threads_reach_the_blas():
    found = blas.control()
    if found is None:
        pytest.skip("NumPy's BLAS offers no way of setting its threads")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert found.get() == torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_wheels_of_numpy_can_be_told():
    bundled = "scipy-openblas" in str(
        np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    )
    assert bundled <= (blas.control() is not None)


def test_a_blas_without_a_way_is_a_warning(monkeypatch):
    monkeypatch.setattr(blas, "SPELLINGS", ())
    blas.control.cache_clear()
    try:
        with pytest.warns(UserWarning, match="exports no function for it"):
            torch.set_num_threads(3)
        assert torch.get_num_threads() == 3
    finally:
        blas.control.cache_clear()


def test_asking_for_threads_is_left_until_it_is_needed():
    program = (
        "import wengert; from wengert.core import blas; print(blas.control.cache_info().misses)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "0"


def test_an_unknown_precision_is_named():
    with pytest.warns(UserWarning, match="foo is not one of"):
        torch.set_float32_matmul_precision("foo")


def test_denormals_stay():
    assert torch.set_flush_denormal(True) is False
    assert torch.tensor(1e-40).item() > 0
