"""The device meta against PyTorch's: what is made, computed, printed, refused, saved and loaded."""

from __future__ import annotations

import copy
import io

import pytest

import wengert

theirs = pytest.importorskip("torch")


@pytest.fixture
def _defaults(torch):
    yield
    for library in (torch.oracle, torch.candidate):
        library.set_default_device(None)


def seen(x):
    return (
        str(x),
        tuple(x.shape),
        str(x.dtype),
        x.stride(),
        str(x.device),
        x.is_meta,
        x.requires_grad,
    )


@pytest.mark.parametrize(
    "make",
    [
        "torch.empty(3, 4, device='meta')",
        "torch.zeros(3, device='meta', dtype=torch.float64, requires_grad=True)",
        "torch.ones((), device='meta')",
        "torch.full((2, 3), 7, device='meta')",
        "torch.eye(3, 4, device='meta')",
        "torch.tensor([[1, 2], [3, 4]], device='meta')",
        "torch.as_tensor([1., 2.], device='meta')",
        "torch.asarray([True], device='meta')",
        "torch.scalar_tensor(2., device='meta')",
        "torch.arange(5, device='meta')",
        "torch.linspace(0, 1, 5, device='meta')",
        "torch.logspace(0, 1, 5, device='meta')",
        "torch.tril_indices(3, 3, device='meta')",
        "torch.hann_window(5, device='meta')",
        "torch.rand(2, 3, device='meta')",
        "torch.randn(2, 3, device='meta', dtype=torch.complex64)",
        "torch.randint(0, 5, (3,), device='meta')",
        "torch.randperm(5, device='meta')",
        "torch.normal(0., 1., (3,), device='meta')",
        "torch.empty_strided((2, 3), (1, 2), device='meta')",
        "torch.empty_permuted((2, 3), (1, 0), device='meta')",
        "torch.empty(3, device='meta:0')",
        "torch.empty(3, device=torch.device('meta', 1))",
        "torch.zeros_like(torch.ones(2, 3).T, device='meta')",
        "torch.empty_like(torch.empty(2, 3, device='meta').T)",
        "torch.full_like(torch.empty(2, device='meta'), 3, dtype=torch.int32)",
        "torch.rand_like(torch.empty(2, device='meta'))",
        "torch.zeros_like(torch.empty(2, device='meta'), device='cpu')",
        "torch.empty(2, device='meta').new_ones(3)",
        "torch.empty(2, device='meta').new_full((3,), 1.)",
        "torch.empty(2, device='meta').new_tensor([1, 2])",
        "torch.empty(2, device='meta').new_zeros(2, device='cpu')",
        "torch.ones(2, 3).to('meta')",
        "torch.ones(2, 3).to(torch.empty(1, device='meta', dtype=torch.float64))",
        "torch.ones(2, 3).to('meta', torch.float16)",
        "torch.ones(2, requires_grad=True).to('meta')",
        "torch.nn.Linear(3, 4, device='meta').weight",
        "torch.nn.Parameter(torch.empty(2, device='meta'))",
    ],
)
def test_making(torch, make):
    return seen(eval(make, {"torch": torch}))


