"""`torch.quasirandom.SobolEngine`: PyTorch's points to the last bit, and what it refuses."""

import hashlib

import numpy as np
import pytest


def digest(*tensors):
    """Tell tensors apart by every bit of theirs."""
    return [hashlib.sha256(np.ascontiguousarray(t.numpy()).tobytes()).hexdigest() for t in tensors]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scramble", [False, True])
@pytest.mark.parametrize("dimension", [1, 2, 7, 100])
def test_points(torch, dimension, scramble, dtype):
    engine = torch.quasirandom.SobolEngine(dimension, scramble=scramble, seed=dimension)
    dtype = getattr(torch, dtype)
    parts = [engine.draw(n, dtype=dtype) for n in (1, 1, 5, 0, 64, 1000)]
    print(digest(*parts), digest(engine.quasi, engine.shift, engine.sobolstate), engine)
    return parts[2], engine.num_generated, engine.sobolstate, engine.shift


def test_every_direction_number(torch):
    engine = torch.quasirandom.SobolEngine(torch.quasirandom.SobolEngine.MAXDIM)
    print(digest(engine.sobolstate, engine.draw(20)), engine.MAXBIT)


def test_scrambled_in_many_dimensions(torch):
    engine = torch.quasirandom.SobolEngine(3000, scramble=True, seed=5)
    print(digest(engine.sobolstate, engine.shift, engine.draw(9)))


def test_the_default_generator(torch):
    torch.manual_seed(3)
    engine = torch.quasirandom.SobolEngine(3, scramble=True)
    return engine.draw(4), torch.rand(2), engine.seed


def test_a_seed_leaves_the_default_generator(torch):
    torch.manual_seed(3)
    torch.quasirandom.SobolEngine(3, scramble=True, seed=1)
    return torch.rand(2)


@pytest.mark.parametrize("steps", [(3, 5), (0, 1, 0, 6), (1, 1000), (2**20 + 3, 7), (2**30 - 9,)])
@pytest.mark.parametrize("scramble", [False, True])
def test_fast_forward(torch, steps, scramble):
    engine = torch.quasirandom.SobolEngine(4, scramble=scramble, seed=2)
    found = []
    for n in steps:
        print(engine.fast_forward(n) is engine, engine.num_generated)
        found.append(engine.draw(3))
    print(digest(*found))
    print(engine.reset() is engine, engine.num_generated)
    return found, engine.draw(2), engine.quasi


def test_base_2(torch):
    engine = torch.quasirandom.SobolEngine(2)
    return [engine.draw_base2(m) for m in (2, 2, 3)], engine.draw_base2(4, dtype=torch.float64)


def test_the_first_point_is_rounded_in_the_default_dtype(torch):
    engine = torch.quasirandom.SobolEngine(3, scramble=True, seed=9)
    print(digest(engine.draw(2, dtype=torch.float64)))
    torch.set_default_dtype(torch.float64)
    try:
        engine = torch.quasirandom.SobolEngine(3, scramble=True, seed=9)
        print(digest(engine.draw(2)))
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_out(torch, dtype):
    engine, out = torch.quasirandom.SobolEngine(2), torch.zeros(1, dtype=getattr(torch, dtype))
    print(engine.draw(3, out=out) is out)
    return out, engine.draw_base2(0, out=out)


FAULTS = [
    "S(0)",
    "S(21202)",
    "S(-1)",
    "S(2.0)",
    "S('2')",
    "S(None)",
    "S(2, scramble=True, seed=1.5)",
    "S(2, scramble=True, seed='a')",
    "S(2, scramble=True, seed=2**64)",
    "S(2, scramble=True, seed=True)",
    "S(2).draw(-1)",
    "S(2).draw(2.0)",
    "S(2).draw(None)",
    "S(2).draw('3')",
    "S(2).draw(3, dtype=torch.int64)",
    "S(2).draw(3, dtype=torch.complex64)",
    "S(2).draw(3, dtype=torch.bool)",
    "S(2).draw(3, out=torch.zeros(1, requires_grad=True))",
    "S(2).draw(3, out=[1])",
    "S(2).fast_forward(2.0)",
    "S(2).fast_forward(1).draw_base2(2)",
    "S(2).draw_base2(1.0)",
]


@pytest.mark.parametrize("call", FAULTS)
def test_faults(torch, refused, call):
    names = {"torch": torch, "S": torch.quasirandom.SobolEngine}
    return refused(lambda: eval(call, names))


def test_a_failed_draw_passes_over_nothing(torch, caught):
    engine = torch.quasirandom.SobolEngine(2)
    engine.draw(3)
    caught(lambda: engine.draw(-1))
    caught(lambda: engine.draw(2, dtype=torch.int64))
    return engine.num_generated, engine.draw(1)
