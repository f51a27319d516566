"""What programs are warned of, how often, and at which line: classes of warnings, as PyTorch gives them."""

from __future__ import annotations

import importlib
import math
import warnings

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _every_time(torch):
    """Warnings that are given once in a process are given every time."""
    for library in (torch.oracle, torch.candidate):
        library.set_warn_always(True)
    yield
    for library in (torch.oracle, torch.candidate):
        library.set_warn_always(False)


def read_only():
    array = np.ones(3)
    array.setflags(write=False)
    return array


@pytest.mark.parametrize(
    "expression",
    [
        "torch.tensor(x)",
        "torch.tensor(x, requires_grad=True)",
        "torch.tensor(g)",
        "torch.tensor(m, dtype=torch.int32)",
        "torch.tensor(torch.nn.Parameter(x))",
        "torch.as_tensor(x)",
        "x.new_tensor(x)",
        "x.new_tensor([1.0])",
        "torch.tensor([x[0], x[1]])",
        "float(s)",
        "int(s)",
        "s.item()",
        "bool(s)",
        "complex(s)",
        "s.tolist()",
        "g.tolist()",
        "math.sqrt(s)",
        "'%.1f' % s",
        "f'{s:.2f}'",
        "float(s.detach())",
        "float(x[0])",
        "m.T",
        "x.T",
        "m[None].T",
        "torch.tensor(1.0).T",
        "torch.tensor(1.0).mT",
        "torch.tensor(1.0).H",
        "torch.tensor(1.0).mH",
        "m.mT, m.H, m.mH, x.mT if x.ndim > 1 else None",
        "torch.from_numpy(read_only())",
        "torch.as_tensor(read_only())",
        "torch.asarray(read_only())",
        "torch.tensor(read_only())",
        "torch.asarray(read_only(), copy=True)",
        "torch.from_numpy(np.broadcast_to(np.ones(1), (3,)))",
        "torch.from_numpy(np.ones(3))",
        "torch.nn.MSELoss(size_average=False).reduction",
        "torch.nn.L1Loss(False).reduction",
        "torch.nn.CrossEntropyLoss(reduce=False).reduction",
        "torch.nn.BCELoss(reduce=True).reduction",
        "torch.nn.NLLLoss(size_average=False, reduce=False).reduction",
        "torch.nn.KLDivLoss(False).reduction",
        "torch.nn.TripletMarginLoss(size_average=False).reduction",
        "torch.nn.MSELoss(reduction='sum').reduction",
        "torch.nn.functional.mse_loss(x, x, size_average=False)",
        "torch.nn.functional.l1_loss(x, x, reduce=False)",
        "torch.nn.functional.mse_loss(x, m)",
        "c.float(), c.bool(), c.to(torch.complex128)",
        "c.to(torch.float64)",
        "c.long()",
        "x.clone().copy_(c)",
        "torch.as_tensor(c, dtype=torch.float32)",
        "torch.tensor(np.array([1j]), dtype=torch.float32)",
        "torch.tensor([np.float32(1), np.float32(2)])",
        "(x.clone().requires_grad_() ** 2).sum().backward(create_graph=True)",
        "torch.autograd.grad(g.sum(), g, create_graph=True)[0].detach()",
        "torch.autograd.detect_anomaly().__exit__(None, None, None)",
        "torch.where(x.to(torch.uint8), x, x)",
    ],
)
def test_warnings(torch, expression):
    named = {"torch": torch, "np": np, "math": math, "read_only": read_only}
    named |= {"x": torch.ones(3), "m": torch.ones(2, 3), "g": torch.ones(2, requires_grad=True)}
    named["s"] = torch.tensor(2.0, requires_grad=True)
    named["c"] = torch.tensor([1 + 1j, 2, 3])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        value = eval(expression, named)
    return value, [w.category.__name__ for w in seen]


