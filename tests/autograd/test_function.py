"""Custom Functions: their context, what they save, in-place work, keyword arguments."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import wengert as torch
from wengert.errors import GradientError

func = torch.func


def tensor(values, requires_grad=False):
    return torch.tensor(values, dtype=torch.float64, requires_grad=requires_grad)


class Mix(torch.autograd.Function):
    """x**3 * w and x * w. Saves inputs, an output, and an attribute that is a tensor."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, w, power=3):
        return x**power * w, x * w

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, w, power = inputs
        ctx.save_for_backward(x, w, output[1])
        ctx.save_for_forward(x, w)
        ctx.power = power
        ctx.shape = x.shape
        ctx.pair = [x, {"w": w}]

    @staticmethod
    def backward(ctx, g, h):
        x, w, xw = ctx.saved_tensors
        n = ctx.power
        assert ctx.shape == x.shape
        y, v = ctx.pair[0], ctx.pair[1]["w"]
        return g * n * y ** (n - 2) * xw + h * v, g * x**n + h * y, None

    @staticmethod
    def jvp(ctx, t, u, _):
        x, w = ctx.saved_tensors
        t = torch.zeros_like(x) if t is None else t
        u = torch.zeros_like(w) if u is None else u
        n = ctx.power
        return t * n * x ** (n - 1) * w + u * x**n, t * w + u * x


# The context


def test_any_attribute_name_is_free():
    names = [
        "shape",
        "edges",
        "saved",
        "rank",
        "outputs",
        "params",
        "extra",
        "code",
        "row",
        "inputs",
    ]

    class Named(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            for name in names:
                setattr(ctx, name, name)
            ctx.save_for_backward(x)
            return x.sum()

        @staticmethod
        def backward(ctx, grad):
            assert [getattr(ctx, name) for name in names] == names
            (x,) = ctx.saved_tensors
            return grad.expand(*x.shape)

    x = tensor([1.0, 2.0], True)
    y = Named.apply(x)
    y.register_hook(lambda g: g * 3)
    y.backward()
    assert x.grad.tolist() == [3, 3]


def test_the_node_shows_the_context():
    x = tensor([1.0, 2.0], True)
    y, _ = Mix.apply(x, tensor(2.0))
    node = y.grad_fn
    assert node.power == 3 and node.needs_input_grad == (True, False, False)
    assert [t.tolist() for t in node.saved_tensors] == [[1, 2], 2, [2, 4]]
    assert node.saved_tensors[0] is x and node.saved_tensors[2].grad_fn is node
    assert [edge[0] and edge[0].name() for edge in node.next_functions] == [
        "torch::autograd::AccumulateGrad",
        None,
    ]
    with pytest.raises(AttributeError, match="'speed' was not set on the context"):
        _ = node.speed


def test_needs_input_grad():
    seen = []

    class Look(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n, y):
            seen.append(ctx.needs_input_grad)
            return x * n + y

        @staticmethod
        def backward(ctx, grad):
            seen.append(ctx.needs_input_grad)
            return grad, None, None

    Look.apply(tensor([1.0], True), 2, tensor([1.0])).sum().backward()
    Look.apply(tensor([1.0]), 2, tensor([1.0]))
    assert seen == [(True, False, False)] * 2 + [(False, False, False)]


def test_needs_input_grad_is_that_of_the_level():
    seen = []

    class Look(torch.autograd.Function):
        @staticmethod
        def forward(x, y):
            return x * y

        @staticmethod
        def setup_context(ctx, inputs, output):
            seen.append(ctx.needs_input_grad)
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, grad):
            x, y = ctx.saved_tensors
            return grad * y, grad * x

        @staticmethod
        def jvp(ctx, t, u):
            seen.append(ctx.needs_input_grad)
            x, y = ctx.saved_tensors
            return t * y

    func.grad(lambda x: Look.apply(x, tensor(2.0)))(tensor(3.0))
    assert seen == [(False, False), (True, False)]
    seen.clear()
    func.jvp(lambda x: Look.apply(x, tensor(2.0)), (tensor(3.0),), (tensor(1.0),))
    assert seen == [(False, False), (True, False), (True, False)]


def test_keyword_arguments_and_defaults_are_bound():
    x = tensor([2.0], True)
    assert Mix.apply(x, w=tensor(3.0))[0].tolist() == [24]
    assert Mix.apply(power=2, w=tensor(3.0), x=x)[0].tolist() == [12]
    Mix.apply(x, power=2, w=tensor(3.0))[0].sum().backward()
    assert x.grad.tolist() == [12]
    with pytest.raises(TypeError):
        Mix.apply(x, speed=3)


def test_keyword_arguments_without_setup_context_are_refused():
    class Old(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor=2):
            return x * factor

    assert Old.apply(tensor([1.0])).tolist() == [2]
    with pytest.raises(TypeError, match="takes no keyword arguments"):
        Old.apply(tensor([1.0]), factor=3)


def test_vjp_is_another_name_for_backward():
    class Named(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, grad):
            return grad * 2

    x = tensor([1.0], True)
    Named.apply(x).sum().backward()
    assert x.grad.tolist() == [2]


def test_a_function_is_not_called_as_an_object():
    with pytest.raises(GradientError, match=r"Use `Mix.apply\(\.\.\.\)`"):
        Mix()(tensor([1.0]))


