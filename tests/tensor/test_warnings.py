"""Warnings that begin as PyTorch's do, so that a program's filters by message find them, and what they say then."""

import warnings

import numpy as np
import pytest

import wengert as torch
from wengert.utils.checkpoint import checkpoint

F = torch.nn.functional
X = torch.ones(2)
I = torch.tensor([1 + 1j, 2])  # noqa: E741
LOST = "Casting complex values to real discards the imaginary part.*torch.real"


def created():
    x = torch.ones(2, requires_grad=True)
    (x * x).sum().backward(create_graph=True)


def masked(padding):
    layer = torch.nn.MultiheadAttention(2, 1)
    x = torch.ones(2, 1, 2)
    layer(x, x, x, key_padding_mask=padding, attn_mask=torch.zeros(2, 2))


GIVEN = {
    "float of complex": (lambda: I.float(), LOST),
    "long of complex": (lambda: I.long(), LOST),
    "to": (lambda: I.to(torch.float32), LOST),
    "copy_": (lambda: torch.ones(2).copy_(I), LOST),
    "setitem": (lambda: torch.ones(2).__setitem__(0, I[0]), LOST),
    "fill_": (lambda: torch.ones(2).fill_(I[0]), LOST),
    "an array": (lambda: torch.tensor(np.array([1j]), dtype=torch.float32), LOST),
    "as_tensor": (lambda: torch.as_tensor(I, dtype=torch.float32), LOST),
    "create_graph": (created, r"Using backward\(\) with create_graph=True will create a reference.*autograd.grad"),
    "anomaly": (lambda: torch.autograd.detect_anomaly().__exit__(), "Anomaly Detection has been enabled. .*switch it"),
    "arrays": (lambda: torch.tensor([np.ones(2)] * 2), "Creating a tensor from a list of numpy.ndarrays.*np.array"),
    "where": (lambda: torch.where(X.to(torch.uint8), X, X), "where received a uint8 condition tensor. .*!= 0"),
    "masks": (
        lambda: masked(torch.zeros(1, 2, dtype=torch.bool)), "Support for mismatched key_padding_mask and attn_mask",
    ),
    "default type": (lambda: torch.set_default_tensor_type("torch.FloatTensor"), "torch.set_default_tensor_type.. is"),
    "checkpoint": (
        lambda: checkpoint(lambda x: x, torch.ones(2, requires_grad=True)),
        "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly",
    ),
    "affine_grid": (
        lambda: F.affine_grid(torch.ones(1, 2, 3), (1, 1, 2, 2)), "Default grid_sample and affine_grid behavior has",
    ),
    "stft": (lambda: torch.stft(torch.ones(8), 4, return_complex=True), "A window was not provided.*by stft"),
    "gumbel": (lambda: F.gumbel_softmax(X, eps=1e-3), "`eps` parameter is deprecated and has no effect"),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
def test_words(name):
    call, words = GIVEN[name]
    torch.set_warn_always(True)
    try:
        with pytest.warns(UserWarning, match=f"^{words}"):
            call()
    finally:
        torch.set_warn_always(False)
        torch.autograd.set_detect_anomaly(False)


def test_what_loses_nothing_is_not_warned_of():
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            I.bool()
            I.to(torch.complex128)
            torch.tensor(np.array([1j]), dtype=torch.bool)
            torch.tensor(np.array([1j]))
            torch.tensor([np.float64(1.0), np.array(2.0)])
            torch.autograd.set_detect_anomaly(False)
            masked(torch.zeros(1, 2))
    finally:
        torch.set_warn_always(False)
