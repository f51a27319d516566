"""`x.data = y` with a y of another dtype or shape: what becomes of gradients, graphs, views, hooks and optimizers."""

import pytest


def leaf(torch, **options):
    return torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0], **options))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex64"])
def test_a_leaf_of_another_dtype(torch, dtype):
    p = leaf(torch)
    same = p
    p.data = p.data.to(getattr(torch, dtype))
    (p * 2).abs().sum().backward()
    return p, p.grad, p is same, p._version


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_a_gradient_of_the_old_dtype_is_added_to(torch, dtype):
    p = leaf(torch)
    (p * 2).sum().backward()
    p.data = p.data.to(getattr(torch, dtype))
    kept = p.grad
    (p * 3).sum().backward()
    return kept is p.grad, p.grad


GRAPHS = {
    "nothing saved": "(p * 2).sum()",
    "the leaf saved": "(p * p).sum()",
    "a result saved": "p.exp().log().sum()",
    "of another leaf": "(p * w).sum()",
}


@pytest.mark.parametrize("dtype", ["float16", "float64"])
@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_from_before(torch, name, dtype):
    p, w = leaf(torch), leaf(torch)
    y = eval(GRAPHS[name], {"p": p, "w": w})
    p.data = torch.tensor([4.0, 5.0, 6.0], dtype=getattr(torch, dtype))
    y.backward()
    return p.grad, w.grad


def test_graphs_from_before_and_after_together(torch):
    p = leaf(torch)
    y = (p * 2).sum()
    p.data = p.data.double()
    z = (p * 3).sum()
    p.data = p.data.half()
    (p * 4).sum().backward()
    first = p.grad.clone()
    z.backward()
    y.backward()
    return first, p.grad


def test_a_graph_from_before_does_not_lead_to_the_leaf(torch, refused):
    p = leaf(torch)
    y = (p * 2).sum()
    p.data = p.data.double()
    return refused(lambda: torch.autograd.grad(y, p), p)


def test_second_derivatives(torch):
    p = leaf(torch)
    p.data = p.data.double()
    (g,) = torch.autograd.grad((p**3).sum(), p, create_graph=True)
    g.sum().backward()
    return g, p.grad


def test_second_derivatives_of_a_graph_from_before(torch):
    p, w = leaf(torch), leaf(torch)
    y = (p * w * w).sum()
    p.data = p.data.double()
    (g,) = torch.autograd.grad(y, w, create_graph=True)
    g.sum().backward()
    return g, w.grad


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_integers_have_no_gradients(torch, refused, dtype):
    p, x = leaf(torch), torch.tensor([1.0, 2.0])
    value = torch.ones(3).to(getattr(torch, dtype))
    x.data = value

    def rebind():
        p.data = value

    return refused(rebind, p), x


def test_results_of_another_dtype(torch):
    p = leaf(torch)
    y = p * 2
    y.data = y.data.double()
    ((y * y).sum()).backward()
    return y, p.grad


def test_views_and_bases(torch):
    b = torch.arange(4.0)
    v, a = b[1:], b.detach()
    b.data = b.data.double()
    b.add_(1)
    whole = torch.arange(4.0)
    part = whole[1:]
    part.data = part.data.double()
    part.add_(1)
    whole.add_(10)
    return b, v, a, v._base is b, whole, part, part._base is whole


def test_a_view_of_a_leaf_from_before(torch):
    b = torch.arange(4.0).requires_grad_()
    v = b[1:]
    b.data = b.data.double()
    (v * v).sum().backward()
    return b.grad, v


def test_hooks_stay(torch):
    seen = []
    p = leaf(torch)
    y = (p * 5).sum()
    p.register_hook(lambda g: seen.append(g.clone()))
    p.register_post_accumulate_grad_hook(lambda q: seen.append(q.grad.clone()))
    p.data = p.data.double()
    p.register_hook(lambda g: g * 2)
    (p * 2).sum().backward()
    y.backward()
    return seen, p.grad


def test_other_shapes(torch, refused):
    p, q, r = leaf(torch), leaf(torch), leaf(torch)
    p.data = torch.ones(2, 2)
    (p * 2).sum().backward()
    y = (q * 2).sum()
    q.data = torch.ones(2, 2, dtype=torch.float64)
    (r * 2).sum().backward()
    r.data = torch.ones(2, 2)
    kept = r.grad
    return p.grad, kept, refused(y.backward, p), refused((r * 2).sum().backward, r)


def test_a_gradient_that_fits_no_more(torch, refused):
    p = leaf(torch)
    (p * 2).sum().backward()
    p.data = p.data.to(torch.complex64)
    return refused((p * 2j).abs().sum().backward, p)


def test_gradients_are_assigned_in_the_new_dtype(torch, refused):
    p = leaf(torch)
    p.data = p.data.half()

    def assign():
        p.grad = torch.ones(3)

    failed = refused(assign, p)
    p.grad = torch.ones(3, dtype=torch.float16)
    return failed, p.grad


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_an_optimizer_goes_on(torch, momentum):
    p = leaf(torch)
    optimizer = torch.optim.SGD([p], lr=0.1, momentum=momentum)
    for dtype in (torch.float32, torch.float64):
        p.data = p.data.to(dtype)
        optimizer.zero_grad()
        (p * 2).sum().backward()
        optimizer.step()
    return p


def test_an_old_gradient_moves_a_new_leaf(torch):
    p = leaf(torch)
    (p * 2).sum().backward()
    p.data = p.data.double()
    torch.optim.SGD([p], lr=0.1).step()
    return p


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_modules_are_converted_in_place(torch, dtype):
    m = torch.nn.Linear(3, 2)
    with torch.no_grad():
        m.weight.fill_(0.5)
    before = m.weight, m.bias
    m(torch.ones(1, 3)).sum().backward()
    grad = m.weight.grad
    late = m(torch.ones(1, 3)).sum()
    m.to(getattr(torch, dtype))
    now = m.weight, m.bias
    converted = m.weight.grad.clone()
    late.backward()
    same = all(a is b for a, b in zip(before, now, strict=True)) and grad is m.weight.grad
    return same, m.weight, converted, m.weight.grad, m.weight._version


def test_there_and_back(torch):
    p = leaf(torch)
    p.data = p.data.double()
    (p * 2).sum().backward()
    p.grad = None
    p.data = p.data.float()
    (p * 2).sum().backward()
    return p, p.grad


def test_a_given_gradient_stays_the_callers(torch):
    x = torch.ones(3, requires_grad=True)
    old = (x * 2).sum()
    x.data = torch.ones(3, dtype=torch.float64)
    given = torch.full((3,), 5.0, dtype=torch.float64)
    torch.autograd.backward([x, old], [given, None])
    return given, x.grad


def test_a_tensor_that_was_saved_before_it_was_marked(torch):
    x, w = torch.tensor([2.0]), torch.tensor([3.0], requires_grad=True)
    y = x * w
    x.requires_grad_(True)
    x.data = torch.tensor([5.0], dtype=torch.float64)
    try:
        y.sum().backward()
    except RuntimeError as error:
        return type(error).__mro__[-4].__name__
    return w.grad.dtype
