"""What stands for a number: the words of refusals, and that no gradient is lost in silence."""

import numpy as np
import pytest

import wengert as torch
from wengert.tensor.numbers import double_of, number_of, real_of, require_flags, whole_of, wholes_of

GRAD = torch.tensor(0.5, requires_grad=True)
REFUSED = {
    "grad": (lambda: number_of("op", "a", GRAD), TypeError, "op.*'a' must be Number, not Tensor that requires grad"),
    "grad of a loss": (lambda: torch.nn.functional.elu(GRAD, GRAD), TypeError, "no gradient would reach it"),
    "dimensions": (lambda: number_of("op", "a", torch.ones(1)), TypeError, "not Tensor of 1 dimensions"),
    "text": (lambda: number_of("op", "a", "1"), TypeError, "must be Number, not str"),
    "huge": (lambda: number_of("op", "a", 2**70), OverflowError, "too big.*Use a float"),
    "complex": (lambda: real_of("op", "a", 1j), RuntimeError, "'a' is 1j.*without overflow.*abs"),
    "complex double": (lambda: double_of("op", "a", 1j), TypeError, "must be float, not complex"),
    "complex tensor": (lambda: double_of("op", "a", torch.tensor(1j)), RuntimeError, "is 1j"),
    "array": (lambda: double_of("op", "a", np.ones(1)), TypeError, "must be float, not ndarray"),
    "float": (lambda: whole_of("op", "a", 1.0), TypeError, r"must be int, not float. Use `int\(...\)`"),
    "bool": (lambda: whole_of("op", "a", True), TypeError, "must be int, not bool"),
    "long": (lambda: whole_of("op", "a", 2**70), ValueError, "does not fit in int64"),
    "long class": (
        lambda: torch.nn.functional.cross_entropy(torch.ones(1, 2), torch.tensor([0]), ignore_index=2**70), ValueError,
        "cross_entropy.*does not fit in int64",
    ),
    "part": (lambda: wholes_of("op", "a", (1, 2.0)), TypeError, "found element of type float at pos 1"),
    "flag": (lambda: require_flags("op", a=True, b=1), TypeError, "'b' must be bool, not int. Write True or False"),
    "no flag": (lambda: torch.rand(3).sort(0, 1), TypeError, "sort.*'descending' must be bool"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_say_what_is_wrong(name):
    call, kind, words = REFUSED[name]
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(0.5, 0.5), (2, 2), (np.float32(0.5), 0.5), (torch.tensor(3), 3), (torch.tensor(0.5), 0.5), (1j, 1j)],
)  # fmt: skip
def test_numbers(given, wanted):
    found = number_of("op", "a", given)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    "given", [2, np.int64(2), np.uint8(2), torch.tensor(2), torch.tensor(2, dtype=torch.uint8)]
)
def test_integers(given):
    assert whole_of("op", "a", given) == 2


def test_sizes_of_several_parts():
    assert wholes_of("op", "a", (1, np.int64(2), torch.tensor(3))) == (1, 2, 3)


def test_a_float_may_be_an_integer_of_any_size():
    assert double_of("op", "a", 2**70) == 2.0**70
    assert double_of("op", "a", True) == 1


def test_nothing_is_a_number_inside_of_a_map():
    with pytest.raises(RuntimeError, match="item"):
        torch.func.vmap(lambda x: torch.nn.functional.elu(x, x))(torch.ones(2))
