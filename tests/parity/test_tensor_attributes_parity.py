"""What a tensor carries of the user's goes with its copies, pickles and files; subclasses keep their class in them."""

import copy
import io
import pickle

import pytest


def saved(torch, value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


WAYS = {
    "copy": lambda torch, x: copy.copy(x),
    "deepcopy": lambda torch, x: copy.deepcopy(x),
    "pickle": lambda torch, x: pickle.loads(pickle.dumps(x)),
    "save": saved,
}


def kinds(torch):
    """Subclasses that pickle can find by name."""

    class Named(torch.Tensor):
        pass

    class Slotted(torch.Tensor):
        __slots__ = ("unit",)

    for kind in (Named, Slotted):
        kind.__qualname__ = kind.__name__
        globals()[kind.__name__] = kind
    return Named, Slotted


@pytest.mark.parametrize("way", WAYS)
def test_attributes_of_a_tensor(torch, way):
    x = torch.ones(2)
    x.tag = ["a"]
    made = WAYS[way](torch, x)
    shared = [x, x]
    both = WAYS[way](torch, shared)
    return (
        vars(made),
        made.tag is x.tag,
        made.data_ptr() == x.data_ptr(),
        both[0] is both[1],
        vars(both[0]),
    )


@pytest.mark.parametrize("way", WAYS)
def test_attributes_of_a_leaf_and_of_a_parameter(torch, way):
    x = torch.ones(2, requires_grad=True)
    x.tag = 1
    p = torch.nn.Parameter(torch.ones(2))
    p.tag = 2
    made = WAYS[way](torch, x)
    q = WAYS[way](torch, p)
    return vars(made), made.requires_grad, vars(q), type(q) is torch.nn.Parameter, q.requires_grad


@pytest.mark.parametrize("way", ["copy", "pickle", "save"])
def test_subclasses(torch, way):
    seen = []
    for kind in kinds(torch):
        x = torch.ones(2).as_subclass(kind)
        x.unit = "m"
        made = WAYS[way](torch, x)
        seen.append(
            (type(made).__name__, made.unit, made, (made * 2).sum().item(), type(made + 1).__name__)
        )
    return seen


@pytest.mark.parametrize("way", ["copy", "pickle", "save"])
def test_parameters_of_a_subclass(torch, way):
    Named, _ = kinds(torch)
    p = torch.nn.Parameter(torch.ones(2).as_subclass(Named))
    p.unit = "m"
    made = WAYS[way](torch, p)
    return (
        type(made).__name__,
        isinstance(made, torch.nn.Parameter),
        made.unit,
        made.requires_grad,
    )


def test_parameter_of_a_subclass(torch):
    class Named(torch.Tensor):
        pass

    x = torch.ones(2).as_subclass(Named)
    p = torch.nn.Parameter(x)
    again = torch.nn.Parameter(p, requires_grad=False)
    model = torch.nn.Linear(2, 1, bias=False)
    model.weight = torch.nn.Parameter(torch.ones(1, 2).as_subclass(Named))
    loss = model(torch.ones(3, 2)).sum()
    loss.backward()
    return (
        repr(p), type(again).__name__, isinstance(again, torch.nn.Parameter), again.requires_grad,
        isinstance(x, torch.nn.Parameter), [type(p).__name__ for p in model.parameters()], type(loss).__name__,
        model.weight.grad, type(model.state_dict()["weight"]).__name__, type(p * 2).__name__, type(p.detach()).__name__,
    )  # fmt: skip


def test_subclass_of_parameter(torch):
    class Scaled(torch.nn.Parameter):
        pass

    p = Scaled(torch.ones(2))
    return (
        repr(p),
        type(p + 1) is torch.Tensor,
        isinstance(p, torch.nn.Parameter),
        True,
    )


def test_a_parameter_whose_detach_loses_the_class(torch, caught):
    class Losing(torch.Tensor):
        __torch_function__ = torch._C._disabled_torch_function_impl

    return caught(lambda: torch.nn.Parameter(torch.ones(2).as_subclass(Losing)))


def test_make_subclass(torch, caught):
    class Named(torch.Tensor):
        pass

    x = torch.ones(2, requires_grad=True)
    y = x * 2
    made = torch.Tensor._make_subclass(Named, y)
    leaf = torch.Tensor._make_subclass(Named, y, True)
    (leaf * leaf).sum().backward()
    plain = torch.zeros(2)
    alias = torch.Tensor._make_subclass(Named, plain)
    alias.add_(1)
    return (
        type(made).__name__, made.requires_grad, made.grad_fn, leaf.requires_grad, leaf.is_leaf, leaf.grad,
        plain, plain._version, alias._version, caught(lambda: torch.Tensor._make_subclass(int, x)),
        caught(lambda: torch.Tensor._make_subclass(Named, [1.0])),
        caught(lambda: torch.Tensor._make_subclass(Named, torch.ones(2, dtype=torch.int64), True)),
    )  # fmt: skip


def test_slots_of_a_subclass_stay_right_through_views_and_writes(torch):
    class Slotted(torch.Tensor):
        __slots__ = ("unit",)

    leaf = torch.ones(3, requires_grad=True)
    y = (leaf * 2).as_subclass(Slotted)
    y.unit = "m"
    view = y[:2]
    y.mul_(3)
    (view * view).sum().backward()
    return type(view).__name__, hasattr(view, "unit"), y.unit, view, leaf.grad


def test_is_view(torch):
    x = torch.ones(4)
    return (
        x._is_view(),
        x[1:]._is_view(),
        x.view(2, 2)._is_view(),
        (x + 1)._is_view(),
        x.clone()._is_view(),
    )


def test_format_of_subclasses(torch, caught):
    class Named(torch.Tensor):
        pass

    x = torch.tensor(1.5).as_subclass(Named)
    return (
        f"{x}",
        caught(lambda: f"{x:.2f}"),
        f"{torch.tensor(1.5):.2f}",
        f"{torch.nn.Parameter(torch.tensor(1.5))}",
    )


def test_buffers_stay_what_they_are(torch):
    class Named(torch.Tensor):
        pass

    plain = torch.nn.Buffer(torch.ones(2))
    named = torch.nn.Buffer(torch.ones(2).as_subclass(Named), persistent=False)
    recorded = torch.nn.Buffer(torch.ones(2, requires_grad=True))
    model = torch.nn.Module()
    model.plain, model.named = plain, named
    return (
        type(plain) is torch.Tensor, type(named).__name__, recorded.requires_grad, recorded.is_leaf,
        [isinstance(x, torch.nn.Buffer) for x in (plain, named, torch.ones(1))], vars(named),
        sorted(dict(model.named_buffers())), sorted(model.state_dict()), vars(saved(torch, plain)), repr(plain),
    )  # fmt: skip


def test_state_that_a_subclass_gives_and_takes(torch):
    class Stateful(torch.Tensor):
        new_empty = None

        def __getstate__(self):
            return {"only": 1}

    class Taking(torch.Tensor):
        def __setstate__(self, state):
            self.taken = state

    for kind in (Stateful, Taking):
        kind.__qualname__ = kind.__name__
        globals()[kind.__name__] = kind
    x, y = torch.ones(1).as_subclass(Stateful), torch.ones(1).as_subclass(Taking)
    x.a = 5
    made = pickle.loads(pickle.dumps(x)), pickle.loads(pickle.dumps(y)), copy.copy(y)
    return [vars(m) for m in made]


def test_a_base_that_is_no_tensor_may_have_attributes_of_any_name(torch):
    class Plain:
        payload = None

    class Mixed(Plain, torch.Tensor):
        pass

    x = torch.ones(2).as_subclass(Mixed).requires_grad_()
    (x * x).sum().backward()
    return x.payload, x.grad
