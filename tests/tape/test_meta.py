"""The device meta: what its tensors tell, what they refuse, and that nothing is allocated for them."""

from __future__ import annotations

import copy
import io
import pickle
import re
import warnings

import numpy as np
import pytest

import wengert as torch
from wengert import nn
from wengert.errors import DeviceError, MetaError, TraceError
from wengert.trace import trace

N = 10**6


def empty(*shape, **options):
    return torch.empty(*shape, device="meta", **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(N, N, device="meta"),
        lambda: torch.zeros(N, N, device="meta"),
        lambda: torch.full((N, N), 3, device="meta"),
        lambda: torch.eye(N, device="meta"),
        lambda: torch.arange(N * N, device="meta"),
        lambda: torch.linspace(0, 1, N * N, device="meta"),
        lambda: torch.logspace(0, 1, N * N, device="meta"),
        lambda: torch.randn(N, N, device="meta"),
        lambda: torch.randint(3, (N, N), device="meta"),
        lambda: torch.randperm(N * N, device="meta"),
        lambda: torch.empty_strided((N, N), (1, N), device="meta"),
        lambda: torch.ones_like(empty(N, N)),
        lambda: empty(3).new_zeros(N, N),
    ],
)
def test_making_needs_no_memory(make):
    made = make()
    assert made.is_meta
    assert made.numel() == N * N


@pytest.mark.parametrize(
    ("compute", "shape"),
    [
        (lambda x: x + x.T, (N, N)),
        (lambda x: x @ x, (N, N)),
        (lambda x: x.sum(0), (N,)),
        (lambda x: x.softmax(1), (N, N)),
        (lambda x: x.T.reshape(-1), (N * N,)),
        (lambda x: torch.cat([x, x, x[:5]]), (2 * N + 5, N)),
        (lambda x: torch.stack([x, x]), (2, N, N)),
        (lambda x: x.sort(1).indices, (N, N)),
        (lambda x: x.topk(20).values, (N, 20)),
        (lambda x: x[:64].topk(64, 1).values, (64, 64)),
        (lambda x: x[:40].topk(50, 1).values, (40, 50)),
        (lambda x: x.index_select(0, torch.zeros(64, dtype=torch.int64)), (64, N)),
        (lambda x: nn.functional.layer_norm(x, (N,)), (N, N)),
        (lambda x: nn.functional.embedding(torch.tensor([1, 2]), x), (2, N)),
        (lambda x: torch.linalg.svd(x[:, :20])[2], (20, 20)),
    ],
)
def test_computing_needs_no_memory(compute, shape):
    out = compute(empty(N, N))
    assert out.is_meta
    assert tuple(out.shape) == shape


def test_a_backward_needs_no_memory():
    x = empty(N, N, requires_grad=True)
    (x.relu() @ x).log_softmax(1).sum().backward()
    assert x.grad.is_meta
    assert x.grad.shape == (N, N)


def test_what_cannot_be_told_without_computing_is_said():
    x = empty(2, *(12,) * 7)
    with pytest.raises(
        MetaError,
        match=r"sum: what it makes of .*\[2, 12, .*12\] .* can only be found by computing it, and they are too "
        r"large: no more than 16777216 elements",
    ):
        x.sum(0)


def test_a_size_beyond_addresses_is_refused():
    with pytest.raises(RuntimeError, match="Storage size calculation overflowed"):
        empty(2**40, 2**40)


def test_strides_follow_views_and_copies():
    x = empty(3, 4)
    assert x.T.stride() == (1, 4)
    assert (x.T + 1).stride() == (1, 4)
    assert x.T.contiguous().stride() == (3, 1)
    assert x[1:, ::2].stride() == (4, 2)
    assert x[1:].storage_offset() == 4
    assert x.T.reshape(12).is_contiguous()
    with pytest.raises(RuntimeError, match="view size"):
        x.T.view(12)


def test_the_hot_paths_step_aside():
    x, i = empty(3, 4), torch.empty(3, 4, device="meta", dtype=torch.int64)
    for out in (x + x, x - 2, 2 * x, x / x, x**2, -x, x @ x.T, x[0], x[0, 1], x.mean(), x.relu()):
        assert out.is_meta
        assert out.dtype is torch.float32
    assert (i / 2).dtype is torch.float32
    assert (i + x).dtype is torch.float32
    assert i.sin().dtype is torch.float32
    assert (x > i).dtype is torch.bool


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.item(),
        lambda x: bool(x[0]),
        lambda x: float(x[0]),
        lambda x: x.tolist(),
        lambda x: x.cpu(),
        lambda x: x.to("cpu"),
        lambda x: x.to(torch.ones(1)),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: x.unique(),
        lambda x: torch.ones(3).copy_(x),
        lambda x: torch.add(x, x, out=torch.ones(3)),
        lambda x: nn.Linear(3, 1, device="meta").to("cpu"),
        lambda x: nn.Linear(3, 1, device="meta").cpu(),
    ],
)
def test_elements_are_not_there(read):
    with pytest.raises(
        NotImplementedError, match=r"Cannot copy out of meta tensor; no data!.*to_empty"
    ):
        read(empty(3))


