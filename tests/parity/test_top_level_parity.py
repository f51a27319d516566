"""Functions that `torch` itself spells: of networks by position, of tensors, assertions, subspaces."""

import pytest


def names(torch):
    def wave(*shape):
        n = 1
        for size in shape:
            n *= size
        return torch.sin(torch.arange(n).double() * 1.7).reshape(shape).requires_grad_()

    return {
        "torch": torch, "wave": wave, "t": torch.tensor, "x": wave(4, 6), "y": wave(4, 6) * 0.5 + 0.5,
        "im": wave(2, 3, 4), "sign": torch.tensor([1.0, -1.0, 1.0, -1.0]).double(),
        "rows": torch.tensor([[0, 1], [3, 3]]), "mean": torch.zeros(3).double(), "var": torch.ones(3).double(),
    }  # fmt: skip


NETWORKS = """dropout(x, 0.3, True); dropout(x, p=0.3, train=False); alpha_dropout(x, 0.4, True)
feature_dropout(im, 0.5, True); feature_alpha_dropout(im, 0.5, True); dropout(x, 1.0, True)
embedding(x, rows); embedding(x, rows, 3); embedding(x, rows, -2); embedding(x, rows, 9)
embedding(x, rows, 3, True); adaptive_max_pool1d(im, 2); constant_pad_nd(x, (1, 2), 3.5); constant_pad_nd(x, [1, -1])
batch_norm(im, None, None, None, None, True, 0.1, 1e-5, True)
batch_norm(im, var * 2, mean + 1, mean, var, True, 0.1, 1e-5, False)
batch_norm(im, var * 2, mean + 1, mean, var, False, 0.1, 1e-5, False)
batch_norm(im[:1, :, 0], None, None, mean, var, True, 0.1, 1e-5, True)
instance_norm(im, var * 2, mean + 1, mean, var, True, 0.1, 1e-5, False)
instance_norm(im, None, None, mean, var, False, 0.1, 1e-5, False)
layer_norm(im, [4], None, None, 1e-5, False); group_norm(im, 3, None, None, 1e-5, False)
binary_cross_entropy_with_logits(x, y, None, None, {r}); binary_cross_entropy_with_logits(x, y)
binary_cross_entropy_with_logits(x, y, y.detach(), y.detach() + 1, {r})
kl_div(x, y, {r}); kl_div(x, y, log_target=True); hinge_embedding_loss(x[:, 0], sign, 0.5, {r})
margin_ranking_loss(x[0, :4], x[1, :4], sign, 0.2, {r}); cosine_embedding_loss(x, x.flip(0), sign, 0.1, {r})
poisson_nll_loss(x, y, True, True, 1e-8, {r}); triplet_margin_loss(x, x.flip(0), y, 1.0, 2, 1e-6, True, {r})
hinge_embedding_loss(x[:, 0], sign); margin_ranking_loss(x[0, :4], x[1, :4], sign); triplet_margin_loss(x, x.flip(0), y)
cosine_embedding_loss(x, x.flip(0), sign)"""


@pytest.mark.parametrize("call", [c.strip() for c in NETWORKS.replace("\n", ";").split(";")])
def test_functions_of_networks(torch, call):
    found = []
    for reduction in (0, 1, 2, 3) if "{r}" in call else (1,):
        torch.manual_seed(3)
        given = names(torch)
        made = eval(f"torch.{call.format(r=reduction)}", given)
        first = made[0] if isinstance(made, tuple) else made
        (first * first).sum().backward()
        found += [made, given["x"].grad, given["im"].grad, given["mean"], given["var"]]
    return found, torch.rand(1)


@pytest.mark.parametrize(
    "call", ["dropout_(z, 0.3, True)", "alpha_dropout_(z, 0.3, True)", "feature_dropout_(z, 0.3, True)",
             "feature_alpha_dropout_(z, 0.3, True)", "fill_(z, 2)", "fill_(z, t(3.))", "conj_physical_(z)",
             "detach_(z)"],
)  # fmt: skip
def test_functions_that_write(torch, call):
    torch.manual_seed(5)
    given = names(torch)
    z = given["z"] = given["x"] * 2
    made = eval(f"torch.{call}", given)
    return made, made is z, z.requires_grad


OF_TENSORS = """detach(x); fill(x, 2); fill(x, t(3.)); fill(x.float(), t(3., requires_grad=True)); fill(rows, 2.7)
get_device(x); is_signed(x); is_signed(rows.byte()); is_inference(x); is_distributed(x); is_neg(x); resolve_neg(x)
norm_except_dim(im); norm_except_dim(im, 2, 1); norm_except_dim(im, 2, 2); norm_except_dim(im, 2, -1)
norm_except_dim(im, 1, 1); norm_except_dim(im, 2, -2); norm_except_dim(im[0, 0])
frobenius_norm(x, []); frobenius_norm(x, 1); frobenius_norm(x, [1], True); frobenius_norm(x, (0, 1))
nuclear_norm(x); nuclear_norm(x, True); nuclear_norm(im, [1, 2], True); nuclear_norm(im, dim=(0, 1)); nuclear_norm(im)
view_as_real_copy(t([1 + 2j])); view_as_complex_copy(t([[1., 2.]]))
addmv_(t([1., 1.]), torch.eye(2), t([1., 2.]), beta=2)
as_strided_(torch.arange(4.), (2, 2), (1, 2)); embedding_renorm_(torch.ones(3, 2) * 4, t([0, 0, 2]), 1., 2.)
newaxis; is_anomaly_check_nan_enabled(); sym_int(3.7); sym_float(3); sym_max(3, 4.); sym_max(True, 1); sym_min(3, 3.)
sym_not(0); sym_sum([1, 2]); sym_sum(1, 2); sym_sqrt(4); sym_ite(True, 1, 2); _check(True, 'abc'); _check_is_size(3)
_check_tensor_all(x < 2); _assert(x[0, 0] < 1, ''); _assert_async(t(1))"""


