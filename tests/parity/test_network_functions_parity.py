"""Functions of `nn.functional` beyond PyTorch's op database: names of nodes, random streams, special values."""

import pytest

X = "(torch.arange(24.).reshape(4, 6) * 0.3 - 3).requires_grad_()"
IMAGE = "torch.sin(torch.arange(256.)).reshape(2, 4, 4, 8).requires_grad_()"

NODES = """relu(x); relu6(x); leaky_relu(x); elu(x); selu(x); celu(x); gelu(x); silu(x); mish(x); softplus(x)
softsign(x); tanhshrink(x); hardtanh(x); hardsigmoid(x); hardswish(x); hardshrink(x); softshrink(x); logsigmoid(x)
rrelu(x); glu(x); rrelu(x, training=True); threshold(x, 0., 1.); prelu(x, torch.tensor([0.2])); softmin(x, 1)
normalize(x); l1_loss(x, y); smooth_l1_loss(x, y); huber_loss(x, y); cross_entropy(x, t)
cross_entropy(x, t, label_smoothing=0.1); nll_loss(x, t); binary_cross_entropy(torch.sigmoid(x), y)
binary_cross_entropy_with_logits(x, y); soft_margin_loss(x, y); kl_div(x, y, reduction='batchmean')
poisson_nll_loss(x, y); gaussian_nll_loss(x, y, y + 1); cosine_similarity(x, y); margin_ranking_loss(x, y, y)
triplet_margin_loss(x, y, y + 1); pairwise_distance(x, y); max_pool1d(x, 2); max_pool2d(im, 2); max_pool3d(im, 2)
avg_pool1d(x, 2); avg_pool2d(im, 2); avg_pool3d(im, 2); adaptive_avg_pool1d(x, 2); adaptive_avg_pool2d(im, 2)
adaptive_avg_pool2d(im, 1); adaptive_avg_pool2d(im, 3); adaptive_max_pool2d(im, 2); lp_pool2d(im, 2, 2)
dropout(x); dropout2d(im); alpha_dropout(x, training=True)
max_unpool2d(*F.max_pool2d(im, 2, return_indices=True), 2); unfold(im, 3); pixel_shuffle(im, 2)
pixel_unshuffle(im, 2); channel_shuffle(im, 2); interpolate(im, scale_factor=2)
interpolate(im, scale_factor=2, mode='bilinear'); interpolate(im, scale_factor=2, mode='bicubic')
interpolate(im, scale_factor=2, mode='area'); scaled_dot_product_attention(im, im, im); local_response_norm(im, 2)"""


def names(torch):
    x, y = eval(X), torch.linspace(0.0, 1.0, 24).reshape(4, 6)
    return {
        "torch": torch, "F": torch.nn.functional, "x": x, "y": y, "im": eval(IMAGE),
        "t": torch.tensor([0, 5, 2, 2]),
    }  # fmt: skip


@pytest.mark.parametrize("call", [c.strip() for c in NODES.replace("\n", ";").split(";")])
def test_nodes_have_pytorch_names(torch, call):
    return eval(f"F.{call}", names(torch)).grad_fn.name()


SPECIAL = """relu6 leaky_relu elu silu softplus tanhshrink hardtanh hardsigmoid hardswish hardshrink
softshrink logsigmoid celu selu""".split()


@pytest.mark.parametrize("name", SPECIAL)
def test_values_and_slopes_at_special_points(torch, name):
    nan, inf = float("nan"), float("inf")
    x = torch.tensor([nan, -3.0, 3.0, 0.0, -1.0, 1.0, 6.0, 0.5, -0.5, inf, -inf, 25.0, -90.0])
    x.requires_grad_()
    y = getattr(torch.nn.functional, name)(x)
    y.sum().backward()
    return y, x.grad


RANDOM = [
    "dropout(x, 0.3)", "dropout(x, 1.0)", "dropout(x, 0.3, False)", "dropout1d(x)", "dropout2d(im, 0.2)",
    "dropout3d(im)", "alpha_dropout(x, 0.4, True)", "feature_alpha_dropout(im, 0.4, True)",
    "rrelu(x, training=True)", "gumbel_softmax(x, 0.5)", "gumbel_softmax(x, hard=True)", "dropout(x.double())",
]  # fmt: skip


@pytest.mark.parametrize("call", RANDOM)
def test_random_functions_draw_the_same(torch, call):
    torch.manual_seed(7)
    given = names(torch)
    out = eval(f"F.{call}", given)
    (out * out).sum().backward()
    return out, given["x"].grad, given["im"].grad, torch.rand(1)


@pytest.mark.parametrize("name", ["relu_", "elu_", "celu_", "selu_", "leaky_relu_", "hardtanh_"])
def test_forms_in_place(torch, name):
    x = eval(X)
    y = x * 2
    z = getattr(torch.nn.functional, name)(y)
    z.sum().backward()
    return z is y, y, x.grad


@pytest.mark.parametrize(
    "name", ["relu", "relu6", "elu", "silu", "mish", "hardswish", "hardsigmoid"]
)
def test_the_argument_inplace(torch, name):
    x = eval(X)
    y = x * 2
    z = getattr(torch.nn.functional, name)(y, inplace=True)
    z.sum().backward()
    return z is y, y, x.grad


ATTENTION = [
    {},
    {"need_weights": False},
    {"average_attn_weights": False},
    {"key_padding_mask": [[False, False, True], [True, False, False]]},
    {"attn_mask": [[0.0, 1.0, -1.0], [0.5, 0.0, 2.0]]},
    {"attn_mask": [[False, True, False], [False, False, True]]},
    {"add_zero_attn": True},
]