@pytest.mark.parametrize(
    "compute",
    [
        "m + 1", "m + s", "s + m", "m * m.T.contiguous().T", "m.T + 1", "m @ m.T", "m.sum()", "m.sum(0, keepdim=True)",
        "m.max(0).indices", "m.sort().values", "torch.cat([m, m])", "torch.stack([m, m], 1)", "m[0]", "m[:, 1:3]",
        "m[torch.tensor([0, 1])]", "m[torch.tensor([True, False, True])]", "m.view(12)", "m.T.reshape(12)", "m.T",
        "m.T.contiguous()", "m.clone()", "m.half()", "m.to(torch.float64)", "m > 0", "torch.where(m > 0, m, 0.)",
        "m.masked_fill(m > 0, 0.)", "torch.complex(m, m)", "m.softmax(0)", "m.var()", "m.norm()", "m.cumsum(0)",
        "m.fill_(3)", "m.zero_()", "m.copy_(c)", "m.uniform_()", "m.add_(m)",
        "torch.nn.functional.linear(m, m)", "torch.nn.functional.dropout(m)",
        "torch.nn.functional.cross_entropy(m, torch.zeros(3, dtype=torch.long, device='meta'))",
        "torch.nn.functional.scaled_dot_product_attention(m, m, m, is_causal=True)",
        "torch.nn.Conv1d(3, 5, 2, device='meta')(m)", "torch.nn.LSTM(4, 5, device='meta')(m)[0]",
        "torch.nn.BatchNorm1d(4, device='meta')(m)", "torch.nn.LazyLinear(2, device='meta')(m)",
        "torch.nn.functional.one_hot(m.long(), 5)", "m.unfold(1, 2, 1)", "m.diagonal()", "m.expand(2, 3, 4)",
        "m.detach()", "m.data", "m.float().double().int()", "torch.bernoulli(m)", "m.repeat_interleave(2, 1)",
    ],
)  # fmt: skip
def test_computing(torch, compute):
    given = {
        "torch": torch,
        "m": torch.empty(3, 4, device="meta"),
        "c": torch.ones(3, 4),
        "s": torch.tensor(2.0),
    }
    return seen(eval(compute, given))


@pytest.mark.parametrize(
    "ask",
    [
        "m.device", "m.is_meta, m.is_cpu, m.is_cuda", "m.get_device()", "m.data_ptr()", "m.element_size(), m.nbytes",
        "m.is_contiguous(), m.T.is_contiguous()", "m[1:].storage_offset()", "len(m)", "m.type()", "torch.typename(m)",
        "[str(x) for x in m]", "f'{m}'", "str(torch.ones(2).device), torch.ones(2).is_meta",
        "str(torch.empty(3, 4, 5, 6, 7, 8, device='meta', dtype=torch.float64, requires_grad=True))",
        "str(copy.deepcopy(torch.nn.Linear(2, 3, device='meta')).weight)",
    ],
)  # fmt: skip
def test_asking(torch, ask):
    return eval(ask, {"torch": torch, "copy": copy, "m": torch.empty(3, 4, device="meta")})


@pytest.mark.parametrize(
    "refused",
    [
        "m.item()", "m.sum().item()", "bool(m)", "bool(m.sum())", "float(m.sum())", "int(m.sum())", "m.tolist()",
        "m.numpy()", "m.__array__()", "m.to('cpu')", "m.cpu()", "c.copy_(m)", "m * c", "c * m", "m + torch.ones(1)",
        "torch.cat([m, c])", "torch.where(m > 0, m, c)", "m.nonzero()", "m[m > 0]", "m.masked_select(m > 0)",
        "m.unique()", "torch.equal(m, m)", "torch.allclose(m, m)", "torch.add(m, m, out=c)", "torch.add(c, c, out=m)",
        "m.T.view(12)", "torch.nn.Linear(4, 2, device='meta')(c)", "torch.nn.Linear(4, 2)(m)",
        "torch.nn.Linear(3, 4, device='meta').to('cpu')", "torch.nn.Linear(3, 4, device='meta').cpu()", "m.cuda()",
        "setattr(m, 'data', c)", "setattr(c, 'data', m)", "setattr(m.requires_grad_(), 'grad', c)",
        "w.to('meta').sum().backward()", "f'{m.sum():.2f}'",
    ],
)  # fmt: skip
def test_refusing(torch, refused):
    given = {"torch": torch, "m": torch.empty(3, 4, device="meta"), "c": torch.ones(3, 4)}
    given["w"] = torch.ones(3, requires_grad=True)
    try:
        return eval(refused, given)
    except Exception as error:
        return error


