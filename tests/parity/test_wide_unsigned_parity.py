"""uint16, uint32 and uint64: whatever PyTorch computes with them, and promotion over all pairs with others.

What PyTorch has not implemented for them, Wengert may compute: such calls are left out.
"""

import copy
import io
import itertools
import warnings

import numpy as np
import pytest

from tests.parity.test_promotion_table_parity import (
    BINARY,
    FOR_TENSORS,
    NAMES,
    NUMBERS,
    UNARY,
    operands,
    setitem,
)

WIDE = ["uint16", "uint32", "uint64"]
TOO_LARGE = 2**64 - 1


def built_in(error):
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


def outcome(torch, expression, **names):
    """What a call gives, as text or numbers, or the built-in class of its error."""
    given = {"torch": torch, "np": np, "big": TOO_LARGE, "setitem": setitem, "copy": copy, **names}
    try:
        with warnings.catch_warnings(action="ignore"):
            found = eval(expression, given)
    except Exception as error:
        return built_in(error)
    if isinstance(found, torch.Tensor):
        return str(found.dtype), str(found)
    return repr(found)


def both(torch, oracle, expression, make):
    """The outcome in one library, or that PyTorch has not implemented the call."""
    refused = outcome(oracle, expression, **make(oracle)) == "NotImplementedError"
    if refused:
        return "not implemented"
    found = outcome(torch, expression, **make(torch))
    return "RuntimeError" if found == "NotImplementedError" else found  # it is one


@pytest.fixture(scope="module")
def oracle():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("op", BINARY)
def test_pairs(torch, oracle, op):
    found = {}
    pairs = [*itertools.product(WIDE, NAMES + WIDE), *itertools.product(NAMES, WIDE)]
    forms = ("vector", "0-d")
    for (one, other), form, like in itertools.product(pairs, forms, forms):
        found[f"{one} {form}, {other} {like}"] = both(
            torch, oracle, BINARY[op],
            lambda library, one=one, other=other, form=form, like=like: {
                "x": operands(library, one)[form], "y": operands(library, other)[like],
            },
        )  # fmt: skip
    for one, form, number in itertools.product(
        WIDE, forms, NUMBERS if op not in FOR_TENSORS else ()
    ):
        found[f"{one} {form}, {number}"] = both(
            torch, oracle, BINARY[op],
            lambda library, one=one, form=form, number=number: {"x": operands(library, one)[form], "y": number},
        )  # fmt: skip
    return {case: text for case, text in found.items() if "complex" not in str(text)}


@pytest.mark.parametrize("expression", [e.strip() for e in UNARY if e.strip()])
def test_each(torch, oracle, expression):
    return {
        name: both(
            torch, oracle, expression, lambda library, n=name: {"x": operands(library, n)["vector"]}
        )
        for name in WIDE
    }


def test_of_two_dtypes(torch):
    pairs = [*itertools.product(WIDE, NAMES + WIDE), *itertools.product(NAMES, WIDE)]
    return {
        f"{one} {other} {ask}": outcome(torch, f"torch.{ask}(torch.{one}, torch.{other})")
        for one, other in pairs
        for ask in ("promote_types", "can_cast")
    }


