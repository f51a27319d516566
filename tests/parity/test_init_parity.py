"""`nn.init`: the same numbers as PyTorch's for one seed, and faults."""

import pytest

FILLED = [
    ("uniform_", (20, 30), {"a": -2.0, "b": 3.0}),
    ("normal_", (5,), {}),
    ("normal_", (40, 7), {"mean": 1.0, "std": 0.3}),
    ("constant_", (2, 2), {"val": 1.5}),
    ("ones_", (2,), {}),
    ("zeros_", (2,), {}),
    ("eye_", (3, 4), {}),
    ("dirac_", (4, 3, 3), {"groups": 2}),
    ("dirac_", (2, 3, 3, 2), {}),
    ("xavier_uniform_", (4, 3, 2), {"gain": 2.0}),
    ("xavier_normal_", (8, 9), {}),
    ("kaiming_uniform_", (6, 5), {"a": 5**0.5}),
    ("kaiming_uniform_", (6, 5), {"nonlinearity": "selu", "mode": "fan_out"}),
    ("kaiming_normal_", (6, 5), {"mode": "fan_out", "nonlinearity": "relu"}),
    ("trunc_normal_", (30, 40), {}),
    ("trunc_normal_", (30, 40), {"a": 1.5, "b": 1.9}),
    ("trunc_normal_", (3, 4), {"mean": 0.5, "std": 2.0}),
    ("orthogonal_", (5, 8), {"gain": 2}),
    ("orthogonal_", (8, 5), {}),
    ("orthogonal_", (4, 2, 3), {}),
    ("sparse_", (7, 5), {"sparsity": 0.4}),
]


@pytest.mark.parametrize(("name", "shape", "arguments"), FILLED)
@pytest.mark.parametrize("parameter", [True, False])
def test_filled(torch, name, shape, arguments, parameter):
    torch.manual_seed(0)
    x = torch.empty(shape, dtype=torch.float64)
    x = torch.nn.Parameter(x) if parameter else x
    made = getattr(torch.nn.init, name)(x, **arguments)
    return made, made is x, torch.rand(1)


OLD = [f for f in FILLED if f[0] not in ("ones_", "zeros_", "trunc_normal_")]


@pytest.mark.parametrize(("name", "shape", "arguments"), OLD)
def test_old_names(torch, warned, name, shape, arguments):
    torch.manual_seed(0)
    x = torch.empty(shape, dtype=torch.float64)
    old = getattr(torch.nn.init, name.removesuffix("_"))
    return warned(lambda: old(x, **arguments)), x, old.__name__


def test_own_generator(torch):
    generator = torch.Generator().manual_seed(5)
    made = [
        torch.nn.init.uniform_(torch.empty(3), generator=generator),
        torch.nn.init.kaiming_normal_(torch.empty(3, 2), generator=generator),
        torch.nn.init.trunc_normal_(torch.empty(3), generator=generator),
    ]
    return made


GAINS = [
    "'linear'", "'conv2d'", "'conv_transpose3d'", "'sigmoid'", "'tanh'", "'relu'", "'selu'", "'leaky_relu'",
    "'leaky_relu', 0.3", "'leaky_relu', 1",
]  # fmt: skip


@pytest.mark.parametrize("arguments", GAINS)
def test_gains(torch, arguments):
    return float(eval(f"torch.nn.init.calculate_gain({arguments})", {"torch": torch}))


FAULTS = [
    "i.calculate_gain('gelu')", "i.calculate_gain('leaky_relu', 'x')", "i.calculate_gain('leaky_relu', True)",
    "i.eye_(torch.empty(2))", "i.dirac_(torch.empty(2, 2))", "i.dirac_(torch.empty(3, 2, 2), groups=2)",
    "i.xavier_uniform_(torch.empty(2))", "i.kaiming_normal_(torch.empty(2, 2), mode='x')",
    "i.orthogonal_(torch.empty(2))", "i.sparse_(torch.empty(2), 0.1)", "i.normal_(torch.empty(2), std=-1.0)",
    "i.uniform_(torch.empty(2), 2.0, 1.0)",
]  # fmt: skip


@pytest.mark.parametrize("program", FAULTS)
def test_faults(torch, caught, program):
    return caught(lambda: eval(program, {"torch": torch, "i": torch.nn.init}))


def test_nothing_to_fill(torch, warned):
    return warned(lambda: torch.nn.init.kaiming_uniform_(torch.empty(0, 2)))