@pytest.mark.parametrize("options", ATTENTION)
def test_attention_of_several_heads(torch, options):
    options = {k: torch.tensor(v) if isinstance(v, list) else v for k, v in options.items()}
    if "attn_mask" in options and options["attn_mask"].dtype is not torch.bool:
        options["attn_mask"] = options["attn_mask"].double()
    zero = options.pop("add_zero_attn", False)
    waves = [torch.sin(torch.arange(n).double() * n) for n in (16, 24, 48, 12)]
    q, k, weight = waves[0].reshape(2, 2, 4), waves[1].reshape(3, 2, 4), waves[2].reshape(12, 4)
    bias = waves[3]
    q, k, weight = (v.requires_grad_() for v in (q, k, weight))
    out, weights = torch.nn.functional.multi_head_attention_forward(
        q, k, k, 4, 2, weight, bias, None, None, zero, 0.0, torch.eye(4).double(), bias[:4], **options
    )  # fmt: skip
    (out * out).sum().backward()
    return out, weights, q.grad, k.grad, weight.grad


POOLED = [
    "max_pool2d(im, 2, return_indices=True)", "max_pool2d(im, 3, 2, 1, return_indices=True)",
    "max_pool2d(im, 2, 1, 0, 2)", "max_pool2d(im, 3, 2, 1, 1, True)", "avg_pool2d(im, 3, 2, 1, True, False)",
    "avg_pool2d(im, 3, 2, 1, True, True)", "avg_pool2d(im, 2, divisor_override=3)", "lp_pool2d(im + 1.5, 3, 2)",
    "adaptive_max_pool2d(im, (3, 5), return_indices=True)", "adaptive_avg_pool2d(im, (3, 5))",
    "fold(F.unfold(im, 3, 1, 1, 2), (4, 8), 3, 1, 1, 2)", "lp_pool1d(x, float('inf'), 2)",
    "interpolate(im, size=(3, 5), mode='bilinear', antialias=True)",
    "interpolate(im, size=(3, 5), mode='bicubic', antialias=True)",
]  # fmt: skip


@pytest.mark.parametrize("call", POOLED)
def test_pooling_and_resizing(torch, call):
    given = names(torch)
    out = eval(f"F.{call}", given)
    first = out[0] if isinstance(out, tuple) else out
    (first * first).sum().backward()
    return out, given["im"].grad, given["x"].grad


def test_the_pool_of_nan_and_of_minus_infinity(torch):
    nan, inf = float("nan"), float("inf")
    x = torch.tensor([[[1.0, nan, nan, 5.0], [-inf, -inf, -inf, -inf]]], requires_grad=True)
    values, at = torch.nn.functional.max_pool1d(x, 3, 1, 1, return_indices=True)
    return values, at


LOSSES = [
    "mse_loss(x, y, weight=y)", "l1_loss(x, y, weight=y)", "huber_loss(x, y, weight=y)", "pdist(x)", "pdist(x, 1.)",
    "l1_loss(x, y, size_average=False)", "mse_loss(x, y, reduce=False)", "kl_div(x, y, reduction='mean')",
    "gaussian_nll_loss(x, y, y + 1, full=True)", "gaussian_nll_loss(x, y, 2.)",
    "cross_entropy(x, t, y[0] + 1, label_smoothing=0.2, ignore_index=2)",
    "cross_entropy(x, t, ignore_index=2, reduction='none')", "cross_entropy(x, t.byte())",
    "multi_margin_loss(x, t, 2, 0.5, y[0])", "multilabel_margin_loss(x, t.new_zeros(4, 6) - 1)",
    "triplet_margin_loss(x, y, y * y, swap=True)",
]  # fmt: skip


@pytest.mark.parametrize("call", LOSSES)
def test_losses(torch, call):
    given = names(torch)
    out = eval(f"F.{call}", given)
    out.sum().backward()
    return out, given["x"].grad


REFUSED = [
    "dropout(x, 1.5)", "dropout(t)", "cross_entropy(x, t + 3)", "cross_entropy(x, t[:2])", "nll_loss(x, t.float())",
    "binary_cross_entropy(x, y)", "binary_cross_entropy(x, y[0])", "mse_loss(x, y, reduction='all')",
    "max_pool2d(im, 9)", "max_pool2d(im, 2, padding=2)", "max_pool2d(x[0], 2)", "avg_pool2d(im, 2, divisor_override=0)",
    "glu(x[:, :5])", "celu(x, alpha=0.)", "gelu(x, approximate='erf')", "softshrink(x, -1.)", "hardtanh(x, 1., -1.)",
    "prelu(x, y[0, :3])", "relu(t > 0)", "gelu(t)", "interpolate(im)", "interpolate(im, 2, mode='linear')",
    "interpolate(im, 2, align_corners=True)", "pixel_shuffle(im, 3)", "fold(x, 4, 3)", "unfold(im, 20)",
    "scaled_dot_product_attention(im, im, im, im, is_causal=True)", "scaled_dot_product_attention(im, im[..., :3], im)",
    "multi_margin_loss(x, t, 3)", "triplet_margin_loss(x, y, y, margin=0.)", "huber_loss(x, y, delta=0.)",
    "gaussian_nll_loss(x, y, -y - 1)", "smooth_l1_loss(x, y, beta=-1.)", "pdist(x[0])", "dropout1d(im)",
    "adaptive_avg_pool2d(x, (2, 2))", "kl_div(x, y, reduction='some')", "max_unpool1d(x, x.long() + 40, 2)",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(torch, refused, call):
    given = names(torch)
    return refused(lambda: eval(f"F.{call}", given), given["x"], given["im"])
