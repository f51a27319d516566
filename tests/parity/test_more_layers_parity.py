"""Layers beside the everyday ones: adaptive softmax, old names, normalization over processes, fused layers."""

import pytest

import wengert


def wave(torch, *shape):
    count = 1
    for n in shape:
        count *= n
    return torch.sin(torch.arange(count).double() * 1.7).reshape(shape)


def adaptive(torch, *arguments):
    torch.manual_seed(0)
    return torch.nn.AdaptiveLogSoftmaxWithLoss(16, 12, *arguments).double()


@pytest.mark.parametrize("targets", [[0, 3, 11, 7, 1, 2], [0, 1, 1, 0, 0, 1], [9, 8, 9, 8, 9, 8]])
def test_adaptive_softmax(torch, targets):
    m = adaptive(torch, [2, 8], 2.0, True)
    x = wave(torch, 6, 16).requires_grad_()
    output, loss = m(x, torch.tensor(targets))
    (loss + (output * output).sum()).backward()
    grads = [p.grad for p in m.parameters() if p.grad is not None and p.grad.any()]
    one = m(x[0], torch.tensor(targets[1]))
    return output, loss, x.grad, grads, m.log_prob(x), m.predict(x * 3), one.output, one.loss


def test_adaptive_softmax_of_nothing_and_anew(torch):
    m = adaptive(torch, [4])
    empty = m(wave(torch, 6, 16)[:0], torch.tensor([], dtype=torch.int64))
    m.reset_parameters()
    return empty.output, empty.loss, dict(m.state_dict()), m.cutoffs, m.head_size, torch.rand(1)


FAULTS = """adaptive([]); adaptive([3, 2]); adaptive([2, 2]); adaptive([0, 3]); adaptive([5, 12]); adaptive([2, 2.5])
m(x, t([1, 4, 12])); m(x, t([1, 4, -1])); m(x, t([1, 4])); m(x[0], t([4])); m(x, t([[1, 4, 9]]))
m(x[:, :3], t([1, 4, 9]))
m(x[None], t([1])); m(x, t([1., 2., 3.])); m.log_prob(x[0]); m.predict(x[0]); nn.CrossMapLRN2d(2)(x)
nn.SyncBatchNorm(3)(t([1.])); utils.skip_init(nn.ReLU); utils.skip_init(3); utils.skip_init(int)
utils.fuse_conv_bn_eval(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2).eval())
utils.fuse_linear_bn_eval(nn.Linear(1, 2).eval(), nn.BatchNorm1d(3).eval())"""


@pytest.mark.parametrize("call", [c.strip() for c in FAULTS.replace("\n", ";").split(";")])
def test_faults(torch, refused, call):
    given = {
        "adaptive": lambda c: adaptive(torch, c), "m": adaptive(torch, [2, 5]), "x": wave(torch, 3, 16),
        "t": torch.tensor, "nn": torch.nn, "utils": torch.nn.utils,
    }  # fmt: skip
    return refused(lambda: eval(call, given), given["x"])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_across_maps(torch, size):
    x = wave(torch, 2, 6, 2, 3)
    return torch.nn.CrossMapLRN2d(size, alpha=0.5, k=2)(x), repr(torch.nn.CrossMapLRN2d(size))


def test_the_gradient_across_maps_is_that_of_the_values():
    x = wave(wengert, 1, 4, 2, 2).requires_grad_()
    assert wengert.autograd.gradcheck(wengert.nn.CrossMapLRN2d(3, alpha=0.5), x)


def test_old_names(torch, warned):
    return [
        warned(lambda: torch.nn.NLLLoss2d()),
        warned(lambda: torch.nn.Container(a=torch.nn.ReLU())),
        torch.nn.NLLLoss2d()(wave(torch, 2, 3, 2, 2), torch.ones(2, 2, 2, dtype=torch.int64)),
        repr(torch.nn.Container(a=torch.nn.ReLU())),
    ]


