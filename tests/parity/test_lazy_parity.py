"""Lazy layers, and parameters and buffers without shape."""

import copy

import pytest

LAYERS = {
    "LazyLinear": ("3", "", (4, 5)),
    "LazyLinear 1": ("3, bias=False, dtype=torch.float64", "", (2, 2, 5)),
    "LazyConv1d": ("4, 3", "padding=1, stride=2", (2, 6, 8)),
    "LazyConv1d 1": ("4, 3", "groups=2", (6, 8)),
    "LazyConv2d": ("4, (3, 2)", "padding=1, dilation=2, bias=False", (1, 3, 8, 8)),
    "LazyConv2d 1": ("4, 2", "padding='same', padding_mode='circular'", (3, 4, 4)),
    "LazyConv3d": ("2, 2", "", (1, 2, 3, 3, 3)),
    "LazyConvTranspose1d": ("4, 3", "stride=2, output_padding=1", (2, 6, 8)),
    "LazyConvTranspose2d": ("4, 2", "groups=2", (1, 6, 4, 4)),
    "LazyConvTranspose3d": ("2, 2", "bias=False", (1, 2, 3, 3, 3)),
    "LazyBatchNorm1d": ("", "", (4, 3)),
    "LazyBatchNorm1d 1": ("momentum=None, bias=False", "", (4, 3, 2)),
    "LazyBatchNorm2d": ("affine=False", "", (4, 3, 2, 2)),
    "LazyBatchNorm3d": ("track_running_stats=False", "", (4, 3, 2, 2, 1)),
    "LazyBatchNorm3d 1": ("affine=False, track_running_stats=False", "", (4, 3, 2, 2, 1)),
    "LazyInstanceNorm1d": ("", "", (4, 3, 2)),
    "LazyInstanceNorm2d": ("1e-3", "", (4, 3, 2, 2)),
    "LazyInstanceNorm3d": ("", "", (4, 3, 2, 2, 2)),
}


def made(torch, name):
    first, more, shape = LAYERS[name]
    options = ", ".join(x for x in (first, more) if x)
    kind = torch.float64 if "float64" in options else torch.float32
    count = torch.ones(shape).numel()
    x = torch.arange(count, dtype=torch.float64).reshape(shape).sin().to(kind)
    return eval(f"torch.nn.{name.split()[0]}({options})", {"torch": torch}), x


def described(m):
    kinds = {k: type(v).__name__ for k, v in {**m._parameters, **m._buffers}.items()}
    return (
        repr(m),
        type(m).__name__,
        kinds,
        m.has_uninitialized_params() if "Lazy" in type(m).__name__ else None,
    )


@pytest.mark.parametrize("name", LAYERS)
def test_layers(torch, name):
    torch.manual_seed(0)
    m, x = made(torch, name)
    before = described(m), list(m.state_dict()), torch.rand(1)
    out = m(x)
    again = m(x)
    if out.requires_grad:
        (out * (out.detach() + 0.3).exp()).sum().backward()
    grads = {k: p.grad for k, p in m.named_parameters()}
    return before, out, again, described(m), dict(m.state_dict()), grads, torch.rand(1)


@pytest.mark.parametrize("name", LAYERS)
def test_state(torch, name, caught):
    torch.manual_seed(0)
    m, x = made(torch, name)
    full, _ = made(torch, name)
    full(x)
    keys = str(m.load_state_dict(full.state_dict()))
    loaded = described(m)
    out = caught(lambda: m(x))
    other, _ = made(torch, name)
    lazy, _ = made(torch, name)
    nothing = str(other.load_state_dict(lazy.state_dict())), described(other)
    return keys, loaded, out, described(m), nothing


@pytest.mark.parametrize("name", [n for n in LAYERS if "Norm" not in n])
def test_converted_and_copied(torch, name):
    torch.manual_seed(0)
    m, x = made(torch, name)
    again = copy.deepcopy(m)
    found = again.double() is again, described(again), [str(p.dtype) for p in again.parameters()]
    again.zero_grad()
    out = again(x.double())
    return found, out, described(again), described(m), [p.requires_grad for p in again.parameters()]


