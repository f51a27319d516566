"""The printed form of arrays, against texts written out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from wengert.tensor.display import format_array, format_scalar, set_printoptions, tensor_repr


@pytest.fixture(autouse=True)
def _default_options() -> Iterator[None]:
    set_printoptions(profile="default")
    yield
    set_printoptions(profile="default")


def text(value: Any, dtype: str | None = None, **notes: Any) -> str:
    array = np.asarray(value, dtype)
    plain = {"requires_grad": False, "grad_fn_name": None, "dtype_name": str(array.dtype)}
    return tensor_repr(array, **{**plain, **notes})


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (0.1, "float32", "tensor(0.1000)"),
        (27, "float32", "tensor(27.)"),
        (3, "int64", "tensor(3)"),
        (True, "bool", "tensor(True)"),
        (1 - 2.5j, "complex64", "tensor(1.-2.5000j)"),
        ([True, False], "bool", "tensor([ True, False])"),
        ([1, -20, 300], "int64", "tensor([  1, -20, 300])"),
        ([1, -2, np.nan, np.inf], "float32", "tensor([ 1., -2., nan, inf])"),
        ([0.5, np.nan, -np.inf], "float32", "tensor([0.5000,    nan,   -inf])"),
        ([0.0, -0.0, np.nan], "float32", "tensor([0., -0., nan])"),
        ([1e-5, 1], "float32", "tensor([1.0000e-05, 1.0000e+00])"),
        ([1, 1001], "float32", "tensor([1.0000e+00, 1.0010e+03])"),
        ([1, 1000], "float32", "tensor([   1., 1000.])"),
        ([1e8], "float32", "tensor([100000000.])"),
        ([2e8], "float32", "tensor([2.0000e+08])"),
        # The float32 nearest to 1e-4 lies below it.
        ([1e-4, 0.05], "float32", "tensor([1.0000e-04, 5.0000e-02])"),
        ([1e-4, 0.05], "float64", "tensor([0.0001, 0.0500], dtype=torch.float64)"),
        ([1 + 2j, -0.5 - 10j], "complex64", "tensor([ 1.0000+2.j, -0.5000-10.j])"),
    ],
)
def test_notation_is_chosen_from_the_values(value: Any, dtype: str, expected: str) -> None:
    assert text(value, dtype) == expected


def test_blocks_are_indented_and_parted_by_blank_lines() -> None:
    assert text(np.arange(12).reshape(2, 3, 2)) == (
        "tensor([[[ 0,  1],\n"
        "         [ 2,  3],\n"
        "         [ 4,  5]],\n"
        "\n"
        "        [[ 6,  7],\n"
        "         [ 8,  9],\n"
        "         [10, 11]]])"
    )


def test_long_rows_break_before_the_line_width() -> None:
    assert text(np.arange(20) * 1000) == (
        "tensor([    0,  1000,  2000,  3000,  4000,  5000,  6000,  7000,  8000,  9000,\n"
        "        10000, 11000, 12000, 13000, 14000, 15000, 16000, 17000, 18000, 19000])"
    )


def test_more_than_the_threshold_is_shortened() -> None:
    assert text(np.arange(1000)).count(",") == 999
    assert text(np.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    rows = ",\n        ".join(["[0, 0]"] * 3)
    assert text(np.zeros((2000, 2), int)) == f"tensor([{rows},\n        ...,\n        {rows}])"


def test_hidden_numbers_do_not_choose_the_notation() -> None:
    values = np.ones(2000, np.float32)
    values[1000] = 1e12
    assert text(values) == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


@pytest.mark.parametrize(
    ("shape", "dtype", "default", "expected"),
    [
        ((0,), "float32", "float32", "tensor([])"),
        ((0, 3), "float32", "float32", "tensor([], size=(0, 3))"),
        ((2, 0), "int64", "float32", "tensor([], size=(2, 0), dtype=torch.int64)"),
        ((0,), "bool", "float32", "tensor([], dtype=torch.bool)"),
        ((1,), "bool", "float32", "tensor([False])"),
        ((1,), "int64", "float32", "tensor([0])"),
        ((1,), "int32", "float32", "tensor([0], dtype=torch.int32)"),
        ((1,), "float32", "float64", "tensor([0.], dtype=torch.float32)"),
        ((1,), "float64", "float64", "tensor([0.])"),
        ((1,), "complex64", "float32", "tensor([0.+0.j])"),
        ((1,), "complex64", "float64", "tensor([0.+0.j], dtype=torch.complex64)"),
        ((1,), "complex128", "float64", "tensor([0.+0.j])"),
    ],
)
def test_size_and_dtype_are_shown_where_the_numbers_do_not_tell(
    shape: tuple[int, ...], dtype: str, default: str, expected: str
) -> None:
    assert text(np.zeros(shape), dtype, default_dtype=default) == expected


def test_gradient_notes_follow_the_numbers() -> None:
    assert text(2.0, "float32", requires_grad=True) == "tensor(2., requires_grad=True)"
    by_an_op = text(2.0, "float32", requires_grad=True, grad_fn_name="MulBackward0")
    assert by_an_op == "tensor(2., grad_fn=<MulBackward0>)"


def test_a_note_that_would_pass_the_line_width_starts_a_line() -> None:
    halves = {"requires_grad": True, "grad_fn_name": "MulBackward0"}
    line = "0.5000" + ", 0.5000" * 4
    assert text([0.5] * 5, "float32", **halves) == f"tensor([{line}], grad_fn=<MulBackward0>)"
    line += ", 0.5000"
    # 79 columns would do, but PyTorch counts two more before the first note.
    broken = f"tensor([{line}],\n       grad_fn=<MulBackward0>)"
    assert text([0.5] * 6, "float32", **halves) == broken
    with_dtype = text([0.5] * 6, "float64", **halves)
    broken = f"tensor([{line}], dtype=torch.float64,\n       grad_fn=<MulBackward0>)"
    assert with_dtype == broken


def test_the_prefix_sets_the_indentation() -> None:
    assert text([[1], [2]], "int64", prefix="Weights(") == "Weights([[1],\n         [2]])"
    assert format_array(np.array([[1], [2]]), 0) == "[[1],\n [2]]"


def test_printing_leaves_the_array_alone_and_takes_any_strides() -> None:
    array = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    array.flags.writeable = False
    turned = text(array.T)
    assert turned == text(np.ascontiguousarray(array.T))
    assert turned == "tensor([[0., 3.],\n        [1., 4.],\n        [2., 5.]])"


class TestPrintOptions:
    def test_precision(self) -> None:
        set_printoptions(precision=2)
        assert text([0.126, 1.0], "float32") == "tensor([0.13, 1.00])"

    def test_threshold_and_edgeitems(self) -> None:
        set_printoptions(threshold=5, edgeitems=1)
        assert text(np.arange(6)) == "tensor([0,  ..., 5])"
        assert text(np.arange(5)) == "tensor([0, 1, 2, 3, 4])"

    def test_no_edgeitems_show_the_size_instead(self) -> None:
        set_printoptions(threshold=2, edgeitems=0)
        assert text(np.ones((3, 3), int)) == "tensor([...], size=(3, 3))"

    def test_linewidth(self) -> None:
        set_printoptions(linewidth=16)
        assert text(np.arange(5)) == "tensor([0, 1, 2,\n        3, 4])"

    def test_sci_mode_lasts_until_the_next_call(self) -> None:
        set_printoptions(sci_mode=True)
        assert text([1.0], "float32") == "tensor([1.0000e+00])"
        set_printoptions(sci_mode=False)
        assert text([1e10, 0.5], "float32") == "tensor([10000000000.0000,           0.5000])"
        set_printoptions(precision=1)
        assert text([1e10, 0.5], "float32") == "tensor([1.0e+10, 5.0e-01])"

    def test_a_profile_is_refined_by_the_other_options(self) -> None:
        set_printoptions(profile="short", edgeitems=1)
        assert text(np.full(2000, 0.5), "float32") == "tensor([0.50,  ..., 0.50])"
        set_printoptions(profile="full")
        assert text(np.full(2000, 0.5), "float32").count("0.5000") == 2000

    def test_an_unknown_profile_is_refused_and_changes_nothing(self) -> None:
        set_printoptions(precision=2, sci_mode=True)
        with pytest.raises(ValueError, match="no profile 'tiny'. Use one of 'default', 'short', "):
            set_printoptions(profile="tiny", precision=7)
        assert text([1.0], "float32") == "tensor([1.00e+00])"


class TestFormatScalar:
    @pytest.mark.parametrize(
        ("value", "dtype", "spec", "expected"),
        [
            (27.0, "float32", "", "27.0"),
            (0.1, "float32", "", "0.10000000149011612"),
            (2.5, "float64", ".3f", "2.500"),
            (3, "int64", ">5", "    3"),
            (True, "bool", "", "True"),
            (1 + 2j, "complex64", ".1f", "1.0+2.0j"),
        ],
    )
    def test_formats_as_the_python_number(
        self, value: complex, dtype: str, spec: str, expected: str
    ) -> None:
        assert format_scalar(np.array(value, dtype), spec) == expected

    def test_refuses_an_array_with_dimensions(self) -> None:
        words = r"format string passed to Tensor.__format__: '.2f', on a tensor of shape \[2, 3\]"
        with pytest.raises(TypeError, match=words):
            format_scalar(np.ones((2, 3)), ".2f")

    def test_refuses_a_code_of_another_type(self) -> None:
        with pytest.raises(ValueError, match="Unknown format code 'd'"):
            format_scalar(np.array(1.5), "d")
