"""`functional_call`, `stack_module_state` and `linearize`: alone, and in the idioms that they are made for."""

import pytest


def net(torch, seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)
    )


def counter(torch):
    class Counter(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor([2.0]))
            self.register_buffer("seen", torch.zeros(()))
            self.plain = torch.ones(1)
            self.none = None

        def forward(self, x, scale=1.0):
            self.seen = self.seen + 1
            return self.weight * x * scale + self.plain

    return Counter()


def tied(torch):
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(2, 2, bias=False)
            self.second = torch.nn.Linear(2, 2, bias=False)
            torch.nn.init.ones_(self.first.weight)
            self.second.weight = self.first.weight

        def forward(self, x):
            return self.second(self.first(x))

    return Tied()


def held(module):
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def test_call_with_other_weights(torch):
    m = net(torch)
    before = {k: id(v) for k, v in held(m).items()}
    other = {k: v.detach().clone() for k, v in net(torch, 1).named_parameters()}
    x = torch.ones(5, 3) * torch.arange(5.0)[:, None]
    found = torch.func.functional_call(m, other, (x,))
    return found, {k: id(v) for k, v in held(m).items()} == before, m.training


def test_some_weights_and_gradients(torch):
    m = net(torch)
    w = torch.full((4, 3), 0.5, requires_grad=True)
    torch.func.functional_call(
        m, {"0.weight": w}, torch.arange(12.0).reshape(4, 3).sin()
    ).exp().sum().backward()
    return w.grad, m[0].weight.grad, m[3].weight.grad


def test_arguments(torch):
    m, call, x = counter(torch), torch.func.functional_call, torch.tensor([3.0])
    given = {"weight": torch.tensor([5.0])}
    return (
        call(m, given, x),
        call(m, given, (x, 2.0)),
        call(m, given, x, {"scale": 3.0}),
        call(m, given, kwargs={"x": x}),
        call(m, ({"weight": x}, {"plain": x}), x),
        call(m, [given], x),
        call(m, {}, x),
        m.plain,
    )


def test_what_the_forward_replaces_is_found_in_the_dict(torch):
    m = counter(torch)
    given = {"seen": torch.tensor(10.0), "weight": torch.ones(1)}
    torch.func.functional_call(m, given, torch.ones(1))
    apart = ({"seen": torch.tensor(10.0)}, {"weight": torch.ones(1)})
    torch.func.functional_call(m, apart, torch.ones(1))
    return given, m.seen, apart[0]


def test_attributes_that_were_not_there(torch):
    m = counter(torch)
    given = {"plain": torch.zeros(1), "none": torch.ones(1), "fresh": torch.ones(2)}
    found = torch.func.functional_call(m, given, torch.ones(1))
    return found, m.plain, m.none, hasattr(m, "fresh"), sorted(m.state_dict())


def test_statistics_of_a_batch_norm(torch):
    m = net(torch)
    buffers = {k: v.clone() for k, v in m.named_buffers()}
    torch.func.functional_call(m, buffers, torch.eye(3))
    return buffers, dict(m.named_buffers())


def test_tied_weights(torch):
    m, x, call = tied(torch), torch.tensor([1.0, 2.0]), torch.func.functional_call
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    return (
        call(m, {"first.weight": w}, x),
        call(m, {"second.weight": w}, x),
        call(m, {"first.weight": w}, x, tie_weights=False),
        call(m, {"first.weight": w, "second.weight": w}, x),
        call(m, {"first.weight": w, "second.weight": w * 2}, x, tie_weights=False),
        call(m, {"first.weight": w}, x, strict=True),
        m.first.weight is m.second.weight,
    )