PARTS = {
    "parameter": "p",
    "kind": "isinstance(p, torch.nn.Parameter), isinstance(p, torch.Tensor), type(p).__name__",
    "dtype": "str(torch.nn.UninitializedParameter(dtype=torch.float64).dtype), str(p.dtype), str(b.dtype)",
    "grad": "p.requires_grad, p.is_leaf, p.grad, b.requires_grad, torch.nn.UninitializedParameter(False).requires_grad",
    "lazy": "[torch.nn.parameter.is_lazy(x) for x in (p, b, torch.ones(1))]",
    "copy": "copy.deepcopy(torch.nn.UninitializedParameter(False)).requires_grad",
    "conversion": "str(p.double().dtype), str(p.to(torch.float16).dtype), type(b.half()).__name__",
    "floating": "p.is_floating_point(), p.is_complex()",
    "buffer": "(m.register_buffer('b', b), list(dict(m.named_buffers())), m.b is b)[1:]",
    "assigned": "setattr(m, 'b', torch.nn.UninitializedBuffer(persistent=False)), list(m._buffers)",
    "materialized": "p.materialize((2, 3)), type(p).__name__, p.shape, p.requires_grad, b.materialize([2]), b.shape",
    "materialized as": "p.materialize((2,), dtype=torch.float64), str(p.dtype)",
    "trained": "p.materialize((2,)), p.data.fill_(3.0), (p * p).sum().backward(), p.grad",
}


@pytest.mark.parametrize("name", PARTS)
def test_parts(torch, name):
    p, b = torch.nn.UninitializedParameter(), torch.nn.UninitializedBuffer()
    scope = {"torch": torch, "p": p, "b": b, "copy": copy, "m": torch.nn.Linear(1, 1)}
    found = eval(PARTS[name], scope)
    return repr(found) if name == "parameter" else [None if x is b else x for x in flat(found)]


def flat(x):
    return list(x) if isinstance(x, tuple) else [x]


FAULTS = {
    "added": "p + 1",
    "multiplied": "torch.ones(2) * p",
    "in a function": "torch.exp(p)",
    "in a layer": "torch.nn.functional.linear(torch.ones(1, 2), p)",
    "shape": "p.shape",
    "elements": "p.numel()",
    "sum": "p.sum()",
    "indexed": "p[0]",
    "initialized": "torch.nn.init.ones_(p)",
    "joined": "torch.cat([p, p])",
    "shared": "p.share_memory_()",
    "views": "p.view(-1)",
    "compared": "p == p",
    "buffer": "b.mean()",
    "loaded into a layer": "torch.nn.Linear(2, 3).load_state_dict(torch.nn.LazyLinear(3).state_dict())",
    "unfinished": "Unfinished()(torch.ones(1))",
    "undefined": "Undefined()(torch.ones(1))",
    "sizes": "torch.nn.LazyConv2d(2, 2)(torch.ones(2, 2))",
    "groups": "torch.nn.LazyConv1d(4, 1, groups=2)(torch.ones(1, 3, 2))",
    "other dimensions": "torch.nn.LazyBatchNorm2d()(torch.ones(2, 3))",
    "a load that fails": "lazy.load_state_dict({'weight': torch.ones(2, 2), 'other': torch.ones(1)})",
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(torch, name, refused):
    p, b = torch.nn.UninitializedParameter(), torch.nn.UninitializedBuffer()
    mixin = torch.nn.modules.lazy.LazyModuleMixin

    class Unfinished(mixin, torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.UninitializedParameter()

        def initialize_parameters(self, x):
            pass

    class Undefined(mixin, torch.nn.Module):
        pass

    lazy = torch.nn.LazyLinear(2)
    scope = {
        "torch": torch, "p": p, "b": b, "lazy": lazy, "Unfinished": Unfinished, "Undefined": Undefined,
    }  # fmt: skip
    return refused(lambda: eval(FAULTS[name], scope)), type(p).__name__


def test_a_lazy_network(torch):
    torch.manual_seed(0)
    m = torch.nn.Sequential(
        torch.nn.LazyConv2d(4, 3), torch.nn.LazyBatchNorm2d(), torch.nn.ReLU(), torch.nn.Flatten(),
        torch.nn.LazyLinear(3), torch.nn.Linear(3, 2),
    )  # fmt: skip
    opt = torch.optim.SGD(m.parameters(), lr=0.1)
    x = torch.arange(36.0).reshape(2, 2, 3, 3).sin()
    for _ in range(2):
        opt.zero_grad()
        m(x).square().sum().backward()
        opt.step()
    return repr(m), dict(m.state_dict())


def test_a_mixin_of_ones_own(torch):
    class Scale(torch.nn.modules.lazy.LazyModuleMixin, torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.UninitializedParameter()

        def initialize_parameters(self, x, *, start=1.0):
            self.w.materialize(x.shape[1:])
            torch.nn.init.constant_(self.w, start)

        def forward(self, x, *, start=1.0):
            return x * self.w

    m = Scale()
    first = m(torch.ones(2, 3), start=4.0)
    return first, m(torch.ones(1, 3), start=7.0), type(m).__name__, len(m._forward_pre_hooks)