@pytest.mark.parametrize("call", [c.strip() for c in OF_TENSORS.replace("\n", ";").split(";")])
def test_functions_of_tensors(torch, call):
    return [eval(f"torch.{call}", names(torch))]


WEIGHTS = [
    "_weight_norm(x, wave(4, 1))", "_weight_norm(x, wave(4))", "_weight_norm(x, wave(1, 6), 1)",
    "_weight_norm(x, wave(1, 6), dim=-1)", "_weight_norm(x, wave(1)[0], -1)", "_weight_norm(im, wave(1, 3, 1), 1)",
    "_weight_norm(im, wave(1)[0], 1)", "_weight_norm(x[0], wave(6), 0)", "_weight_norm(x[:, :0], wave(4, 1))",
    "_weight_norm(x.half(), wave(4, 1).half())", "_weight_norm(x.bfloat16(), wave(1, 6).bfloat16(), 1)",
]  # fmt: skip


@pytest.mark.parametrize(
    "call", ["fill(x, 2)", "fill(x, t(2.))", "norm_except_dim(x, 2, 1)", *WEIGHTS]
)
def test_their_gradients(torch, call):
    given = names(torch)
    made = eval(f"torch.{call}", given)
    made.sum().backward()
    return made, given["x"].grad, given["im"].grad


@pytest.mark.parametrize("call", ["fill(x, 2)", "fill(x, t(2.))", "embedding(x, rows)"])
def test_nodes_have_pytorch_names(torch, call):
    return eval(f"torch.{call}", names(torch)).grad_fn.name()


FAULTS = """_assert(False, 'hello'); _assert(t([0, 1]), ''); _check(False); _check(False, 'abc')
_check(False, lambda: 'abc')
_check(t(True)); _check(1); _check_index(False); _check_value(False); _check_type(False); _check_not_implemented(False)
_check_tensor_all(t([True, False])); _check_tensor_all(t([1.])); _check_tensor_all(True); _check_is_size(-1)
_check_is_size(3, max=2); _check_with(KeyError, False, lambda: 'v'); _assert_async(t(0)); _assert_async(t([0, 1]))
_check_tensor_all_with(KeyError, t(False), lambda: 'v')
sym_ite(True, 1, 2.); sym_ite(1, 1, 2); sym_sqrt(-1); sym_max('a', 1); sym_int('a'); fill(x, t([2.])); fill(rows, 2j)
fill(3, 2); detach(3); is_signed(3); get_device(None); dropout(x, 1.5, True); dropout(x, 0.5); dropout(x, -0.1, False)
feature_dropout(x[0], 0.5, True); embedding(x[0], rows); embedding(x, t([9])); embedding(x, t([1.]))
embedding_renorm_(x[0], rows, 1., 2.); embedding_renorm_(torch.ones(2, 2), t([5]), 1., 2.); poisson_nll_loss(x, y)
instance_norm(im, None, None, None, None, False, 0.1, 1e-5, True); frobenius_norm(im, [0, 1, 2]); nuclear_norm(x[0])
_weight_norm(x, wave(4, 1), 5); _weight_norm(x, 1.); _weight_norm(1., x); _weight_norm(x, wave(4, 1), 0.5)
_weight_norm(x, wave(4, 1).float()); _weight_norm(rows, rows); _weight_norm(x + 1j, wave(4, 1))
norm_except_dim(x, 2, 5); svd_lowrank(x[0]); pca_lowrank(x, 5); pca_lowrank(x, niter=-1); pca_lowrank(rows)"""


@pytest.mark.parametrize("call", [c.strip() for c in FAULTS.replace("\n", ";").split(";")])
def test_faults(torch, refused, call):
    given = names(torch)
    return refused(lambda: eval(f"torch.{call}", given), given["x"])


@pytest.mark.parametrize("call", ["svd_lowrank(x)", "svd_lowrank(x, 3, 0)", "svd_lowrank(x.mT, 3)",
                                  "svd_lowrank(x, 2, M=y)",
                                  "svd_lowrank(im)", "pca_lowrank(x)", "pca_lowrank(x, 2, False)", "pca_lowrank(im, 3)",
                                  "svd_lowrank(x.float())", "svd_lowrank(x + 1j * y, 3)"])  # fmt: skip
def test_subspaces(torch, call):
    torch.manual_seed(11)
    given = names(torch)
    u, s, v = eval(f"torch.{call}", given)
    near = (u[..., :2] * s[..., None, :2]) @ v[..., :2].mH
    return [tuple(z.shape) for z in (u, s, v)], s[..., :2], near, torch.rand(1)


def test_anomaly_by_function(torch):
    torch.set_anomaly_enabled(True, False)
    on = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
    torch.set_anomaly_enabled(False)
    return on, torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
