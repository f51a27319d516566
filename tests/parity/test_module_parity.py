"""`nn.Module`, `Parameter` and `MSELoss`: registration, state, text and faults."""

import pytest


def linear_model(torch):
    class Linear(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Parameter(torch.tensor(1.0))
            self.b = torch.nn.Parameter(torch.tensor(0.5), requires_grad=False)
            self.c = torch.nn.Parameter(torch.tensor([0.0, 1.0]))
            self.register_buffer("seen", torch.zeros(2))
            self.label = "linear"

        def forward(self, x):
            return self.a * x + self.b + self.c

    return Linear()


def nested_model(torch):
    class Outer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = linear_model(torch)
            self.second = linear_model(torch)
            self.scale = torch.nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            return self.second(self.first(x)) * self.scale

    return Outer()


READ_FROM_MODEL = [
    "[name for name, _ in m.named_parameters()]",
    "list(m.parameters())",
    "[p.requires_grad for p in m.parameters()]",
    "[name for name, _ in m.named_modules()]",
    "[name for name, _ in m.named_children()]",
    "[name for name, _ in m.named_buffers()]",
    "list(m.buffers())",
    "len(list(m.modules())), len(list(m.children()))",
    "[name for name, _ in m.named_parameters(prefix='p')]",
    "[name for name, _ in m.named_parameters(recurse=False)]",
    "dict(m.state_dict())",
    "list(m.state_dict())",
    "type(m.state_dict()).__name__",
    "m.state_dict()['scale'].requires_grad",
    "repr(m)",
    "str(m.first)",
    "repr(m.scale)",
    "repr(m.first.b)",
    "repr(m.first.c)",
    "str(m.scale)",
    "f'{m.scale}'",
    "m.scale.item()",
    "m.scale.data",
    "type(m.scale).__name__",
    "type(m.scale.data).__name__",
    "type(m.scale * 1).__name__",
    "isinstance(m.scale, torch.Tensor)",
    "isinstance(m.scale, torch.nn.Parameter)",
    "isinstance(m.scale.detach(), torch.nn.Parameter)",
    "m.training",
    "m.eval().training",
    "(m.eval(), m.first.training, m.train() is m, m.first.training)[1:]",
    "m.train(False) is m",
    "m.requires_grad_(False) is m",
    "[p.requires_grad for p in m.requires_grad_(False).parameters()]",
    "m.get_parameter('first.a')",
    "m.get_submodule('first') is m.first",
    "m.first.label",
    "m(torch.ones(2))",
    "m.forward(torch.ones(2))",
    "hasattr(m, 'absent')",
    "m.double()(torch.ones(2)).dtype",
    "m.float() is m",
    "m.to(torch.float64).scale.dtype",
    "m._get_name()",
    "m.zero_grad()",
    "sum(p.numel() for p in m.parameters())",
    "[id(p) for p in m.parameters()] == [id(p) for p in m.parameters()]",
    "m.first.c.is_leaf, m.first.c.grad_fn",
    "m.first.seen.requires_grad",
    "repr(torch.nn.MSELoss())",
    "repr(torch.nn.Module())",
    "torch.nn.Parameter(torch.ones(2)).requires_grad",
    "repr(torch.nn.Parameter(torch.ones(2, 2), requires_grad=False))",
    "torch.nn.Parameter(torch.ones(2, dtype=torch.float64))",
]


@pytest.mark.parametrize("expression", READ_FROM_MODEL)
def test_read_from_a_model(torch, expression):
    found = eval(expression, {"torch": torch, "m": nested_model(torch)})
    return [found]


def test_gradients_reach_the_parameters(torch):
    model = nested_model(torch)
    model(torch.tensor([1.0, 2.0])).sum().backward()
    return {name: p.grad for name, p in model.named_parameters()}


def test_zero_grad(torch):
    model = nested_model(torch)
    model(torch.ones(2)).sum().backward()
    model.zero_grad(set_to_none=False)
    zeroed = [p.grad for p in model.parameters()]
    model.zero_grad()
    return zeroed, [p.grad for p in model.parameters()]


def test_reassigned_and_deleted_members(torch):
    model = linear_model(torch)
    model.a = torch.nn.Parameter(torch.tensor(9.0))
    model.extra = torch.nn.Parameter(torch.ones(1))
    model.inner = torch.nn.Module()
    model.plain = torch.ones(1)
    del model.b
    return [n for n, _ in model.named_parameters()], repr(model), model.a, list(model.state_dict())


def test_shared_parameter_is_listed_once(torch):
    model = nested_model(torch)
    model.second.a = model.first.a
    names = [name for name, _ in model.named_parameters()]
    model(torch.ones(2)).sum().backward()
    return names, model.first.a.grad, list(model.state_dict())


def test_state_dict_round_trip(torch):
    source, target = nested_model(torch), nested_model(torch)
    with torch.no_grad():
        for k, parameter in enumerate(source.parameters()):
            parameter.add_(k + 1)
    kept = target.first.a
    answer = target.load_state_dict(source.state_dict())
    return str(answer), dict(target.state_dict()), kept is target.first.a, target(torch.ones(2))


def test_state_dict_shares_memory(torch):
    model = linear_model(torch)
    model.state_dict()["a"].add_(5)
    return model.a


def test_apply_visits_every_module(torch):
    seen = []
    nested_model(torch).apply(lambda module: seen.append(type(module).__name__))
    return seen


def test_forward_hooks(torch):
    model, seen = linear_model(torch), []
    pre = model.register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    post = model.register_forward_hook(lambda module, args, out: out + 100)
    changed = model(torch.ones(2))
    pre.remove()
    post.remove()
    model.register_forward_hook(lambda module, args, out: seen.append(out.tolist()))
    return changed, model(torch.ones(2)), seen


MODEL_FAULTS = {
    "parameter before init": "type('M', (torch.nn.Module,), {'__init__': lambda self:"
    " setattr(self, 'p', torch.nn.Parameter(torch.ones(1)))})()",
    "tensor in place of a parameter": "setattr(m.first, 'a', torch.ones(()))",
    "absent attribute": "m.absent",
    "missing key": "m.load_state_dict({})",
    "unexpected key": "m.load_state_dict({**m.state_dict(), 'more': torch.ones(1)})",
    "wrong shape": "m.load_state_dict({**m.state_dict(), 'scale': torch.ones(3)})",
    "no forward": "torch.nn.Module()(1)",
    "parameter of integers": "torch.nn.Parameter(torch.tensor([1, 2]))",
    "not a module": "m.add_module('x', 3)",
    "absent submodule": "m.get_submodule('x')",
    "buffer twice": "m.first.register_buffer('a', torch.ones(1))",
    "parameter with a dot": "m.register_parameter('a.b', torch.nn.Parameter(torch.ones(1)))",
    "delete absent": "delattr(m, 'absent')",
    "too many arguments": "m(torch.ones(1), torch.ones(1))",
    "bad mode": "m.train('yes')",
}


@pytest.mark.parametrize("name", MODEL_FAULTS)
def test_model_fault(torch, refused, name):
    model = nested_model(torch)
    call = lambda: eval(MODEL_FAULTS[name], {"torch": torch, "m": model})  # noqa: E731
    return refused(call, *model.parameters()), [n for n, _ in model.named_parameters()]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_mse_loss(torch, reduction):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = torch.tensor([[0.5, 2.5], [2.0, 7.0]], requires_grad=True)
    loss = torch.nn.MSELoss(reduction=reduction)(x, y)
    loss.backward(torch.ones_like(loss) * 2)
    return loss, x.grad, y.grad, loss.grad_fn.name()


def test_mse_loss_broadcasts(torch, warned):
    x = torch.ones(2, 3, requires_grad=True)
    criterion = torch.nn.MSELoss()
    loss = criterion(x, torch.zeros(3))
    loss.backward()
    return loss, x.grad, warned(lambda: criterion(x, torch.zeros(3)))


@pytest.mark.parametrize("reduction", ["median", "", 3])
def test_mse_loss_with_an_unknown_reduction(torch, caught, reduction):
    criterion = torch.nn.MSELoss(reduction=reduction)
    return caught(lambda: criterion(torch.ones(2), torch.zeros(2)))


def test_mse_loss_second_derivative(torch):
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.mse_loss(x * x, torch.ones(2, dtype=torch.float64))
    (g,) = torch.autograd.grad(loss, x, create_graph=True)
    return g, torch.autograd.grad(g.sum(), x)