def test_default_devices(torch, _defaults):
    found = []
    with torch.device("meta"):
        found += [torch.ones(2), torch.tensor([1.0]), torch.nn.Linear(2, 3).weight, torch.arange(3)]
        found += [torch.ones(2, device="cpu"), torch.as_tensor(torch.ones(2, device="cpu"))]
        found += [torch.zeros_like(torch.ones(2, device="cpu")), torch.Tensor([1.0])]
        found += [torch.tensor(2.0), torch.rand(2), torch.eye(2)]
        found += [
            torch.ones(2, device="cpu").new_zeros(2),
            torch.nn.BatchNorm1d(2).num_batches_tracked,
        ]
        with torch.device("cpu"):
            found.append(torch.ones(2))
    torch.set_default_device("meta")
    found += [torch.ones(2), torch.FloatTensor([2.0])]
    return [str(x.device) for x in found], str(torch.get_default_device())


def test_backward(torch):
    x = torch.empty(3, 4, device="meta", requires_grad=True)
    w = torch.empty(5, 4, device="meta", requires_grad=True)
    y = torch.nn.functional.linear(x, w).relu()
    y.retain_grad()
    y.sum().backward()
    (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    return [seen(t) for t in (x.grad, w.grad, y.grad, g, h)]


def test_a_model_and_an_optimizer(torch):
    torch.manual_seed(0)
    with torch.device("meta"):
        model = torch.nn.Sequential(
            torch.nn.Embedding(10, 8), torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        )
    step = torch.optim.AdamW(model.parameters())
    loss = model(torch.zeros(2, 5, dtype=torch.int64, device="meta")).pow(2).mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    step.step()
    return [(n, *seen(p), *seen(p.grad)) for n, p in model.named_parameters()], torch.rand(2)


def layers(torch):
    return torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)
    )


def test_materializing(torch):
    torch.manual_seed(0)
    given = layers(torch).state_dict()
    with torch.device("meta"):
        model = layers(torch)
    keys = model.load_state_dict(given, assign=True)
    model.eval()
    other = layers(torch).to("meta").to_empty(device="cpu")
    other.load_state_dict(given)
    x = torch.ones(2, 3)
    return str(keys), model(x), other.eval()(x), [p.requires_grad for p in model.parameters()]


def test_loading_into_meta_warns(torch):
    model = layers(torch).to("meta")
    model.load_state_dict(layers(torch).state_dict())
    return [str(p.device) for p in model.parameters()]


def test_loading_from_meta_is_refused(torch):
    try:
        layers(torch).load_state_dict(layers(torch).to("meta").state_dict())
    except Exception as error:
        return error


def test_files(torch):
    file = io.BytesIO()
    torch.save(
        {"m": torch.empty(3, 4, device="meta").T, "p": torch.nn.Linear(2, 1, device="meta").weight},
        file,
    )
    file.seek(0)
    found = torch.load(file)
    other = io.BytesIO()
    torch.save(torch.arange(6.0).reshape(2, 3)[:, 1:], other)
    other.seek(0)
    there = torch.load(other, map_location="meta")
    other.seek(0)
    here = torch.load(other, map_location="cpu")
    return [seen(x) for x in (found["m"], found["p"], there)], here


def test_each_reads_the_files_of_the_other():
    for mine, other in ((theirs, wengert), (wengert, theirs)):
        file = io.BytesIO()
        mine.save(mine.empty(3, 4, device="meta", requires_grad=True).T.detach(), file)
        file.seek(0)
        assert seen(other.load(file)) == seen(theirs.empty(3, 4, device="meta").T)


def test_in_place_families(torch):
    x = torch.empty(3, 4, device="meta")
    row = x[0]
    row.add_(1)
    x[1] = 5
    x[x > 0] = 0.0
    x.T.mul_(2)
    return seen(x), seen(row), x._version, row._version, row._base is x


def test_skip_init(torch):
    torch.manual_seed(0)
    made = torch.nn.utils.skip_init(torch.nn.Linear, 3, 4)
    there = torch.nn.utils.skip_init(torch.nn.Linear, 3, 4, device="meta")
    found = [made.weight.shape, str(made.weight.device), seen(there.weight), torch.rand(1)]
    for wrong in (int, torch.nn.ReLU):
        try:
            torch.nn.utils.skip_init(wrong)
        except Exception as error:
            found.append(error)
    return found
