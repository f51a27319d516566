"""`func.jacrev`, `jacfwd` and `hessian`: structures of arguments and outputs, auxiliary outputs, chunks, faults."""

import pytest

FUNCTIONS = {
    "one tensor": ("lambda x, y, t: x.sin() * y.sum()", "X", "Y", "T"),
    "a scalar": ("lambda x, y, t: (x * x).sum() * y.prod()", "X", "Y", "T"),
    "a matrix": ("lambda x, y, t: x[:, None] * y * t['a']", "X", "Y", "T"),
    "a tuple": ("lambda x, y, t: (x * y.sum(), y * x[0], x.sum())", "X", "Y", "T"),
    "a tuple of one": ("lambda x, y, t: (x * y.sum(),)", "X", "Y", "T"),
    "a list": ("lambda x, y, t: [x * y.prod(), t['b'][0] * x[1]]", "X", "Y", "T"),
    "a dict": ("lambda x, y, t: {'p': x * y[0], 'q': (t['a'] * x.sum(), y)}", "X", "Y", "T"),
    "a constant": ("lambda x, y, t: torch.ones(2) * 3 + 0 * x.sum()", "X", "Y", "T"),
    "unused": ("lambda x, y, t: x * 2", "X", "Y", "T"),
    "of one element": ("lambda x, y, t: x * y[:1]", "X[:1]", "Y", "T"),
    "of no dimension": ("lambda x, y, t: x * y", "X[0]", "Y[1]", "T"),
    "views": ("lambda x, y, t: (x[1:], x.view(3, 1))", "X", "Y", "T"),
}
# Nothing negative: PyTorch's jacfwd answers zeros (tests/func/test_jacobians.py has what is right).
ARGNUMS = [0, 1, 2, (0,), (0, 1), (1, 0), (0, 2), (2, 0)]


def prepared(torch, name):
    tensor = lambda values: torch.tensor(values, dtype=torch.float64)  # noqa: E731
    names = {
        "torch": torch,
        "X": tensor([0.4, -0.9, 1.7]),
        "Y": tensor([1.5, -2.0]),
        "T": {"a": tensor(0.7), "b": [tensor([0.2, 1.1]), tensor([[3.0]])]},
    }
    f, *args = (eval(text, names) for text in FUNCTIONS[name])
    return f, args


@pytest.mark.parametrize("argnums", ARGNUMS, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_jacobians(torch, name, argnums):
    f, args = prepared(torch, name)
    return torch.func.jacrev(f, argnums)(*args), torch.func.jacfwd(f, argnums)(*args)


@pytest.mark.parametrize("argnums", ARGNUMS, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_hessian(torch, name, argnums):
    f, args = prepared(torch, name)
    return torch.func.hessian(f, argnums)(*args)


@pytest.mark.parametrize("argnums", [0, 2, (0, 1)], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_auxiliary_outputs(torch, name, argnums):
    f, args = prepared(torch, name)
    g = lambda x, y, t: (f(x, y, t), {"aux": x * 2, "more": [y + 1]})  # noqa: E731
    return (
        torch.func.jacrev(g, argnums, has_aux=True)(*args),
        torch.func.jacfwd(g, argnums, has_aux=True)(*args),
    )


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_chunks(torch, name, size):
    f, args = prepared(torch, name)
    return torch.func.jacrev(f, (0, 1), chunk_size=size)(*args)


def test_chunks_of_one_need_no_vmap(torch):
    f = lambda x: x * x.sum().item() if x.sum() > 0 else x  # noqa: E731
    return torch.func.jacrev(f, chunk_size=1)(torch.ones(3))


def test_dtypes_of_several_tensors(torch):
    f = lambda x, y: (x.double() * y.sum(), y.float() * x[0].float())  # noqa: E731
    args = torch.tensor([1.0, 2.0]), torch.tensor([3.0], dtype=torch.float64)
    return torch.func.jacrev(f, (0, 1))(*args), torch.func.jacfwd(f, (0, 1))(*args)


def test_randomness(torch):
    f = lambda x: x * 2 + 0 * torch.rand(3)  # noqa: E731
    x = torch.ones(3)
    return [torch.func.jacfwd(f, randomness=r)(x) for r in ("same", "different")]


@pytest.mark.parametrize("way", ["jacrev", "jacfwd", "hessian"])
def test_between_a_tape_and_vmap(torch, way):
    f = lambda x, y: ((x * y).sin(), {"s": x.sum() * y})  # noqa: E731
    x = torch.tensor([[0.5, 1.0], [0.1, 0.2]])
    y = torch.tensor([2.0, -1.0], requires_grad=True)
    out = torch.func.vmap(getattr(torch.func, way)(f, (0, 1)), in_dims=(0, None))(x, y)
    part = out[0][0][1] if way == "hessian" else out[0][0]
    part.sum().backward()
    return out, y.grad


FAULTS = {
    "argnums": "way(lambda x: x, 3)(X)",
    "negative argnums": "way(lambda x: x, -2)(X)",
    "no argnums": "way(lambda x: x, ())(X)",
    "argnums twice": "way(lambda x, y: x, (0, 0))(X, X)",
    "argnums twice over": "way(lambda x, y: x, (0, -2))(X, X)",
    "argnums of another type": "way(lambda x: x, 'x')(X)",
    "argnums as a list": "way(lambda x: x, [0])(X)",
    "complex input": "way(lambda x: x.real)(X + 1j)",
    "complex output": "way(lambda x: x * 1j)(X)",
    "a number comes out": "way(lambda x: 1.0)(X)",
    "integers": "way(lambda x: x * 1.0)(torch.tensor([1, 2]))",
    "without aux": "way(lambda x: x, has_aux=True)(X)",
}


@pytest.mark.parametrize("way", ["jacrev", "jacfwd"])
@pytest.mark.parametrize("name", FAULTS)
def test_fault(torch, caught, name, way):
    names = {"torch": torch, "way": getattr(torch.func, way), "X": torch.ones(2)}
    return caught(lambda: eval(FAULTS[name], names))


def test_faults_of_one_way(torch, caught):
    return (
        caught(lambda: torch.func.jacrev(torch.sin, chunk_size=0)),
        caught(lambda: torch.func.jacrev(lambda x: x.long())(torch.ones(2))),
        caught(lambda: torch.func.jacfwd(torch.sin, randomness="some")(torch.ones(2))),
        caught(lambda: torch.func.jacfwd(lambda x: x * torch.rand(2))(torch.ones(2))),
        caught(lambda: torch.func.grad(torch.sum, (0, 0))(torch.ones(2))),
        caught(lambda: torch.func.grad(torch.sum, [0])(torch.ones(2))),
    )
