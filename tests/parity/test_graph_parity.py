"""The graph that a program can look at: the names of its nodes and their edges."""

import gc
import itertools

import pytest

NODES = [
    "x + y", "x - y", "x * y", "x / y", "x + 1", "1 - x", "2 * x", "1 / x", "x**2", "x**y", "2**x",
    "-x", "x.exp()", "x.log()", "x.sqrt()", "x.sin()", "x.cos()", "x.tanh()", "x.sigmoid()",
    "x.relu()", "x.abs()", "torch.where(x > 0, x, y)", "torch.maximum(x, y)",
    "torch.minimum(x, y)", "torch.max(x, y)", "x.sum()", "x.sum(0)", "x.sum((0, 1))", "x.mean()",
    "x.mean(0)", "x.max()", "x.max(0)[0]", "x.min()", "x.min(0)[0]", "x.amax(0)", "x.prod()",
    "x.prod(0)", "x.softmax(0)", "x.log_softmax(0)", "x.logsumexp(0)", "x.reshape(-1)",
    "x.t().reshape(-1)", "x.view(-1)", "x.flatten()", "x.transpose(0, 1)", "x.t()", "x.T", "x.mT",
    "x.permute(1, 0)", "x.expand(2, 2, 2)", "x.unsqueeze(0)", "x.squeeze()", "x.squeeze(0)",
    "torch.cat([x, y])", "torch.stack([x, y])", "x.split(1)[0]", "x.chunk(2)[1]", "x[0]", "x[0:1]",
    "x[:, None]", "x[0, 1]", "x[..., 0]", "x[torch.tensor([0])]", "x[x > 0]",
    "x.gather(0, torch.tensor([[0, 1]]))", "x.scatter_add(0, torch.tensor([[0, 1]]), y)", "x @ y",
    "x @ x[0]", "x[0] @ x", "x[0] @ y[0]", "torch.dot(x[0], y[0])", "torch.mm(x, y)",
    "torch.mv(x, x[0])", "x[None] @ y[None]", "x.double()", "x.clone()", "x.square()",
    "x.unbind()[0]", "x.clamp(0, 1)", "torch.nn.functional.mse_loss(x, y)", "x.clone().mul_(2)",
    "x.clone().add_(y)", "x.clone().zero_()", "x.clone().copy_(y)", "torch.addmm(x, x, y)",
    "torch.nn.functional.linear(x, y)", "x.std()", "x.var()", "x.norm()",
]  # fmt: skip


def tree(node):
    """The names below a node, as nested tuples."""
    if node is None:
        return None
    return node.name(), [(tree(below), number) for below, number in node.next_functions]


@pytest.mark.parametrize("expression", NODES)
def test_name_of_the_node(torch, expression):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = torch.tensor([[5.0, 6.0], [7.0, 8.0]], requires_grad=True)
    return eval(expression, {"torch": torch}, {"x": x, "y": y}).grad_fn.name()


def test_leaves_have_no_node(torch):
    x = torch.ones(2, requires_grad=True)
    return x.grad_fn, (torch.ones(2) * 2).grad_fn


