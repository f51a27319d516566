"""Hooks of `nn.Module`: order, what they see, what they may replace, and hooks of every module."""

import pytest


def two_layers(torch):
    class Scale(torch.nn.Module):
        def __init__(self, by):
            super().__init__()
            self.by = torch.nn.Parameter(torch.tensor(by))

        def forward(self, x, *, shift=0.0):
            return x * self.by + shift

    class Pair(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = Scale(2.0), Scale(3.0)

        def forward(self, x, y=None):
            out = self.second(self.first(x))
            return out if y is None else (out + y, out - y)

    return Pair()


def listed(grads):
    return [None if g is None else g.tolist() for g in grads]


def test_forward_hooks_with_keywords_and_order(torch):
    m, seen = two_layers(torch).first, []
    m.register_forward_hook(lambda *a: seen.append(("last", len(a), a[2].tolist())))
    m.register_forward_hook(
        lambda module, args, kwargs, out: seen.append(("kw", dict(kwargs))) or out + 10,
        with_kwargs=True,
        prepend=True,
    )
    m.register_forward_pre_hook(lambda module, args: seen.append("pre"))
    m.register_forward_pre_hook(
        lambda module, args, kwargs: ((args[0] + 1,), {**kwargs, "shift": 5.0}),
        with_kwargs=True,
        prepend=True,
    )
    return m(torch.ones(2), shift=1.0), seen, len(m._forward_hooks), len(m._forward_pre_hooks)


def test_a_pre_hook_may_return_one_value(torch):
    m = two_layers(torch)
    with m.first.register_forward_pre_hook(lambda module, args: args[0] * 100):
        inside = m(torch.ones(1))
    return inside, m(torch.ones(1))


def test_always_call_hooks_run_after_a_failure(torch, caught, warned):
    m, seen = two_layers(torch).first, []
    m.register_forward_hook(lambda *a: seen.append("never"))
    m.register_forward_hook(lambda *a: seen.append(a[2]), always_call=True)
    error = caught(lambda: m("text"))
    m.register_forward_hook(lambda *a: 1 / 0, always_call=True)
    return error, seen, warned(lambda: caught(lambda: m("text")))


def test_full_backward_hooks(torch):
    m, seen = two_layers(torch), []
    m.register_full_backward_hook(
        lambda module, gi, go: seen.append(("all", listed(gi), listed(go)))
    )
    m.first.register_full_backward_hook(
        lambda module, gi, go: seen.append(("first", listed(gi), listed(go))) or (gi[0] * 10,)
    )
    m.second.register_full_backward_pre_hook(
        lambda module, go: seen.append(("second", listed(go))) or (go[0] * 2,)
    )
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    out = m(x)
    out.sum().backward()
    return x.grad, [p.grad for p in m.parameters()], seen, out.grad_fn.name()


def test_full_backward_hook_of_several_values(torch):
    m, seen = two_layers(torch), []
    m.register_full_backward_hook(lambda module, gi, go: seen.append((listed(gi), listed(go))))
    x, y = torch.ones(2, requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)
    a, b = m(x, y)
    (a * 2 + b).sum().backward()
    (m(x, torch.ones(2))[0]).sum().backward()
    return x.grad, y.grad, seen


def test_full_backward_hook_without_inputs_to_wait_for(torch, warned):
    m, seen = two_layers(torch), []
    m.register_full_backward_hook(lambda module, gi, go: seen.append((listed(gi), listed(go))))
    given = warned(lambda: m(torch.ones(2)).sum().backward())
    return [p.grad for p in m.parameters()], seen, given


def test_hooks_do_nothing_without_gradients(torch):
    m, seen = two_layers(torch), []
    m.register_full_backward_hook(lambda module, gi, go: seen.append(1))
    with torch.no_grad():
        out = m(torch.ones(2, requires_grad=True))
    return out, seen


def test_removed_backward_hooks(torch):
    m, seen = two_layers(torch), []
    handle = m.register_full_backward_hook(lambda module, gi, go: seen.append("gone"))
    pre = m.register_full_backward_pre_hook(lambda module, go: seen.append("gone"))
    handle.remove()
    pre.remove()
    handle.remove()
    m(torch.ones(1, requires_grad=True)).sum().backward()
    return seen, len(m._backward_hooks)


def test_the_older_backward_hook(torch):
    m, seen = two_layers(torch).first, []
    m.register_backward_hook(lambda module, gi, go: seen.append(listed(go)))
    x = torch.ones(2, requires_grad=True)
    m(x).sum().backward()
    return x.grad, seen


@pytest.mark.parametrize(
    "program",
    [
        "m.register_full_backward_hook(f), m.register_backward_hook(f)",
        "m.register_backward_hook(f), m.register_full_backward_hook(f)",
        "m.register_forward_pre_hook(lambda m, a, k: 1, with_kwargs=True), m(torch.ones(1))",
        "m.register_full_backward_hook(lambda m, i, o: (None, None)), m(x).sum().backward()",
        "m.register_full_backward_pre_hook(lambda m, o: (None, None)), m(x).sum().backward()",
    ],
)
def test_faults_of_hooks(torch, caught, program):
    names = {
        "torch": torch,
        "m": two_layers(torch),
        "f": lambda *a: None,
        "x": torch.ones(1, requires_grad=True),
    }
    return caught(lambda: eval(program, names))


def test_hooks_of_every_module(torch):
    m, seen = two_layers(torch), []
    everywhere = torch.nn.modules.module
    handles = [
        everywhere.register_module_forward_pre_hook(
            lambda module, args: seen.append(("pre", module._get_name()))
        ),
        everywhere.register_module_forward_hook(
            lambda module, args, out: seen.append(("post", module._get_name()))
        ),
        everywhere.register_module_full_backward_hook(
            lambda module, gi, go: seen.append(("back", module._get_name()))
        ),
    ]
    m(torch.ones(1, requires_grad=True)).sum().backward()
    for handle in handles:
        handle.remove()
    m(torch.ones(1))
    return seen


def test_hooks_of_registration(torch):
    seen = []
    everywhere = torch.nn.modules.module
    handles = [
        everywhere.register_module_parameter_registration_hook(
            lambda module, name, value: seen.append(("parameter", name))
        ),
        everywhere.register_module_buffer_registration_hook(
            lambda module, name, value: seen.append(("buffer", name))
        ),
        everywhere.register_module_module_registration_hook(
            lambda module, name, value: seen.append(("module", name))
        ),
    ]
    m = two_layers(torch)
    m.register_buffer("b", torch.ones(1))
    m.b = torch.zeros(1)
    m.add_module("third", torch.nn.Module())
    for handle in handles:
        handle.remove()
    m.add_module("fourth", torch.nn.Module())
    return seen
