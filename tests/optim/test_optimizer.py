"""What optimisers say when they refuse, and what a refused call leaves as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wengert as torch
from wengert.optim.optimizer import required

A = torch.ones(2, requires_grad=True)
B = torch.zeros(1, requires_grad=True)
M = torch.nn.Linear(2, 2)

REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: torch.optim.SGD(A), TypeError, "an iterable of Tensors or dicts.*Use `\\[x\\]`"),
    (lambda: torch.optim.SGD([]), ValueError, "empty parameter list"),
    (
        lambda: torch.optim.Adam(M.parameters),
        TypeError,
        "iterable of Tensors, but got the method `parameters`, which was "
        "not called. Write `parameters\\(\\)`",
    ),
    (lambda: torch.optim.Adam(M), TypeError, "but got Linear. Use its `parameters\\(\\)`"),
    (
        lambda: torch.optim.Adam([M]),
        TypeError,
        "one of the params is Linear. Use its `parameters\\(\\)`",
    ),
    (
        lambda: torch.optim.Adam(M.state_dict()),
        TypeError,
        "one of the params is str. Use the `parameters\\(\\)` of a",
    ),
    (
        lambda: torch.optim.Adam([{"params": M.parameters}]),
        TypeError,
        "the 'params' of a parameter group should be",
    ),
    (
        lambda: torch.optim.Adam([{"param": A}]),
        KeyError,
        "params: .*under this key, and it has the keys \\['param'\\]",
    ),
    (
        lambda: torch.optim.SGD([A]).step(A.sum()),
        TypeError,
        "SGD.step: closure must be a function .*, but got Tensor. To",
    ),
    (
        lambda: torch.optim.LBFGS([A]).step(A.sum()),
        TypeError,
        "LBFGS.step: closure must be a function",
    ),
    (
        lambda: torch.optim.LBFGS([A]).step(lambda: None),
        TypeError,
        "the closure returned None.*end with `return loss`",
    ),
    (lambda: torch.optim.SGD([{"params": {A}}]), TypeError, "use a list instead"),
    (lambda: torch.optim.SGD([3]), TypeError, "one of the params is int"),
    (lambda: torch.optim.SGD([A * 2]), ValueError, "can't optimize a non-leaf Tensor"),
    (lambda: torch.optim.SGD([("a", A), B]), ValueError, "Some param names are missing"),
    (
        lambda: torch.optim.SGD([A], lr=-1.0),
        ValueError,
        "learning rate: -1.0. It must be at least 0",
    ),
    (lambda: torch.optim.SGD([A], lr=torch.ones(2)), ValueError, "Tensor lr must be 1-element"),
    (
        lambda: torch.optim.SGD([A], nesterov=True),
        ValueError,
        "requires a momentum and zero dampening",
    ),
    (lambda: torch.optim.Adam([A], betas=(0.9, 1.0)), ValueError, "beta parameter at index 1: 1.0"),
    (
        lambda: torch.optim.Adam([A], fused=True, foreach=True),
        RuntimeError,
        "`fused` and `foreach`",
    ),
    (lambda: torch.optim.Adadelta([A], rho=2.0), ValueError, "rho value: 2.0. It must be between"),
    (lambda: torch.optim.Rprop([A], etas=(0.5, 0.9)), ValueError, "0 < etaminus < 1 < etaplus"),
    (lambda: torch.optim.LBFGS([{"params": [A]}, {"params": [B]}]), ValueError, "parameter groups"),
    (lambda: torch.optim.Optimizer([A], {}).step(), NotImplementedError, "Write one of them"),
    (
        lambda: torch.optim.Optimizer([A], {"lr": required}),
        ValueError,
        "required optimization parameter lr",
    ),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_words_of_refusals(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def optimizer() -> Any:
    w = torch.ones(2, requires_grad=True)
    made = torch.optim.SGD([w], lr=0.5, momentum=0.5)
    w.sum().backward()
    made.step()
    return made


@pytest.mark.parametrize(
    ("group", "error", "words"),
    [
        ([A], TypeError, "param_group must be a dict"),
        ({"params": [("a", A)]}, ValueError, "cannot add param group with names"),
        ({"params": [A * 1]}, ValueError, "non-leaf"),
    ],
)
def test_a_refused_group_changes_nothing(group: Any, error: type[Exception], words: str) -> None:
    made = optimizer()
    keys = set(group) if isinstance(group, dict) else None
    with pytest.raises(error, match=words):
        made.add_param_group(group)
    assert len(made.param_groups) == 1
    assert keys is None or set(group) == keys


def test_a_parameter_belongs_to_one_group() -> None:
    made = optimizer()
    with pytest.raises(ValueError, match="appear in more than one parameter group"):
        made.add_param_group({"params": made.param_groups[0]["params"]})


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ([{"params": [A]}, {"params": [B]}], "different number of parameter groups"),
        ([A, B], r"it has groups of \[2\] parameters, the optimizer of \[1\]"),
    ],
)
def test_refused_state_changes_nothing(params: Any, words: str) -> None:
    made = optimizer()
    before = made.state_dict()
    with pytest.raises(ValueError, match=words):
        made.load_state_dict(torch.optim.SGD(params, lr=9.0).state_dict())
    assert made.state_dict() == before


def test_a_hook_that_returns_something_else_is_refused_before_the_step() -> None:
    made = optimizer()
    (w,) = made.param_groups[0]["params"]
    before = w.tolist()
    made.register_step_pre_hook(lambda optimizer, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple of .new_args, new_kwargs."):
        made.step()
    assert w.tolist() == before


def test_unknown_line_search_is_named() -> None:
    made = torch.optim.LBFGS([torch.ones(1, requires_grad=True)], line_search_fn="weak")
    (w,) = made.param_groups[0]["params"]

    def closure() -> Any:
        loss = (w * w).sum()
        loss.backward()
        return loss

    with pytest.raises(RuntimeError, match="line_search_fn='weak', but only 'strong_wolfe'"):
        made.step(closure)


def test_small_parameters_of_any_layout_are_stepped_together_as_alone() -> None:
    def trained(together: bool) -> list[Any]:
        base = torch.arange(12.0).reshape(3, 4)
        values = [base.clone(), base.t(), base[1], base[:, 2], torch.tensor(5.0), torch.ones(0)]
        ws = [v.detach().clone() if i != 1 else v.detach() for i, v in enumerate(values)]
        for w in ws:
            w.requires_grad_()
        made = (
            [torch.optim.Adam(ws, lr=0.1, amsgrad=True)]
            if together
            else [torch.optim.Adam([w], lr=0.1, amsgrad=True) for w in ws]
        )
        for _ in range(3):
            for optimizer in made:
                optimizer.zero_grad()
            sum((w**3).sum() for w in ws).backward()
            for optimizer in made:
                optimizer.step()
        return [w.tolist() for w in ws]

    assert trained(True) == trained(False)
