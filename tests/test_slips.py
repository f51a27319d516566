"""The words of answers to slips: names that are nearly right, shapes, indices, and what warnings advise."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import wengert as torch

X, M = torch.ones(2), torch.ones(2, 3)


@pytest.fixture(autouse=True)
def _every_time():
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.mark.parametrize(
    ("place", "name", "words"),
    [
        (torch, "zeroes", "module 'torch' has no attribute 'zeroes'. Did you mean `torch.zeros`"),
        (
            torch.nn,
            "Linar",
            "module 'torch.nn' has no attribute 'Linar'. Did you mean `torch.nn.Linear`",
        ),
        (torch.nn.functional, "rellu", "Did you mean `torch.nn.functional.relu`"),
        (torch.optim, "Adm", "Did you mean `torch.optim.Adam`"),
        (torch.optim, "adam", "Did you mean `torch.optim.Adam`"),
        (torch.optim, "adamw", "Did you mean `torch.optim.AdamW`"),
        (torch.nn, "TanH", "Did you mean `torch.nn.Tanh`"),
        (torch.nn, "Relu", "Did you mean `torch.nn.ReLU`"),
        (torch.nn, "module", "Did you mean `torch.nn.Module`"),
        (torch.nn.functional, "Relu", "Did you mean `torch.nn.functional.relu`"),
        (torch, "Float32", "Did you mean `torch.float32`"),
        (torch, "TENSOR", "Did you mean `torch.Tensor`"),
        (torch, "qwertz", "module 'torch' has no attribute 'qwertz', here or in PyTorch 2.13.0"),
        (torch, "lobpcg", "^Wengert has no `torch.lobpcg` yet. The README says"),
        (
            torch,
            "hub",
            "^Wengert has no `torch.hub` yet. Download the files, make the model by its class",
        ),
        (torch, "sparse", "^Wengert has no `torch.sparse` yet. The README says"),
        (torch, "compile", "^Wengert has no `torch.compile` yet. Leave the call out"),
    ],
)
def test_a_name_that_is_lacking(place, name, words):
    with pytest.raises(AttributeError, match=words) as caught:
        getattr(place, name)
    assert caught.value.name == name


def test_modules_that_are_only_imported_are_found_there():
    from wengert.nn import module
    from wengert.optim.adamw import AdamW

    assert module.Module is torch.nn.Module and AdamW is torch.optim.AdamW


def test_a_name_that_is_lacking_in_torch():
    program = "import wengert; wengert.install_as_torch(); import torch; torch.nn.functional.rellu"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "Did you mean `torch.nn.functional.relu`?" in answer.stderr


SIZES = (
    r"The size of tensor a \(3\) must match the size of tensor b \(4\) at non-singleton dimension "
)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: torch.ones(3) + torch.ones(4), SIZES + "0"),
        (lambda: torch.ones(2, 1, 3) < torch.ones(2, 4), SIZES + "2"),
        (lambda: torch.ones(3, 2) * torch.ones(4, 1), SIZES + "0"),
        (lambda: torch.where(torch.ones(3) > 0, torch.ones(4), torch.ones(4)), SIZES + "0"),
        (lambda: torch.lerp(torch.ones(3), torch.ones(4), 0.5), SIZES + "0"),
        (lambda: torch.addcmul(torch.ones(1), torch.ones(3), torch.ones(4)), SIZES + "0"),
        (lambda: torch.ones(3).add_(torch.ones(4)), "add_: .*" + SIZES + "0"),
        (lambda: torch.ones(3).copy_(torch.ones(4)), "copy_: .*" + SIZES + "0"),
        (
            lambda: torch.ones(3).add_(torch.ones(2, 3)),
            r"add_: output with shape \[3\] doesn't match the broadcast shape \[2, 3\]: a write",
        ),
        (lambda: M @ torch.ones(4, 5), r"shapes cannot be multiplied \(2x3 and 4x5\)"),
        (lambda: M.mm(torch.ones(4, 5)), r"^mm: mat1 and mat2 shapes cannot be multiplied"),
        (lambda: M.mv(torch.ones(4)), r"^mv: mat1 and mat2 shapes cannot be multiplied"),
        (lambda: M.mm(M.T.double()), r"^mm: expected"),
        (lambda: torch.allclose(torch.ones(3), torch.ones(4)), "^allclose: .*" + SIZES + "0"),
        (
            lambda: torch.isclose(X, X.double()),
            "^isclose: torch.float32 did not match torch.float64",
        ),
        (
            lambda: torch.allclose(X, X, rtol=-1.0),
            "^allclose: rtol must be greater than or equal to zero",
        ),
        (lambda: torch.ones(3).int() & torch.ones(4).int(), "^bitwise_and: .*" + SIZES + "0"),
        (
            lambda: torch.nn.Linear(3, 2)(X),
            r"shapes cannot be multiplied \(1x2 and 3x2\): the input has 2",
        ),
        (
            lambda: torch.randn(-1),
            r"randn: Trying to create tensor with negative dimension -1: \[-1\]",
        ),
        (lambda: torch.ones(2, -3), r"with negative dimension -3: \[2, -3\]"),
        (
            lambda: X.clamp(),
            "torch.clamp: At least one of 'min' or 'max' must not be None. Give one",
        ),
        (lambda: M.permute(0), r"^permute\(\): number of dimensions in the tensor input"),
        (
            lambda: torch.nn.functional.one_hot(torch.tensor([5]), 3),
            "Class values must be .*smaller than num_classes.*index 5 is out of bounds",
        ),
        (
            lambda: torch.nn.functional.embedding(torch.tensor([7]), M),
            "embedding: index out of range in self: index 7 is out of bounds for dimension 0",
        ),
    ],
)
def test_words_that_programs_match(call, words):
    with pytest.raises(RuntimeError, match=words):
        call()


def test_tensors_in_a_list_are_no_rows():
    with pytest.raises(
        ValueError, match=r"only one element tensors can be .*\[2\]. Use `torch.stack"
    ):
        torch.tensor([X, X])


def test_a_copy_of_a_tensor_warns_at_the_line():
    words = "recommended to use sourceTensor.detach.*rather than torch.tensor"
    with pytest.warns(UserWarning, match=words) as seen:
        torch.tensor(X)
    assert seen[0].filename == __file__
    with pytest.warns(UserWarning, match="rather than tensor.new_tensor"):
        X.new_tensor(X)


def test_numbers_of_tensors_with_a_gradient():
    s = torch.tensor(2.0, requires_grad=True)
    with pytest.warns(
        UserWarning, match="requires_grad=True to a scalar.*`.item..` to say"
    ) as seen:
        assert float(s) == 2.0
    assert seen[0].filename == __file__


def test_an_array_that_cannot_be_written():
    array = np.ones(3)
    array.setflags(write=False)
    with pytest.warns(UserWarning, match="not writable.*a write into it raises ValueError.*copy"):
        x = torch.from_numpy(array)
    with pytest.raises(ValueError, match="read-only"):
        x.add_(1)
    assert x.tolist() == [1.0, 1.0, 1.0]


def test_dimensions_in_reverse():
    with pytest.warns(
        UserWarning, match="dimension other than 2 to reverse their shape is deprecated"
    ):
        assert torch.ones(2, 3, 4).T.shape == (4, 3, 2)
    with pytest.warns(UserWarning, match="Tensor.mT is deprecated on 0-D tensors"):
        assert torch.tensor(1.0).mT.shape == ()


def test_a_tensor_with_a_gradient_is_no_number():
    s = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(
        TypeError, match="full.*'fill_value' must be Number, not Tensor that requires"
    ):
        torch.full((2,), s)
    with pytest.raises(TypeError, match="arange.*no gradient would reach it.*item"):
        torch.arange(0, s)
    with pytest.raises(TypeError, match="uniform_.*'to' must be Number, not Tensor of 1 dim"):
        torch.ones(2).uniform_(0, torch.ones(1))


def test_old_words_for_a_reduction():
    with pytest.warns(
        UserWarning, match="size_average and reduce args will be deprecated.*'sum'"
    ) as seen:
        assert torch.nn.MSELoss(size_average=False).reduction == "sum"
    assert seen[0].filename == __file__


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: torch.square("a"), r"^square\(\): argument 'input' must be Tensor, not str"),
        (lambda: torch.alias_copy(None), r"^alias_copy\(\): argument 'input' must be Tensor"),
        (
            lambda: torch.nuclear_norm(M, True, 3),
            "nuclear_norm.. takes input, dim, keepdim and out",
        ),
        (lambda: torch.linalg.multi_dot(None), r"^linalg.multi_dot\(\): argument 'tensors'"),
    ],
)
def test_functions_are_named_as_they_were_called(call, words):
    with pytest.raises(TypeError, match=words):
        call()
