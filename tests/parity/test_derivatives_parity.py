"""Values, first and second derivatives of every op: one expression is one program.

An expression is written over the operands below. In float64 its value, its gradients under a fixed
cotangent and the gradients of those are compared; in float32 its value and gradients, dtype
included.
"""

import re

import pytest

OPERANDS = {
    "s": 1.7,
    "z": 0.0,
    "v": [0.5, -1.25, 2.0],
    "w": [1.5, 0.75, -0.5],
    "x": [[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]],
    "y": [[1.5, 0.5, -2.25], [0.75, -1.0, 1.25]],
    "p": [[0.5, 1.25, 2.0], [1.5, 0.25, 3.75]],
    "r": [[1.25], [-0.5]],
    "m": [[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75]],
    "a": [[[1.0, 2.0, -0.5], [0.25, -1.0, 1.5]], [[0.5, 0.75, 2.0], [-2.0, 1.0, 0.5]]],
    "b": [
        [[1.0, 0.5], [-0.5, 2.0], [0.25, 1.5]],
        [[0.75, -1.0], [1.25, 0.5], [2.0, -0.25]],
    ],
    "q": [[[[1.0, -2.0, 0.5]], [[0.25, 1.5, -1.0]]]],
    "ties": [[2.0, 1.0, 2.0], [3.0, 3.0, 3.0]],
    "tied": [[2.0, 1.0, 0.0], [3.0, 4.0, 3.0]],
    "naughts": [[0.0, 2.0, 3.0], [0.0, 0.0, 1.5], [1.5, -2.0, 0.5]],
    "at0": [0.0, 1.0, -1.0, 4.0],
    "n0": [[], []],
}

ELEMENTWISE = [
    "x + y", "x - y", "x * y", "x / p", "x + 2", "2 + x", "x - 1.5", "1.5 - x", "x * 3", "3 * x",
    "x / 4", "4 / p", "x + r", "r * x", "v + r", "x - v", "s * x", "x / s", "s / p", "s * s",
    "-x", "+x", "torch.neg(x)", "x.neg()", "x + True", "x * x", "x + x", "x / x",
    "torch.add(x, y)", "torch.sub(x, y)", "torch.mul(x, y)", "torch.div(x, p)", "x.add(y)",
    "x.sub(y)", "x.mul(y)", "x.div(p)", "torch.add(x, y, alpha=3)", "torch.sub(x, y, alpha=0.5)",
    "x.add(2, alpha=4)", "torch.subtract(x, y)", "torch.multiply(x, 2)", "torch.true_divide(x, p)",
    "torch.rsub(x, 1)", "x**2", "x**3", "x**1", "x**0", "x**-1", "x**-2", "p**0.5", "p**1.5",
    "p**-0.5", "2**x", "0.5**x", "p**x", "p**y", "p**s", "s**x", "p**v", "torch.pow(x, 2)",
    "torch.pow(p, 2.5)", "torch.pow(p, x)", "torch.pow(2, x)", "x.pow(3)", "x.pow(torch.tensor(2))",
    "at0**0", "at0**1", "at0**2", "at0**3", "torch.exp(x)", "x.exp()", "torch.log(p)", "p.log()",
    "torch.sqrt(p)", "p.sqrt()", "torch.sin(x)", "x.sin()", "torch.cos(x)", "x.cos()",
    "torch.tanh(x)", "x.tanh()", "torch.sigmoid(x)", "x.sigmoid()", "torch.relu(x)", "x.relu()",
    "torch.abs(x)", "x.abs()", "abs(x)", "torch.relu(at0)", "at0.abs()",
    "torch.sigmoid(x * 60)", "torch.tanh(x * 40)", "torch.exp(x * x - y)", "(x * y).sin() * x",
    "torch.square(x)", "x.square()", "x.exp().log()", "torch.where(x > 0, x, y)",
    "torch.where(x > 0, x, 0.0)", "torch.where(x > 0, 1.0, x * 2)", "torch.where(x > 0, s, x)",
    "torch.where(r > 0, x, v)", "x.where(x > y, y)", "torch.maximum(x, y)", "torch.minimum(x, y)",
    "torch.maximum(x, v)", "x.maximum(y)", "x.minimum(s)", "torch.max(x, y)", "torch.min(x, y)",
    "torch.maximum(ties, tied)", "torch.minimum(ties, tied)", "torch.max(ties, tied)",
    "x.clone() * x", "x.t() * m",
    "torch.reciprocal(p)", "n0 * 2", "n0.exp() + n0", "torch.clamp(x, min=0.0)",
    "torch.clamp(x, -1, 1)", "x.clamp(max=0.5)",
]  # fmt: skip

