"""`ctc_loss`: the words of its errors, derivatives behind `log_softmax`, and classes of probability 0."""

import math

import pytest

import wengert as torch

F = torch.nn.functional
STEPS, LABELS = torch.zeros(4, 2, 3), torch.tensor([[1, 2], [2, 2]])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((STEPS, LABELS + 1, [4, 4], [2, 2]), IndexError, "Target 3 is out of bounds: there are 3 classes"),
        ((STEPS, LABELS, [5, 4], [2, 2]), RuntimeError, "at most 4, the times of log_probs, but got value 5"),
        ((STEPS, LABELS, [4, 4], [-2, 2]), RuntimeError, "target_lengths to have value at least 0"),
        ((STEPS, LABELS, [4, 4], [3, 2]), RuntimeError, r"s at least 3.*but got shape \[2, 2\]"),
        ((STEPS, LABELS, [4], [2, 2]), RuntimeError, "batch_size, which is 2, but has 1 elements"),
        ((STEPS, LABELS[0], [4, 4], [2, 2]), RuntimeError, r"size 4, the sum of target_lengths.*matrix \(n, s\)"),
        ((STEPS, LABELS[None], [4, 4], [2, 2]), RuntimeError, "targets of 1 or 2 dimensions"),
        ((STEPS, LABELS, 4, 2), TypeError, r"input_lengths must be a tensor of integers.*`\(length,\)`"),
        ((STEPS, LABELS, torch.ones(2), torch.ones(2)), RuntimeError, r"Use `input_lengths.long\(\)`"),
        ((STEPS, LABELS, [4, 4], torch.ones(2).long()), TypeError, r"both tuples, not \[4, 4\] and tensor\(\[1, 1\]\)"),
        ((STEPS, LABELS, [4, 4], [2, 2], 3), RuntimeError, "from 0 to 2, but is 3"),
        ((STEPS.half(), LABELS, [4, 4], [2, 2]), NotImplementedError, r"Use `log_probs.float\(\)`"),
        ((STEPS[:0], LABELS, [0, 0], [2, 2]), RuntimeError, r"must not be empty, but got shape \[0, 2, 3\]"),
        ((STEPS[None], LABELS, [4, 4], [2, 2]), RuntimeError, r"\(time, n, classes\), or 2 for a single sequence"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(arguments, error, words):
    with pytest.raises(error, match=words):
        F.ctc_loss(*arguments)


def test_derivatives_to_second_order_behind_log_softmax():
    x = torch.sin(torch.arange(24.0)).reshape(4, 2, 3).double().requires_grad_()

    def loss(x):
        return F.ctc_loss(x.log_softmax(-1), LABELS, [4, 3], [2, 1], reduction="none")

    assert torch.autograd.gradcheck(loss, (x,))
    assert torch.autograd.gradgradcheck(loss, (x,))
    v = torch.cos(x.detach())
    _, along = torch.func.jvp(loss, (x.detach(),), (v,))
    slopes = torch.autograd.functional.jacobian(loss, x.detach())
    torch.testing.assert_close(along, (slopes * v).sum((1, 2, 3)))


def test_a_class_of_probability_zero_has_a_gradient():
    """Where PyTorch has infinity less infinity: the loss does not look at the class, so its slope is 0."""
    x = STEPS.log_softmax(-1).clone()
    x[0, 0, 1] = -math.inf
    x.requires_grad_()
    F.ctc_loss(x, LABELS, [4, 4], [2, 2], reduction="sum").backward()
    assert x.grad[0, 0, 1] == 0
    assert x.grad.isfinite().all()


def test_labels_of_each_example_under_vmap():
    x = torch.sin(torch.arange(24.0)).reshape(4, 2, 3).log_softmax(-1)

    def loss(labels):
        return F.ctc_loss(x[:, 0], labels, (4,), (2,), reduction="none")

    one_by_one = torch.stack([loss(labels) for labels in LABELS])
    torch.testing.assert_close(torch.func.vmap(loss)(LABELS), one_by_one)
