"""`autograd.grad`, higher derivatives, `functional`, and the checks of gradients."""

import warnings

import pytest


def test_one_output_one_input(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    got = torch.autograd.grad((x**3).sum(), x)
    return got, x.grad, type(got).__name__


def test_several_inputs(torch):
    x = torch.tensor(1.0, requires_grad=True)
    y = torch.tensor(2.0, requires_grad=True)
    return torch.autograd.grad(x * y + y, [x, y])


def test_inputs_as_a_tuple_and_by_name(torch):
    x = torch.tensor(1.0, requires_grad=True)
    y = torch.tensor(2.0, requires_grad=True)
    return torch.autograd.grad(outputs=x * y, inputs=(y, x))


def test_several_outputs_are_summed(torch):
    x = torch.tensor(1.0, requires_grad=True)
    y = torch.tensor(2.0, requires_grad=True)
    return torch.autograd.grad([x * y, x + y], [x, y])


def test_several_outputs_with_weights(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    weights = [torch.tensor([1.0, 10.0]), torch.tensor(100.0)]
    return torch.autograd.grad([x * x, x.sum()], x, grad_outputs=weights)


def test_weights_may_be_none_for_scalars(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return torch.autograd.grad([x.sum(), x * x], x, [None, torch.ones(2)])


def test_the_same_input_twice(torch):
    x = torch.tensor(3.0, requires_grad=True)
    return torch.autograd.grad(x * x, [x, x])


def test_input_that_is_not_a_leaf(torch):
    x = torch.tensor(3.0, requires_grad=True)
    h = x * 2
    return torch.autograd.grad(h * h, [h, x])


def test_output_as_its_own_input(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x * 2
    return torch.autograd.grad(y, y), torch.autograd.grad(x, x)


def test_intermediate_only_does_not_walk_further(torch):
    x = torch.tensor(3.0, requires_grad=True)
    h = x.exp()
    called = []
    x.register_hook(lambda g: called.append("leaf"))
    got = torch.autograd.grad(h * h, h)
    return got, called


def test_nothing_is_accumulated(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = torch.tensor(4.0, requires_grad=True)
    h = x * y
    h.retain_grad()
    torch.autograd.grad(h * h, x)
    return x.grad, y.grad


def test_unused_input_with_allow_unused(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = torch.tensor(4.0, requires_grad=True)
    return torch.autograd.grad(x * x, [x, y], allow_unused=True)


def test_unused_input_with_materialize_grads(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(x * x, [x, y], materialize_grads=True)


def test_unused_input_refused(torch, refused):
    x = torch.tensor(3.0, requires_grad=True)
    y = torch.tensor(4.0, requires_grad=True)
    out = x * x
    return refused(lambda: torch.autograd.grad(out, [x, y]), x, y)


def test_materialize_grads_against_allow_unused(torch, refused):
    x = torch.tensor(3.0, requires_grad=True)
    out = x * x
    call = lambda: torch.autograd.grad(out, x, allow_unused=False, materialize_grads=True)  # noqa: E731
    return refused(call, x, out)


def test_retain_graph(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x.exp() * x
    return torch.autograd.grad(y, x, retain_graph=True), torch.autograd.grad(y, x)


def test_freed_graph_refused(torch, refused):
    x = torch.tensor(3.0, requires_grad=True)
    y = x.exp() * x
    torch.autograd.grad(y, x)
    return refused(lambda: torch.autograd.grad(y, x), x, y)


def test_create_graph_result_is_on_the_tape(torch):
    x = torch.tensor(3.0, requires_grad=True)
    (g,) = torch.autograd.grad(x**3, x, create_graph=True)
    return g, torch.autograd.grad(g, x)


def test_result_without_create_graph_is_off_the_tape(torch):
    x = torch.tensor(3.0, requires_grad=True)
    (g,) = torch.autograd.grad(x**3, x)
    return g.requires_grad, g.grad_fn


@pytest.mark.parametrize(
    "text",
    [
        "x**5",
        "x.exp() * x.sin()",
        "(x * x).tanh()",
        "1 / (1 + x * x)",
        "x.log() * x.sqrt()",
        "x.sigmoid() ** 2",
        "(x * torch.tensor([1.0, 2.0]).double()).softmax(0)[0]",
        "(x * torch.tensor([1.0, 2.0]).double()).logsumexp(0)",
        "(x * torch.tensor([1.0, -2.0, 0.5]).double()).prod()",
        "x.reshape(1) @ x.exp().reshape(1)",
        "torch.stack([x, x * x, x**3]).sum()",
        "torch.where(x > 0, x**3, x)",
        "x**x",
        "2**x",
        "abs(x) ** 3",
    ],
)
def test_four_derivatives(torch, text):
    x = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    value, found = eval(text, {"torch": torch}, {"x": x}), []
    for _ in range(4):
        found.append(value.detach())
        (value,) = torch.autograd.grad(value, x, create_graph=True)
    return [*found, value.detach()]


def test_mixed_third_derivative(torch):
    x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(-1.5, dtype=torch.float64, requires_grad=True)
    f = (x * x * y).sin() + x * y.exp()
    (fx,) = torch.autograd.grad(f, x, create_graph=True)
    (fxy,) = torch.autograd.grad(fx, y, create_graph=True)
    return torch.autograd.grad(fxy, [x, y])


def test_hessian_row_by_row(torch):
    x = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad((x.prod() + (x * x).sum()).exp() * 1e-2, x, create_graph=True)
    return torch.stack([torch.autograd.grad(part, x, retain_graph=True)[0] for part in g])


def test_gradient_penalty(torch):
    w = torch.tensor([[0.5, -1.0], [1.5, 0.25]], requires_grad=True)
    x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    out = (x @ w).tanh().sum()
    (gx,) = torch.autograd.grad(out, x, create_graph=True)
    (out + 0.1 * (gx**2).sum()).backward()
    return w.grad, x.grad


def test_double_backward_trick_gives_a_forward_product(torch):
    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    y = x.sin() * x.prod()
    v = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(y, x, v, create_graph=True)
    return torch.autograd.grad(g, v, torch.tensor([1.0, 2.0], dtype=torch.float64))


def test_is_grads_batched(torch):
    x = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
    return torch.autograd.grad(x * x, x, torch.eye(3), is_grads_batched=True)


def test_functional_jacobian(torch):
    x = torch.tensor([0.5, -1.0, 2.0])
    return torch.autograd.functional.jacobian(lambda t: t.sin() * t.sum(), x)


def test_functional_jacobian_of_several_inputs(torch):
    x, y = torch.tensor([0.5, -1.0]), torch.tensor(2.0)
    return torch.autograd.functional.jacobian(lambda a, b: a * b, (x, y))


def test_functional_hessian(torch):
    x = torch.tensor([0.5, -1.0, 2.0])
    return torch.autograd.functional.hessian(lambda t: t.prod() + (t**3).sum(), x)


def test_functional_vjp_and_jvp(torch):
    x, v = torch.tensor([0.5, -1.0]), torch.tensor([1.0, 3.0])
    return (
        torch.autograd.functional.vjp(lambda t: t * t.sum(), x, v),
        torch.autograd.functional.jvp(lambda t: t * t.sum(), x, v),
    )


def test_functional_vhp_and_hvp(torch):
    x, v = torch.tensor([0.5, -1.0]), torch.tensor([1.0, 3.0])
    return (
        torch.autograd.functional.vhp(lambda t: t.prod() * t.sum(), x, v),
        torch.autograd.functional.hvp(lambda t: t.prod() * t.sum(), x, v),
    )


def test_gradcheck_accepts_a_right_gradient(torch):
    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([1.5, 2.0], dtype=torch.float64, requires_grad=True)
    return [
        torch.autograd.gradcheck(lambda a, b: a * b.exp(), (x, y)),
        torch.autograd.gradcheck(lambda a: (a.sin(), a.sum()), (x,)),
        torch.autograd.gradcheck(lambda a: a.tanh(), x, eps=1e-6, atol=1e-5, rtol=1e-3),
        torch.autograd.gradgradcheck(lambda a, b: a * b.exp(), (x, y)),
    ]


def wrong_square(torch):
    class WrongSquare(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return ct * 3 * x

    return WrongSquare.apply


def test_gradcheck_refuses_a_wrong_gradient(torch, refused):
    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    return refused(lambda: torch.autograd.gradcheck(wrong_square(torch), (x,)), x)


def test_gradcheck_can_answer_instead_of_raising(torch):
    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    return [torch.autograd.gradcheck(wrong_square(torch), (x,), raise_exception=False)]


def test_gradgradcheck_refuses_a_wrong_second_derivative(torch, refused):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return ct * 3 * x.detach() ** 2

    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    right = torch.autograd.gradcheck(Cube.apply, (x,))
    return right, refused(lambda: torch.autograd.gradgradcheck(Cube.apply, (x,)), x)


def test_gradcheck_needs_an_input_that_requires_grad(torch, caught):
    x = torch.tensor([0.5, -1.0], dtype=torch.float64)
    return caught(lambda: torch.autograd.gradcheck(lambda a: a * 2, (x,)))


def test_anomaly_mode_raises_where_a_backward_makes_nan(torch, refused):
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    with torch.autograd.detect_anomaly():
        y = (x.sqrt() * 0).sum()
        return refused(lambda: y.backward(), x)


def test_anomaly_mode_as_a_switch(torch, caught):
    x = torch.tensor(0.0, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        inside = torch.is_anomaly_enabled()
        answer = caught(lambda: (x.sqrt() * 0).backward())
    return inside, answer, torch.is_anomaly_enabled()


def test_anomaly_mode_can_ignore_nan(torch):
    x = torch.tensor(0.0, requires_grad=True)
    with torch.autograd.detect_anomaly(check_nan=False):
        (x.sqrt() * 0).backward()
    return x.grad


def test_anomaly_mode_leaves_a_sound_program_alone(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.detect_anomaly():
        (x.exp() * x).sum().backward()
    return x.grad


def test_materialized_zeros_require_grad_with_a_graph(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([[5.0, 6.0]], requires_grad=True)
    found = [
        torch.autograd.grad((x * x).sum(), y, create_graph=graph, materialize_grads=True)[0]
        for graph in (False, True)
    ]
    return [(g, g.requires_grad, g.is_leaf) for g in found]


def test_inputs_by_name(torch, refused):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 4.0], requires_grad=True)
    found = torch.autograd.grad((x * x * y).sum(), {"x": x, "y": y}, create_graph=True)
    second = torch.autograd.grad(found["x"].sum(), {"y": y})
    torch.autograd.backward((x * y).sum(), inputs={"x": x})
    return found, second, x.grad, y.grad, refused(lambda: torch.autograd.grad(x.sum(), {}))


def test_what_older_programs_pass(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    given = torch.ones(2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = torch.autograd.grad(x * x, x, given, None, False, False)
        torch.autograd.backward([x * x], grad_variables=[given])
    return found, x.grad, [str(w.message)[:40] for w in caught]
