"""Devices, layouts, memory formats, settings and old type names: what PyTorch on a CPU says of them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _defaults(torch):
    yield
    for library in (torch.oracle, torch.candidate):
        library.set_default_device(None)
        library.set_default_dtype(library.float32)
        library.use_deterministic_algorithms(False)
        library.set_float32_matmul_precision("highest")
        library.set_warn_always(False)


@pytest.mark.parametrize(
    "expression",
    [
        "torch.device('cpu')",
        "torch.device('cpu:0')",
        "torch.device('cpu', 0)",
        "torch.device(type='cuda', index=2)",
        "torch.device(device='cpu')",
        "torch.device(torch.device('cuda:1'))",
        "torch.device('meta')",
        "torch.device('mps:0')",
        "torch.device('cpu') == torch.device('cpu:0')",
        "torch.device('cuda:1') == torch.device('cuda', 1)",
        "torch.device('cpu') == 'cpu'",
        "str(torch.device('cuda:1'))",
        "torch.device('cuda').index",
        "{torch.device('cpu'): 1}[torch.device('cpu')]",
        "pickle.loads(pickle.dumps(torch.device('cpu', 0)))",
        "copy.deepcopy(torch.device('cpu', 0))",
        "torch.strided",
        "torch.contiguous_format",
        "torch.preserve_format",
        "torch.channels_last",
        "torch.channels_last_3d",
        "torch.sparse_coo",
        "isinstance(torch.strided, torch.layout)",
        "isinstance(torch.channels_last, torch.memory_format)",
        "pickle.loads(pickle.dumps(torch.strided)) is torch.strided",
        "copy.deepcopy(torch.channels_last) is torch.channels_last",
        "torch.ones(2).layout is torch.strided",
        "torch.ones(2, device='cpu:1').device",
        "torch.get_default_device()",
        "torch.ones(2).get_device()",
        "torch.ones(2).cpu().device",
        "torch.typename(torch.ones(2)), torch.typename(3), torch.typename('a')",
        "torch.FloatTensor, torch.LongTensor, torch.BoolTensor, torch.HalfTensor, torch.ShortTensor",
        "torch.FloatTensor.__name__, torch.FloatTensor.__module__, torch.FloatTensor.dtype",
        "torch.FloatTensor.is_cuda, torch.FloatTensor.layout",
        "isinstance(torch.ones(2), torch.FloatTensor), isinstance(torch.ones(2), torch.DoubleTensor)",
        "isinstance(torch.arange(2), torch.LongTensor), isinstance(3, torch.LongTensor)",
        "torch.ones(2).type()",
        "torch.version.cuda, torch.version.hip, torch.version.debug",
        "torch.get_num_interop_threads() > 0",
        "torch.are_deterministic_algorithms_enabled(), torch.get_deterministic_debug_mode()",
        "torch.get_float32_matmul_precision()",
        "torch.finfo(torch.float32), torch.finfo(torch.float16), torch.finfo(torch.float64), torch.finfo()",
        "torch.finfo(torch.complex64), torch.finfo(torch.float32).dtype, torch.finfo(torch.float32).bits",
        "torch.iinfo(torch.int8), torch.iinfo(torch.uint8), torch.iinfo(torch.int64), torch.iinfo(torch.int16)",
        "torch.iinfo(torch.int32).max, torch.iinfo(torch.int32).bits, torch.iinfo(torch.int32).dtype",
        "torch.finfo(torch.float32) == torch.finfo(torch.float32)",
        "torch.cfloat, torch.cdouble, torch.inf, torch.nan, torch.pi, torch.e",
        "torch.cuda.is_available(), torch.cuda.device_count(), torch.cuda.is_initialized()",
        "torch.backends.cudnn.is_available(), torch.backends.mps.is_available()",
        "torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic",
    ],
)
def test_what_is_said(torch, expression):
    value = eval(expression, {"torch": torch, "copy": copy, "pickle": pickle})
    return repr(value)


@pytest.mark.parametrize(
    "expression",
    [
        "torch.device('foo')",
        "torch.device('')",
        "torch.device('cpu:')",
        "torch.device('cpu:01')",
        "torch.device('cpu:-1')",
        "torch.device('cpu', -1)",
        "torch.device('cpu:0', 0)",
        "torch.device(0)",
        "torch.device(-1)",
        "torch.device(1.5)",
        "torch.device(None)",
        "torch.device()",
        "torch.ones(2, device='cuda')",
        "torch.ones(2, device=torch.device('cuda', 0))",
        "torch.ones(2, device='xpu')",
        "torch.ones(2, device='mps')",
        "torch.ones(2, device=0)",
        "torch.ones(2, device='foo')",
        "torch.ones(2, device=1.5)",
        "torch.ones(2, device=['cpu'])",
        "torch.tensor([1.0], device='cuda')",
        "torch.ones(2).cuda()",
        "torch.ones(2).xpu()",
        "torch.ones(2).to('cuda')",
        "torch.ones(2).to('mps')",
        "torch.ones(2).to(0)",
        "torch.ones(2).to('foo')",
        "torch.ones(2).to([1])",
        "torch.ones(2).to(other=torch.ones(2))",
        "torch.ones(2).to(dtype=torch.float64, foo=1)",
        "torch.ones(2).to(torch.float64, dtype=torch.float64)",
        "torch.ones(2).to(torch.float64, False, False, 1, 2)",
        "torch.ones(2).pin_memory()",
        "torch.ones(2).type('foo')",
        "torch.set_num_threads(0)",
        "torch.set_num_threads(1.5)",
        "torch.set_num_threads('2')",
        "torch.use_deterministic_algorithms(1)",
        "torch.set_deterministic_debug_mode(5)",
        "torch.set_deterministic_debug_mode('x')",
        "torch.FloatTensor(2.5)",
        "torch.FloatTensor('a')",
        "torch.FloatTensor(torch.ones(2, dtype=torch.float64))",
        "torch.Tensor(2.5)",
        "torch.ones(2).new(torch.ones(2, dtype=torch.float64))",
        "torch.set_default_tensor_type(torch.LongTensor)",
        "torch.ones(2).as_subclass(int)",
        "torch.finfo(torch.int32)",
        "torch.iinfo(torch.float32)",
        "torch.iinfo(torch.bool)",
        "torch.finfo(3)",
        "torch.cuda.current_device()",
        "torch.cuda.synchronize()",
    ],
)
def test_what_is_refused(torch, caught, expression):
    error = caught(lambda: eval(expression, {"torch": torch}))
    assert isinstance(error, Exception), f"{expression} gave {error!r}"
    return error


def test_an_unknown_device_is_refused_in_pytorchs_words(torch, caught):
    return str(caught(lambda: torch.device("foo")))


def test_a_device_is_the_default_inside_with(torch, caught):
    seen = [torch.get_default_device()]
    with torch.device("cuda"):
        seen.append(caught(lambda: torch.ones(2)))
        with torch.device("cpu"):
            seen.append(torch.ones(2))
    seen.append(torch.ones(2))

    return [*seen, torch.zeros(1)]


def test_the_default_device_is_set_and_reset(torch, caught):
    torch.set_default_device("cuda")
    first = (caught(lambda: torch.ones(2)), torch.ones(2, device="cpu"))
    torch.set_default_device(None)
    return [*first, torch.get_default_device(), torch.ones(2)]


@pytest.mark.parametrize(
    "arguments",
    [
        "torch.float64",
        "torch.float64, True, True",
        "torch.float32",
        "torch.float32, copy=True",
        "torch.float32, False, True",
        "dtype=torch.float16",
        "float",
        "int",
        "bool",
        "'cpu'",
        "'cpu', torch.float64",
        "'cpu', torch.float64, True, True",
        "'cpu', copy=True",
        "'cpu:0'",
        "device='cpu', dtype=torch.int64",
        "torch.device('cpu'), non_blocking=True",
        "None, torch.float64",
        "None",
        "",
        "torch.ones(1, dtype=torch.float64)",
        "torch.ones(1), True, copy=True",
        "memory_format=torch.preserve_format",
        "torch.float64, memory_format=torch.contiguous_format",
    ],
)
def test_to_in_every_form(torch, arguments):
    x = torch.tensor([[1.5, 0.0]], requires_grad=True)
    y = eval(f"x.to({arguments})", {"torch": torch, "x": x})
    same = y is x
    if y.is_floating_point():
        y.sum().backward()
    return y, same, x.grad


@pytest.mark.parametrize(
    "expression",
    [
        "torch.FloatTensor([1, 2])",
        "torch.FloatTensor([[1, 2], [3, 4]])",
        "torch.LongTensor([1.7, 2])",
        "torch.LongTensor((1, 2))",
        "torch.ByteTensor([1])",
        "torch.BoolTensor([1, 0])",
        "torch.DoubleTensor(np.ones(2, 'f4'))",
        "torch.FloatTensor(torch.ones(2))",
        "torch.FloatTensor()",
        "torch.FloatTensor(2, 3).shape",
        "torch.FloatTensor(torch.Size([2, 3])).shape",
        "torch.FloatTensor(5, device='cpu').shape",
        "torch.Tensor([1, 2])",
        "torch.Tensor((1, 2))",
        "torch.Tensor([])",
        "torch.Tensor(3, 2).shape",
        "torch.Tensor(torch.ones(2, dtype=torch.float64))",
        "torch.Tensor(np.ones(2))",
        "torch.ones(2).type(torch.DoubleTensor)",
        "torch.ones(2).type('torch.LongTensor')",
        "torch.ones(2, dtype=torch.float64).new([1, 2])",
        "torch.ones(2).new(2, 3).shape",
        "torch.ones(2).new()",
        "torch.ones(2).new_tensor([1.5])",
    ],
)
def test_old_constructors(torch, expression):
    return eval(expression, {"torch": torch, "np": np})


def test_settings_are_kept(torch):
    torch.use_deterministic_algorithms(True, warn_only=True)
    seen = [
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.get_deterministic_debug_mode(),
    ]
    torch.set_deterministic_debug_mode("error")
    seen.append(torch.get_deterministic_debug_mode())
    torch.set_float32_matmul_precision("high")
    torch.set_warn_always(True)
    torch.set_default_tensor_type("torch.DoubleTensor")
    seen += [torch.get_float32_matmul_precision(), torch.is_warn_always_enabled()]
    return [*seen, torch.tensor(1.5), torch.get_default_dtype()]


def test_an_unknown_precision_is_a_warning(torch, warned):
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("foo")
    return before, torch.get_float32_matmul_precision()
