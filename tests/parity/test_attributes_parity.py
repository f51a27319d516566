"""Attributes of the user's own on tensors and their subclasses: whatever their names, they change nothing else."""

import pytest

import wengert

NAMES = [
    "payload", "edge", "level", "owner", "cell", "origin", "node", "links", "base", "record", "standing", "concrete",
    "tape", "value", "primal", "tangent", "trace", "symbol", "version",
]  # fmt: skip
"""Names that mean something inside Wengert, or sound like it."""


def test_no_public_name_is_wengerts_own():
    pytorch = pytest.importorskip("torch")
    ours = set(dir(wengert.Tensor)) - set(dir(pytorch.Tensor))
    assert {name for name in ours if not name.startswith("_")} == set()
    ours = set(dir(wengert.nn.Parameter)) - set(dir(pytorch.nn.Parameter))
    assert {name for name in ours if not name.startswith("_")} == set()


def _used(torch, x):
    """What a tensor gives when it is computed with, differentiated, viewed, written to and mapped."""
    y = (x * x).sum()
    y.backward()
    seen = [y, x.grad, x.detach()[1:], x.is_leaf, x.requires_grad]
    with torch.no_grad():
        x[0] = 5.0
        x.add_(1)
    loss = (x.exp() * 2).sum()
    seen += [x, torch.autograd.grad(loss, x, create_graph=True)]
    seen.append(torch.func.grad(lambda x: (x * x).sum())(x.detach()))
    seen.append(torch.func.vmap(lambda x: x * 2)(x.detach()))
    return seen


def test_on_a_leaf(torch):
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    for at, name in enumerate(NAMES):
        setattr(x, name, at)
    seen = _used(torch, x)
    return seen, [getattr(x, name) for name in NAMES], sorted(vars(x))


def test_on_a_result_and_a_view(torch):
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    y = leaf * 3
    view = y[:1]
    for t in (y, view):
        for name in NAMES:
            setattr(t, name, None)
    view.mul_(2)
    y.sum().backward()
    return y, leaf.grad, [getattr(view, name) for name in NAMES]


def test_inside_a_transform(torch):
    def loss(x):
        for name in NAMES:
            setattr(x, name, 0)
        y = x.sin()
        y.level = y.payload = "mine"
        return (y * x).sum()

    x = torch.tensor([1.0, 2.0])
    return (
        torch.func.grad(loss)(x),
        torch.func.jvp(loss, (x,), (x,)),
        torch.func.vmap(torch.func.grad(loss))(x),
    )


def test_as_attributes_of_a_class(torch):
    class Frame(torch.Tensor):
        level = 3
        origin = "a.png"
        owner = payload = edge = cell = None

    x = torch.tensor([1.0, 2.0, 3.0]).as_subclass(Frame).requires_grad_()
    (x * x).sum().backward()
    return type(x * 2).__name__, x.grad.tolist(), x.level, x.origin, (x + 1).owner, x[1:].tolist()


def test_as_properties_of_a_class(torch):
    class Frame(torch.Tensor):
        @property
        def payload(self):
            return "payload"

        @property
        def level(self):
            return self.ndim

        def edge(self):
            return self.sum()

    x = torch.tensor([1.0, 2.0, 3.0]).as_subclass(Frame)
    return x.payload, x.level, x.edge().item(), (x * 2).level, x.mean().item()


def test_storage(torch, warned):
    x = torch.arange(6.0).reshape(2, 3)
    seen = []

    def look():
        memory = x[1:].storage()
        seen.extend([
            len(memory), memory.size(), memory.nbytes(), str(memory.dtype), memory.tolist(), memory[2], memory[-1],
            memory.data_ptr() == x.data_ptr(), memory.element_size(), memory.is_cuda, str(memory.device), repr(memory),
            torch.is_storage(memory), type(memory) is torch.storage.TypedStorage, list(memory), torch.is_storage(x),
        ])  # fmt: skip

    return len(warned(look)), seen


def test_untyped_storage(torch):
    memory = torch.tensor([1.0, 2.0]).untyped_storage()
    empty = torch.empty(0).untyped_storage()
    return (
        memory.tolist(), memory[2], memory[-1], repr(memory), repr(memory[1:4]), memory.element_size(), repr(empty),
        torch.is_storage(memory), memory.untyped() is memory, empty.data_ptr(),
        isinstance(memory, torch.UntypedStorage), torch.tensor([1 + 2j]).untyped_storage().tolist(),
        torch.ones(2, 3).t().untyped_storage().size(),
    )  # fmt: skip
