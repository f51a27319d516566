"""What parametrizations say when something is wrong, and how they go with transforms and traces."""

import pytest

import wengert as torch
from wengert import nn
from wengert.nn.utils import parametrizations, parametrize
from wengert.trace import trace

register = parametrize.register_parametrization


class By(nn.Module):
    def __init__(self, there, back=None):
        super().__init__()
        self.there = there
        if back is not None:
            self.right_inverse = back

    def forward(self, *x):
        return self.there(*x)


def same(x):
    return x


def made(*parametrizations):
    m = nn.Linear(2, 2)
    for p in parametrizations:
        register(m, "weight", p)
    return m


WORDS = {
    "register(m, 'absent', By(same))": "a buffer, or a parametrized element with name 'absent'",
    "register(m, 'weight', By(lambda x: x[:1]))": (
        "may not change the shape of the tensor, unless `unsafe` flag is enabled: it was torch.Size([2, 2]) and would "
        "be torch.Size([1, 2])"
    ),
    "register(m, 'weight', By(torch.Tensor.double))": "dtype of the tensor, unless `unsafe` flag is enabled: it was",
    "register(m, 'weight', By(lambda x: 3))": "A parametrization must return a tensor. Got int.",
    "register(m, 'weight', By(same, lambda x: 3))": "'right_inverse' must return a Tensor or a Sequence of tensors",
    "register(m, 'weight', By(same, lambda x: [x, 3]))": "Got element 1 of the sequence with type int",
    "register(m, 'weight', By(same, torch.Tensor.double))": "`right_inverse` outputs one tensor, it may not change",
    "register(made(By(same)), 'weight', By(lambda x: x[:1]))": "may not change the shape of module.weight, unless the",
    "register(made(By(same)), 'weight', By(same, lambda x: 3))": (
        "parametrization.right_inverse must return a tensor. Got int."
    ),
    "register(made(By(same)), 'weight', By(same, lambda x: x[:1]))": (
        "The tensor returned by parametrization.right_inverse must have the same shape as module.weight"
    ),
    "setattr(made(By(same)), 'weight', m.weight)": "attribute 'weight' already exists",
    "setattr(made(By(same)), 'weight', torch.ones(2, 2))": "parametrization By does not implement right_inverse",
    "setattr(made(By(same, lambda x: x if x[0, 0] < 9 else 3)), 'weight', torch.ones(2, 2) * 9)": (
        "`right_inverse` should return a tensor. Got int"
    ),
    "setattr(made(By(same, same)), 'weight', torch.ones(2, 2).double())": (
        "has dtype torch.float64 while `original` has dtype torch.float32"
    ),
    "setattr(made(By(lambda x, y: x, lambda x: [x, x] if x[0, 0] < 9 else [x])), 'weight', torch.ones(2, 2) * 9)": (
        "must return a sequence of tensors of length 2. Got a sequence of length 1"
    ),
    "setattr(made(By(lambda x, y: x, lambda x: [x, x] if x[0, 0] < 9 else [x, 3])), 'weight', torch.ones(2, 2) * 9)": (
        "must return a sequence of tensors. Got a int for `original1`"
    ),
    "parametrize.remove_parametrizations(m, 'weight')": "does not have a parametrization on weight",
    "parametrize.remove_parametrizations(parametrizations.weight_norm(m), 'weight', leave_parametrized=False)": (
        "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence"
    ),
    "parametrize.ParametrizationList([], m.weight)": "requires one or more modules",
    "made(By(same)).__getstate__()": "only supported through state_dict()",
    "parametrizations.orthogonal(m, 'bias')": "Expected a matrix or batch of matrices. Got a tensor of 1 dimensions",
    "parametrizations.orthogonal(m, 'none')": "has no parameter or buffer with name 'none'",
    "parametrizations.orthogonal(m, orthogonal_map='qr')": 'one of "matrix_exp", "cayley", "householder". Got: qr',
    "parametrizations.orthogonal(nn.Linear(2, 2, dtype=torch.complex64), orthogonal_map='householder')": (
        "does not support complex"
    ),
    "setattr(parametrizations.orthogonal(m), 'weight', torch.ones(3, 2))": "a matrix or batch of matrices of shape",
    "setattr(parametrizations.orthogonal(m, use_trivialization=False), 'weight', torch.eye(2))": (
        "It is not possible to assign to the matrix exponential or the Cayley"
    ),
    "parametrizations.spectral_norm(m, dim=2)": "expected to be in range of [-2, 1] but got 2",
    "parametrizations.spectral_norm(m, n_power_iterations=0)": "Expected n_power_iterations to be positive",
    "nn.utils.remove_weight_norm(m)": "weight_norm of 'weight' not found in Linear",
    "nn.utils.remove_spectral_norm(m)": "spectral_norm of 'weight' not found in Linear",
    "nn.utils.spectral_norm(nn.utils.spectral_norm(m))": "two spectral_norm hooks on the same parameter weight",
    "nn.utils.spectral_norm(nn.Linear(2, 2, bias=False), 'bias')": "cannot be applied as parameter `bias` is None",
}  # fmt: skip


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    with pytest.raises(Exception) as caught:
        eval(program, {**globals(), "m": nn.Linear(2, 2)})
    assert WORDS[program] in str(caught.value.args[0])


