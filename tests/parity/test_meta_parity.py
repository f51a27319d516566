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


def meta_namespace(torch):
    """Return what programs at real sizes are written in: ``e`` makes numbers, ``zeros`` indices, ``grads`` derives."""

    def e(*shape):
        return torch.empty(*shape, device="meta")

    def grads(f, *shapes):
        given = [torch.empty(*shape, device="meta", requires_grad=True) for shape in shapes]
        f(*given).sum().backward()
        return [x.grad for x in given]

    def zeros(*shape):
        return torch.zeros(*shape, dtype=torch.int64, device="meta")

    return {
        "torch": torch, "F": torch.nn.functional, "nn": torch.nn, "e": e, "zeros": zeros, "grads": grads,
    }  # fmt: skip


def leaves_of(found):
    if isinstance(found, list | tuple):
        return [x for part in found for x in leaves_of(part)]
    return [found]


@pytest.mark.parametrize(
    "compute",
    [
        "F.conv2d(e(3, 3, 224, 224), e(8, 3, 1, 1), stride=4)",
        "nn.Conv2d(3, 768, 16, 16, device='meta')(e(1, 3, 224, 224))",
        "F.conv1d(e(1, 1, 480000), e(512, 1, 400), stride=160)",
        "F.conv3d(e(2, 3, 33, 65, 129), e(8, 3, 3, 5, 7), stride=(2, 4, 8), padding=(1, 2, 3), dilation=(1, 2, 1))",
        "F.conv_transpose2d(e(2, 64, 56, 56), e(64, 32, 4, 4), stride=4, padding=1, output_padding=2)",
        "F.conv2d(e(2, 64, 112, 112), e(64, 1, 3, 3), groups=64, stride=2, padding='valid')",
        "F.conv2d(e(2, 64, 112, 112), e(64, 1, 3, 3), groups=64, padding='same')",
        "F.max_pool2d(e(4, 64, 224, 224), 8, 4, padding=2)",
        "F.max_pool2d(e(4, 64, 224, 224), 8, 4, padding=2, return_indices=True)", "F.max_pool1d(e(4, 64, 48000), 16)",
        "F.max_pool3d(e(1, 3, 64, 64, 64), 4, ceil_mode=True)",
        "F.avg_pool2d(e(4, 64, 225, 224), 16, 8, ceil_mode=True)", "F.avg_pool1d(e(4, 64, 48000), 160, 80)",
        "F.adaptive_avg_pool2d(e(4, 512, 100, 100), 7)",
        "F.adaptive_max_pool2d(e(4, 512, 100, 100), (7, 1), return_indices=True)",
        "F.adaptive_avg_pool2d(e(4, 512, 96, 96), 1)", "F.lp_pool2d(e(4, 64, 224, 224), 2., 16)",
        "F.max_unpool2d(e(4, 64, 56, 56), zeros(4, 64, 56, 56), 4)", "F.unfold(e(4, 3, 224, 224), 16, stride=16)",
        "F.fold(e(4, 768, 196), (224, 224), 16, stride=16)", "F.interpolate(e(4, 64, 100, 100), scale_factor=4)",
        "F.interpolate(e(4, 64, 100, 100), size=(25, 400), mode='bilinear')",
        "F.interpolate(e(4, 64, 100, 100), size=(25, 400), mode='bicubic', antialias=True)",
        "F.interpolate(e(4, 64, 1000), size=125, mode='linear')", "F.pad(e(4, 64, 100, 100), (16, 8, 4, 100))",
        "F.pad(e(4, 64, 100, 100), (16, 8, 4, 99), mode='reflect')",
        "F.pad(e(4, 64, 100, 100), (16, 8, 4, 99), mode='replicate')",
        "F.pad(e(4, 64, 100, 100), (16, 8, 4, 99), mode='circular')", "e(100, 1000).repeat(8, 16)",
        "e(100, 1000).tile(4, 4, 4)", "e(100, 1000).unfold(1, 16, 8)", "e(100, 1000).repeat_interleave(16, 1)",
        "torch.block_diag(e(100, 1000), e(1000, 100))", "torch.stack([e(300, 400)]*5, 1)",
        "torch.cat([e(300, 400)]*5, 1)", "torch.diag_embed(e(300, 400))", "torch.diag(e(3000), 16)",
        "torch.kron(e(100, 100), e(50, 30))", "torch.outer(e(30000), e(40000))",
        "F.pixel_shuffle(e(4, 64, 100, 100), 4)", "F.pixel_unshuffle(e(4, 4, 400, 400), 4)", "F.glu(e(4, 6400, 100))",
        "nn.LSTM(1024, 1024, 2, device='meta', bidirectional=True)(e(50, 64, 1024))",
        "nn.GRU(1024, 1000, device='meta')(e(50, 64, 1024))[0]",
        "nn.RNN(1024, 1000, device='meta')(e(50, 64, 1024))[0]", "torch.fft.fft(e(64, 10000))",
        "torch.fft.rfft(e(64, 10000))", "torch.fft.rfft2(e(64, 1000, 1001))",
        "torch.fft.irfft(torch.empty(64, 5001, dtype=torch.complex64, device='meta'))",
        "torch.fft.rfft(e(64, 10000), n=4096)",
        "torch.stft(e(4, 48000), 400, 160, window=e(400), return_complex=True)",
        "F.grid_sample(e(4, 64, 224, 224), e(4, 56, 28, 2), align_corners=False)",
        "F.affine_grid(e(4, 2, 3), (4, 3, 224, 224), align_corners=False)",
        "F.embedding(zeros(64, 512), e(50000, 768))", "e(50000, 768)[zeros(64, 512)]",
        "e(5000, 768).gather(0, zeros(100, 768))", "e(5000, 768).index_select(1, zeros(100))",
        "e(5000, 768).scatter_add(0, zeros(100, 768), e(100, 768))",
        "e(5000, 768).scatter_reduce(0, zeros(100, 768), e(100, 768), 'prod')", "F.one_hot(zeros(1000, 100), 1000)",
        "torch.nn.functional.scaled_dot_product_attention(e(8, 16, 1024, 64), e(8, 16, 2048, 64), e(8, 16, 2048, 64))",
        "nn.MultiheadAttention(768, 12, device='meta')(*[e(512, 8, 768)] * 3)",
        "nn.LayerNorm(768, device='meta')(e(8, 512, 768))", "nn.GroupNorm(32, 768, device='meta')(e(8, 768, 32, 32))",
        "nn.BatchNorm2d(768, device='meta')(e(8, 768, 32, 32))",
        "nn.InstanceNorm2d(768, device='meta')(e(8, 768, 32, 32))", "F.local_response_norm(e(8, 768, 32, 32), 5)",
        "F.cross_entropy(e(8192, 50000), zeros(8192))",
        "F.cross_entropy(e(8, 21, 512, 512), zeros(8, 512, 512), reduction='none')",
        "F.cosine_similarity(e(1000, 768), e(1000, 768))", "torch.cdist(e(8, 1000, 64), e(8, 2000, 64))",
        "torch.topk(e(1000, 1000), 50)", "e(1000, 1000).kthvalue(30)", "torch.sort(e(1000, 1000))",
        "e(1000, 1000).median(0)", "e(1000, 1000).softmax(1)", "e(1000, 1000).var(1, keepdim=True)",
        "e(100, 100, 100, 30).mean((1, 3))", "e(1000, 1000).cumsum(0)", "e(1000, 1000).norm(dim=0)",
        "torch.einsum('bhqd,bhkd->bhqk', e(8, 16, 100, 64), e(8, 16, 200, 64))",
        "torch.tensordot(e(100, 200, 30), e(200, 30, 40), 2)", "torch.histc(e(100000), 100)",
        "torch.searchsorted(e(1000), e(5000, 20))", "torch.tril(e(1000, 1000))", "e(1000, 1000).roll(5, 0)",
        "e(1000, 1000).flip(0)", "torch.rot90(e(1000, 2000))", "torch.trapezoid(e(1000, 2000))",
        "torch.diff(e(1000, 2000))", "e(1000, 2000).diagonal(100)", "torch.meshgrid(e(200), e(300), indexing='ij')",
        "torch.quantile(e(1000, 200), .5, dim=1)", "F.bilinear(e(1000, 50), e(1000, 60), e(30, 50, 60))",
        "F.linear(e(8, 1000, 768), e(3072, 768), e(3072))", "torch.vander(e(1000), 50)",
        "torch.cross(e(100000, 3), e(100000, 3))", "e(24, 24, 24, 24, 24, 24).sum(0)", "e(100, 1000).chunk(8)",
        "e(1000).as_strided((100, 50), (8, 2))", "torch.cumprod(e(1000, 100), 1)", "torch.logsumexp(e(1000, 100), 1)",
        "torch.renorm(e(1000, 100), 2, 0, 1.)",
        "nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1)).to('meta')(e(8, 3, 224, 224))",
        "nn.TransformerEncoderLayer(768, 12, 3072, batch_first=True, device='meta')(e(8, 512, 768))",
        "grads(lambda x, w: F.conv2d(x, w, stride=4), (3, 3, 224, 224), (8, 3, 1, 1))",
        "grads(lambda x, w: F.conv_transpose2d(x, w, stride=4), (3, 8, 56, 56), (8, 3, 4, 4))",
        "grads(lambda x: F.max_pool2d(x, 8, 4), (4, 64, 224, 224))",
        "grads(lambda x: F.avg_pool2d(x, 8, 4), (4, 64, 224, 224))",
        "grads(lambda x: F.adaptive_avg_pool2d(x, 7), (4, 64, 100, 100))",
        "grads(lambda x: F.adaptive_max_pool2d(x, 7), (4, 64, 100, 100))",
        "grads(lambda x: F.unfold(x, 16, stride=16), (4, 3, 224, 224))",
        "grads(lambda x: F.interpolate(x, scale_factor=4., mode='bicubic'), (4, 3, 100, 100))",
        "grads(lambda x: x.repeat(8, 16), (100, 1000))", "grads(lambda x: x.unfold(1, 16, 8), (100, 1000))",
        "grads(lambda x: torch.fft.rfft(x).abs(), (64, 10000))",
        "grads(lambda x, y: F.grid_sample(x, y, align_corners=False), (4, 64, 224, 224), (4, 56, 28, 2))",
        "grads(lambda x: torch.stack([x]*5), (300, 400))",
        "grads(lambda x: F.embedding(zeros(64, 512), x), (50000, 768))",
        "grads(lambda x: F.cross_entropy(x, zeros(8192)), (8192, 50000))",
        "grads(lambda x: x.cumprod(1), (1000, 100))", "grads(lambda x: F.glu(x), (1000, 100))",
        "grads(lambda x: torch.topk(x, 50).values, (1000, 1000))",
        "grads(lambda x: nn.LSTM(1024, 1000, device='meta')(x)[0], (5, 64, 1024))",
        "grads(lambda x: torch.cdist(x, x[:100]), (1000, 64))",
        "grads(lambda x: F.pad(x, (16, 8, 4, 9), mode='reflect'), (4, 3, 100, 100))",
        "grads(lambda x: F.pad(x, (16, 8, 4, 9), mode='circular'), (4, 3, 100, 100))",
    ],
)  # fmt: skip
def test_real_sizes(torch, compute):
    found = leaves_of(eval(compute, meta_namespace(torch)))
    return [
        None if x is None else (tuple(x.shape), str(x.dtype), x.stride(), str(x.device))
        for x in found
    ]