def test_backward_may_write_into_its_argument():
    class Clip(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return grad.mul_(10)

    x, y = tensor([1.0, 2.0], True), tensor([3.0, 4.0], True)
    (Clip.apply(x) + y).backward(torch.ones(2, dtype=torch.float64))
    assert (x.grad.tolist(), y.grad.tolist()) == ([10, 10], [1, 1])


def test_unused_outputs_get_zeros_of_their_dtype():
    seen = []

    class Pair(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x.sum(), "a text"

        @staticmethod
        def backward(ctx, *grads):
            seen.extend(None if g is None else (g.dtype, tuple(g.shape)) for g in grads)
            return grads[0]

    x = torch.ones(2, requires_grad=True)
    Pair.apply(x)[0].sum().backward()
    assert seen == [(torch.float32, (2,)), (torch.float32, ()), None]


def test_a_function_leaves_no_cycle():
    class Keep(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x.exp()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0], output)

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.saved_tensors[1]

    gc.collect()
    gc.disable()
    try:
        x = tensor([1.0, 2.0], True)
        y = Keep.apply(x)
        z = func.vmap(Mix.apply, (0, None))(y, tensor(2.0))[0]
        (z.sum() + y.sum()).backward(retain_graph=True)
        dead = [weakref.ref(t) for t in (x, y, z, y.grad_fn, z.grad_fn)]
        del x, y, z
        assert [ref() for ref in dead] == [None] * 5
    finally:
        gc.enable()


# In place


class Square(torch.autograd.Function):
    """Squares its argument in place."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.clone())
        ctx.mark_dirty(x)
        x.mul_(x)
        return x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 2 * x


def test_mark_dirty_returns_the_input_itself():
    x = tensor([1.0, 2.0, 3.0], True)
    h = x * 2
    before = h._version
    y = Square.apply(h)
    assert y is h and h._version > before and h.grad_fn.name() == "SquareBackward"
    h.sum().backward()
    assert x.grad.tolist() == [8, 16, 24]


def test_mark_dirty_on_a_view_reaches_its_base():
    x = tensor([1.0, 2.0, 3.0], True)
    h = x * 2
    y = Square.apply(h[1:])
    assert h.tolist() == [2, 16, 36]
    (h * tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [2, 2 * 2 * 4 * 10, 2 * 2 * 6 * 100]
    assert y.tolist() == [16, 36]


def test_mark_dirty_on_a_base_reaches_its_views():
    x = tensor([1.0, 2.0, 3.0], True)
    h = x * 2
    v = h[1]
    Square.apply(h)
    assert v.item() == 16
    v.backward()
    assert x.grad.tolist() == [0, 16, 0]


def test_mark_dirty_of_leaves_is_refused():
    x = tensor([1.0, 2.0], True)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        Square.apply(x)
    with pytest.raises(RuntimeError, match="view of a leaf Variable"):
        Square.apply(x[:1])


def test_what_was_saved_before_a_dirty_write_is_guarded():
    x = tensor([1.0, 2.0], True)
    h = x * 2
    k = h * h
    Square.apply(h)
    with pytest.raises(GradientError, match="modified by an inplace operation"):
        k.sum().backward()


def test_a_dirty_input_must_be_returned():
    class Lost(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x * 2

    with pytest.raises(GradientError, match="must all be outputs of the Function"):
        Lost.apply(tensor([1.0], True) * 2)


def test_mark_dirty_inside_a_gradient_transform():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x.mul_(2)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_dirty(inputs[0])

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    def f(x):
        h = x * 1
        Double.apply(h)
        return (h * h).sum()

    assert func.grad(f)(tensor([1.0, 3.0])).tolist() == [8, 24]
    assert func.grad(lambda x: (func.grad(f)(x) ** 2).sum())(tensor([1.0, 3.0])).tolist() == [
        128,
        384,
    ]


def test_overwriting_what_a_function_saved_is_noticed():
    x = tensor([1.0, 2.0], True)
    h = x * 2
    y, _ = Mix.apply(h, tensor(2.0))
    with torch.no_grad():
        h.add_(1)
    with pytest.raises(GradientError, match="MixBackward: the saved value .* was changed"):
        y.sum().backward()


# Hooks on saved tensors


def test_saved_tensors_hooks_pack_inputs_and_outputs_of_functions():
    packed = []

    def pack(t):
        packed.append(t.tolist())
        return t.detach().clone()

    x = tensor([2.0], True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        y, _ = Mix.apply(x, tensor([3.0]))
    assert packed == [[2], [3], [6]]
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert g.tolist() == [36]
    assert torch.autograd.grad(g.sum(), x)[0].tolist() == [36]


def test_saved_tensors_hooks_keep_history_of_rows():
    x = tensor([2.0], True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), tensor):
        y = x.exp() * x * x
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    np.testing.assert_allclose(g.item(), np.exp(2) * 8)
    (second,) = torch.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(second.item(), np.exp(2) * (4 + 8 + 2))


def test_saved_tensors_are_freed_by_backward():
    x = tensor([2.0], True)
    y, _ = Mix.apply(x, tensor([3.0]))
    node = y.grad_fn
    y.sum().backward()
    for look in (lambda: y.sum().backward(), lambda: node.saved_tensors):
        with pytest.raises(GradientError, match="a second time"):
            look()
