"""What `backward` and `grad` say of gradients to start from: by the name that the argument has in each."""

import pytest

import wengert as torch

GRAD, BACKWARD = torch.autograd.grad, torch.autograd.backward

WORDS = {
    "GRAD(y, x)": "this one has shape [2]. Use its `.sum()`, or pass `grad_outputs=` of that shape.",
    "GRAD([y.sum(), y], x)": "pass `grad_outputs=` of that shape",
    "y.backward()": "this one has shape [2]. Use `.sum().backward()`, or pass `gradient=` of that shape.",
    "BACKWARD(y)": "Use `.sum().backward()`, or pass `grad_tensors=` of that shape.",
    "BACKWARD([y.sum(), y])": "pass `grad_tensors=` of that shape.",
    "GRAD(y, x, [x, x])": "got 1 tensors and 2 gradients. Give one gradient in `grad_outputs=`, or None, for each",
    "BACKWARD(y, [x, x])": "Give one gradient in `grad_tensors=`, or None, for each tensor",
    "GRAD(y.sum(), m.parameters)": "grad: inputs should be an iterable of Tensors, but got the method `parameters`",
    "BACKWARD(y.sum(), inputs=m)": "inputs should be an iterable of Tensors, but got Linear. Use its `parameters()`",
    "GRAD(3, x)": "grad: outputs should be an iterable of Tensors, but got int.",
    "BACKWARD(y, 2.0)": "grad_tensors should be an iterable of Tensors, but got float.",
}


@pytest.mark.parametrize("call", WORDS)
def test_words(call):
    x = torch.ones(2, requires_grad=True)
    given = {"x": x, "y": x * 2, "m": torch.nn.Linear(2, 2), "GRAD": GRAD, "BACKWARD": BACKWARD}
    with pytest.raises((RuntimeError, TypeError)) as caught:
        eval(call, given)
    assert WORDS[call] in str(caught.value)
    assert x.grad is None