def test_numpy_refuses_by_its_own_type():
    for read in (lambda x: x.numpy(), np.asarray, lambda x: x.numpy(force=True)):
        with pytest.raises(TypeError, match=r"can't convert meta device type tensor to numpy"):
            read(empty(3))


@pytest.mark.parametrize(
    "mix",
    [
        lambda m, c: m * c,
        lambda m, c: c * m,
        lambda m, c: m.add_(c),
        lambda m, c: c.add_(m),
        lambda m, c: c.mul_(m.sum()),
        lambda m, c: torch.cat([m, c]),
        lambda m, c: m @ c.T,
        lambda m, c: nn.Linear(4, 2)(m),
        lambda m, c: c.requires_grad_() * m,
        lambda m, c: nn.Linear(4, 2, device="meta")(c),
        lambda m, c: torch.add(c, c, out=m),
        lambda m, c: torch.where(m > 0, m, c),
    ],
)
def test_devices_do_not_mix(mix):
    m, c = empty(3, 4), torch.ones(3, 4)
    with pytest.raises(
        DeviceError, match="on the same device, but found at least two devices, meta"
    ):
        mix(m, c)
    assert torch.equal(c, torch.ones(3, 4))


def test_the_error_names_the_operands():
    words = "of shape [3, 4], and one of shape [4] and dtype torch.float64 is on the CPU. Use `y.to('meta')`"
    with pytest.raises(DeviceError, match=f"mul: .* {re.escape(words)}"):
        empty(3, 4) * torch.ones(4, dtype=torch.float64)


def test_numbers_and_indices_on_the_cpu_do_mix():
    m = empty(3, 4)
    assert (m + torch.tensor(2.0)).is_meta
    assert empty(1).index_fill(0, empty(1).long(), 2.0).is_meta
    with pytest.raises(DeviceError):
        m + torch.tensor([2.0])
    with pytest.raises(DeviceError, match="found at least two devices, meta and cpu"):
        torch.tensor(2.0).expand(4) + m
    for join in (torch.stack, torch.cat):
        with pytest.raises(
            DeviceError, match=r"of shape \[1\] and dtype torch.int64 is on the CPU"
        ):
            join([torch.tensor([1]), empty(1).long()])
    with pytest.raises(DeviceError, match="dot: "):
        torch.dot(torch.tensor([1]), empty(1).long())
    with pytest.raises(DeviceError, match="stack: "):
        torch.stack([torch.tensor(1.0), m.sum()])
    m[torch.tensor([0, 2])] = torch.tensor(1.0)
    assert m[torch.tensor([0, 2])].shape == (2, 4)
    assert m[torch.tensor([True, False, True])].shape == (2, 4)
    assert m.gather(1, torch.zeros(3, 1, dtype=torch.int64)).shape == (3, 1)


def test_writes_keep_views_and_versions():
    x = empty(3, 4)
    row = x[0]
    row.add_(1)
    x[1] = 5
    x[x > 0] = 0.0
    x[2] = torch.ones(4)
    x.T.mul_(2)
    x.copy_(torch.ones(3, 4))
    assert x.is_meta
    assert row.is_meta
    assert x._version == 6


def test_a_gradient_is_where_its_leaf_is():
    c = torch.ones(3, requires_grad=True)
    with pytest.raises(
        NotImplementedError, match=r"backward\(\) to a leaf on the CPU: Cannot copy out"
    ):
        c.to("meta").sum().backward()
    assert c.grad is None
    x = empty(3, requires_grad=True)
    with pytest.raises(
        DeviceError, match=r"grad_output\[0\] is on the device cpu and output\[0\] on meta"
    ):
        x.sum().backward(torch.ones(()))
    with pytest.raises(
        DeviceError, match="assigned grad is on the device cpu, and the tensor on meta"
    ):
        x.grad = torch.ones(3)
    with pytest.raises(RuntimeError, match="incompatible tensor type: torch.meta.FloatTensor"):
        empty(3).data = torch.ones(3)