FAULTS = {
    "tied": "call(tied(torch), {'first.weight': torch.ones(2, 2), 'second.weight': torch.ones(2, 2)}, x)",
    "number": "call(m, {'weight': 3}, x)",
    "no module": "call(m, {'a.b': x}, x)",
    "no tensor there": "call(m, {'in_features': x}, x)",
    "empty": "call(m, {'': x}, x)",
    "missing": "call(m, {'weight': torch.ones(2, 2)}, x, strict=True)",
    "unexpected": "call(m, {'weight': torch.ones(2, 2), 'bias': x, 'w': x}, x, strict=True)",
    "tied and strict": "call(tied(torch), {'first.weight': torch.ones(2, 2)}, x, tie_weights=False, strict=True)",
    "no dict": "call(m, 3, x)",
    "no dicts": "call(m, [{}, 3], x)",
    "twice": "call(m, ({'bias': x}, {'bias': x}), x)",
    "no models": "torch.func.stack_module_state([])",
    "modes": "torch.func.stack_module_state([torch.nn.ReLU(), torch.nn.ReLU().eval()])",
    "classes": "torch.func.stack_module_state([torch.nn.ReLU(), torch.nn.Tanh()])",
    "grads": "torch.func.stack_module_state([m, torch.nn.Linear(2, 2).requires_grad_(False)])",
    "integers": "torch.func.linearize(torch.sin, torch.arange(3))",
    "shape": "torch.func.linearize(torch.sin, x)[1](x[:1])",
    "dtype": "torch.func.linearize(torch.sin, x)[1](x.double())",
    "structure": "torch.func.linearize(torch.sin, x)[1]((x,))",
    "count": "torch.func.linearize(torch.sin, x)[1](x, x)",
    "a number": "torch.func.linearize(torch.sin, x)[1](3.0)",
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults(torch, name, refused):
    m, x = torch.nn.Linear(2, 2), torch.ones(2)
    scope = {"torch": torch, "call": torch.func.functional_call, "m": m, "x": x, "tied": tied}
    before = [id(p) for p in m.parameters()]
    found = refused(lambda: eval(FAULTS[name], scope), x)
    return found, [id(p) for p in m.parameters()] == before, list(m.state_dict())


def test_a_forward_that_fails_leaves_the_module(torch, caught):
    m = net(torch)
    before = {k: id(v) for k, v in held(m).items()}
    given = {"0.weight": torch.ones(7, 5)}
    found = caught(lambda: torch.func.functional_call(m, given, torch.ones(1, 3)))
    return found, {k: id(v) for k, v in held(m).items()} == before


def test_the_older_address(torch, warned):
    m, given = counter(torch), {"weight": torch.tensor([5.0])}
    call = torch.nn.utils.stateless.functional_call
    return warned(lambda: call(m, given, torch.ones(1))), call(
        m, given, torch.ones(1), strict=False
    )


def test_stacked_state(torch):
    models = [net(torch, seed) for seed in range(3)]
    for m in models:
        m[3].bias.requires_grad_(False)
    params, buffers = torch.func.stack_module_state(models)
    return params, buffers, [type(p).__name__ for p in params.values()]


@pytest.mark.parametrize("in_dims", [(0, 0, None), (0, 0, 0)])
def test_ensemble(torch, in_dims):
    models = [net(torch, seed).eval() for seed in range(3)]
    params, buffers = torch.func.stack_module_state(torch.nn.ModuleList(models))
    x = torch.linspace(-1, 1, 3 * 3 * 5).reshape(3, 5, 3)
    x = x[0] if in_dims[2] is None else x

    def run(params, buffers, x):
        return torch.func.functional_call(models[0], (params, buffers), (x,))

    out = torch.vmap(run, in_dims)(params, buffers, x)
    out.square().sum().backward()
    apart = [m(x if in_dims[2] is None else x[i]) for i, m in enumerate(models)]
    return out, torch.stack(apart), {k: p.grad for k, p in params.items()}


def test_ensemble_trained(torch):
    models = [torch.nn.Linear(3, 1) for _ in range(4)]
    for i, m in enumerate(models):
        torch.nn.init.constant_(m.weight, 0.1 * i)
        torch.nn.init.zeros_(m.bias)
    params, buffers = torch.func.stack_module_state(models)
    optimizer = torch.optim.Adam(params.values(), lr=0.1)
    x, y = torch.eye(3), torch.ones(3, 1)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        run = lambda p, b: torch.func.functional_call(models[0], (p, b), x)  # noqa: E731
        each = (torch.vmap(run)(params, buffers) - y).square().mean((1, 2))
        each.sum().backward()
        optimizer.step()
        losses.append(each)
    return losses, params


def loss_of(torch, m, y):
    def loss(params, buffers, x, y):
        out = torch.func.functional_call(m, (params, buffers), (x[None],))
        return torch.nn.functional.mse_loss(out, y[None])

    return loss


def test_gradients_per_sample(torch):
    m = net(torch).eval()
    params = {k: v.detach() for k, v in m.named_parameters()}
    buffers = {k: v.detach() for k, v in m.named_buffers()}
    x, y = torch.linspace(-1, 1, 15).reshape(5, 3), torch.ones(5, 2)
    loss = loss_of(torch, m, y)
    found = torch.vmap(torch.func.grad(loss), in_dims=(None, None, 0, 0))(params, buffers, x, y)
    values = torch.func.grad_and_value(loss)(params, buffers, x[0], y[0])
    return found, values


def test_dropout_per_sample(torch):
    m = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.5))
    torch.nn.init.ones_(m[0].weight), torch.nn.init.ones_(m[0].bias)
    params = {k: v.detach() for k, v in m.named_parameters()}
    loss = lambda p, x: torch.func.functional_call(m, p, x).sum()  # noqa: E731
    torch.manual_seed(3)
    each = torch.vmap(torch.func.grad(loss), in_dims=(None, 0), randomness="different")
    same = torch.vmap(torch.func.grad(loss), in_dims=(None, 0), randomness="same")
    return each(params, torch.ones(4, 3)), same(params, torch.ones(4, 3)), torch.rand(2)


