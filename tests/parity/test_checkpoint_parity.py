"""`torch.utils.checkpoint`: gradients, what runs how often, random numbers, nesting, and what is refused."""

import pytest

BOTH = pytest.mark.parametrize("reentrant", [False, True])


def tools(torch):
    from importlib import import_module

    return import_module(f"{torch.__name__}.utils.checkpoint")


def model(torch, dropout=0.0):
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Dropout(dropout), torch.nn.Linear(4, 3),
        torch.nn.LayerNorm(3), torch.nn.GELU(),
    ).double()  # fmt: skip


def gradients(torch, m, out, x):
    out.square().sum().backward()
    return out, x.grad, {k: p.grad for k, p in m.named_parameters()}


@BOTH
@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("preserve", [True, False])
def test_gradients_of_a_module(torch, reentrant, dropout, preserve):
    m = model(torch, dropout)
    x = torch.linspace(-1, 1, 6).double().reshape(2, 3).requires_grad_()
    torch.manual_seed(1)
    out = tools(torch).checkpoint(m, x, use_reentrant=reentrant, preserve_rng_state=preserve)
    between = torch.rand(2)
    if dropout and not preserve:
        return out, between
    found = gradients(torch, m, out, x)
    return found, between, torch.rand(2)


@BOTH
@pytest.mark.parametrize("segments", [1, 2, 3, 6])
def test_sequential(torch, reentrant, segments):
    m = model(torch)
    x = torch.linspace(-1, 1, 6).double().reshape(2, 3).requires_grad_()
    call = tools(torch).checkpoint_sequential
    found = gradients(torch, m, call(m, segments, x, use_reentrant=reentrant), x)
    return found, call([torch.sin, torch.exp], segments % 2 + 1, x, use_reentrant=reentrant)


@pytest.mark.parametrize("early", [True, False])
def test_how_often_the_function_runs(torch, early):
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    ran = []

    def f(x):
        ran.append("start")
        y = x.exp().sin()
        ran.append("end")
        return y * 2 + 1

    out = tools(torch).checkpoint(f, x, use_reentrant=False, early_stop=early)
    first = list(ran)
    out.sum().backward(retain_graph=True)
    second = len(ran)
    out.sum().backward(retain_graph=True)
    with tools(torch).set_checkpoint_early_stop(False):
        torch.autograd.grad(tools(torch).checkpoint(f, x, use_reentrant=False).sum(), x)
    return first, second, len(ran), x.grad


@BOTH
def test_in_a_part_that_needs_no_gradient(torch, reentrant, warned):
    x, ran = torch.ones(2), []

    def call():
        f = lambda x: ran.append(1) or x * 2  # noqa: E731
        return tools(torch).checkpoint(f, x, use_reentrant=reentrant)

    with torch.no_grad():
        quiet = call()
    return quiet, call(), len(ran), warned(call)


def test_without_saying_which_kind(torch, warned):
    x = torch.ones(2, requires_grad=True)
    t = tools(torch)
    found = warned(lambda: t.checkpoint(torch.sin, x))
    return found, warned(lambda: t.checkpoint_sequential([torch.sin, torch.exp], 2, x))


def test_keywords_structures_and_results(torch):
    x, w = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor(3.0, requires_grad=True)

    def f(parts, n, *, scale):
        return {"a": parts[0] * scale * n, "b": (parts[0].exp(), n)}

    found = tools(torch).checkpoint(f, [x], 4, scale=w, use_reentrant=False)
    (found["a"].sum() + found["b"][0].sum()).backward()
    return found["b"][1], x.grad, w.grad


def test_reentrant_with_other_arguments(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 4.0])

    def f(x, n, y, none):
        return x * n, (x * y).sin(), n, x.detach()

    a, b, n, c = tools(torch).checkpoint(f, x, 5, y, None, use_reentrant=True)
    (a * 2).sum().backward(retain_graph=True)
    return a, b, n, x.grad, y.grad