def test_words_of_the_older_weight_norm():
    with pytest.warns(
        FutureWarning, match="in favor of `torch.nn.utils.parametrizations.weight_norm`"
    ):
        m = nn.utils.weight_norm(nn.Linear(2, 2))
    with pytest.warns(FutureWarning), pytest.raises(RuntimeError, match="two weight_norm hooks"):
        nn.utils.weight_norm(m)


def test_a_refused_assignment_changes_nothing():
    m = made(By(lambda x, y: x + y, lambda x: [x, x] if x[0, 0] < 9 else [x, x.double()]))
    before = {k: v.clone() for k, v in m.state_dict().items()}
    with pytest.raises(ValueError, match="original1"):
        m.weight = torch.ones(2, 2) * 9
    assert all(torch.equal(v, before[k]) for k, v in m.state_dict().items())


@pytest.mark.parametrize("norm", ["weight_norm", "spectral_norm", "orthogonal"])
def test_a_traced_step(norm):
    m = getattr(parametrizations, norm)(nn.Linear(3, 3).double())
    x = torch.randn(4, 3, dtype=torch.float64)
    opt = torch.optim.SGD(m.parameters(), lr=0.1)

    def step(x):
        opt.zero_grad()
        loss = m(x).square().sum()
        loss.backward()
        opt.step()
        return loss

    step(x)
    before = {k: v.clone() for k, v in m.state_dict().items()}
    traced = trace(step, x)
    found = [traced(x * i).item() for i in (1, 2)]
    m.load_state_dict(before)
    assert found == pytest.approx([step(x * i).item() for i in (1, 2)])


def test_caching_and_traces():
    m = made(By(lambda x: x * 2))
    with (
        parametrize.cached(),
        pytest.raises(RuntimeError, match="Cannot trace a model while caching"),
    ):
        trace(lambda x: m(x), torch.ones(2))


def test_gradients_per_sample_of_a_normalized_layer():
    m = parametrizations.weight_norm(nn.Linear(3, 2).double())
    params = {k: v.detach() for k, v in m.named_parameters()}
    x = torch.randn(4, 3, dtype=torch.float64)
    loss = lambda p, x: torch.func.functional_call(m, p, x).square().sum()  # noqa: E731
    each = torch.vmap(torch.func.grad(loss), (None, 0))(params, x)
    m(x).square().sum().backward()
    for name, p in m.named_parameters():
        assert torch.allclose(each[name].sum(0), p.grad)
