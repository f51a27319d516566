"""`nn.utils.parametrize`, the parametrizations on it, and the older normalizations by hooks."""

import copy

import pytest


def layer(torch, n=3, k=3, dtype=None):
    torch.manual_seed(0)
    return torch.nn.Linear(k, n, dtype=dtype)


def kinds(torch):
    class Symmetric(torch.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x):
            return x.triu()

    class Scaled(torch.nn.Module):
        def __init__(self, factor=2.0):
            super().__init__()
            self.factor = torch.nn.Parameter(torch.tensor(factor))

        def forward(self, x):
            return x * self.factor

    class Product(torch.nn.Module):
        def forward(self, x, y):
            return x.unsqueeze(-1) * y.unsqueeze(-2)

        def right_inverse(self, z):
            return z[:, 0].clone(), z[0].clone()

    class Odd(torch.nn.Module):
        def __init__(self, there=lambda x: x, back=lambda x: x):
            super().__init__()
            self.there, self.back = there, back

        def forward(self, *x):
            return self.there(*x)

        def right_inverse(self, x):
            return self.back(x)

    return {"Symmetric": Symmetric, "Scaled": Scaled, "Product": Product, "Odd": Odd}


def state(torch, m):
    names = {k: v.requires_grad for k, v in m.named_parameters()}
    return repr(m), dict(m.state_dict()), names, type(m).__name__


def scope(torch):
    P = torch.nn.utils.parametrize
    return {"torch": torch, "P": P, "N": torch.nn.utils.parametrizations, **kinds(torch)}


REGISTERED = {
    "one": ["P.register_parametrization(m, 'weight', Symmetric())"],
    "two": [
        "P.register_parametrization(m, 'weight', Symmetric())",
        "P.register_parametrization(m, 'weight', Scaled())",
    ],
    "two tensors": [
        "P.register_parametrization(m, 'weight', Symmetric())",
        "P.register_parametrization(m, 'bias', Scaled(3.0))",
    ],
    "several originals": ["P.register_parametrization(m, 'weight', Product())"],
    "another shape": [
        "P.register_parametrization(m, 'weight', Odd(lambda x: x[:2], lambda x: x * 1), unsafe=True)",
        "P.register_parametrization(m, 'bias', Odd(lambda x: x[:2]), unsafe=True)",
    ],
    "buffer": [
        "m.register_buffer('seen', torch.ones(3))",
        "P.register_parametrization(m, 'seen', Scaled())",
    ],
    "in eval mode": ["m.eval()", "P.register_parametrization(m, 'weight', Symmetric())"],
}  # fmt: skip


@pytest.mark.parametrize("name", REGISTERED)
def test_registered(torch, name):
    m = layer(torch)
    held = m.weight
    names = {**scope(torch), "m": m}
    for line in REGISTERED[name]:
        eval(line, names)
    listed = m.parametrizations
    same = name in ("several originals", "two tensors") or [
        held is getattr(p, "original", None) for p in listed.values()
    ]
    m(torch.eye(3)).square().sum().backward()
    grads = {k: p.grad for k, p in m.named_parameters()}
    modes = [x.training for x in m.modules()]
    is_p = names["P"].is_parametrized
    asked = is_p(m), is_p(m, "weight"), is_p(m, "bias"), is_p(m, "absent")
    before = names["P"].type_before_parametrizations(m).__name__
    return state(torch, m), same, grads, modes, asked, before, m.weight


@pytest.mark.parametrize("leave", [True, False])
@pytest.mark.parametrize("name", [n for n in REGISTERED if n != "several originals"])
def test_removed(torch, name, leave):
    m = layer(torch)
    held = m.weight
    names = {**scope(torch), "m": m}
    for line in REGISTERED[name]:
        eval(line, names)
    found = []
    for tensor in list(m.parametrizations):
        back = names["P"].remove_parametrizations(m, tensor, leave_parametrized=leave)
        found.append((back is m, type(getattr(m, tensor)).__name__, state(torch, m)))
    return found, m.weight is held, m.weight, hasattr(m, "parametrizations")