def test_derivatives_of_higher_order(torch):
    x = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)
    y = tools(torch).checkpoint(lambda x: (x.exp() * x.sin()).sum(), x, use_reentrant=False)
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    (k,) = torch.autograd.grad(h.sum(), x)
    return g, h, k


def test_a_gradient_inside_of_the_part(torch):
    x = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)

    def f(x):
        y = (x.exp() * x).sum()
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        return g.square().sum()

    tools(torch).checkpoint(f, x, use_reentrant=False).backward()
    return x.grad


@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize("outer", [False, True])
def test_nested(torch, outer, inner):
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    t = tools(torch)

    def below(x):
        return (x * w).sin().exp()

    def above(x):
        return t.checkpoint(below, x.tanh(), use_reentrant=inner).cos() * x

    out = t.checkpoint(above, x, use_reentrant=outer)
    t.checkpoint(torch.sin, out, use_reentrant=False).sum().backward()
    return out, x.grad, w.grad


def test_three_levels(torch):
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    t, ran = tools(torch), []

    def part(depth):
        def f(x):
            ran.append(depth)
            y = x.sin()
            if depth:
                y = t.checkpoint(part(depth - 1), y, use_reentrant=False)
            return y.exp()

        return f

    t.checkpoint(part(2), x, use_reentrant=False).sum().backward()
    return x.grad


def test_contexts(torch):
    x, seen = torch.tensor([0.5, 1.5], requires_grad=True), []

    class Seen:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            seen.append(self.name)

        def __exit__(self, *exc):
            seen.append(f"{self.name} ends")

    call = tools(torch).checkpoint
    f = lambda x: x.exp().sin()  # noqa: E731
    out = call(f, x, use_reentrant=False, context_fn=lambda: (Seen("first"), Seen("second")))
    out.sum().backward()
    return seen, x.grad


def test_in_a_batch_norm(torch):
    m = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2))
    for p in m.parameters():
        torch.nn.init.constant_(p, 0.5)
    x = torch.arange(12.0).reshape(4, 3).sin().requires_grad_()
    out = tools(torch).checkpoint(m, x, use_reentrant=False, early_stop=False)
    before = m[0].num_batches_tracked.clone()
    (out * torch.arange(8.0).reshape(4, 2)).sum().backward()
    return before, m[0].num_batches_tracked, m[0].running_mean, x.grad


def test_a_function_with_saved_tensors(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, x * 1)
            return x**3

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return 3 * x * y * g

    x = torch.tensor([0.5, 1.5], requires_grad=True)
    tools(torch).checkpoint(lambda x: Cube.apply(x.sin()), x, use_reentrant=False).sum().backward()
    return x.grad


def test_a_value_read_twice(torch, caught):
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            return 3 * ctx.saved_tensors[0] * ctx.saved_tensors[0] * g

    x = torch.tensor([0.5, 1.5], requires_grad=True)
    out = tools(torch).checkpoint(lambda x: Twice.apply(x.sin()), x, use_reentrant=False)
    return caught(lambda: out.sum().backward())


@pytest.mark.parametrize("check", ["default", "none"])
@pytest.mark.parametrize("change", ["more", "fewer", "shape", "dtype", "fewer, all"])
def test_a_function_that_changes(torch, change, check, refused):
    x, ran = torch.tensor([0.5, 1.5], requires_grad=True), []

    def f(x):
        ran.append(1)
        again = len(ran) > 1
        y = x.exp()
        if again and change == "more":
            y = y.exp().exp().exp()
        if again and change.startswith("fewer"):
            return y
        if again and change == "shape":
            y = torch.cat([y, y])
        if again and change == "dtype":
            y = y.double()
        return y.sin().sum()

    out = tools(torch).checkpoint(
        f, x, use_reentrant=False, determinism_check=check, early_stop=change != "fewer, all"
    )
    if change == "more" or (check == "none" and change in ("shape", "dtype")):
        return out
    return refused(lambda: out.backward(), x)