NOT_FINITE = [
    "torch.sqrt(at0.relu())", "z.sqrt()", "z**0.5", "at0**0.5", "z**-1", "z.log()", "1 / z",
    "z / z", "z**z", "z**s", "torch.pow(0, x)", "0.0**at0", "at0.abs()**1.5", "z**1.5", "z**2.5",
    "at0**at0", "naughts.log()", "torch.sqrt(naughts * naughts)", "(x * 1000).exp()",
    "torch.where(at0 > 0, at0, 1.0).log()",
]  # fmt: skip

REDUCTIONS = [
    "x.sum()", "torch.sum(x)", "x.sum(0)", "x.sum(1)", "x.sum(-1)", "x.sum(dim=0)",
    "x.sum(1, keepdim=True)", "a.sum((0, 2))", "a.sum([0, 1])", "a.sum((-1, 0), keepdim=True)",
    "a.sum((0, 1, 2))", "torch.sum(a, dim=(1, 2))", "s.sum()", "s.sum(0)", "n0.sum()", "n0.sum(1)",
    "x.sum(axis=0)", "x.sum(dim=None)", "x.sum().square()", "x.mean()", "torch.mean(x)",
    "x.mean(0)", "x.mean(-1, keepdim=True)", "a.mean((0, 2))", "a.mean(dim=[1, 2], keepdim=True)",
    "s.mean()", "x.mean(0).square()", "x.max()", "torch.max(x)", "x.max(0)", "x.max(1)",
    "x.max(dim=-1, keepdim=True)", "torch.max(x, 0)", "torch.max(x, dim=1)[0]", "x.max(1).values",
    "x.max(1).indices", "x.min()", "torch.min(x)", "x.min(0)", "x.min(-1, True)",
    "x.min(dim=1).values", "a.max(1)", "s.max()", "s.max(0)", "ties.max()", "ties.max(1)",
    "ties.max(0)", "ties.min()", "ties.min(1)", "torch.amax(x, 1)", "x.amax(0)", "a.amax((0, 2))",
    "x.amax()", "a.amax((1, 2), keepdim=True)", "ties.amax(1)", "ties.amax()", "ties.amax((0, 1))",
    "x.amin(1)", "ties.amin(1)", "x.prod()", "torch.prod(x)", "x.prod(0)", "x.prod(1)",
    "x.prod(-1, keepdim=True)", "naughts.prod(1)", "naughts.prod(0)", "naughts.prod()",
    "s.prod()", "n0.prod()", "torch.softmax(x, 0)", "torch.softmax(x, dim=1)", "x.softmax(-1)",
    "torch.softmax(v, 0)", "torch.softmax(x * 300, 1)", "a.softmax(1)", "torch.log_softmax(x, 1)",
    "x.log_softmax(dim=0)", "torch.log_softmax(x * 300, -1)", "torch.logsumexp(x, 1)",
    "x.logsumexp(0)", "x.logsumexp(-1, keepdim=True)", "a.logsumexp((0, 2))",
    "torch.logsumexp(x * 300, dim=1)", "torch.nn.functional.softmax(x, dim=1)",
    "torch.nn.functional.relu(x)", "torch.nn.functional.mse_loss(x, y)",
    "((x - y) ** 2).mean()", "(x.softmax(1) * y).sum()", "x.var()", "x.std(0)", "x.norm()",
    "x.cumsum(1)",
]  # fmt: skip

SHAPES = [
    "x.reshape(3, 2)", "x.reshape((6,))", "x.reshape(-1)", "x.reshape(3, -1)", "x.reshape(1, 2, 3)",
    "torch.reshape(x, (2, 1, 3))", "x.t().reshape(-1)", "s.reshape(1, 1)", "s.reshape(())",
    "x.view(3, 2)", "x.view(-1)", "x.view(6, -1)", "x.view_as(m)", "x.reshape_as(m)", "x.flatten()",
    "a.flatten(1)", "a.flatten(0, 1)", "torch.flatten(a, 1, 2)", "s.flatten()", "x.t()", "x.T",
    "x.mT", "a.mT", "x.transpose(0, 1)", "a.transpose(-1, 0)", "torch.transpose(a, 1, 2)",
    "torch.t(x)", "a.permute(2, 0, 1)", "a.permute((0, 2, 1))", "torch.permute(a, (-1, 0, 1))",
    "r.expand(2, 3)", "v.expand(2, 3)", "v.expand(2, -1)", "s.expand(2, 2)", "r.expand(4, 2, 3)",
    "v.expand((2, 3))", "v.expand_as(x)", "r.broadcast_to(2, 3)", "torch.broadcast_to(v, (2, 3))",
    "x.unsqueeze(0)", "x.unsqueeze(-1)", "torch.unsqueeze(v, 1)", "x.unsqueeze(1) * y",
    "r.squeeze()", "r.squeeze(1)", "r.squeeze(0)", "q.squeeze((0, 2))", "torch.squeeze(r, -1)",
    "q.squeeze()", "x[None, :, None].squeeze(0)", "x.movedim(0, 1)", "a.swapaxes(0, 2)",
    "x.ravel()", "x.contiguous() * 2", "x.repeat(2, 1)", "x.unflatten(1, (3, 1))",
]  # fmt: skip

