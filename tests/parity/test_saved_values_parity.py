"""What nodes tell of the values that they save, under PyTorch's names: ``grad_fn._saved_self`` and its kin."""

import pytest

import wengert

CALLS = """x * y; x * 2; x / y; x.exp(); x.sin(); x ** 2; x ** y; A @ A; A @ x; x.relu(); x.log(); x.sigmoid(); x.tanh()
x.softmax(0); x.log_softmax(0); x.max(); x.prod(); x.sqrt(); x.abs(); F.mse_loss(x, y); torch.atan2(x, y)
torch.bmm(A[None], A[None]); x @ y; torch.maximum(x, y); F.gelu(x); x.rsqrt(); x.cos(); torch.hypot(x, y); x.erf()
torch.fmin(x, y); x.reciprocal(); torch.logaddexp(x, y); x.log1p(); x.lgamma(); F.silu(x); F.softplus(x); x[i]
x.gather(0, i); x.cumprod(0); torch.where(x > 1, x, y); torch.lerp(x, y, 0.5); x.std(); torch.addcmul(x, x, y)
F.linear(A, A, x); x.sum()"""


def given(torch):
    return {
        "torch": torch, "F": torch.nn.functional, "x": torch.tensor([1.0, 2.0], requires_grad=True),
        "y": torch.tensor([3.0, 4.0], requires_grad=True), "i": torch.tensor([0, 1]),
        "A": torch.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True),
    }  # fmt: skip


@pytest.mark.parametrize("call", [c.strip() for c in CALLS.replace("\n", ";").split(";")])
def test_what_is_told_is_what_pytorch_tells(call):
    oracle = pytest.importorskip("torch")
    nodes = [eval(call, given(library)).grad_fn for library in (oracle, wengert)]
    theirs, ours = ({n for n in dir(node) if n.startswith("_saved_")} for node in nodes)
    assert ours <= theirs
    for name in ours:
        first, second = (getattr(node, name) for node in nodes)
        if first is not None:
            assert first.flatten().tolist() == pytest.approx(second.flatten().tolist(), rel=1e-5)
            assert (first.grad_fn is None) == (second.grad_fn is None), name


def test_it_is_the_tensor_itself_until_it_is_freed(torch, refused):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    z = x * y
    mine = z.grad_fn
    told = [mine._saved_self is x, mine._saved_other, y.grad_fn._saved_result.grad_fn is y.grad_fn]
    z.sum().backward()
    return told, refused(lambda: mine._saved_self)


def test_a_value_that_was_written_to(torch, refused):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    a = x.clone()
    y = a * a
    a.add_(1)
    return refused(lambda: y.grad_fn._saved_self)


def test_a_value_that_was_packed(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach() * 1, lambda t: t):
        y = x.sin()
    return y.grad_fn._saved_self


def test_a_value_that_no_gradient_needs(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    node = (x * torch.ones(2)).grad_fn
    return node._saved_other, node._saved_self


PACKED = [
    "a * b", "h * b", "a / b", "a**2", "h @ b", "torch.addcmul(c, a, b)", "torch.maximum(a, b)", "h.sin()",
    "torch.nn.functional.linear(h, b)", "torch.atan2(a, b)", "torch.nn.functional.mse_loss(a, c)",
    "torch.bmm(a[None], b[None])", "a @ b[0]", "torch.dot(a[0], b[0])",
    "torch.nn.functional.conv2d(a[None, None], b[None, None, :2, :2])", "torch.nn.functional.conv1d(a[None], b[None])",
]  # fmt: skip


@pytest.mark.parametrize("expression", PACKED)
def test_what_is_packed_and_when(torch, expression):
    """Operands come with their histories, and in PyTorch's order."""
    a = (torch.arange(9.0).reshape(3, 3) / 10 + 0.5).requires_grad_()
    b = (a.detach() * 2).requires_grad_()
    given = {"torch": torch, "a": a, "b": b, "c": a.detach() + 1, "h": a * 2}
    seen = []

    def pack(x):
        seen.append((x, x.is_leaf, None if x.grad_fn is None else x.grad_fn.name()))
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        y = eval(expression, given)
    return seen, torch.autograd.grad(y.sum(), [a, b], allow_unused=True)