CALLS = """
torch.tensor([1, 2], dtype=d) | torch.tensor(True, dtype=d) | torch.tensor([], dtype=d) | torch.tensor([1.5], dtype=d)
torch.tensor([-1], dtype=d) | torch.tensor([2**16], dtype=d) | torch.tensor([-2**40], dtype=d)
torch.tensor([2**32], dtype=d) | torch.tensor(big, dtype=d) | torch.tensor([[1], [2**63]], dtype=torch.uint64)
torch.tensor([2**64], dtype=torch.uint64) | torch.tensor([big]) | torch.tensor([1, -1], dtype=d)
torch.tensor(np.array([1, 2], dtype=str(d)[6:])) | torch.from_numpy(np.array([1, 2], dtype=str(d)[6:]))
torch.tensor(x.tolist(), dtype=d) | torch.as_tensor([1], dtype=d) | torch.asarray([1], dtype=d)
torch.frombuffer(bytearray(range(8)), dtype=d) | torch.zeros(2, dtype=d) | torch.ones(2, dtype=d)
torch.full((2,), 3, dtype=d) | torch.full((2,), -1, dtype=d) | torch.full((2,), big, dtype=d)
torch.full((2,), -70000, dtype=d) | torch.full((2,), 1.5, dtype=d) | torch.full((2,), -1.5, dtype=d)
torch.full_like(x, 7) | torch.zeros_like(x) | x.new_tensor([1]) | x.new_full((2,), 3) | torch.empty(2, dtype=d).shape
torch.zeros(1, dtype=d, requires_grad=True) | x.requires_grad_() | torch.nn.Parameter(x, requires_grad=False)
x.long() | x.int() | x.short() | x.char() | x.byte() | x.bool() | x.half() | x.bfloat16() | x.double()
x.to(torch.complex64) | x.float().to(d) | torch.tensor([-1, 70000, 2**40]).to(d) | torch.tensor([True]).to(d)
torch.tensor([-1.0, 300.7]).to(d) | x.type() | x.type(torch.int32) | torch.ones(1).type(f'torch.{label}Tensor')
x.type_as(torch.tensor(1)) | torch.zeros(3).type_as(x) | torch.zeros(3).copy_(x) | x.copy_(torch.tensor([1., 2., 3.]))
x.element_size() | x.nbytes | x.is_signed() | d.is_signed | d.itemsize | d.is_floating_point | d.to_real()
d.to_complex() | torch.iinfo(d) | torch.iinfo(d).max | torch.iinfo(d).dtype | torch.finfo(d) | torch.typename(x)
x[0] | x[1:] | x[torch.tensor([0, 1])] | x[torch.tensor([True, False, True])] | x[None] | x[0].item() | x.tolist()
int(x[0]) | float(x[0]) | bool(x[0]) | [0, 1, 2, 3][x[1]] | torch.zeros(4)[x] | torch.arange(4)[x[1]] | range(x[2])
setitem(x, 5) | setitem(x, torch.tensor([7, 8, 9])) | x.fill_(3) | x.fill_(-1) | x.zero_() | x.mul_(2)
x.view(3, 1) | x.view(torch.uint8) | x.view(torch.int8) | torch.tensor([-1]).view(d) | x.view(torch.float16)
x.expand(2, 3) | x.reshape(3, 1).t() | torch.stack([x, x]) | torch.cat([x, x.long()]) | torch.cat([x, torch.ones(2)])
x.split(1) | x.unbind() | x.chunk(2) | x.roll(1) | x.repeat(2) | x.tile(2) | x.repeat_interleave(2) | x.unfold(0, 2, 1)
torch.nn.functional.pad(x, (1, 1)) | torch.diag(x) | torch.diagonal(x[None]) | torch.meshgrid(x, x)[0]
torch.cartesian_prod(x, x) | x.movedim(0, 0) | torch.flatten(x[None]) | torch.broadcast_tensors(x, x)[0]
x == x | x == 2 | x != 2 | x == 1.5 | x == -1 | x < 2.5 | torch.equal(x, x) | torch.allclose(x, x) | torch.isclose(x, x)
x * x | x * 2 | x / x | x & x | x | x ^ x | x + 1.5 | 2 / x | torch.outer(x, x) | x.unique() | x.argsort()
torch.full((1,), 2**63, dtype=torch.uint64).float() | torch.full((2,), 2**63, dtype=torch.uint64).sum()
torch.full((1,), big, dtype=torch.uint64).item() | torch.full((2,), big, dtype=torch.uint64).tolist()
torch.full((1,), big, dtype=torch.uint64).double() | torch.full((1,), big, dtype=torch.uint64).long()
torch.full((1,), big, dtype=torch.uint64) == big | torch.full((1,), big, dtype=torch.uint64) / 2
torch.set_default_dtype(d) | x.cov() | x.fill_diagonal_(1) | x[None].fill_diagonal_(1) | x.xlogy(x) | x.frexp()
x.numpy() | np.asarray(x).dtype | x.numpy().dtype | torch.from_dlpack(x) | copy.deepcopy(x) | x.random_()
torch.nn.Embedding(9, 2)(x) | torch.utils.data.default_collate([x, x]) | torch.testing.assert_close(x, x)
x.storage().dtype | x.untyped_storage().nbytes() | torch.complex(x, x) | x.item() | x.std() | x.norm() | x.mean()
"""


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize(
    "expression", [e.strip() for e in CALLS.replace("\n", " | ").split(" | ") if e.strip()]
)
def test_calls(torch, oracle, expression, name):
    def make(library):
        dtype = getattr(library, name)
        x = library.tensor([1, 2, 3], dtype=dtype)
        return {"x": x, "d": dtype, "label": name.replace("uint", "UInt")}

    print(both(torch, oracle, expression, make))


@pytest.mark.parametrize("name", WIDE)
def test_random_integers(torch, name):
    torch.manual_seed(5)
    dtype = getattr(torch, name)
    drawn = [torch.randint(0, 2**16, (5,), dtype=dtype), torch.zeros(5, dtype=dtype).random_(3, 9)]
    return *drawn, torch.rand(1)


@pytest.mark.parametrize("new", [True, False])
def test_files_of_either_library(torch, oracle, new):
    import wengert

    def contents(library):
        x = library.tensor([[1, 2], [3, 65535]], dtype=library.uint16)
        last = library.tensor([TOO_LARGE], dtype=library.uint64)
        return {
            "x": x,
            "turned": x.t(),
            "part": x[1],
            "last": last,
            "beside": library.ones(2),
            "dtype": x.dtype,
        }

    # PyTorch does not read such a file of its own in the format from before 1.6.
    for library in (oracle, wengert) if new else (wengert,):
        file = io.BytesIO()
        library.save(contents(library), file, _use_new_zipfile_serialization=new)
        file.seek(0)
        found = torch.load(file)
        print(found)
        found["x"][1, 0] = 7
        print(found["part"], found["turned"], found["x"].stride(), found["turned"].stride())