JOINING = [
    "torch.cat([x, y])", "torch.cat((x, y), 1)", "torch.cat([x, y], dim=-1)", "torch.cat([x, x])",
    "torch.cat([x, r, y], 1)", "torch.cat([x])", "torch.cat([x, n0], 1)", "torch.stack([v, w])",
    "torch.stack([v, w], 1)", "torch.stack([v, w], dim=-1)", "torch.stack((s, s * 2, z))",
    "torch.stack([x, y], 1)", "torch.split(v, 1)", "x.split(2, dim=1)", "x.split([1, 2], 1)",
    "torch.split(x, (2, 1), dim=-1)", "x.split(1)[1]", "torch.split(v, 2)", "v.split(5)",
    "torch.chunk(x, 2)", "x.chunk(2, dim=1)", "v.chunk(2)", "v.chunk(5)", "x.unbind()",
    "torch.unbind(x, 1)", "torch.concat([v, w])", "torch.vstack([v, w])", "torch.hstack([v, w])",
]  # fmt: skip

INDEXING = [
    "x[0]", "x[-1]", "x[1, 2]", "x[:, 1]", "x[:, -2]", "x[0:1]", "x[:, 1:]", "x[:, ::2]",
    "x[:, :-1]", "x[5:]", "x[None]", "x[:, None]", "x[..., 0]", "x[0, ...]", "x[...]", "x[()]",
    "s[()]", "s[None]", "s[...]", "a[0, :, 1]", "a[..., None, 0]", "a[:, 1, 1:]", "a[1][0][2]",
    "x[x > 0]", "x[torch.tensor([True, False])]", "x[:, torch.tensor([True, False, True])]",
    "x[torch.tensor([[True, False, True], [False, False, True]])]", "x[[0, 1], [2, 0]]",
    "x[torch.tensor([0, 0, 1])]", "x[torch.tensor([1, -2])]", "x[:, torch.tensor([2, 2, 0])]",
    "x[[1, 0]]", "x[:, [0, 2]]", "x[torch.tensor([[0, 1], [1, 1]])]", "x[torch.tensor(1)]",
    "x[torch.tensor([0, 1]), torch.tensor([1, 1])]", "x[torch.tensor([0]), 1:]",
    "x[torch.tensor([[0], [1]]), torch.tensor([0, 2])]", "a[torch.tensor([0, 1]), :, [2, 0]]",
    "a[:, torch.tensor([1, 0]), torch.tensor([0, 2])]", "a[0, torch.tensor([1, 0, 1])]",
    "a[torch.tensor([1, 0]), 1, None]", "a[..., torch.tensor([0, 0])]", "x[True]", "x[False]",
    "x[torch.tensor([], dtype=torch.int64)]", "x[torch.tensor([True, True]), 1]", "v[v.argmax()]",
    "x[x > 100]", "a[a > 1]", "a[(a > 0).any(-1)]", "x[1:][0][1:]",
    "torch.gather(x, 1, torch.tensor([[0, 0], [2, 1]]))", "x.gather(0, torch.tensor([[1, 0, 1]]))",
    "x.gather(-1, torch.tensor([[2], [2]]))", "v.gather(0, torch.tensor([2, 2, 0, 1]))",
    "x.gather(1, torch.tensor([[1]]))", "x.scatter_add(1, torch.tensor([[0, 1, 0], [2, 2, 2]]), y)",
    "torch.scatter_add(x, 0, torch.tensor([[1, 1, 0], [0, 1, 1]]), y)",
    "v.scatter_add(0, torch.tensor([0, 0]), w[1:])",
    "torch.zeros_like(v).scatter_add(0, torch.tensor([2, 2, 0]), w)",
    "torch.index_select(x, 1, torch.tensor([2, 0]))", "torch.masked_select(x, x > 0)",
    "x.masked_fill(x > 0, 2.0)", "torch.tril(x)", "torch.diagonal(x)", "x.select(1, 0)",
    "x.narrow(1, 1, 2)",
]  # fmt: skip