class _Elsewhere(torch.autograd.Function):
    """Its gradient is on the CPU, wherever it is."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return torch.ones(3)


@pytest.mark.parametrize("inner", [False, True])
def test_a_gradient_that_a_function_made_on_the_cpu_is_refused(inner):
    x = empty(3, requires_grad=True)
    out = _Elsewhere.apply(x + 1 if inner else x).sum()
    words = "arrived at a leaf of shape" if inner else "returned an invalid gradient at index 0"
    with pytest.raises(DeviceError, match=words + ".* - expected device meta but got cpu"):
        out.backward()
    assert x.grad is None


def test_a_gradient_that_a_hook_made_on_the_cpu_is_refused():
    x = empty(3, requires_grad=True)
    y = x * 2
    for register, hook in (
        (x.register_hook, lambda g: torch.ones(3)),
        (y.register_hook, lambda g: torch.ones(3)),
        (y.grad_fn.register_prehook, lambda gs: (torch.ones(3),)),
        (y.grad_fn.register_hook, lambda gs, of: (torch.ones(3), *gs[1:])),
    ):
        handle = register(hook)
        with pytest.raises(DeviceError, match="changed the device of value.*on meta.*on cpu"):
            y.sum().backward(retain_graph=True)
        handle.remove()
    assert x.grad is None


def test_a_function_may_move_between_devices():
    class Moving(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.to("meta")

        @staticmethod
        def backward(ctx, g):
            return torch.ones(3)

    x = torch.ones(3, requires_grad=True)
    (Moving.apply(x).sum() + Moving.apply(x * 2).sum()).backward()
    assert x.grad.tolist() == [3.0] * 3


def test_absent_cotangents_are_there_too():
    class Pair(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            (x,) = ctx.saved_tensors
            return (a + b) * x

    x = empty(3, requires_grad=True)
    Pair.apply(x)[1].sum().backward()
    assert x.grad.is_meta


def test_transforms():
    x = empty(3)
    assert torch.func.grad(lambda a: (a * 2).sum())(x).is_meta
    assert torch.func.hessian(lambda a: (a**3).sum())(x).shape == (3, 3)
    assert torch.func.vmap(lambda a: (a * 2).sum())(empty(5, 3)).shape == (5,)
    assert torch.func.jvp(torch.sin, (x,), (x,))[1].is_meta


def test_a_trace_needs_elements():
    with pytest.raises(TraceError, match="argument 0 is on the device meta"):
        trace(lambda a: a * 2, empty(3))


def test_nothing_is_drawn():
    torch.manual_seed(0)
    m = torch.rand(3, 4, device="meta").uniform_()
    m.normal_(), torch.bernoulli(m), torch.normal(m, 1.0), torch.multinomial(m, 2)
    nn.functional.dropout(m), torch.rand_like(m), nn.Linear(3, 4, device="meta")
    nn.init.orthogonal_(m), nn.init.trunc_normal_(m)
    assert torch.equal(torch.rand(1), torch.manual_seed(0) and torch.rand(1))


def made():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))


def test_a_module_is_made_without_memory_and_filled():
    with torch.device("meta"):
        module = made()
    assert all(x.is_meta for x in module.state_dict().values())
    assert module(empty(5, 3)).shape == (5, 2)
    given = made().state_dict()
    assert module.load_state_dict(given, assign=True).missing_keys == []
    assert torch.equal(module[0].weight, given["0.weight"])
    assert module(torch.ones(5, 3)).shape == (5, 2)


def test_to_empty():
    module = made().to("meta")
    weight = module[0].weight
    assert weight.is_meta
    module.to_empty(device="cpu")
    assert module[0].weight is weight
    assert (weight.device.type, weight.requires_grad, weight.is_leaf) == ("cpu", True, True)


def test_loading_into_meta_is_a_no_op_that_warns():
    module = made().to("meta")
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        module.load_state_dict(made().state_dict())
    assert len(given) == len(module.state_dict())
    words = "for 0.weight: copying from a non-meta parameter .* no-op. Pass `assign=True`"
    assert re.match(words, str(given[0].message))
    assert module[0].weight.is_meta


def test_loading_from_meta_copies_nothing():
    module = made()
    before = copy.deepcopy(module.state_dict())
    with pytest.raises(
        RuntimeError, match='While copying the parameter named "0.weight".*no data!'
    ):
        module.load_state_dict(made().to("meta").state_dict())
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


def test_files_and_copies():
    module = made().to("meta")
    for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert again[0].weight.is_meta
        assert again[0].weight.requires_grad
    file = io.BytesIO()
    torch.save({"m": empty(3, 4).T, "c": torch.ones(2)}, file)
    file.seek(0)
    loaded = torch.load(file)
    assert loaded["m"].is_meta
    assert loaded["m"].stride() == (1, 4)
    assert not loaded["c"].is_meta
    file.seek(0)
    assert torch.load(file, map_location="meta")["c"].is_meta


def test_an_optimizer_steps():
    module = made().to("meta")
    for make in (torch.optim.Adam, torch.optim.SGD, torch.optim.Adagrad, torch.optim.Rprop):
        step = make(module.parameters(), lr=0.1)
        module(empty(5, 3)).sum().backward()
        step.step()
    assert all(p.is_meta for p in module.parameters())


def test_lazy_parameters_remember_their_device():
    layer = nn.LazyLinear(2, device="meta")
    assert layer.weight.device.type == "meta"
    assert layer(empty(5, 3)).shape == (5, 2)
    assert nn.LazyLinear(2).to("meta").weight.device.type == "meta"


def test_a_plain_tensor_pays_nothing():
    """The hot paths ask nothing new: what they ask of a description tells them to step aside."""
    payload = empty(3)._payload
    assert payload.dtype is not payload.dtype
    assert payload.dtype.kind not in ("f", "b")
    assert not torch.ones(1).is_meta


def test_shapes_that_do_not_fit():
    with pytest.raises(RuntimeError, match="add: operands of shapes .* do not broadcast"):
        empty(3) + empty(4)
    with pytest.raises(RuntimeError, match="cannot be multiplied|do not match"):
        empty(3, 4) @ empty(3, 4)


def test_views_of_any_layout_survive_writes():
    """A written tensor keeps its strides, so that its views are views still: none reads memory that is not there."""
    x = empty(N, N + 2)
    flat, turned = x.view(-1), x.T
    x.copy_(empty(N + 2, N).T)
    turned.mul_(empty(N, N + 2).T)
    flat.zero_()
    assert x.stride() == (N + 2, 1)
    assert flat.stride() == (1,)
    assert turned.stride() == (1, N + 2)
    x.requires_grad_()
    y = x * 1
    part = y.view(-1)[5:]
    y.mul_(2)
    part.add_(1)
    assert y.grad_fn.name() == "AsStridedBackward0" or y.grad_fn is not None
    assert part.storage_offset() == 5


def test_what_is_made_of_a_tensor_is_on_its_device():
    x = empty(3, dtype=torch.float64)
    for made_of in (
        x.new(2),
        x.new_zeros(2),
        x.new_empty(2),
        x.new_full((2,), 1.0),
        x.new_tensor([1, 2]),
    ):
        assert made_of.is_meta
        assert made_of.dtype is torch.float64
    assert not x.new_ones(2, device="cpu").is_meta


def test_skip_init():
    torch.manual_seed(0)
    layer = nn.utils.skip_init(nn.Linear, 3, 4)
    assert (layer.weight.device.type, layer.weight.shape) == ("cpu", (4, 3))
    assert nn.utils.skip_init(nn.Linear, 3, 4, device="meta").weight.is_meta
    assert torch.equal(torch.rand(1), torch.manual_seed(0) and torch.rand(1))
    with pytest.raises(RuntimeError, match="Expected a Module; got <class 'int'>"):
        nn.utils.skip_init(int)
    with pytest.raises(RuntimeError, match="Module must support a 'device' arg"):
        nn.utils.skip_init(nn.ReLU)


def test_rows_that_also_take_bfloat16_tell_the_same():
    """Once an element type of 16 bits is used, rows compute through another function, and declare what they did."""
    torch.ones(2, dtype=torch.bfloat16).mul(2)
    scores = torch.empty(3, 4, device="meta", requires_grad=True)
    labels = torch.zeros(3, dtype=torch.long, device="meta")
    torch.nn.functional.cross_entropy(scores, labels).backward()
    assert scores.grad.shape == (3, 4)
    image = torch.empty(4, 512, 96, 96, device="meta", dtype=torch.bfloat16)
    assert torch.nn.functional.adaptive_avg_pool2d(image, 1).shape == (4, 512, 1, 1)
    made = torch.nn.functional.conv2d(image, image[:1, :, :3, :3], stride=8)
    assert made.shape == (4, 1, 12, 12)
    assert made.dtype is torch.bfloat16
    assert image.sum(0).dtype is torch.bfloat16
