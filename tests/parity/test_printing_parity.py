"""What programs print: the text of tensors, nodes, sizes and results, as a reader sees it."""

import pytest

TEXTS = [
    "torch.tensor(2.5)",
    "torch.tensor(2.0)",
    "torch.tensor(3)",
    "torch.tensor(True)",
    "torch.tensor([1.0, 2.0, 3.0])",
    "torch.tensor([1, 20, -300])",
    "torch.tensor([True, False])",
    "torch.tensor([0.5, 100.0])",
    "torch.tensor([1e-8, 1.0])",
    "torch.tensor([1e10, 1.0])",
    "torch.tensor([0.1, 0.25, 1 / 3])",
    "torch.tensor([float('nan'), float('inf'), -1.0])",
    "torch.tensor([])",
    "torch.zeros(0, 3)",
    "torch.tensor([[1.0, 2.0], [3.0, 4.0]])",
    "torch.tensor([[1.5, -22.25], [333.0, 4.0]])",
    "torch.arange(24.0).reshape(2, 3, 4)",
    "torch.arange(2000)",
    "torch.linspace(0, 1, 30)",
    "torch.tensor(2.5, dtype=torch.float64)",
    "torch.tensor([1.0, 2.0], dtype=torch.float16)",
    "torch.tensor([1, 2], dtype=torch.int32)",
    "torch.tensor([1, 2], dtype=torch.uint8)",
    "torch.tensor([1 + 2j, -0.5j])",
    "torch.tensor(2.0, requires_grad=True)",
    "torch.tensor([1.0, 2.0], requires_grad=True)",
    "torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)",
    "torch.tensor([1.0, 2.0], requires_grad=True) * 2",
    "(torch.tensor([1.0, 2.0], requires_grad=True) * 2).double()",
    "torch.tensor([[1.0, 2.0]], requires_grad=True).sum(0)",
    "torch.tensor([[1.0, 2.0]], requires_grad=True).mean()",
    "torch.tensor([[1.0, 2.0]], requires_grad=True)[0]",
    "torch.tensor([[1.0, 2.0]], requires_grad=True)[0, 1]",
    "torch.tensor([[1.0, 2.0]], requires_grad=True).t()",
    "torch.tensor([1.0, 2.0], requires_grad=True).view(2, 1)",
    "torch.tensor([1.0, 2.0], requires_grad=True).clone()",
    "torch.tensor([1.0, 2.0], requires_grad=True).detach()",
    "torch.tensor([1.0, 2.0], requires_grad=True).data",
    "torch.tensor([1.0, 2.0], requires_grad=True) @ torch.ones(2)",
    "torch.tensor([1.0, 2.0], requires_grad=True).softmax(0)",
    "torch.tensor([1.0, 2.0], requires_grad=True).max(0)",
    "torch.tensor([[1.0, 9.0], [3.0, 4.0]]).max(1)",
    "torch.tensor([[1.0, 9.0], [3.0, 4.0]]).min(1)",
    "torch.tensor([1.0, 2.0], requires_grad=True).split(1)",
    "[torch.tensor(1.0), torch.tensor([2])]",
    "{'w': torch.tensor([1.0, 2.0])}",
    "(torch.tensor(1.0, requires_grad=True) + 1,)",
    "torch.ones(2, 3).shape",
    "torch.Size([2, 3])",
    "torch.tensor(1.0).shape",
    "torch.ones(2, 3).shape[1:]",
    "torch.float32",
    "torch.ones(1).dtype",
    "torch.ones(1).double().dtype",
    "torch.int64",
    "torch.bool",
    "torch.ones(1).device",
    "torch.device('cpu')",
    "torch.ones(2).grad",
    "torch.ones(2).stride()",
    "torch.tensor([2.0])[0]",
    "torch.tensor([1.0, 2.0]) > 1.5",
    "-torch.tensor([0.0, 1.0])",
    "torch.tensor([1.0, 2.0]) / 3",
    "torch.tensor([1e-3, 1e3])",
    "torch.tensor(0.1) + torch.tensor(0.2)",
    "torch.tensor(123456789.0)",
    "torch.tensor(1e-5)",
    "torch.full((3, 3), 7)",
    "torch.eye(3)",
    "torch.nn.Parameter(torch.tensor([1.0, 2.0]))",
    "torch.nn.Parameter(torch.tensor(1.0)) * 2",
]
FORMATS = ["{}", "{!r}", "{!s}", "{:}"]
NUMBER_FORMATS = [
    "{:.3f}", "{:8.2f}", "{:e}", "{:g}", "{:.0%}", "{:+.1f}", "{:>10}", "{:<10}|", "{!r:>30}",
]  # fmt: skip


