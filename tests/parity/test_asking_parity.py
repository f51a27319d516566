"""Subclasses of `Tensor` and `__torch_function__`: what is asked, with what, and what comes of it."""

from __future__ import annotations

import functools

import pytest


def logging(torch, log):
    """Return a subclass that notes what it is asked."""

    class Logged(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            # PyTorch's functions written in Python count plain tensors among the types, those in C++ do not.
            others = [t.__name__ for t in types if t is not torch.Tensor]
            log.append((func.__name__, others, len(args)))
            return super().__torch_function__(func, types, args, kwargs or {})

    return Logged


EXPRESSIONS = """
x + p; p + x; x + 2.0; 2.0 + x; x - p; p - x; 2.0 - x; x * p; p * x; 3 * x; x / p; p / x; x // p; x % p; p % x; x ** 2
2 ** x; p ** x; x @ p; p @ x; x == p; p == x; x != p; x < p; p < x; x >= 1.0; -x; +x; abs(x); x > p
x.shape; x.dtype; x.grad; x.T; x.data; x.requires_grad; x.is_leaf; x.ndim; x.grad_fn; x.device.type
x[0]; x[x > 1]; len(x); float(x[0]); bool(x[0] > 0); int(x[0]); 1.0 in x; x[0].item(); x.tolist()
x.sum(); torch.sum(x); torch.sum(x, dim=0); x.max(0); torch.max(x, 0).values; x.size(); x.dim(); x.numel(); x.numpy()
torch.cat([p, x]); torch.stack((x, x)); torch.where(x > 1, x, p); torch.add(p, other=x); torch.einsum("i,i->", x, p)
F.relu(x); F.softmax(x, dim=0); F.linear(x, w); nn.Linear(2, 3)(x); F.mse_loss(x, p); nn.ReLU()(x)
torch.zeros_like(x); x.new_zeros(2); torch.tensor(3.0); torch.allclose(x, p); x.to(torch.float64); x.detach(); x.clone()
torch.split(x, 1); x.chunk(2); torch.var_mean(x); x.expand(3, 2); x.view(2, 1); x.double(); torch.is_tensor(x)
torch.Tensor.add(x, p); torch.nn.Parameter(p) + x; p + p; isinstance(x + p, torch.Tensor); hash(x) == hash(x)
[v for v in torch.split(x, 1)]; Twice.apply(x); Twice.apply(x)._name
x.requires_grad_(); x.detach().requires_grad_().mul(2).sum().backward(); torch.autograd.grad((y * 2).sum(), y)
x.add_(1); x.zero_(); operator.iadd(x, p); operator.setitem(x, 0, 5.0); x.copy_(p)
""".replace("\n", "; ").split("; ")


def kind(value):
    """Return the name of a value's type, and for a sequence those of its items."""
    if isinstance(value, (list, tuple)):
        return [kind(v) for v in value]
    return type(value).__name__


@pytest.mark.parametrize("expression", [e.strip() for e in EXPRESSIONS if e.strip()])
def test_what_is_asked(torch, expression):
    log = []
    cls = logging(torch, log)
    import operator

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = x * 2
            out._name = "twice"
            return out

        @staticmethod
        def backward(ctx, g):
            return g * 2

    names = {
        "torch": torch, "nn": torch.nn, "F": torch.nn.functional, "operator": operator,
        "Twice": Twice, "w": torch.ones(3, 2),
        "x": torch.tensor([1.0, 2.0]).as_subclass(cls), "p": torch.tensor([3.0, 4.0]),
        "y": torch.tensor([1.0, 2.0]).requires_grad_().as_subclass(cls),
    }  # fmt: skip
    log.clear()
    torch.manual_seed(0)
    value = eval(expression, names)
    return kind(value), log, value if isinstance(value, torch.Tensor) else None


def test_results_are_of_the_subclass(torch):
    class Named(torch.Tensor):
        def described(self):
            return f"{self.sum().item()} of {type(self).__name__}"

    class Deeper(Named):
        pass

    a, b = torch.ones(2).as_subclass(Named), torch.ones(2).as_subclass(Deeper)
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())
    out = model(a)
    out.sum().backward()
    made = [
        a + 1,
        a + b,
        b + a,
        torch.stack([a, b]),
        a.exp().mean(),
        out,
        a[0],
        *a,
        Named([1.0, 2.0]),
    ]
    return [type(v).__name__ for v in made], (a * 3).described(), repr(a), repr(b * 2)