def test_hessian_and_jacobian_of_a_call(torch):
    m = torch.nn.Linear(2, 2).double()
    p = {"weight": torch.eye(2).double(), "bias": torch.ones(2).double()}
    x = torch.tensor([1.0, 2.0]).double()
    call = lambda p: torch.func.functional_call(m, p, x).tanh()  # noqa: E731
    return (
        torch.func.jacrev(call)(p),
        torch.func.jacfwd(call)(p),
        torch.func.hessian(lambda p: call(p).sum())(p),
        torch.func.jvp(call, (p,), ({k: torch.ones_like(v) for k, v in p.items()},)),
    )


LINEAR = {
    "sin": "torch.sin",
    "relu": "lambda x: torch.relu(x - 0.5)",
    "softmax": "lambda x: x.softmax(0) * x.prod()",
    "tree": "lambda x: {'a': (x * x, x.sum()), 'b': [torch.ones(2)]}",
    "integers": "lambda x: (x * 2, x > 0)",
    "itself": "lambda x: x",
    "constant": "lambda x: torch.ones(2)",
    "written": "lambda x: x.clone().mul_(x)",
    "complex": "lambda x: torch.complex(x, x * x).exp()",
}


@pytest.mark.parametrize("name", LINEAR)
def test_linearize(torch, name):
    f = eval(LINEAR[name], {"torch": torch})
    x = torch.tensor([0.4, -0.9, 1.7], dtype=torch.float64)
    value, slope = torch.func.linearize(f, x)
    leaves = lambda tree: [t.detach() * 1 for t in flat(tree)]  # noqa: E731
    found = [leaves(slope(t)) for t in torch.eye(3, dtype=torch.float64)]
    return leaves(value), found


def flat(tree):
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [t for part in tree for t in flat(part)] if isinstance(tree, (list, tuple)) else [tree]


def test_linearize_several_arguments(torch):
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([[3.0], [4.0]])
    value, slope = torch.func.linearize(lambda d, y: d["x"] @ y * y, {"x": x}, y)
    return (
        value,
        slope({"x": x}, y),
        slope({"x": x * 0}, y),
        torch.vmap(slope)({"x": torch.eye(2)}, torch.ones(2, 2, 1)),
    )