@pytest.mark.parametrize(
    "compute",
    [
        "torch.linalg.svd(e(20, 1000), full_matrices=False)", "torch.linalg.svd(e(100, 1000), full_matrices=False)",
        "torch.linalg.svd(e(100, 1000))", "torch.linalg.qr(e(1000, 100))", "torch.linalg.qr(e(20, 1000))",
        "torch.linalg.inv(e(1000, 1000))", "torch.linalg.solve(e(1000, 1000), e(1000, 50))",
        "torch.linalg.cholesky(e(1000, 1000))", "torch.linalg.eigh(e(100, 100))",
        "torch.linalg.lu_factor(e(1000, 300))", "torch.linalg.det(e(50, 100, 100))", "torch.linalg.pinv(e(200, 100))",
    ],
)  # fmt: skip
def test_real_sizes_of_matrices(torch, compute):
    """Strides are not compared: LAPACK's results lie column by column in PyTorch."""
    found = leaves_of(eval(compute, meta_namespace(torch)))
    return [(tuple(x.shape), str(x.dtype), str(x.device)) for x in found]


@pytest.mark.parametrize(
    "refused",
    [
        "torch.cat([c.long(), e(3).long()])", "torch.dot(c.long(), e(3).long())", "torch.stack([c[0], e(1)[0]])",
        "torch.tensor(2.0).expand(3) + e(3)", "c.long() * e(3)", "F.nll_loss(e(3, 4), c.long())",
        "strange(lambda g: c, e(3))",
    ],
)  # fmt: skip
def test_what_is_elsewhere_is_refused(torch, refused):
    def strange(backward, x):
        class Strange(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return backward(g)

        x.requires_grad_()
        Strange.apply(x).sum().backward()

    try:
        eval(refused, {**meta_namespace(torch), "c": torch.ones(3), "strange": strange})
    except RuntimeError:
        return "refused"
    return "accepted"


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