PRODUCTS = [
    "v @ w", "x @ v", "v @ m", "x @ m", "a @ b", "a @ m", "x @ b", "a @ v", "v @ b", "q @ m",
    "q @ b", "torch.matmul(x, m)", "x.matmul(v)", "torch.matmul(a, b)", "a.matmul(m)", "x @ x.t()",
    "torch.dot(v, w)", "v.dot(w)", "v.dot(v)", "torch.mm(x, m)", "x.mm(m)", "torch.mv(x, v)",
    "x.mv(v)", "2 * torch.dot(v, v)", "(x @ m).tanh() @ x", "a[:1] @ b", "a.unsqueeze(1) @ b",
    "x.t() @ x", "(x @ v) @ r", "n0 @ n0.t()", "n0.t() @ x", "torch.bmm(a, b)", "torch.outer(v, w)",
    "torch.einsum('ij,jk->ik', x, m)", "torch.nn.functional.linear(x, y, s)",
    "torch.addmm(x @ m, x, m)",
]  # fmt: skip

EXPRESSIONS = [*ELEMENTWISE, *REDUCTIONS, *SHAPES, *JOINING, *INDEXING, *PRODUCTS]


def computed(torch, expression, dtype):
    """The outputs of an expression that are on the tape, and the operands that it names."""
    names = [name for name in OPERANDS if re.search(rf"\b{name}\b", expression)]
    given = {name: torch.tensor(OPERANDS[name], dtype=dtype) for name in names}
    for operand in given.values():
        operand.requires_grad_()
    result = eval(expression, {"torch": torch}, given)
    outputs = list(result) if isinstance(result, tuple) else [result]
    return outputs, list(given.values())


def cotangent(torch, output, place):
    """Fixed weights of the shape and dtype of an output, neighbours unlike each other."""
    weights = [0.5 + ((7 * k + 3 * place) % 11) / 4 for k in range(output.numel())]
    return torch.tensor(weights, dtype=output.dtype).reshape(output.shape)


def gradients(torch, outputs, operands, create_graph):
    """The gradients of the differentiable outputs; `None` where an operand is not reached."""
    places = [k for k, out in enumerate(outputs) if out is not None and out.requires_grad]
    if not places:
        return []
    weights = [cotangent(torch, outputs[k], k) for k in places]
    return torch.autograd.grad(
        [outputs[k] for k in places],
        operands,
        weights,
        create_graph=create_graph,
        allow_unused=True,
    )


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_value_and_derivatives(torch, expression):
    outputs, operands = computed(torch, expression, torch.float64)
    first = gradients(torch, outputs, operands, create_graph=True)
    second = gradients(torch, first, operands, create_graph=False)
    return {"value": outputs, "first": numbers(first), "second": numbers(second, zero=True)}


@pytest.mark.parametrize("expression", NOT_FINITE)
def test_value_and_first_derivative_at_the_edge_of_the_domain(torch, expression):
    outputs, operands = computed(torch, expression, torch.float64)
    first = gradients(torch, outputs, operands, create_graph=False)
    return {"value": outputs, "first": first}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_float32_stays_float32(torch, expression):
    outputs, operands = computed(torch, expression, torch.float32)
    return {"value": outputs, "first": gradients(torch, outputs, operands, create_graph=False)}


def numbers(tensors, zero=False):
    """The tensors as constants; with `zero`, one that is exactly zero counts as absent.

    Whether a derivative that is identically zero is `None` or zeros depends on how a library
    writes its rules, and PyTorch itself is not of one mind.
    """
    found = [None if tensor is None else tensor.detach() for tensor in tensors]
    if not zero:
        return found
    kept = [None if t is None or not (t != 0).any().item() else t for t in found]
    return kept if any(tensor is not None for tensor in kept) else []


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weight", [None, [0.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
@pytest.mark.parametrize("target", [[-100] * 4, [-100, 1, -100, 2], [0, 0, 0, 0], [0, 0, -100, 0]])
def test_cross_entropy_of_targets_that_do_not_count(torch, target, weight, reduction, smoothing):
    """A batch of nothing but padding has a loss of NaN, and leaves the weights alone."""
    x = torch.arange(12.0, dtype=torch.float64).reshape(4, 3).cos().requires_grad_()
    weight = None if weight is None else torch.tensor(weight, dtype=torch.float64)
    options = {"weight": weight, "reduction": reduction, "label_smoothing": smoothing}
    loss = torch.nn.functional.cross_entropy(x, torch.tensor(target), **options)
    (slope,) = torch.autograd.grad(loss.sum(), x, create_graph=True)
    second = torch.autograd.grad((slope * x.detach() ** 2).sum(), x)
    return loss, slope, second