def test_removed_from_several(torch, refused):
    m = layer(torch)
    names = scope(torch)
    P = names["P"]
    P.register_parametrization(m, "weight", names["Product"]())
    fault = refused(lambda: P.remove_parametrizations(m, "weight", leave_parametrized=False))
    P.remove_parametrizations(m, "weight")
    return fault, state(torch, m), refused(lambda: P.remove_parametrizations(m, "weight"))


def test_assigned(torch, refused):
    m = layer(torch)
    names = scope(torch)
    P = names["P"]
    P.register_parametrization(m, "weight", names["Symmetric"]())
    held = m.parametrizations.weight.original
    value = torch.arange(9.0).reshape(3, 3)
    m.weight = value + value.T
    first = m.weight, held is m.parametrizations.weight.original, held
    P.register_parametrization(m, "weight", names["Scaled"]())
    no_inverse = refused(lambda: setattr(m, "weight", value), held)
    m2 = layer(torch)
    P.register_parametrization(m2, "weight", names["Product"]())
    m2.weight = torch.ones(3, 3) * torch.arange(3.0)
    return first, no_inverse, m2.weight, dict(m2.state_dict())


def test_optimised(torch):
    m = layer(torch)
    opt = torch.optim.SGD(m.parameters(), lr=0.1)
    names = scope(torch)
    names["P"].register_parametrization(m, "weight", names["Symmetric"]())
    for _ in range(3):
        opt.zero_grad()
        m(torch.eye(3)).square().sum().backward()
        opt.step()
    names["P"].remove_parametrizations(m, "weight")
    m(torch.eye(3)).square().sum().backward()
    opt.step()
    return m.weight


def test_cached(torch):
    m = layer(torch)
    names = scope(torch)
    P, ran = names["P"], []
    P.register_parametrization(m, "weight", names["Odd"](lambda x: ran.append(1) or x * 1))
    with P.cached():
        same = [m.weight is m.weight]
        with P.cached():
            same.append(m.weight is m.weight)
        same.append(m.weight is m.weight)
        total = (m(torch.eye(3)) + m(torch.ones(3, 3))).sum()
    total.backward()
    return same, m.weight is m.weight, len(ran), m.parametrizations.weight.original.grad


def test_copied_and_loaded(torch, caught):
    names = scope(torch)
    m = layer(torch)
    names["P"].register_parametrization(m, "weight", names["Symmetric"]())
    again = copy.deepcopy(m)
    with torch.no_grad():
        again.parametrizations.weight.original.zero_()
    other = layer(torch)
    other.weight.data.zero_()
    names["P"].register_parametrization(other, "weight", names["Symmetric"]())
    keys = str(other.load_state_dict(m.state_dict()))
    fault = caught(lambda: copy.copy(m))
    return m.weight, again.weight, other.weight, keys, type(again).__name__, fault


def test_in_a_list_of_modules(torch):
    names = scope(torch)
    m = torch.nn.Sequential(layer(torch), layer(torch))
    names["P"].register_parametrization(m[1], "weight", names["Symmetric"]())
    call = torch.func.functional_call
    new = {"1.parametrizations.weight.original": torch.ones(3, 3)}
    return repr(m), call(m, new, torch.eye(3)), m(torch.eye(3)), list(m.state_dict())


def test_transferred(torch):
    names = scope(torch)
    P = names["P"]
    a, b, c, d = layer(torch), layer(torch), layer(torch), layer(torch)
    P.register_parametrization(a, "weight", names["Symmetric"]())
    P.register_parametrization(a, "bias", names["Scaled"]())
    P.transfer_parametrizations_and_params(a, b)
    P.transfer_parametrizations_and_params(a, c, "bias")
    d.weight.data.zero_()
    P.transfer_parametrizations_and_params(d, b)
    e = layer(torch)
    P.register_parametrization(e, "weight", names["Product"]())
    P.transfer_parametrizations_and_params(e, d)
    same = b.parametrizations.weight.original is a.parametrizations.weight.original
    return [state(torch, m) for m in (b, c, d)], same


