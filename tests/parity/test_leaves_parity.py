"""Leaves, `retain_grad`, `detach` and `.data`: what is on the tape and what is not."""

import pytest

LEAF_TABLE = [
    "torch.ones(2)",
    "torch.ones(2, requires_grad=True)",
    "torch.ones(2) * 2",
    "torch.ones(2, requires_grad=True) * 2",
    "torch.ones(2, requires_grad=True).detach()",
    "torch.ones(2, requires_grad=True).data",
    "torch.ones(2, requires_grad=True).clone()",
    "torch.ones(2).requires_grad_()",
    "(torch.ones(2) * 2).requires_grad_()",
    "torch.ones(2, requires_grad=True).requires_grad_(False)",
    "torch.ones(2, requires_grad=True).detach().requires_grad_()",
    "torch.ones(2, requires_grad=True)[0]",
    "torch.ones(2, requires_grad=True).double()",
    "torch.ones(2, requires_grad=True).float()",
    "torch.ones(2, requires_grad=True).long()",
    "torch.ones(2, requires_grad=True).view(2)",
    "torch.ones(2, requires_grad=True) > 0",
    "torch.ones(2, requires_grad=True).argmax()",
    "torch.ones(2, requires_grad=True).sum().detach()",
    "torch.zeros_like(torch.ones(2, requires_grad=True))",
    "torch.tensor([1, 2])",
    "torch.nn.Parameter(torch.ones(2))",
    "torch.nn.Parameter(torch.ones(2), requires_grad=False)",
    "torch.nn.Parameter(torch.ones(2) * 2) * 1",
]


@pytest.mark.parametrize("expression", LEAF_TABLE)
def test_leaf_table(torch, expression):
    made = eval(expression, {"torch": torch})
    return made.is_leaf, made.requires_grad, made.grad_fn is None, made.grad


def test_grad_can_be_deleted(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 2).sum().backward()
    x.grad = None
    missing = x.grad is None
    (x * 2).sum().backward()
    del x.grad
    return missing, x.grad


def test_grad_can_be_zeroed_in_place(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 2).sum().backward()
    zeroed = x.grad.zero_()
    (x * 3).sum().backward()
    return zeroed is x.grad, x.grad


def test_grad_assigned_to_a_tensor_that_does_not_require_it(torch):
    x = torch.tensor([1.0, 2.0])
    x.grad = torch.tensor([3.0, 4.0])
    return x.grad, x.requires_grad


