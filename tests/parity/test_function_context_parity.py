"""What the context of an `autograd.Function` offers: marks, saved tensors, needs."""

import warnings

import pytest


def test_needs_input_grad(torch):
    class Mul(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y, k):
            ctx.save_for_backward(x, y)
            seen.append(list(ctx.needs_input_grad))
            return x * y * k

        @staticmethod
        def backward(ctx, ct):
            x, y = ctx.saved_tensors
            seen.append(list(ctx.needs_input_grad))
            return ct * y if ctx.needs_input_grad[0] else None, ct * x, None

    seen = []
    x, y = torch.ones(2), torch.ones(2, requires_grad=True)
    Mul.apply(x, y, 3).sum().backward()
    return seen, x.grad, y.grad


def test_unused_output_gets_zeros(torch):
    class Two(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, first, second):
            seen.append((first.tolist(), second.tolist()))
            return 2 * first + 3 * second

    seen = []
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    Two.apply(x)[0].sum().backward()
    return seen, x.grad


def test_set_materialize_grads_off_gives_none(torch):
    class Two(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, first, second):
            seen.append((first.tolist(), second is None))
            return 2 * first

    seen = []
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    Two.apply(x)[0].sum().backward()
    return seen, x.grad


def test_output_that_is_not_a_tensor(torch):
    class WithLabel(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, "label", 7

        @staticmethod
        def backward(ctx, ct, *others):
            return ct * 2

    x = torch.ones(2, requires_grad=True)
    y, label, number = WithLabel.apply(x)
    y.sum().backward()
    return label, number, x.grad


def test_mark_non_differentiable(torch):
    class Sort(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            first, where = x.max(0)
            ctx.mark_non_differentiable(where)
            ctx.save_for_backward(where)
            ctx.count = x.shape[0]
            return first, where

        @staticmethod
        def backward(ctx, ct, ignored):
            (where,) = ctx.saved_tensors
            return torch.zeros(ctx.count).scatter_add(0, where.reshape(1), ct.reshape(1))

    x = torch.tensor([1.0, 5.0, 3.0], requires_grad=True)
    first, where = Sort.apply(x)
    (first * 2).backward()
    return first, where, where.requires_grad, x.grad


def test_mark_non_differentiable_of_a_float(torch):
    class Parts(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            a, b = x * 2, x * 3
            ctx.mark_non_differentiable(b)
            return a, b

        @staticmethod
        def backward(ctx, ct, other):
            seen.append(other.tolist())
            return ct * 2

    seen = []
    x = torch.ones(2, requires_grad=True)
    a, b = Parts.apply(x)
    a.sum().backward()
    return a.requires_grad, b.requires_grad, seen


def test_mark_dirty(torch):
    class AddOne(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.add_(1)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, ct):
            return ct * 3

    x = torch.ones(2, requires_grad=True)
    h = x * 2
    version = h._version
    y = AddOne.apply(h)
    y.sum().backward()
    return y is h, y, h._version > version, x.grad


def test_mark_dirty_of_a_leaf_is_refused(torch, caught):
    class AddOne(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.add_(1)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, ct):
            return ct

    x = torch.ones(2, requires_grad=True)
    return caught(lambda: AddOne.apply(x))


def test_once_differentiable(torch, caught):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return ct * 3 * x**2

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (g,) = torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    return g.detach(), caught(lambda: torch.autograd.grad(g.sum(), x))


def test_saved_tensors_hold_the_tensor_and_attributes_hold_objects(torch):
    class Keep(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y, None)
            ctx.note = {"k": [1, 2]}
            return x * y

        @staticmethod
        def backward(ctx, ct):
            x, y, nothing = ctx.saved_tensors
            seen.append((nothing, ctx.note, len(ctx.saved_tensors), x.requires_grad))
            return ct * y, ct * x

    seen = []
    x, y = torch.ones(2, requires_grad=True), torch.ones(2)
    Keep.apply(x, y).sum().backward()
    return seen, x.grad


def test_saved_tensor_written_in_place(torch, refused):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return 2 * x * ct

    x = torch.ones(2, requires_grad=True)
    h = x * 2
    y = Square.apply(h)
    h.add_(1)
    return refused(lambda: y.sum().backward(), x, h)


def test_saved_tensors_after_backward_are_gone(torch, refused):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return 2 * x * ct

    x = torch.ones(2, requires_grad=True)
    y = Square.apply(x).sum()
    y.backward()
    return refused(lambda: y.backward(), x)


def test_no_node_without_recording(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return ct * 2

    with torch.no_grad():
        quiet = Double.apply(torch.ones(2, requires_grad=True))
    return quiet, Double.apply(torch.ones(2))


def test_context_gives_its_node(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.factor = 2
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return ct * ctx.factor

    x = torch.ones(2, requires_grad=True)
    y = Double.apply(x)
    y.grad_fn.factor = 5
    y.sum().backward()
    return x.grad


def test_saved_variables_is_an_older_name(torch):
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, g):
            (out,) = ctx.saved_variables
            return g * out

    x = torch.ones(2, requires_grad=True)
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        Exp.apply(x).sum().backward()
    return x.grad, [w.category.__name__ for w in given]


@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
def test_on_the_device_meta(torch, separate, wanted):
    class Square(torch.autograd.Function):
        if separate:

            @staticmethod
            def forward(x):
                return x * x

            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.save_for_backward(*inputs)

        else:

            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0] * 2

    x = torch.ones(3, device="meta", requires_grad=wanted)
    y = Square.apply(x)
    if wanted:
        y.sum().backward()
    grad = x.grad
    return (
        y.shape,
        str(y.device),
        y.requires_grad,
        None if grad is None else (grad.shape, str(grad.device)),
    )