FAULTS = {
    "no tensor": "P.register_parametrization(m, 'absent', Symmetric())",
    "shape": "P.register_parametrization(m, 'weight', Odd(lambda x: x[:2]))",
    "dtype": "P.register_parametrization(m, 'weight', Odd(lambda x: x.double()))",
    "no result": "P.register_parametrization(m, 'weight', Odd(lambda x: None))",
    "inverse": "P.register_parametrization(m, 'weight', Odd(lambda x: x, lambda x: 3))",
    "inverse of numbers": "P.register_parametrization(m, 'weight', Odd(lambda x: x, lambda x: (x, 3)))",
    "inverse's dtype": "P.register_parametrization(m, 'weight', Odd(lambda x: x, lambda x: x.double()))",
    "a second's shape": "P.register_parametrization(p, 'weight', Odd(lambda x: x[:2]))",
    "a second's dtype": "P.register_parametrization(p, 'weight', Odd(lambda x: x.double()))",
    "a second's result": "P.register_parametrization(p, 'weight', Odd(lambda x: 3))",
    "a second's inverse": "P.register_parametrization(p, 'weight', Odd(lambda x: x, lambda x: (x, x)))",
    "a second's inverse's shape": "P.register_parametrization(p, 'weight', Odd(lambda x: x, lambda x: x[:2]))",
    "a second's inverse's dtype": "P.register_parametrization(p, 'weight', Odd(lambda x: x, lambda x: x.double()))",
    "remove": "P.remove_parametrizations(m, 'weight')",
    "remove another": "P.remove_parametrizations(p, 'bias')",
    "an empty list": "P.ParametrizationList([], m.weight)",
    "orthogonal vector": "N.orthogonal(m, 'bias')",
    "orthogonal map": "N.orthogonal(m, orthogonal_map='other')",
    "orthogonal nothing": "N.orthogonal(m, 'absent')",
    "spectral nothing": "N.spectral_norm(m, 'absent')",
    "spectral dim": "N.spectral_norm(m, dim=2)",
    "spectral steps": "N.spectral_norm(m, n_power_iterations=0)",
    "weight norm of nothing": "N.weight_norm(m, 'absent')",
    "old weight norm twice": "U.weight_norm(U.weight_norm(m))",
    "old weight norm removed": "U.remove_weight_norm(m)",
    "old spectral norm twice": "U.spectral_norm(U.spectral_norm(m))",
    "old spectral norm removed": "U.remove_spectral_norm(m)",
    "old spectral steps": "U.spectral_norm(m, n_power_iterations=0)",
    "old spectral nothing": "U.spectral_norm(torch.nn.Linear(2, 2, bias=False), 'bias')",
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults(torch, name, refused):
    m, p = layer(torch), layer(torch)
    names = scope(torch)
    names["P"].register_parametrization(p, "weight", names["Symmetric"]())
    before = m.weight.detach().clone()
    found = refused(lambda: eval(FAULTS[name], {**names, "m": m, "p": p, "U": torch.nn.utils}))
    if "twice" in name:
        return found
    return found, state(torch, m), state(torch, p), torch.equal(before, m.weight)


ORTHOGONAL = [
    (n, k, kind, trivial)
    for n, k in ((3, 3), (4, 2), (2, 4))
    for kind in (None, "matrix_exp", "cayley", "householder")
    for trivial in (True, False)
]


@pytest.mark.parametrize(("n", "k", "kind", "trivial"), ORTHOGONAL)
def test_orthogonal(torch, n, k, kind, trivial, refused):
    m = layer(torch, n, k, torch.float64)
    N = torch.nn.utils.parametrizations
    N.orthogonal(m, orthogonal_map=kind, use_trivialization=trivial)
    q = m.weight
    (q * torch.arange(n * k).reshape(n, k)).sum().backward()
    grad = m.parametrizations.weight.original.grad
    again = torch.linalg.qr(torch.arange(1.0, n * n + 1).double().reshape(n, n).sin())[0][:, :k]
    again = again if n >= k else torch.eye(n, k).double()
    found = refused(lambda: setattr(m, "weight", again.clone())) if not trivial else None
    if trivial:
        m.weight = again.clone()
    if found is not None and found.error is None:
        found = None
    return q, grad, m.weight, dict(m.state_dict()), repr(m), torch.rand(2), found


def test_orthogonal_batches_and_complex(torch):
    class Held(torch.nn.Module):
        def __init__(self, x):
            super().__init__()
            self.x = torch.nn.Parameter(x)

    N = torch.nn.utils.parametrizations
    torch.manual_seed(2)
    batch = N.orthogonal(Held(torch.randn(2, 3, 2).double()), "x")
    whole = N.orthogonal(Held(torch.randn(3, 3, dtype=torch.complex128)), "x")
    tall = N.orthogonal(Held(torch.randn(3, 2, dtype=torch.complex128)), "x", "cayley")
    return batch.x, whole.x, tall.x


LAYERS = {
    "linear": ("torch.nn.Linear(3, 2)", (4, 3)),
    "convolution": ("torch.nn.Conv2d(2, 3, 2)", (1, 2, 3, 3)),
    "transposed": ("torch.nn.ConvTranspose1d(2, 3, 2)", (1, 2, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(
    "norm",
    [
        "N.weight_norm(m)", "N.weight_norm(m, dim=None)", "N.weight_norm(m, dim=1)", "N.spectral_norm(m)",
        "N.spectral_norm(m, n_power_iterations=3, dim=1)", "N.spectral_norm(m, 'bias', dim=0)", "U.weight_norm(m)",
        "U.weight_norm(m, dim=None)", "U.weight_norm(m, dim=1)", "U.spectral_norm(m)",
        "U.spectral_norm(m, n_power_iterations=3, dim=1)", "N.spectral_norm(m).eval()", "U.spectral_norm(m).eval()",
    ],
)  # fmt: skip
def test_normalizations(torch, name, norm):
    torch.manual_seed(0)
    text, shape = LAYERS[name]
    m = eval(text, {"torch": torch}).double()
    U = torch.nn.utils
    m = eval(norm, {"m": m, "U": U, "N": U.parametrizations})
    x = torch.arange(float(torch.ones(shape).numel())).double().reshape(shape).sin()
    start = {k: v.clone() for k, v in m.state_dict().items()}
    outs = [m(x), m(x)]
    (outs[0].square().sum() + outs[1].sum()).backward()
    grads = {k: p.grad for k, p in m.named_parameters()}
    end = {k: v.clone() for k, v in m.state_dict().items()}
    if norm.startswith("N."):
        tensor = "bias" if "bias" in norm else "weight"
        U.parametrize.remove_parametrizations(m, tensor)
    else:
        (U.remove_weight_norm if "weight" in norm else U.remove_spectral_norm)(m)
    return start, outs, grads, end, list(m.state_dict()), m(x), repr(m), torch.rand(2)


def test_states_of_the_older_forms(torch, warned):
    U = torch.nn.utils
    torch.manual_seed(0)
    old, new = (
        U.weight_norm(torch.nn.Linear(3, 2)),
        U.parametrizations.weight_norm(torch.nn.Linear(3, 2)),
    )
    new.load_state_dict(old.state_dict())
    a, b = U.spectral_norm(torch.nn.Linear(3, 2)), U.spectral_norm(torch.nn.Linear(3, 2))
    a(torch.ones(3))
    saved = a.state_dict()
    versions = saved._metadata[""]
    keys = str(b.load_state_dict(saved))
    older = dict(saved)
    older["weight"] = a.weight.detach()
    del older["weight_v"]
    c = U.spectral_norm(torch.nn.Linear(3, 2))
    c.load_state_dict(older)
    return (
        new.weight, old.weight, versions, keys, b.eval()(torch.ones(3)), c.eval()(torch.ones(3)),
        warned(lambda: U.weight_norm(torch.nn.Linear(3, 2))),
    )  # fmt: skip