def test_tree_of_a_small_graph(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    return tree(((x * y) + y.sin()).grad_fn)


def test_constants_leave_an_empty_edge(torch):
    x = torch.tensor(2.0, requires_grad=True)
    return tree((x * torch.tensor(3.0)).grad_fn), tree((x * 3).grad_fn)


def test_edges_carry_the_number_of_the_output(torch):
    x = torch.ones(4, requires_grad=True)
    a, b = x.split(2)
    return tree((b * a).grad_fn)


def test_accumulate_grad_holds_its_leaf(torch):
    x = torch.tensor(2.0, requires_grad=True)
    node = (x * 3).grad_fn.next_functions[0][0]
    return node.name(), node.variable is x


def test_the_same_leaf_has_the_same_node(torch):
    x = torch.tensor(2.0, requires_grad=True)
    edges = (x * x).grad_fn.next_functions
    return edges[0][0] is edges[1][0], edges[0][1]


def test_text_of_a_node_names_it(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = x * 3
    return str(y.grad_fn).split()[0], type(y.grad_fn).__name__


def test_node_of_a_custom_function(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return ct * 2

    x = torch.ones(2, requires_grad=True)
    y = Double.apply(x)
    return y.grad_fn.name(), tree(y.grad_fn), str(y)


def test_output_number(torch):
    x = torch.ones(4, requires_grad=True)
    return [part.output_nr for part in x.split(1)], x.output_nr


def test_chain_can_be_walked_by_hand(torch):
    x = torch.ones(2, requires_grad=True)
    node, names = (x.exp() * 2).sum().sqrt().grad_fn, []
    while node is not None:
        names.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    return names


def line(torch):
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    w = (torch.arange(12.0).reshape(4, 3) / 7).requires_grad_()
    return x, w, torch.ones(4, requires_grad=True)


LINES = [
    "x, w, b", "x.detach(), w, b", "x, w.detach(), b", "x, w, b.detach()", "x * 1, w * 1, b * 1", "x, w, None",
    "x, w[:, :3], b", "x.detach(), w.detach(), b", "x.detach(), w, b.detach()",
]  # fmt: skip


@pytest.mark.parametrize("operands", LINES)
def test_tree_of_a_linear_layer(torch, operands):
    x, w, b = line(torch)
    y = torch.nn.functional.linear(*eval(operands, {"x": x, "w": w, "b": b}))
    return tree(y.grad_fn), tree(torch.relu(y).sum().grad_fn)


def test_the_weights_node_is_one(torch):
    x, w, b = line(torch)
    node = torch.nn.functional.linear(x, w, b).grad_fn
    node.next_functions[2][0].metadata["note"] = 3
    gc.collect()
    kept = node.next_functions[2][0].metadata
    turned, number = node.next_functions[2]
    leaf = turned.next_functions[0][0]
    return (
        turned is node.next_functions[2][0], number, type(turned).__name__, str(turned).split()[0],
        leaf.variable is w, kept,
    )  # fmt: skip


@pytest.mark.parametrize("wanted", ["xwb", "w", "x", "b"])
@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_hooks_on_the_nodes_of_a_linear_layer(torch, wanted, replaced, order):
    x, w, b = line(torch)
    y = torch.nn.functional.linear(x, w, b)
    node, seen = y.grad_fn, []
    turned = node.next_functions[2][0]

    def after(grad_inputs, grad_outputs):
        seen.append(("after", grad_inputs, grad_outputs))
        return tuple(g if g is None else g * 2 for g in grad_inputs) if replaced else None

    def before(grad_outputs):
        seen.append(("before", grad_outputs))
        return tuple(g + 1 for g in grad_outputs) if replaced else None

    ways = [
        lambda: node.register_hook(after),
        lambda: turned.register_prehook(before),
        lambda: turned.register_hook(after),
    ]
    handles = [ways[i]() for i in order]
    inputs = [{"x": x, "w": w, "b": b}[name] for name in wanted]
    found = torch.autograd.grad((y * y).sum(), inputs, retain_graph=True)
    for handle in handles:
        handle.remove()
    again = torch.autograd.grad((y * y).sum(), inputs)
    return seen, found, again


def test_second_derivatives_through_hooks_of_a_linear_layer(torch):
    x, w, b = line(torch)
    y = torch.nn.functional.linear(x, w, b)
    y.grad_fn.next_functions[2][0].register_hook(lambda grad_inputs, _: (grad_inputs[0] * w,))
    y.grad_fn.register_hook(
        lambda grad_inputs, _: tuple(None if g is None else g * 3 for g in grad_inputs)
    )
    (gw,) = torch.autograd.grad((y**3).sum(), w, create_graph=True)
    return gw, torch.autograd.grad(gw.sum(), [x, w, b])


def test_refused_hooks_of_the_weights_node(torch, refused):
    x, w, b = line(torch)
    y = torch.nn.functional.linear(x, w, b)
    turned = y.grad_fn.next_functions[2][0]
    with turned.register_hook(lambda i, o: (o[0],)):
        first = refused(lambda: y.sum().backward(retain_graph=True), x, w, b)
    with turned.register_prehook(lambda o: o * 2):
        second = refused(lambda: y.sum().backward(retain_graph=True), x, w, b)
    return first, second
