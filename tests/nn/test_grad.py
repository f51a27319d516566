"""The gradients of convolutions as functions: the words of every refusal, and transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wengert as torch
from wengert.nn import grad

X, W, CT = torch.randn(2, 4, 5), torch.randn(6, 4, 3), torch.randn(2, 6, 3)

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a tensor for a size": (
        lambda: grad.conv1d_input(X, W, CT), TypeError, r"'input_size' must be tuple of ints, not Tensor.*x\.shape",
    ),
    "a number for a size": (lambda: grad.conv1d_weight(X, 3, CT), TypeError, "'weight_size' must be tuple.*not int"),
    "floats for a size": (lambda: grad.conv1d_input((2, 4, 5.0), W, CT), TypeError, "type float at pos 2"),
    "negative sizes": (lambda: grad.conv1d_input((2, -4, 5), W, CT), RuntimeError, r"negative sizes: \[2, -4, 5\]"),
    "no batch": (lambda: grad.conv1d_input((4, 5), W, CT[0]), RuntimeError, r"2-dimensional.*\[4, 5\].*unsqueeze"),
    "a list": (lambda: grad.conv1d_input(X.shape, W, [1.0]), TypeError, "'grad_output' must be Tensor, not list"),
    "no weight": (lambda: grad.conv1d_input(X.shape, None, CT), TypeError, "'weight' must be Tensor, not NoneType"),
    "same": (
        lambda: grad.conv1d_input(X.shape, W, CT, padding="same"), RuntimeError, "padding must be an int.*not 'same'",
    ),
    "two dtypes": (
        lambda: grad.conv1d_weight(X.double(), W.shape, CT), RuntimeError,
        r"grad_output must have the dtype.*float64, but got torch\.float32.*grad_output\.to",
    ),
    "integers": (lambda: grad.conv1d_input(X.shape, W.long(), CT.long()), NotImplementedError, r"int64.*\.float"),
    "complex": (lambda: grad.conv1d_input(X.shape, W * 1j, CT * 1j), NotImplementedError, "complex64.*autograd.grad"),
    "another result": (
        lambda: grad.conv1d_input((2, 4, 6), W, CT), RuntimeError,
        r"input of shape \[2, 4, 6\].*weight of shape \[6, 4, 3\].*result of shape \[2, 6, 4\].*has shape \[2, 6, 3\]",
    ),
    "channels": (
        lambda: grad.conv1d_weight(X, (6, 2, 3), CT), RuntimeError, "conv1d_weight: Given groups=1.*have 2 channels",
    ),
    "another name": (lambda: grad.conv4d_input, AttributeError, "Did you mean `torch.nn.grad.conv.d_input`"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_words(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


def test_mapped_and_pushed_forward() -> None:
    def fn(w: Any, ct: Any) -> Any:
        return grad.conv1d_input(X.shape, w, ct)

    many = torch.stack([W, 2 * W])
    assert torch.allclose(torch.func.vmap(fn, (0, None))(many, CT)[1], 2 * fn(W, CT))
    out, tangent = torch.func.jvp(fn, (W, CT), (W, CT))
    assert torch.allclose(tangent, 2 * out)


def test_on_the_device_meta() -> None:
    x, w, ct = (t.to("meta") for t in (X, W, CT))
    assert grad.conv1d_input(x.shape, w, ct).shape == X.shape
    assert grad.conv1d_weight(x, w.shape, ct).shape == W.shape
