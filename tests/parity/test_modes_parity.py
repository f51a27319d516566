"""`no_grad`, `enable_grad`, `set_grad_enabled` and `inference_mode`, in every form they have."""

import threading

import pytest


@pytest.mark.parametrize("name", ["no_grad", "enable_grad", "inference_mode"])
def test_context_manager(torch, name):
    x = torch.tensor(2.0, requires_grad=True)
    with getattr(torch, name)():
        inside = torch.is_grad_enabled()
        y = x * 3
    return inside, y.requires_grad, y.grad_fn is None, torch.is_grad_enabled()


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("name", ["set_grad_enabled", "inference_mode"])
def test_context_manager_with_an_argument(torch, name, mode):
    x = torch.tensor(2.0, requires_grad=True)
    with getattr(torch, name)(mode):
        inside = torch.is_grad_enabled()
        y = x * 3
    return inside, y.requires_grad, torch.is_grad_enabled()


@pytest.mark.parametrize("name", ["no_grad", "enable_grad", "inference_mode"])
def test_decorator(torch, name):
    x = torch.tensor(2.0, requires_grad=True)

    @getattr(torch, name)()
    def triple(value):
        """The product with three."""
        return value * 3, torch.is_grad_enabled()

    y, inside = triple(x)
    return inside, y.requires_grad, torch.is_grad_enabled(), triple.__name__, triple.__doc__


@pytest.mark.parametrize("name", ["no_grad", "enable_grad", "inference_mode"])
def test_decorator_without_parentheses(torch, name):
    x = torch.tensor(2.0, requires_grad=True)

    @getattr(torch, name)
    def triple(value):
        return value * 3

    y = triple(x)
    return y.requires_grad, triple.__name__


@pytest.mark.parametrize("mode", [True, False])
def test_set_grad_enabled_as_a_decorator(torch, mode):
    @torch.set_grad_enabled(mode)
    def triple(value):
        return value * 3

    return triple(torch.tensor(2.0, requires_grad=True)).requires_grad, torch.is_grad_enabled()


def test_decorated_method(torch):
    class Frozen:
        scale = 3

        @torch.no_grad()
        def __call__(self, x):
            return x * self.scale

    return Frozen()(torch.tensor(2.0, requires_grad=True))


def test_decorated_generator(torch):
    @torch.no_grad()
    def states():
        yield torch.is_grad_enabled()
        yield torch.is_grad_enabled()

    seen = []
    for inside in states():
        seen += [inside, torch.is_grad_enabled()]
    return seen


def test_set_grad_enabled_as_a_call(torch):
    x = torch.tensor(2.0, requires_grad=True)
    torch.set_grad_enabled(False)
    off = (x * 2).requires_grad
    torch.set_grad_enabled(True)
    return off, (x * 2).requires_grad


def test_nesting(torch):
    seen = []
    with torch.no_grad():
        seen.append(torch.is_grad_enabled())
        with torch.enable_grad():
            seen.append(torch.is_grad_enabled())
            with torch.no_grad():
                seen.append(torch.is_grad_enabled())
            seen.append(torch.is_grad_enabled())
        seen.append(torch.is_grad_enabled())
    return seen, torch.is_grad_enabled()


def test_an_exception_restores_the_mode(torch):
    try:
        with torch.no_grad():
            raise KeyError("out")
    except KeyError:
        pass
    return [torch.is_grad_enabled()]


def test_the_same_object_can_be_entered_twice(torch):
    off = torch.no_grad()
    with off:
        with off:
            inner = torch.is_grad_enabled()
        after = torch.is_grad_enabled()
    # After the outer exit PyTorch leaves recording off: its object forgot the first mode.
    return inner, after


def test_a_thread_starts_with_its_own_mode(torch):
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
        seen.append(torch.is_grad_enabled())
    return seen


def test_no_grad_cuts_one_branch(torch):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    a = x**2
    with torch.no_grad():
        b = x**3
    c = a + b
    c.backward(torch.ones_like(c))
    return a.requires_grad, b.requires_grad, c.requires_grad, x.grad


def test_enable_grad_inside_of_no_grad_records(torch):
    x = torch.tensor(2.0, requires_grad=True)
    with torch.no_grad():
        with torch.enable_grad():
            y = x * x
        z = y * 3
    y.backward()
    return y, z, x.grad


def test_leaves_made_without_grad_can_require_it(torch):
    with torch.no_grad():
        x = torch.tensor(2.0, requires_grad=True)
        y = torch.ones(2).requires_grad_()
    (x * y).sum().backward()
    return x.grad, y.grad


def test_backward_inside_of_no_grad(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    with torch.no_grad():
        y.backward()
    return x.grad


def test_update_of_a_parameter_in_place(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(3):
        (w * w).sum().backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
        w.grad.zero_()
    return w, w.is_leaf, w._version


def test_rebinding_outside_of_no_grad_loses_the_leaf(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    w = w - 0.1 * w.grad
    return w.is_leaf, w.requires_grad


def test_view_taken_without_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.no_grad():
        v = x[:1]
        v.add_(10)
    return v.tolist(), x, x._version


def test_inference_tensors(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.inference_mode():
        y = x * 2
        z = torch.ones(2)
        inside = torch.is_inference_mode_enabled()
    return inside, y.is_inference(), z.is_inference(), x.is_inference(), y.requires_grad


def test_inference_tensor_can_be_read_outside(torch):
    with torch.inference_mode():
        y = torch.tensor([1.0, 2.0]) * 2
    return y + 1, y.tolist()


def test_inference_tensor_has_no_version(torch, caught):
    with torch.inference_mode():
        y = torch.ones(2)
    return caught(lambda: y._version)


def test_inference_tensor_cannot_be_saved_for_backward(torch, caught):
    with torch.inference_mode():
        y = torch.ones(2)
    x = torch.ones(2, requires_grad=True)
    return caught(lambda: x * y), x + y


def test_inference_tensor_cannot_be_written_outside(torch, refused):
    with torch.inference_mode():
        y = torch.ones(2)
    return refused(lambda: y.add_(1), y)


def test_inference_tensor_cannot_require_grad_outside(torch, caught):
    with torch.inference_mode():
        y = torch.ones(2)
    return caught(lambda: y.requires_grad_())


def test_inference_tensor_can_be_cloned_to_a_normal_one(torch):
    with torch.inference_mode():
        y = torch.ones(2)
    z = y.clone().requires_grad_()
    (z * 3).sum().backward()
    return z.is_inference(), z.grad