@pytest.mark.parametrize("expression", TEXTS)
def test_text(torch, expression):
    made = eval(expression, {"torch": torch})
    print(made)
    return str(made), repr(made), [form.format(made) for form in FORMATS]


@pytest.mark.parametrize("form", NUMBER_FORMATS)
def test_scalar_in_a_format(torch, form):
    return form.format(torch.tensor(3.14159)), form.format(torch.tensor(0.5, requires_grad=True))


@pytest.mark.parametrize("form", ["{:d}", "{:5d}", "{:x}", "{}"])
def test_integer_in_a_format(torch, form):
    return form.format(torch.tensor(42))


def test_percent_formatting(torch):
    x = torch.tensor(2.5, requires_grad=True)
    return "%s" % x, "%r" % (x * 2), "%.2f" % x, "%d" % torch.tensor(7)  # noqa: UP031


def test_cut_and_uncut_paths(torch):
    u = torch.tensor(1.5, requires_grad=True)
    v = torch.tensor(-2.0, requires_grad=True)
    mixed = u * v
    total = mixed.detach() ** 2 + u**3 * 2
    print(mixed, mixed.detach(), total)
    total.backward()
    print(f"du: {u.grad}")
    print(f"dv: {v.grad}")


def test_marking_and_clearing(torch):
    x = torch.arange(4.0)
    print(x, x.requires_grad)
    print(x.requires_grad_(True))
    y = torch.dot(x, x) / 2
    print("y:", y, y.backward(), x.grad)
    print(x.grad.zero_(), x.grad == x)
    (x.sum() * 3).backward()
    print(x.grad)


def test_matrix_powers_and_a_frozen_one(torch):
    x = torch.tensor([[0.5, 1.0], [-1.5, 2.0]], requires_grad=True)
    square = x**2
    with torch.no_grad():
        fourth = square**2
    both = square * fourth
    print(square, square.requires_grad, fourth, fourth.requires_grad, both, sep="\n")
    both.backward(torch.ones_like(both))
    print(x.grad)
    print(x.data, x.shape, x.dtype)


def test_data_changed_behind_the_tape(torch):
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    y = x**3
    x.data *= 10
    y.sum().backward()
    print(x, x.grad, sep=" ; ")


def test_derivatives_of_a_parabola(torch):
    t = torch.tensor(3.0, requires_grad=True)
    height = 5 + 12 * t - 4.9 * torch.pow(t, 2)
    (speed,) = torch.autograd.grad(height, t, create_graph=True)
    (pull,) = torch.autograd.grad(speed, t)
    print("height", height.data, "speed", speed, "pull", pull)
    print("at:\n", t)


def test_several_inputs(torch):
    a = torch.tensor(2.0, requires_grad=True)
    b = torch.tensor(-1.0, requires_grad=True)
    print(torch.autograd.grad([a * b, a**2], [a, b]))
    print(*torch.autograd.grad(a * b**2, (a, b)))


def test_descent(torch):
    x = torch.tensor(4.0, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.1)
    for step in range(30):
        optimizer.zero_grad()
        loss = (x - 1.25) ** 2
        loss.backward()
        if step % 10 == 0:
            print(step, x.grad, loss)
        optimizer.step()
    print(f"x = {x.data}, loss = {loss.item():.6f}")
    print(optimizer)


def test_custom_function(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * ct

    x = torch.tensor([1.0, -2.0], requires_grad=True)
    y = Cube.apply(x)
    print(y, y.grad_fn.name())
    y.sum().backward()
    print(x.grad)


def test_updates_by_hand(torch):
    w = torch.tensor(0.5, requires_grad=True)
    b = torch.tensor(0.0, requires_grad=True)
    x = torch.tensor([0.0, 1.0, 2.0])
    for _ in range(4):
        loss = ((w * x + b - (2 * x + 1)) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.25 * w.grad
            b -= 0.25 * b.grad
        print(f"loss {loss:.4f} w {w:.4f} b {b:.4f} {w.grad.item():.3f}")
        w.grad.zero_()
        b.grad.zero_()
    print(w.requires_grad, b.is_leaf)


def test_print_options(torch):
    x = torch.tensor([1.123456789, 2.0])
    torch.set_printoptions(precision=2)
    try:
        shown = str(x)
    finally:
        torch.set_printoptions(profile="default")
    return shown, str(x)


def test_tensors_side_by_side(torch):
    x = torch.tensor([[0.0, 1.0]], requires_grad=True)
    print("x:\n", x, "\nsum:", x.sum(), "\n", x.grad, end="!\n")
    print([x, x.sum().item()], {"k": x.sum()})