def test_retain_grad_keeps_an_inner_gradient(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    h.retain_grad()
    (h * h).sum().backward()
    return h.grad, x.grad, h.retains_grad, x.retains_grad


def test_retain_grad_accumulates(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    h.retain_grad()
    h.sum().backward(retain_graph=True)
    (h * 2).sum().backward()
    return h.grad, x.grad


def test_retain_grad_on_a_leaf_does_nothing(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.retain_grad()
    (x * x).sum().backward()
    return x.grad, x.retains_grad


def test_retain_grad_twice(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    h.retain_grad()
    h.retain_grad()
    h.sum().backward()
    return h.grad


def test_inner_tensor_has_no_grad_and_says_so(torch, warned):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    h.sum().backward()
    return h.grad, warned(lambda: h.grad)


def test_detach_cuts_one_path(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    z = x * y
    (z.detach() * x + y**3).backward()
    return x.grad, y.grad


def test_detach_shares_memory(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    d = x.detach()
    d[0] = 9.0
    return x, d, d.requires_grad


def test_detach_in_place(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.detach_()
    return y, y.grad_fn is None, y.is_leaf


def test_data_reads_and_writes_without_the_tape(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    x.data += 100
    x.data[0] = 5.0
    y.sum().backward()
    return x, x.grad, x.data.requires_grad


def test_data_assignment_replaces_the_value(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.data = torch.tensor([3.0, 4.0, 5.0])
    (x * x).sum().backward()
    return x, x.grad


def test_requires_grad_can_be_switched_on_a_leaf(torch):
    x = torch.tensor([1.0, 2.0])
    x.requires_grad = True
    (x * x).sum().backward()
    x.requires_grad = False
    y = x * 2
    return x.grad, y.requires_grad


def test_requires_grad_returns_the_tensor_itself(torch):
    x = torch.ones(2)
    return x.requires_grad_() is x, x.requires_grad_(False) is x, x.requires_grad


def test_requires_grad_set_after_use_does_not_reach_back(torch):
    x = torch.tensor([1.0, 2.0])
    y = x * 3
    x.requires_grad_()
    return y.requires_grad, (x * 3).requires_grad


def test_frozen_leaf_in_a_live_graph(torch):
    a = torch.tensor(1.0, requires_grad=True)
    b = torch.tensor(0.5, requires_grad=False)
    ((a * 2 + b) ** 2).backward()
    return a.grad, b.grad


def test_deepcopy_of_a_leaf(torch):
    import copy

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 2).sum().backward()
    twin = copy.deepcopy(x)
    twin.data[0] = 8.0
    return x, twin, twin.grad, twin.is_leaf


def test_clone_is_on_the_tape(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    c = x.clone()
    (c * c).sum().backward()
    return c.is_leaf, x.grad


EARLY_VIEWS = {
    "view": "v = b[1:]",
    "view of a view": "v = b[1:][:2]",
    "without grad": "with torch.no_grad(): v = b[1:]",
    "one of several": "v, _ = b.split(2)",
    "detached": "v = b.detach()",
    "of another base": "c = b.clone(); v = c[1:]",
}
LATER = {
    "nothing": "",
    "again": "b.requires_grad_()",
    "unmarked": "b.requires_grad_(False)",
    "the view marked": "v.requires_grad_()",
    "the view unmarked": "v.requires_grad_(False)",
    "the base written": "with torch.no_grad(): b.mul_(2)",
    "the view written": "with torch.no_grad(): v.mul_(2)",
    "a hook": "v.requires_grad and v.register_hook(lambda g: g * 3)",
}


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("view", EARLY_VIEWS)
def test_views_taken_before_the_base_requires_grad(torch, caught, view, later):
    if view in ("without grad", "one of several") and "written" in later:
        pytest.skip("PyTorch refuses to say anything about such a view")
    names = {"torch": torch, "b": torch.arange(4.0)}
    exec(EARLY_VIEWS[view], names)
    names["b"].requires_grad_()
    exec(LATER[later], names)
    b, v = names["b"], names["v"]
    flags = v.requires_grad, v.is_leaf, v.grad_fn is None
    out = (v * v + b[-1]).sum()
    refused = caught(lambda: out.backward())
    fault = caught(lambda: v.add_(1) and None)
    return flags, out, refused, b.grad, v.grad if v.is_leaf else None, fault


def test_a_view_taken_before_the_base_requires_grad_goes_on(torch):
    b = torch.arange(4.0)
    v = b[1:]
    b.requires_grad_()
    part = v[1:]
    (part * part).sum().backward()
    return part.requires_grad, part.is_leaf, b.grad, v.detach().requires_grad


@pytest.mark.parametrize("freeze", ["requires_grad_", "detach_"])
def test_a_leaf_frozen_after_the_forward_gathers_nothing(torch, freeze):
    x = torch.ones(3, requires_grad=True)
    w = torch.full((3,), 2.0, requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append(("hook", g.tolist())))
    x.register_post_accumulate_grad_hook(lambda leaf: seen.append(("after", leaf.grad)))
    y = (x * w).sum()
    if freeze == "detach_":
        x.detach_()
    else:
        x.requires_grad_(False)
    y.backward(retain_graph=True)
    frozen = x.grad, w.grad.clone()
    x.requires_grad_()
    y.backward()
    return frozen, x.grad, w.grad, seen


def test_a_leaf_that_is_a_view_stays_one_when_its_base_is_written(torch):
    x = torch.ones(3)
    leaf = x[1:].requires_grad_()
    x.cumsum_(0)
    x.clamp_(max=2.5)
    (leaf * leaf).sum().backward()
    return leaf, leaf.is_leaf, leaf.grad, x.requires_grad


def test_a_leaf_that_became_an_inner_tensor(torch, refused):
    x = torch.ones(3, requires_grad=True)
    w = torch.full((3,), 2.0, requires_grad=True)
    old = (x * 2).sum()
    x.requires_grad_(False)
    x.mul_(w)
    return refused(lambda: old.backward(), w)
