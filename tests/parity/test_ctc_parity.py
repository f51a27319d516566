"""`ctc_loss` beyond PyTorch's op database: how targets and lengths are given, impossible sequences, refusals."""

import pytest


def names(torch):
    x = torch.sin(torch.arange(48.0).double() ** 1.5).reshape(6, 2, 4)
    return {
        "torch": torch, "F": torch.nn.functional, "nn": torch.nn, "raw": x, "lp": x.log_softmax(-1).requires_grad_(),
        "t": torch.tensor([[1, 2, 2], [3, 1, -100]]), "il": torch.tensor([6, 5]), "tl": torch.tensor([3, 2]),
    }  # fmt: skip


CALLS = [
    "F.ctc_loss(lp, t, il, tl)", "F.ctc_loss(lp, t, [6, 5], (3, 2), reduction='none')",
    "F.ctc_loss(lp, t, il, tl, reduction='sum', zero_infinity=True)",
    "F.ctc_loss(lp, t, il, tl, reduction='none', zero_infinity=True)",
    "F.ctc_loss(lp, t, il, tl, blank=3)", "F.ctc_loss(lp, t.int(), il.int(), tl.int())",
    "F.ctc_loss(lp, torch.tensor([1, 2, 2, 3, 1]), il, tl)",
    "F.ctc_loss(lp, t[:, :2], [6, 5], [2, 0], reduction='none')",
    "F.ctc_loss(lp, t, [6, 5], [0, 0])", "F.ctc_loss(lp, t[:0, 0], [6, 5], [0, 0], reduction='none')",
    "F.ctc_loss(lp, t, [0, 1], [0, 1], reduction='none')", "F.ctc_loss(lp, t, [2, 5], [3, 2], reduction='none')",
    "F.ctc_loss(lp, t, [2, 5], [3, 2], zero_infinity=True)", "F.ctc_loss(lp[:, 0], t[0], il[0], tl[0])",
    "F.ctc_loss(lp[:, 0], t[:1], (6,), (3,), reduction='none')", "F.ctc_loss(lp[:1], t, [1, 1], [1, 0])",
    "F.ctc_loss(lp[:, :, 1:] + 0.3, t - 1, [6, 5], [1, 2], blank=2)", "torch.ctc_loss(lp, t, il, tl, 0, 0)",
    "torch.ctc_loss(lp, t, il, tl, 0, 2, True)", "torch.ctc_loss(lp, t, il, tl)",
    "nn.CTCLoss()(lp, t, il, tl)", "nn.CTCLoss(3, 'none', True)(lp, t, il, tl)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_losses_and_gradients(torch, call):
    given = names(torch)
    loss = eval(call, given)
    loss.backward(torch.arange(1.0, 1.0 + loss.numel()).double().reshape(loss.shape))
    return loss, given["lp"].grad, loss.grad_fn.name(), loss.stride()


def test_the_gradient_where_probabilities_do_not_add_up_to_one(torch):
    given = names(torch)
    x = given["raw"].requires_grad_()
    loss = torch.nn.functional.ctc_loss(x, given["t"], given["il"], given["tl"], reduction="none")
    loss.backward(torch.tensor([1.0, -3.0]).double())
    return loss, x.grad


def test_float32(torch):
    given = names(torch)
    x = given["lp"].detach().float().requires_grad_()
    loss = torch.nn.functional.ctc_loss(x, given["t"], given["il"], given["tl"])
    loss.backward()
    return loss, x.grad


def test_the_module_prints(torch):
    loss = torch.nn.CTCLoss(2, zero_infinity=True)
    return repr(loss), loss.blank, loss.reduction, loss.zero_infinity


REFUSED = [
    "lp, t, il, tl, 4", "lp, t, il, tl, -1", "lp, t, [7, 5], [3, 2]", "lp, t, [6, 5], [4, 2]", "lp, t, [6], [3, 2]",
    "lp, t, [6, 5], [3]", "lp, t, il, [3, 2]", "lp.half(), t, il, tl", "lp.long(), t, il, tl",
    "lp, t[0], il, tl", "lp, t[None], il, tl",
    "lp[None], t, il, tl", "lp[:0], t, [0, 0], [0, 0]", "lp[:, :, :0], t, il, tl", "lp, t, il, tl, 0, 'half'",
    "lp, t, il.double(), tl", "lp, t, il, tl.double()", "lp, t, [-1, 5], [3, 2]", "lp, t, [6, 5], [-1, 2]",
    "lp, t, 5, 5", "[1.], t, il, tl", "lp, [1], il, tl", "lp, t[:1], il, tl",
    "lp[:, 0], t[0], 6, 3",
]  # fmt: skip


@pytest.mark.parametrize("arguments", REFUSED)
def test_refusals(torch, refused, arguments):
    given = names(torch)
    return refused(lambda: eval(f"F.ctc_loss({arguments})", given), given["lp"], given["t"])
