"""Gradient edges, hooks on several gradients, and refusing hooks on saved tensors."""

import pytest


def small_graph(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    return x, y, y.sum()


EDGES = {
    "of a leaf": "grad(l, edge(x))",
    "of two": "grad(l, (edge(y), x))",
    "to start from": "grad(edge(l), x)",
    "to start from with a gradient": "grad(edge(y), x, torch.tensor([3.0, 4.0]))",
    "in a list": "grad([edge(y), l], [x], [torch.ones(2), None])",
    "put together": "grad(graph.GradientEdge(y.grad_fn, 0), graph.GradientEdge(edge(x).node, 0), torch.ones(2))",
    "one of several": "grad(edge(b), x, torch.ones(1)), edge(b).output_nr",
    "put together, of several": "grad(graph.GradientEdge(b.grad_fn, 1), x, torch.ones(1))",
    "unused": "grad(x.sum(), edge(y), allow_unused=True)",
    "double": "grad(grad(l, edge(x), create_graph=True)[0].sum(), edge(x))",
    "batched": "grad(edge(y), edge(x), torch.eye(2), is_grads_batched=True)",
    "backward": "back(edge(l), inputs=[edge(x)]), x.grad",
    "backward to an inner one": "back(l, inputs=[edge(y)]), y.retain_grad(), l.backward(), y.grad, x.grad",
    "kinds": "[isinstance(n, graph.Node) for n in (edge(x).node, y.grad_fn, 3)], len(edge(x))",
    "fields": "graph.GradientEdge._fields",
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_edges(torch, name):
    x, y, l = small_graph(torch)  # noqa: E741
    graph = torch.autograd.graph
    a, b = y.split(1)
    scope = {
        "torch": torch, "x": x, "y": y, "l": l, "b": b, "graph": graph, "edge": graph.get_gradient_edge,
        "back": lambda *args, **named: torch.autograd.backward(*args, **named, retain_graph=True),
        "grad": lambda *args, **named: torch.autograd.grad(*args, **named, retain_graph=True),
    }  # fmt: skip
    return eval(EDGES[name], scope)


FAULTS = {
    "no grad": "graph.get_gradient_edge(torch.ones(1))",
    "not scalar": "torch.autograd.grad(graph.get_gradient_edge(y), x)",
    "shape": "torch.autograd.grad(graph.get_gradient_edge(y), x, torch.ones(3))",
    "unused": "torch.autograd.grad(x.sum(), graph.get_gradient_edge(y))",
    "hook of a constant": "graph.register_multi_grad_hook([x, torch.ones(1)], print)",
    "mode": "graph.register_multi_grad_hook([x], print, mode='each')",
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(torch, name, refused):
    x, y, l = small_graph(torch)  # noqa: E741
    scope = {"torch": torch, "x": x, "y": y, "graph": torch.autograd.graph}
    return refused(lambda: eval(FAULTS[name], scope), x, y)


WALKS = {
    "all": "(c + d).sum().backward()",
    "some": "c.sum().backward()",
    "one leaf": "c.sum().backward(inputs=(a,))",
    "an inner one": "torch.autograd.grad(c.sum(), c)",
    "grad": "torch.autograd.grad((d + c).sum(), (a, b))",
    "none": "e.sum().backward()",
    "twice": "(c + d).sum().backward(retain_graph=True), c.sum().backward(retain_graph=True), d.sum().backward()",
    "recorded": "torch.autograd.grad(c.sum(), a, create_graph=True)",
}


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("mode", ["all", "any"])
def test_hook_on_several_gradients(torch, mode, walk):
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    b = torch.tensor([3.0, 4.0], requires_grad=True)
    e = torch.ones(2, requires_grad=True)
    c, d = a * b, a.exp()
    seen = []
    tensors = (a, b, c, d) if mode == "all" else (d, torch.ones(1), c)
    if walk in ("grad", "recorded") and mode == "all":
        tensors = (c, d)  # PyTorch refuses leaves here
    handle = torch.autograd.graph.register_multi_grad_hook(tensors, seen.append, mode=mode)
    eval(WALKS[walk], {"torch": torch, "a": a, "b": b, "c": c, "d": d, "e": e})
    handle.remove()
    if walk not in ("twice", "none"):
        (a * b).sum().backward()
    return [list(grads) if mode == "all" else [grads] for grads in seen], len(seen)


def test_hook_on_parts_of_one_result(torch):
    x = torch.ones(4, requires_grad=True)
    a, b = (x * 2).split(2)
    seen = []
    torch.autograd.graph.register_multi_grad_hook((a, b, x), lambda g: seen.append(list(g)))
    (a.sum() * 3 + b.prod()).backward()
    return seen


def test_hooks_on_saved_tensors_are_refused(torch, caught):
    graph = torch.autograd.graph

    def within(*messages):
        if not messages:
            with graph.save_on_cpu():
                return "in force"
        with graph.disable_saved_tensors_hooks(messages[0]):
            return within(*messages[1:])

    def around():
        with graph.save_on_cpu(), graph.disable_saved_tensors_hooks("here"):
            return "in force"

    def after():
        with graph.disable_saved_tensors_hooks("outer"):
            with graph.disable_saved_tensors_hooks("inner"):
                pass
            within()

    found = [caught(c) for c in (lambda: within("a"), lambda: within("a", "b"), around, after)]
    return [str(e) for e in found], within()
