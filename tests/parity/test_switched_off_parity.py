"""Mixed precision, several devices and compilation where they are switched off or not there: programs run on."""

from __future__ import annotations

import contextlib
import inspect
import pickle
import typing
import warnings

import pytest


@pytest.fixture(autouse=True)
def _defaults(torch):
    yield
    for library in (torch.oracle, torch.candidate):
        library.set_float32_matmul_precision("highest")
        library.set_autocast_dtype("cpu", library.bfloat16)


def warned(call):
    """What a call returns, and the classes of its warnings."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        value = call()
    return value, [w.category.__name__ for w in seen]


@pytest.mark.parametrize(
    "expression",
    [
        "torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32",
        "torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction",
        "torch.backends.cudnn.benchmark_limit, torch.backends.cudnn.is_acceptable(torch.ones(1))",
        "torch.backends.cuda.flash_sdp_enabled(), torch.backends.cuda.math_sdp_enabled()",
        "torch.backends.cuda.mem_efficient_sdp_enabled(), torch.backends.cuda.enable_flash_sdp(True)",
        "torch.is_autocast_enabled(), torch.is_autocast_enabled('cpu'), torch.is_autocast_enabled('cuda')",
        "[str(torch.get_autocast_dtype(d)) for d in ('cpu', 'cuda', 'mps', 'xpu')]",
        "torch.is_autocast_cache_enabled(), torch.clear_autocast_cache()",
        "[torch.amp.is_autocast_available(d) for d in ('cpu', 'cuda', 'mps', 'meta')]",
        "torch.amp.autocast_mode.is_autocast_available('cpu'), torch.amp.autocast is torch.autocast",
        "torch.amp.GradScaler is torch.GradScaler, torch.amp.grad_scaler.GradScaler is torch.GradScaler",
        "torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated(), torch.cuda.memory_reserved()",
        "torch.cuda.is_bf16_supported(), torch.cuda.get_rng_state_all(), torch.cuda.get_arch_list()",
        "torch.cuda.seed_all(), torch.cuda.seed(), torch.cuda.device_count()",
        "torch.distributed.is_initialized(), torch.distributed.is_nccl_available()",
        "torch.distributed.is_torchelastic_launched()",
        "torch.accelerator.is_available(), torch.accelerator.current_accelerator()",
        "torch.accelerator.device_count(), torch.accelerator.current_accelerator(check_available=True)",
        "torch.mps.is_available(), torch.mps.device_count(), torch.mps.manual_seed(0)",
        "torch.xpu.is_available(), torch.xpu.device_count(), torch.xpu.manual_seed(0)",
        "torch.cpu.is_available(), torch.cpu.device_count(), torch.cpu.current_device(), torch.cpu.synchronize()",
        "torch.compiler.is_compiling(), torch.compiler.is_exporting(), torch.compiler.disable(abs)(-3)",
        "torch.compiler.disable(recursive=False)(lambda x: x * 2)(4)",
        "torch.jit.is_scripting(), torch.jit.is_tracing()",
        "[mark(inspect.cleandoc) is inspect.cleandoc for mark in (torch.jit.ignore, torch.jit.unused)]",
        "torch.autograd.Variable(torch.ones(2)), torch.autograd.Variable(torch.ones(2), requires_grad=True)",
        "torch.autograd.Variable(g * 2), torch.autograd.Variable(g), torch.autograd.Variable(g, True)",
        "torch.autograd.Variable(), torch.autograd.Variable(data=torch.arange(2))",
        "isinstance(g, torch.autograd.Variable), isinstance(3, torch.autograd.Variable)",
        "torch.autograd.variable.Variable is torch.autograd.Variable",
        "[list(inspect.signature(f).parameters) for f in (torch.autocast, torch.GradScaler)]",
        "[list(inspect.signature(f).parameters) for f in (torch.cuda.amp.autocast, torch.cuda.amp.GradScaler)]",
    ],
)
def test_what_is_said(torch, expression):
    named = {"torch": torch, "inspect": inspect, "g": torch.ones(2, requires_grad=True)}
    return eval(expression, named)


@pytest.mark.parametrize(
    "expression",
    [
        "torch.autocast()",
        "torch.autocast(3)",
        "torch.autocast(torch.device('cpu'))",
        "torch.autocast('foo')",
        "torch.autocast('meta')",
        "torch.is_autocast_enabled('foo')",
        "torch.is_autocast_enabled(3)",
        "torch.is_autocast_enabled('meta')",
        "torch.set_autocast_enabled('cpu', 3)",
        "torch.set_autocast_dtype('cpu', 3)",
        "torch.amp.GradScaler('cpu', growth_factor=0.5)",
        "torch.amp.GradScaler('cpu', backoff_factor=2.0)",
        "torch.amp.GradScaler('cpu').scale(3)",
        "torch.amp.GradScaler('cpu').update()",
        "torch.amp.GradScaler('cpu').step(o)",
        "torch.amp.GradScaler('cpu').unscale_(o)",
        "torch.amp.GradScaler('cpu').step(o, closure=lambda: 1)",
        "torch.amp.GradScaler('cpu').load_state_dict({})",
        "torch.amp.GradScaler(enabled=False).get_growth_factor()",
        "setattr(torch.backends.cuda.matmul, 'foo', True)",
        "setattr(torch.backends.cuda.matmul, 'allow_tf32', 'x')",
        "torch.backends.cuda.matmul.foo",
        "torch.distributed.get_rank()",
        "torch.distributed.get_world_size()",
        "torch.distributed.barrier()",
        "torch.distributed.all_reduce(g)",
        "torch.distributed.destroy_process_group()",
        "torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2))",
        "torch.accelerator.synchronize()",
        "torch.accelerator.current_device_index()",
        "torch.accelerator.set_device_index(0)",
        "torch.cuda.get_device_name()",
        "torch.cuda.get_device_properties(0)",
        "torch.cuda.get_device_capability()",
        "torch.autograd.Variable(3)",
        "torch.autograd.Variable(torch.arange(2), requires_grad=True)",
        "torch.compiler.disable(3)",
    ],
)
def test_what_is_refused(torch, caught, expression):
    g = torch.ones(2, requires_grad=True)
    named = {"torch": torch, "g": g, "o": torch.optim.SGD([g], lr=0.1)}
    error = caught(lambda: eval(expression, named))
    assert isinstance(error, Exception), f"{expression} gave {error!r}"
    return error


def test_precision_and_tf32_are_one_switch(torch):
    seen = [torch.backends.cuda.matmul.allow_tf32]
    torch.set_float32_matmul_precision("high")
    seen.append(torch.backends.cuda.matmul.allow_tf32)
    torch.set_float32_matmul_precision("highest")
    seen.append(torch.backends.cuda.matmul.allow_tf32)
    torch.backends.cuda.matmul.allow_tf32 = True
    seen.append(torch.get_float32_matmul_precision())
    torch.backends.cudnn.allow_tf32 = True
    with torch.backends.cudnn.flags(enabled=False, benchmark=True):
        seen += [torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark]
    return [*seen, torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark]


@pytest.mark.parametrize(
    "block",
    [
        "torch.amp.autocast(device_type='cpu', enabled=False)",
        "torch.autocast('cpu', dtype=torch.bfloat16, enabled=False)",
        "torch.autocast('cpu', enabled=False, cache_enabled=False)",
        "torch.autocast('cuda')",
        "torch.autocast('cuda', dtype=torch.float16)",
        "torch.autocast('cpu', dtype=torch.float32)",
        "torch.autocast('mps')",
        "torch.autocast('xpu', dtype=torch.bfloat16)",
        "torch.autocast('mps', dtype=torch.float64)",
        "torch.cuda.amp.autocast()",
        "torch.cuda.amp.autocast(enabled=False)",
        "contextlib.nullcontext()",
    ],
)
def test_blocks_that_lower_nothing(torch, block):
    made, kinds = warned(lambda: eval(block, {"torch": torch, "contextlib": contextlib}))
    seen = []
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    with made:
        y = w @ w
        seen += [torch.is_autocast_enabled(d) for d in ("cpu", "cuda", "mps", "xpu")]
        seen += [str(torch.get_autocast_dtype("cpu")), torch.is_autocast_cache_enabled()]
    y.sum().backward()
    after = [torch.is_autocast_enabled(d) for d in ("cpu", "cuda", "mps", "xpu")]
    fields = {n: str(v) for n, v in vars(made).items() if n in ("device", "fast_dtype", "_enabled")}
    return y, w.grad, seen, after, kinds, fields


def test_autocast_as_a_decorator(torch):
    @torch.autocast("cpu", enabled=False)
    def square(x):
        """Multiply."""
        return x @ x

    return square(torch.ones(2, 2)), square.__name__, square.__doc__


@pytest.mark.parametrize(
    "made",
    [
        "torch.amp.GradScaler('cpu', init_scale=8.0, growth_interval=2)",
        "torch.amp.GradScaler('cpu', enabled=False)",
        "torch.amp.GradScaler('cuda')",
        "torch.cuda.amp.GradScaler(enabled=False)",
        "torch.cuda.amp.GradScaler()",
    ],
)
def test_training_with_a_scaler(torch, made):
    scaler, kinds = warned(lambda: eval(made, {"torch": torch}))
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    seen = []
    for step in range(6):
        optimizer.zero_grad(set_to_none=True)
        loss = (w * w).sum() * (float("inf") if step == 3 and scaler.is_enabled() else 1.0)
        scaler.scale(loss).backward()
        raw = w.grad.clone()
        if step % 2:
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_([w], 1.0)
        scaler.step(optimizer)
        scaler.update()
        seen.append((raw, w.detach().clone(), scaler.get_scale(), scaler.state_dict()))
    return seen, kinds, scaler.is_enabled()


def test_a_scaler_is_loaded_and_pickled(torch):
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(torch.ones(1))
    scaler.update(32.0)
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    other.set_growth_factor(3.0)
    other.set_backoff_factor(0.25)
    other.set_growth_interval(7)
    copied = pickle.loads(pickle.dumps(other))
    nested = other.scale([torch.ones(1), (torch.ones(2, dtype=torch.float64),)])
    return (
        scaler.state_dict(),
        other.state_dict(),
        copied.state_dict(),
        nested,
        type(nested).__name__,
    )


def test_a_scaler_used_in_a_wrong_order(torch, caught):
    w = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)

    def fresh():
        scaler = torch.amp.GradScaler("cpu")
        w.grad = None
        scaler.scale(w.sum()).backward()
        return scaler

    def twice(*calls):
        scaler = fresh()
        for name in calls:
            getattr(scaler, name)(*([] if name == "update" else [optimizer]))

    half = torch.ones(2, dtype=torch.float16, requires_grad=True)
    half.grad = torch.ones(2, dtype=torch.float16)
    no_gradient = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
    return [
        caught(lambda: twice("unscale_", "unscale_")),
        caught(lambda: twice("step", "unscale_")),
        caught(lambda: twice("step", "step")),
        caught(lambda: twice("update")),
        caught(lambda: fresh().step(no_gradient)),
        caught(lambda: fresh().unscale_(torch.optim.SGD([half], lr=0.1))),
        caught(lambda: fresh().update(torch.ones(2))),
        caught(lambda: pickle.dumps((s := fresh(), s.unscale_(optimizer))[0])),
    ]


def test_functions_with_custom_forward_and_backward(torch):
    class Doubled(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cuda")
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @torch.amp.custom_bwd(device_type="cuda")
        def backward(ctx, g):
            assert ctx._fwd_used_autocast is False
            return g * 2

    x = torch.ones(2, requires_grad=True)
    Doubled.apply(x).sum().backward()
    return x.grad


def test_data_parallel_calls_its_module(torch):
    torch.manual_seed(0)
    spread = torch.nn.DataParallel(torch.nn.Linear(2, 1), device_ids=[0])
    y = spread(torch.ones(3, 2))
    y.sum().backward()
    return y, spread.module.weight.grad, list(spread.state_dict()), spread.device_ids, repr(spread)


def test_a_variable_shares_memory_and_versions(torch):
    a = torch.ones(2)
    b = torch.autograd.Variable(a)
    b[0] = 5.0
    _, kinds = warned(lambda: torch.autograd.Variable(a, volatile=True))
    return a, b is a, a._version, b._version, kinds


def test_a_training_script_with_every_switch(torch):
    """The frame of nanoGPT's: devices, precision, contexts, scaler, clipping."""
    ddp = torch.distributed.is_available() and torch.distributed.is_initialized()
    device_type = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(1337)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    ctx = (
        contextlib.nullcontext()
        if device_type == "cpu"
        else torch.amp.autocast(device_type=device_type, dtype=torch.float16)
    )
    scaler = torch.amp.GradScaler(device_type, enabled=False)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.GELU(), torch.nn.Linear(8, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, betas=(0.9, 0.95), weight_decay=0.1)
    losses = []
    for _ in range(3):
        for _ in range(2):
            x, y = torch.randn(5, 4), torch.randint(3, (5,))
            with ctx:
                loss = torch.nn.functional.cross_entropy(model(x), y) / 2
            scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
    return ddp, losses, list(model.parameters())


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1, 2], "List[int]"),
        ([1, 2.0], "List[int]"),
        ({"a": 1}, "Dict[str, int]"),
        ({"a": "b"}, "Dict[str, int]"),
        (None, "Optional[int]"),
        (3, "Optional[int]"),
        ("3", "Optional[int]"),
        ((1, "a"), "Tuple[int, str]"),
        ((1, 2), "Tuple[int, str]"),
        ([[1], [2]], "List[List[int]]"),
        ([["1"]], "List[List[int]]"),
        (2.0, "float"),
    ],
)
def test_types_that_jit_looks_into(torch, value, kind):
    return torch.jit.isinstance(value, eval(kind, vars(typing)))


def test_futures(torch):
    future = torch.futures.Future()
    twice = future.then(lambda f: f.value() * 2)
    future.set_result(4)
    return future.done(), future.value(), twice.wait(), torch.futures.wait_all([future, twice])


def test_hook_handles_are_where_pytorch_has_them(torch):
    x = torch.ones(2, requires_grad=True)
    return isinstance(x.register_hook(lambda g: g), torch.utils.hooks.RemovableHandle)


def scripted_square(x):
    return x * x + 1


def test_what_is_scripted_or_traced_computes_the_same(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    layer = torch.nn.Linear(2, 1)
    torch.nn.init.constant_(layer.weight, 0.5)
    torch.nn.init.zeros_(layer.bias)
    functions = [
        torch.jit.script(scripted_square),
        torch.jit.trace(scripted_square, (torch.ones(2),)),
        torch.jit.script(layer),
        torch.jit.trace(layer, torch.ones(2)),
        torch.jit.script_if_tracing(scripted_square),
    ]
    results = [f(x) for f in functions]
    torch.stack([r.sum() for r in results]).sum().backward()
    return [r.detach() for r in results], x.grad, torch.jit.annotate(int, 3)