@pytest.mark.parametrize(
    "expression",
    [
        "torch.tensor([x, [1.0, 2.0]])",
        "torch.tensor([x, x])",
        "torch.tensor([[x]])",
        "torch.tensor((x,))",
        "torch.tensor([x, 1.0])",
        "torch.tensor([1.0, x])",
        "torch.tensor([m])",
        "torch.tensor([torch.ones(0)])",
        "torch.as_tensor([x, x])",
        "torch.FloatTensor([x, x])",
        "x.new_tensor([x, x])",
        "torch.tensor([[1.0, 2.0], torch.ones(3)])",
        "torch.tensor([torch.ones(1), [1.0]])",
        "torch.tensor([[1.0, 2.0], torch.tensor(1.0)])",
        "torch.ones(3) + torch.ones(4)",
        "torch.ones(3).add_(torch.ones(4))",
        "torch.ones(3).add_(torch.ones(2, 3))",
        "torch.ones(3).copy_(torch.ones(4))",
        "torch.nn.functional.one_hot(torch.tensor([5]), 3)",
        "torch.nn.functional.one_hot(torch.tensor([-1]))",
        "torch.gather(x, 0, torch.tensor([5]))",
        "torch.nn.functional.embedding(torch.tensor([7]), m)",
        "x.clamp()",
        "torch.clip(x)",
        "x.topk(5)",
        "x.float(3)",
        "x.double(torch.float32)",
        "torch.randn(-1)",
        "torch.zeros(2, -3)",
        "torch.empty(-1)",
        "m.permute(0)",
        "x.mT",
        "x.mH",
        "torch.full((2,), g)",
        "torch.full((2,), x)",
        "torch.full_like(x, g)",
        "x.new_full((2,), g)",
        "torch.arange(g)",
        "torch.arange(0, g)",
        "torch.arange(x[:1])",
        "torch.range(0, g)",
        "x.normal_(g, 1.0)",
        "x.uniform_(0, g)",
        "torch.zeroes",
        "torch.nn.Linar",
        "torch.optim.Adm",
    ],
)
def test_refusals(torch, caught, expression):
    named = {"torch": torch, "x": torch.ones(2), "m": torch.ones(2, 3)}
    named["g"] = torch.tensor(2.0, requires_grad=True)
    error = caught(lambda: eval(expression, named))
    assert isinstance(error, Exception), f"{expression} gave {error!r}"
    return error


@pytest.mark.parametrize(
    "expression",
    [
        "torch.tensor([torch.ones(1), torch.ones(1)])",
        "torch.tensor([torch.ones(1, 1)])",
        "torch.tensor([[torch.ones(1)], [torch.ones(1)]])",
        "torch.tensor([1.0, torch.ones(1, 1)])",
        "torch.tensor([[1.0, 2.0], torch.tensor([3.0, 4.0])])",
        "torch.tensor([[1.0, 2.0], torch.ones(2, 1)])",
        "torch.tensor([[[1.0, 2.0]], torch.ones(1, 2)])",
        "torch.tensor([[1.0], torch.ones(1)])",
        "torch.tensor([torch.tensor(1 + 2j), 1.0])",
        "torch.tensor([torch.tensor(1, dtype=torch.int8), torch.tensor(2.5, dtype=torch.float64)])",
        "torch.tensor([2, torch.tensor(1.5)])",
    ],
)
def test_tensors_among_numbers(torch, expression):
    return eval(expression, {"torch": torch})


def test_a_warning_given_once(torch):
    torch.set_warn_always(False)
    s = torch.tensor(2.0, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        float(s)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        float(s)
    return len(seen)


@pytest.mark.parametrize(
    ("expression", "length"),
    [
        ("c.float()", 58), ("torch.tensor([np.ones(2), np.ones(2)])", 66), ("torch.autograd.detect_anomaly()", 34),
        ("(g * g).sum().backward(create_graph=True)", 108), ("f.grid_sample(x[None, None], p)", 91),
        ("torch.stft(x[0], 4, return_complex=True)", 60), ("torch.add(x, 1, out=torch.ones(1))", 65),
        ("f.affine_grid(torch.ones(1, 2, 3), (1, 1, 2, 2))", 91), ("f.gumbel_softmax(x, eps=1e-3)", 29),
        ("torch.where(x.to(torch.uint8), x, x)", 41), ("x.add_(2, x)", 36),
        ("torch.utils.checkpoint.checkpoint(torch.sin, g)", 81),
        ("torch.optim.lr_scheduler.ExponentialLR(torch.optim.SGD([g], 0.1), 0.5).step()", 63),
    ],
)  # fmt: skip
def test_filters_by_message_find_warnings(torch, expression, length):
    """The first words, which `filterwarnings(message=...)` of a program for PyTorch is matched with."""
    importlib.import_module(f"{torch.__name__}.utils.checkpoint")
    known = {
        "torch": torch,
        "np": np,
        "f": torch.nn.functional,
        "g": torch.ones(2, requires_grad=True),
    }
    known |= {"x": torch.ones(2, 4), "c": torch.tensor([1j]), "p": torch.zeros(1, 1, 1, 2)}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        eval(expression, known)
    torch.autograd.set_detect_anomaly(False)
    return str(seen[0].message)[:length]