def test_more_is_saved_without_early_stop(torch, refused):
    x, ran = torch.tensor([0.5, 1.5], requires_grad=True), []

    def f(x):
        ran.append(1)
        y = x.sin()
        return y if len(ran) == 1 else y.exp().exp()

    out = tools(torch).checkpoint(f, x, use_reentrant=False, early_stop=False)
    return refused(lambda: out.sum().backward(), x)


FAULTS = {
    "keywords": "t.checkpoint(torch.sin, x, use_reentrant=True, out=3)",
    "context": "t.checkpoint(torch.sin, x, use_reentrant=True, context_fn=lambda: t.noop_context_fn())",
    "debug": "t.checkpoint(torch.sin, x, use_reentrant=True, debug=True)",
    "both": "t.checkpoint(torch.sin, x, use_reentrant=False, debug=True, context_fn=lambda: t.noop_context_fn())",
    "check": "t.checkpoint(torch.sin, x, use_reentrant=False, determinism_check='some')",
    "sequential": "t.checkpoint_sequential([torch.sin], 1, x, use_reentrant=False, early_stop=True)",
    "grad": "torch.autograd.grad(t.checkpoint(torch.sin, x, use_reentrant=True).sum(), x)",
    "inputs": "t.checkpoint(torch.sin, x, use_reentrant=True).sum().backward(inputs=[x])",
    "nothing to do": "t.checkpoint(lambda x: x.detach(), x, use_reentrant=True).sum().backward()",
    "list": "t.detach_variable([x])",
    "the function": "t.checkpoint(lambda x: x @ torch.ones(7), x, use_reentrant=False)",
    "the function, reentrant": "t.checkpoint(lambda x: x @ torch.ones(7), x, use_reentrant=True)",
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults(torch, name, refused):
    x = torch.ones(2, requires_grad=True)
    scope = {"torch": torch, "t": tools(torch), "x": x}
    found = refused(lambda: eval(FAULTS[name], scope), x)
    (x * x).sum().backward()
    return found, x.grad


@pytest.mark.parametrize("which", ["weight's data", "inside"])
def test_what_the_function_reads_was_written_to(torch, which):
    x, w = torch.tensor([0.5, 1.5]), torch.tensor([2.0, 3.0], requires_grad=True)

    def f(x):
        y = (x * w).exp()
        z = y.sin()
        return z.mul_(2) if which == "inside" else z

    out = tools(torch).checkpoint(f, x, use_reentrant=False).exp().sum()
    if which != "inside":
        with torch.no_grad():
            w.data.mul_(2)
    out.backward()
    return w.grad


@BOTH
def test_an_argument_that_was_written_to(torch, reentrant, refused):
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    y = x * 1
    out = tools(torch).checkpoint(lambda y: y.exp().sin(), y, use_reentrant=reentrant)
    y.mul_(2)
    return refused(lambda: out.sum().backward(), x)


def test_saved_copies_outlive_writes(torch):
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    y = x * 2
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t.mul_(3)):
        z = y.square() * 2
    y.zero_()
    z.sum().backward()
    return x.grad


def test_an_exec_group(torch, caught):
    t, ran = tools(torch), []
    x = torch.tensor([0.5, 1.5], requires_grad=True)

    def f(x):
        ran.append(1)
        return x.sin(), x.cos().exp()

    with t.GraphExecGroup():
        a, b = t.checkpoint(f, x, use_reentrant=False)
        a.sum().backward()
        b.sum().backward()
        again = caught(lambda: a.sum().backward())
        nested = caught(lambda: t.GraphExecGroup().__enter__())
    return x.grad, len(ran), again, nested


def test_detached_arguments(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    a, b, n = tools(torch).detach_variable((y, torch.ones(1), 3))
    return a, b, n
