"""What would compute otherwise when it is switched on, or needs what is not there: a clear refusal."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import wengert as torch
from wengert.errors import MissingFeatureError, MissingModeError


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_lower_precision_on_the_cpu_is_refused_where_it_would_begin(dtype):
    block = torch.autocast("cpu", dtype=dtype)
    with pytest.raises(NotImplementedError, match=f"autocast.'cpu', dtype={dtype}.*enabled=False"):
        block.__enter__()
    with pytest.raises(MissingFeatureError):
        torch.autocast("cpu", dtype=dtype)(abs)(3)
    assert not torch.is_autocast_enabled("cpu")


def test_switching_it_on_for_the_thread_is_refused():
    with pytest.raises(MissingModeError, match="Wengert has no `torch.autocast"):
        torch.set_autocast_enabled("cpu", True)
    torch.set_autocast_enabled("cpu", False)
    assert not torch.is_autocast_enabled("cpu")


def test_the_words_for_what_is_not_there():
    with pytest.raises(NotImplementedError, match="init_process_group.*one process.*is_available"):
        torch.distributed.init_process_group("gloo")
    with pytest.raises(ValueError, match=r"get_rank\(\).*has not been initialized.*one process"):
        torch.distributed.get_rank()
    with pytest.raises(ValueError, match="DistributedDataParallel.*Use the module itself"):
        torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(1, 1))
    with pytest.raises(RuntimeError, match=r"synchronize\(\).*accelerator.is_available"):
        torch.accelerator.synchronize()
    with pytest.raises(AssertionError, match=r"get_device_name\(\).*not compiled with CUDA"):
        torch.cuda.get_device_name()
    with pytest.raises(
        AttributeError, match="Unknown attribute foo. It has allow_tf32, allow_fp16"
    ):
        torch.backends.cuda.matmul.foo = True
    with pytest.raises(
        AttributeError,
        match=r"torch.backends.cuda.matmul: Unknown attribute foo. It has allow_tf32",
    ):
        print(torch.backends.cuda.matmul.foo)


def test_there_is_one_process():
    assert torch.distributed.is_available() is False
    assert torch.distributed.is_gloo_available() is torch.distributed.is_mpi_available() is False


def test_the_words_of_the_scaler():
    scaler = torch.amp.GradScaler("cpu")
    w = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    with pytest.raises(AssertionError, match="Attempted step but _scale is None"):
        scaler.step(optimizer)
    scaler.scale(w.sum())
    with pytest.raises(
        AssertionError, match="No inf checks were recorded for this optimizer.*backward"
    ):
        scaler.step(optimizer)
    with pytest.raises(ValueError, match="outputs must be a Tensor or an iterable of Tensors"):
        scaler.scale(3)


def test_autocast_warns_at_the_line_of_the_program():
    with pytest.warns(UserWarning, match="CUDA is not available. Disabling autocast") as seen:
        torch.autocast("cuda")
    assert seen[0].filename == __file__
    with pytest.warns(FutureWarning, match="Please use `torch.amp.autocast.'cuda'") as old:
        torch.cuda.amp.autocast(enabled=False)
    assert old[0].filename == __file__


def test_imports_under_the_name_torch():
    program = """
        from contextlib import nullcontext
        from torch.cuda.amp import GradScaler, autocast
        from torch.amp import autocast as amp_autocast
        from torch.nn.parallel import DistributedDataParallel as DDP
        from torch.distributed import init_process_group, destroy_process_group
        from torch.autograd import Variable
        import torch.distributed as dist
        import torch
        print(dist.is_available(), hasattr(torch, "compile"), torch.accelerator.is_available())
        with amp_autocast("cpu", enabled=False):
            print((torch.ones(1, 1) @ torch.ones(1, 1)).dtype)
    """
    answer = subprocess.run(
        [sys.executable, "-c", "import wengert; wengert.install_as_torch()\n" + textwrap.dedent(program)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stdout.split() == ["False", "False", "False", "torch.float32"]


def test_the_words_for_graphs_and_operators_that_are_not_there():
    with pytest.raises(NotImplementedError, match="top level of a module, where the tracer"):
        torch.fx.wrap(len)
    with pytest.raises(RuntimeError, match="either a callable or string name, and it is of int"):
        torch.fx.wrap(3)
    with pytest.raises(
        AttributeError, match="no `torch.fx.symbolic_trace` yet. `wengert.trace` rec"
    ):
        torch.fx.symbolic_trace(len)
    with pytest.raises(AttributeError, match="Wengert has no `torch.fx.Graph` yet"):
        torch.fx.Graph()
    with pytest.raises(
        AttributeError, match="no `torch.ops.aten.add`: .* functions of `torch`, or"
    ):
        torch.ops.aten.add(1, 2)
    with pytest.raises(OSError, match="Could not load this library: some.so. It is compiled for"):
        torch.ops.load_library("some.so")


def test_they_can_be_imported_as_torch(tmp_path):
    program = """
    import torch.fx, torch.ops
    from torch.fx import wrap
    from torch.ops import aten

    @wrap
    def half(x):
        return x / 2

    print(half(torch.tensor(3.0)), hasattr(aten, "add"))
    """
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(program))
    command = [sys.executable, "-m", "wengert", "run", str(script)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "tensor(1.5000) False\n", done.stderr
