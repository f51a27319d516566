"""Tensors that meet code which knows nothing of them: DLPack under the guard, and words of refusal."""

from __future__ import annotations

import numpy as np
import pytest

import wengert as torch


def test_a_write_through_dlpack_leaves_the_gradient_right():
    x = torch.ones(3)
    seen = np.from_dlpack(x)
    w = torch.ones(3, requires_grad=True)
    y = (w * x).sum()
    seen[:] = 7.0
    y.backward()
    assert w.grad.tolist() == [1.0, 1.0, 1.0]


def test_a_write_to_a_large_array_behind_dlpack_is_found_out():
    array = np.ones(10_000)
    w = torch.ones(10_000, dtype=torch.float64, requires_grad=True)
    y = (w * torch.from_dlpack(array)).sum()
    array[17] = 2.0
    with pytest.raises(RuntimeError, match="NumPy"):
        y.backward()


def test_a_copy_through_dlpack_shares_nothing():
    array = np.ones(3)
    x = torch.from_dlpack(array, copy=True)
    array[0] = 5.0
    assert x.tolist() == [1.0, 1.0, 1.0]


def test_dlpack_words():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(BufferError, match=r"use tensor.detach\(\)"):
        x.__dlpack__()
    with pytest.raises(BufferError, match=r"device \(2, 0\) is not there"):
        torch.ones(2).__dlpack__(dl_device=(2, 0))
    with pytest.raises(RuntimeError, match="invalid capsule, a int.*consumed only once"):
        torch.from_dlpack(3)


def test_apply_counts_as_a_write():
    x = torch.tensor([1.0, 2.0])
    w = torch.ones(2, requires_grad=True)
    y = (w * x).sum()
    x.apply_(lambda v: v + 1)
    with pytest.raises(RuntimeError, match="changed before backward"):
        y.backward()


def test_memory_is_not_shared_between_processes():
    with pytest.raises(NotImplementedError, match="SharedMemory"):
        torch.ones(2).share_memory_()


def test_the_words_for_a_device_that_is_not_there():
    with pytest.raises(AssertionError, match="not compiled with CUDA enabled.*Use 'cpu'"):
        torch.ones(2).cuda()
    with pytest.raises(RuntimeError, match="not linked with support for mps devices"):
        torch.ones(2, device="mps")