class Diagonal:
    """A type that is no tensor: a diagonal matrix by its size and value."""

    answers = {}

    def __init__(self, n, value):
        self.n, self.value = n, value

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        known = cls.answers.get(func)
        if known is None or not all(issubclass(t, cls) or t.__name__ == "Tensor" for t in types):
            return NotImplemented
        return known(*args, **(kwargs or {}))


def test_a_type_that_is_no_tensor(torch, caught):
    class Arms(torch.Tensor):
        """Lets Wengert's functions ask."""

    Diagonal.answers = {}

    def implements(function):
        def keep(own):
            Diagonal.answers[function] = functools.wraps(function)(own)
            return own

        return keep

    @implements(torch.mean)
    def mean(d):
        return d.value / d.n

    @implements(torch.add)
    def add(a, b):
        return "added"

    d = Diagonal(4, 2.0)
    failed = caught(lambda: torch.mul(d, d))
    return torch.mean(d), torch.add(d, d), torch.add(torch.ones(1), d), failed


def test_modes(torch):
    log = []

    class Names(torch.overrides.TorchFunctionMode):
        def __init__(self, name):
            self.name = name

        def __torch_function__(self, func, types, args=(), kwargs=None):
            log.append((self.name, torch.overrides.resolve_name(func)))
            return func(*args, **(kwargs or {}))

    with Names("outer"):
        x = torch.ones(2)
        with Names("inner"):
            y = torch.nn.functional.relu(x) + 1
    y.sum()
    return log, y


def test_disabled(torch):
    class Off(torch.Tensor):
        __torch_function__ = torch._C._disabled_torch_function_impl

    log = []
    cls = logging(torch, log)
    x = torch.ones(2).as_subclass(Off)
    y = torch.ones(2).as_subclass(cls)
    with torch._C.DisableTorchFunctionSubclass():
        z = y + 1
    return type(x + 1).__name__, type(z).__name__, log


class Sides:
    """Another operand, which adds itself from the right."""

    def __radd__(self, other):
        return "from the right"


WRITTEN = {
    "a write of a subclass": "y.add_(p.as_subclass(Sub)).mul_(2); y.sum().backward()",
    "a write beneath": "s = y.as_subclass(Sub); y.mul_(2); s.sum().backward()",
    "a write through": "y.as_subclass(Sub).mul_(3); y.sum().backward()",
    "an augmented assignment": "z = y; y += p.as_subclass(Sub); y *= 2; z.sum().backward()",
    "a hook": "s = x.as_subclass(Sub); s.register_hook(lambda g: g * 10); (x * 2).sum().backward()",
    "no leaf": "assert not x.as_subclass(Sub).is_leaf",
    "compared with others": "s = p.as_subclass(Sub); assert (s == None, s != 'a', None in [s]) == (False, True, False)",
    "the other's turn": "assert p.as_subclass(Sub) + Sides() == 'from the right'",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_tensor_of_a_subclass_is_a_view(torch, name):
    class Sub(torch.Tensor):
        pass

    x = torch.ones(2, requires_grad=True)
    names = {
        "torch": torch,
        "Sub": Sub,
        "x": x,
        "y": x * 1,
        "p": torch.tensor([3.0, 4.0]),
        "Sides": Sides,
    }
    exec(WRITTEN[name], names)
    return x.grad, names["y"].detach()


def test_a_view_of_a_subclass_under_transforms(torch):
    class Sub(torch.Tensor):
        pass

    def tripled(x):
        y = x * 1
        y.as_subclass(Sub).mul_(3)
        return y

    x = torch.ones(2)
    return (
        torch.func.vmap(tripled)(x),
        torch.func.jvp(tripled, (x,), (x,)),
        torch.func.grad(lambda v: tripled(v).sum())(x),
    )
