"""`torch.autograd.functional`: values, structures, graphs and errors as PyTorch's."""

import pytest


def bowl(x, y):
    return (x**3).sum() * (y**2).sum() + x[0] * y[1]


def points(torch):
    x = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    return x, torch.tensor([0.3, 2.0, -1.0], dtype=torch.float64, requires_grad=True)


def several(torch, x, y):
    return (x**2 * y).sum(), x[:, None] * y, y.exp() * x


@pytest.mark.parametrize("create_graph", [False, True])
def test_products_with_jacobians(torch, create_graph):
    functional = torch.autograd.functional
    x, y = points(torch)

    def f(a, b):
        return several(torch, a, b)

    v = (torch.tensor(2.0, dtype=torch.float64), torch.ones(3, 3, dtype=torch.float64), y.detach())
    back = functional.vjp(f, (x, y), v, create_graph=create_graph)
    ahead = functional.jvp(f, (x, y), (y, x), create_graph=create_graph)
    made = [back, ahead]
    if create_graph:
        total = sum(t.sum() for pair in made for part in pair for t in part)
        made.append(torch.autograd.grad(total, (x, y)))
    return made


def test_one_tensor_in_and_out(torch):
    functional = torch.autograd.functional
    x, _ = points(torch)
    a = torch.tensor(2.0)
    return [
        functional.vjp(lambda t: t * 3, x, x.detach()),
        functional.jvp(lambda t: t * 3, x, x.detach()),
        functional.vjp(lambda t: t**2, a),
        functional.jvp(lambda t: t**2, a),
        functional.jacobian(lambda t: t**2, a),
        functional.jacobian(lambda t: (t.sum(), t), x),
        functional.hessian(lambda t: (t**3).sum(), x),
        functional.hessian(lambda t: t**3, a),
        functional.vhp(lambda t: t**3, a),
        functional.hvp(lambda t: t**3, a),
    ]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("vectorize", [False, True])
def test_jacobians(torch, create_graph, vectorize):
    x, y = points(torch)
    made = torch.autograd.functional.jacobian(
        lambda a, b: several(torch, a, b), (x, y), create_graph=create_graph, vectorize=vectorize
    )
    if create_graph:
        total = sum((block**2).sum() for row in made for block in row)
        return made, torch.autograd.grad(total, (x, y))
    return made


def test_jacobians_forward(torch):
    x, y = points(torch)
    made = torch.autograd.functional.jacobian(
        lambda a, b: several(torch, a, b), (x, y), vectorize=True, strategy="forward-mode"
    )
    return [[block.detach() for block in row] for row in made]


@pytest.mark.parametrize("create_graph", [False, True])
def test_second_derivatives(torch, create_graph):
    functional = torch.autograd.functional
    x, y = points(torch)
    options = {"create_graph": create_graph}
    made = [
        functional.hessian(bowl, (x, y), **options),
        functional.vhp(bowl, (x, y), (y, x), **options),
        functional.hvp(bowl, (x, y), (y, x), **options),
    ]
    if create_graph:
        total = sum((block**2).sum() for row in made[0] for block in row)
        total = total + sum(t.sum() for t in made[1][1]) + sum(t.sum() for t in made[2][1])
        made.append(torch.autograd.grad(total, (x, y)))
    return made


def test_hessian_with_an_outer_pass_forward(torch):
    x, _ = points(torch)
    made = torch.autograd.functional.hessian(
        lambda t: (t**3).sum(), x, vectorize=True, outer_jacobian_strategy="forward-mode"
    )
    return made.detach()


def test_what_does_not_matter_gives_zeros(torch):
    functional = torch.autograd.functional
    x, y = points(torch)
    ones = torch.ones(3, dtype=torch.float64)
    return [
        functional.vjp(lambda a, b: a * 2, (x, y), ones),
        functional.jvp(lambda a, b: (a * 2, ones), (x, y), (ones, ones)),
        functional.jacobian(lambda a, b: (a * 2, ones), (x, y)),
        functional.hessian(lambda a, b: a.sum(), (x, y)),
        functional.vhp(lambda a, b: (a * b).sum() + b.sum(), (x, y), (ones, ones)),
        functional.hvp(lambda a, b: (a**2).sum(), (x, y), (ones, ones)),
    ]


def test_grad_mode_off(torch):
    functional = torch.autograd.functional
    x, _ = points(torch)
    with torch.no_grad():
        return [
            functional.vjp(lambda t: t.exp(), x, x),
            functional.jvp(lambda t: t.exp(), x, x),
            functional.jacobian(lambda t: t.exp(), x),
            functional.hessian(lambda t: t.exp().sum(), x),
        ]


def test_refusals(torch, refused):
    functional = torch.autograd.functional
    x, y = points(torch)
    ones = torch.ones(3)
    calls = [
        lambda: functional.vjp(lambda t: t, x),
        lambda: functional.jvp(lambda t: t, x),
        lambda: functional.vjp(lambda t: t, x, torch.ones(2)),
        lambda: functional.vjp(lambda t: t, x, (ones, ones)),
        lambda: functional.vjp(lambda t: t.tolist(), x, ones),
        lambda: functional.vjp(lambda t: (t, 1), x, ones),
        lambda: functional.jvp(lambda t: t, [x], ones),
        lambda: functional.hessian(lambda t: t, x),
        lambda: functional.hessian(lambda t: (t.sum(),), x),
        lambda: functional.vhp(lambda t: t, x, ones),
        lambda: functional.hvp(lambda t: (t.sum(), t.sum()), x, ones),
        lambda: functional.jacobian(lambda t: t, x, strategy="sideways"),
        lambda: functional.jacobian(lambda t: t, x, strategy="forward-mode"),
        lambda: functional.jacobian(
            lambda t: t, x, vectorize=True, strategy="forward-mode", create_graph=True
        ),
        lambda: functional.jacobian(
            lambda t: t, x, vectorize=True, strategy="forward-mode", strict=True
        ),
        lambda: functional.jacobian(lambda t: t, x, vectorize=True, strict=True),
        lambda: functional.vjp(lambda t: ones, x, ones, strict=True),
        lambda: functional.vjp(lambda a, b: a, (x, y), ones, strict=True),
        lambda: functional.jvp(lambda t: 2 * t, x, ones, strict=True, create_graph=True),
        lambda: functional.jacobian(lambda a, b: a, (x, y), strict=True),
        lambda: functional.jacobian(lambda t: 2 * t, x, strict=True, create_graph=True),
        lambda: functional.hessian(lambda t: t.sum(), x, strict=True),
        lambda: functional.hvp(lambda t: t.sum(), x, ones, strict=True),
        lambda: functional.vhp(lambda t: t.sum(), x, ones, strict=True),
    ]
    return [refused(call, x, y) for call in calls]


def test_strict_accepts_what_matters(torch):
    functional = torch.autograd.functional
    x, y = points(torch)
    return [
        functional.vjp(lambda a, b: a * b, (x, y), x, strict=True),
        functional.jvp(lambda a, b: a * b, (x, y), (x, y), strict=True),
        functional.jacobian(lambda t: t**2, x, strict=True, create_graph=True),
        functional.hessian(lambda t: (t**3).sum(), x, strict=True),
        functional.hvp(lambda t: (t**3).sum(), x, x, strict=True),
        functional.vhp(lambda t: (t**3).sum(), x, x, strict=True),
    ]