def test_conversion_for_several_processes(torch):
    nn = torch.nn
    before = nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.BatchNorm1d(4, affine=False))
    )
    before.eval()
    after = nn.SyncBatchNorm.convert_sync_batchnorm(before)
    x = wave(torch, 5, 4).float()
    return [
        repr(after), after is before, after[1].training, after[1](x), after.train()[1](x), list(after.state_dict()),
        after[1].process_group,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "case", ["conv", "no bias", "transposed", "linear", "one feature", "no affine"]
)
def test_fusion(torch, case):
    nn, utils = torch.nn, torch.nn.utils
    torch.manual_seed(0)
    transposed = case == "transposed"
    layer = {
        "no bias": lambda: nn.Conv2d(2, 3, 2, bias=False),
        "transposed": lambda: nn.ConvTranspose2d(2, 3, 2),
    }.get(
        case, lambda: nn.Linear(4, 3) if case in ("linear", "one feature") else nn.Conv2d(2, 3, 2)
    )().double()
    norm = nn.BatchNorm1d if isinstance(layer, nn.Linear) else nn.BatchNorm2d
    bn = norm(1 if case == "one feature" else 3, affine=case != "no affine").double()
    bn.running_mean += 0.3
    bn.running_var *= 2.5
    if bn.affine:
        bn.weight.data *= 1.5
        bn.bias.data += 0.2
    layer.eval(), bn.eval()
    fused = (
        utils.fuse_linear_bn_eval(layer, bn)
        if norm is nn.BatchNorm1d
        else utils.fuse_conv_bn_eval(layer, bn, transposed)
    )
    x = wave(torch, 5, 4) if norm is nn.BatchNorm1d else wave(torch, 1, 2, 4, 4)
    return repr(fused), fused(x), fused.weight.requires_grad, fused.weight.is_leaf, layer.weight


def test_modules_without_first_values(torch):
    torch.manual_seed(0)
    layer = torch.nn.utils.skip_init(torch.nn.Linear, 3, 2, bias=False)
    return repr(layer), layer.weight.shape, torch.rand(1)


def test_batch_norms_without_statistics(torch):
    nn = torch.nn
    root = nn.Sequential(
        nn.BatchNorm1d(4),
        nn.Sequential(nn.BatchNorm1d(4)),
        nn.InstanceNorm1d(4, track_running_stats=True),
    )
    made = torch.func.replace_all_batch_norm_modules_(root)
    root.eval()
    return made is root, list(root.state_dict()), root[0](wave(torch, 3, 4).float()), repr(root)


def test_functionalize(torch, refused):
    f = torch.func.functionalize(lambda x: x.mul_(2).sum())
    x = wave(torch, 3)
    wrong = refused(lambda: torch.func.functionalize(lambda x: x, remove="all")(x))
    return f(x), x, wrong


@pytest.mark.parametrize("options", [{}, {"shuffle": False}, {"drop_last": True}, {"seed": 3}])
@pytest.mark.parametrize("size", [10, 2, 9, 1])
def test_distributed_samplers(torch, options, size):
    found = []
    for rank in range(3):
        sampler = torch.utils.data.distributed.DistributedSampler(range(size), 3, rank, **options)
        for epoch in (0, 2):
            sampler.set_epoch(epoch)
            found.append(list(sampler))
        found += [len(sampler), sampler.num_samples, sampler.total_size]
    return (
        found,
        torch.utils.data.DistributedSampler is torch.utils.data.distributed.DistributedSampler,
    )


def test_ranks_outside(torch, refused):
    make = torch.utils.data.DistributedSampler
    return refused(lambda: make(range(3), 3, 3)), refused(lambda: make(range(3), 3, -1))


def test_the_number_of_processes_must_be_given():
    with pytest.raises(RuntimeError, match="Pass both, as in `DistributedSampler"):
        wengert.utils.data.DistributedSampler(range(3))


def test_kernels_of_attention(torch, refused):
    if hasattr(torch, "install_as_torch"):
        from wengert.nn import attention
    else:
        from torch.nn import attention
    found = []
    q = wave(torch, 1, 2, 3, 4)
    with attention.sdpa_kernel([attention.SDPBackend.FLASH_ATTENTION, attention.SDPBackend.MATH]):
        found.append(torch.nn.functional.scaled_dot_product_attention(q, q, q))
        with attention.sdpa_kernel(attention.SDPBackend.FLASH_ATTENTION):
            found.append(torch.backends.cuda.math_sdp_enabled())
            found.append(torch.backends.cuda.flash_sdp_enabled())
        found.append(torch.backends.cuda.math_sdp_enabled())
        found.append(str(attention._cur_sdpa_kernel_backends()))
    found += [
        str(attention.SDPBackend.MATH),
        repr(attention.SDPBackend.ERROR),
        attention.SDPBackend.MATH.name,
    ]
    found.append(torch.backends.cuda.mem_efficient_sdp_enabled())
    found.append(refused(lambda: attention.sdpa_kernel(3).__enter__()))
    return found
