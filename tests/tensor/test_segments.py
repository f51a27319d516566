"""`segment_reduce`: what PyTorch has no answer to, and the words of every refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wengert as torch
from wengert.trace import trace

REDUCTIONS = ["sum", "mean", "prod", "max", "min"]
X = torch.tensor([1.0, 2.0, 3.0, 5.0])
M = torch.zeros(3, 4)
ALL = torch.tensor([4])


def reduced(x: Any = X, reduce: Any = "sum", **given: Any) -> Any:
    return torch.segment_reduce(x, reduce, **given)


REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no runs": (lambda: reduced(), RuntimeError, "Either lengths or offsets must be defined"),
    "too short": (lambda: reduced(lengths=ALL - 1), RuntimeError, r"size is 4, the sums are \[3\].*unsafe=True"),
    "no lengths": (lambda: reduced(lengths=ALL[:0]), RuntimeError, "size is 4, the sums are 0"),
    "negative": (lambda: reduced(lengths=-ALL), RuntimeError, "negative value! No segment has -4 elements"),
    "falling": (
        lambda: reduced(offsets=torch.tensor([0, 3, 2])), RuntimeError, "offsets must not fall, got 3 before 2",
    ),
    "beyond": (
        lambda: reduced(offsets=torch.tensor([0, 5])), RuntimeError, "begin at 0 and end at 5, .* the axis is 4",
    ),
    "before": (lambda: reduced(offsets=torch.tensor([-1, 4])), RuntimeError, "begin at -1 and end at 4"),
    "beyond, unsafe": (lambda: reduced(lengths=ALL + 1, unsafe=True), RuntimeError, "end at 5.*`unsafe=True` too"),
    "no offsets": (lambda: reduced(offsets=ALL[:0]), RuntimeError, "offsets need at least one element"),
    "another reduction": (lambda: reduced(reduce="median", lengths=ALL), RuntimeError, "reduce argument.*got median"),
    "no text": (lambda: reduced(reduce=1, lengths=ALL), TypeError, "'reduce' must be str, not int.*'sum'"),
    "indices": (lambda: reduced(indices=ALL), RuntimeError, "indices based.*index_reduce"),
    "a list": (lambda: reduced(lengths=[4]), TypeError, r"'lengths' must be Tensor, not list.*torch\.tensor"),
    "floats": (lambda: reduced(lengths=ALL * 1.0), NotImplementedError, r"lengths of torch\.float32.*lengths\.long"),
    "integers": (lambda: reduced(X.long(), lengths=ALL), NotImplementedError, r"torch\.int64.*\.float\(\)"),
    "another axis": (
        lambda: reduced(M, lengths=ALL, axis=1), RuntimeError,
        r"last dimension of lengths but got 1.*\[3, 4\] and lengths \[1\]",
    ),
    "too few rows": (
        lambda: reduced(M, offsets=torch.tensor([[0, 4]]), axis=1), RuntimeError,
        r"offsets of shape \[1, 2\].*\[3, 4\].*offsets\.expand",
    ),
    "no axis": (lambda: reduced(X.sum(), lengths=ALL), RuntimeError, "last dimension of lengths"),
    "initial text": (lambda: reduced(lengths=ALL, initial="a"), TypeError, "'initial' must be Number, not str"),
    "initial complex": (lambda: reduced(lengths=ALL, initial=1j), RuntimeError, "'initial' is 1j.*overflow"),
    "initial too large": (lambda: reduced(lengths=ALL, initial=1e99), RuntimeError, "1e\\+99.*without overflow"),
    "unsafe by number": (lambda: reduced(lengths=ALL, unsafe=1), TypeError, "'unsafe' must be bool, not int"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_words(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize("initial", [None, 0.75])
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_every_derivative(reduce: str, initial: float | None) -> None:
    x = torch.tensor([[0.3, -1.2, 0.0, 2.0], [1.5, 0.1, -0.4, 0.9]], dtype=torch.float64)
    offsets = torch.tensor([[0, 2, 4], [1, 3, 4]])

    def fn(x: Any) -> Any:
        return torch.segment_reduce(x, reduce, offsets=offsets, axis=1, initial=initial)

    x.requires_grad_()
    assert torch.autograd.gradcheck(fn, x, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(fn, x, check_fwd_over_rev=True)


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_what_is_left_out_has_no_slope(reduce: str) -> None:
    """Not even an infinite one: the gradient is exactly 0 in front of the first segment and behind the last."""
    x = torch.tensor([0.0, 4.0, 9.0, 0.0], requires_grad=True)
    torch.segment_reduce(x.sqrt(), reduce, offsets=torch.tensor([1, 3])).sum().backward()
    assert x.grad[0] == x.grad[3] == 0.0
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("reduce", ["max", "min"])
def test_ties_and_nan_in_forward_mode(reduce: str) -> None:
    """As in reverse mode: who is equal to the result shares, an initial value that is takes nothing."""
    nan = float("nan")
    x = torch.tensor([2.0, 2.0, nan, 2.0, nan, 2.0], requires_grad=True)
    lengths = torch.tensor([2, 3, 1])

    def fn(x: Any) -> Any:
        return torch.segment_reduce(x, reduce, lengths=lengths, initial=2)

    slopes = torch.func.jacfwd(fn)(x)
    assert slopes.tolist() == torch.func.jacrev(fn)(x).tolist()
    assert slopes.sum(0).tolist() == [0.5, 0.5, 0.5, 0.0, 0.5, 1.0]


def test_lengths_that_each_example_has_of_its_own() -> None:
    x, lengths = torch.arange(8.0).reshape(2, 4), torch.tensor([[1, 3], [4, 0]])
    found = torch.func.vmap(lambda x, n: torch.segment_reduce(x, "sum", lengths=n))(x, lengths)
    assert found.tolist() == [[0.0, 6.0], [22.0, 0.0]]


def test_a_trace_reads_lengths_anew() -> None:
    graph = trace(lambda x, n: reduced(x, lengths=n), X, torch.tensor([1, 3]))
    assert graph(X, torch.tensor([2, 2])).tolist() == [3.0, 8.0]
    with pytest.raises(RuntimeError, match="the sums are"):
        graph(X, torch.tensor([2, 1]))


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_on_the_device_meta(reduce: str) -> None:
    x = torch.empty(3, 10**6, 2, device="meta", requires_grad=True)
    lengths = torch.empty(3, 5, dtype=torch.int64, device="meta")
    out = torch.segment_reduce(x, reduce, lengths=lengths, axis=1)
    out.sum().backward()
    assert out.shape == (3, 5, 2) and x.grad.shape == x.shape
