"""What `torch.cuda` answers on a build for the CPU, and the classes of errors that programs catch."""

import pytest

ANSWERS = """memory_stats(); set_rng_state_all([]); set_stream(None); default_generators; has_half; is_tf32_supported()
memory_cached(); max_memory_cached(); isinstance(torch.ones(1), cuda.FloatTensor); cuda.stream(None).__enter__()
device_of(torch.ones(1)).__enter__()
device(-1).__enter__(); StreamContext(None).__enter__()
set_rng_state(torch.get_rng_state())
OutOfMemoryError is torch.OutOfMemoryError; issubclass(torch.OutOfMemoryError, RuntimeError)
issubclass(torch.AcceleratorError, RuntimeError); OutOfMemoryError.__name__"""

FAULTS = """Event(); Event(enable_timing=True); Stream(); CUDAGraph(); FloatTensor(2); LongTensor([1])
BoolTensor(); HalfTensor(1); current_stream(); default_stream(0); device(0).__enter__(); device('cuda:0').__enter__()
mem_get_info(); get_rng_state(); initial_seed(); init(); ipc_collect(); can_device_access_peer(0, 1)
set_per_process_memory_fraction(0.5)"""


def asked(torch, call):
    given = {
        name: getattr(torch.cuda, name) for name in dir(torch.cuda) if not name.startswith("_")
    }
    return [eval(call, given | {"torch": torch, "cuda": torch.cuda})]


@pytest.mark.parametrize("call", [c.strip() for c in ANSWERS.replace("\n", ";").split(";")])
def test_answers(torch, call):
    return [dict(x) if hasattr(x, "keys") else x for x in asked(torch, call)]


@pytest.mark.parametrize("call", [c.strip() for c in FAULTS.replace("\n", ";").split(";")])
def test_faults(torch, refused, call):
    return refused(lambda: asked(torch, call))


def test_the_words():
    import wengert as torch

    with pytest.raises(
        RuntimeError, match=r"torch.cuda.Event requires CUDA support.*is_available\(\)` first"
    ):
        torch.cuda.Event()
    with pytest.raises(TypeError, match="Use `torch.FloatTensor`"):
        torch.cuda.FloatTensor(2)
    with pytest.raises(
        RuntimeError, match="torch.cuda.device: PyTorch was compiled without CUDA support"
    ):
        torch.cuda.device(0).__enter__()
    torch.cuda.reset_peak_memory_stats()
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        torch.cuda.memory_summary()
