"""What modules and layers say when something is wrong: the words that help."""

from types import ModuleType

import pytest

import wengert as torch
from wengert import nn
from wengert.trace import trace

WORDS = {
    "nn.Module()(1)": 'missing the required "forward" function',
    "nn.Module(3)": "takes 1 positional argument but 2 were given",
    "nn.Module().compile()": "Trace a function that calls the module",
    "nn.Module().cuda()": "cpu",
    "m.absent": "'Linear' object has no attribute 'absent'",
    "m.get_submodule('a.b')": "Linear has no attribute `a`, which the path 'a.b' names",
    "m.get_parameter('in_features')": "`in_features` is not an nn.Parameter",
    "m.to(torch.int64)": "only accepts floating point or complex dtypes",
    "m.load_state_dict({})": 'Missing key(s) in state_dict: "weight", "bias"',
    "m.load_state_dict({**m.state_dict(), 'x': m.weight})": 'Unexpected key(s) in state_dict: "x"',
    "m.load_state_dict({'weight': torch.ones(3), 'bias': m.bias})": "size mismatch for weight",
    "setattr(m, 'weight', torch.ones(2))": "cannot assign 'Tensor' as parameter 'weight'",
    "m.register_buffer('weight', None)": "attribute 'weight' already exists",
    "m.register_parameter('a.b', None)": 'parameter name can\'t contain "."',
    "nn.Parameter([1.0])": "Use `Parameter(torch.tensor(...))`",
    "nn.Parameter(m.weight * 1).sum().backward() or m.register_parameter('w', torch.ones(1))": (
        "torch.nn.Parameter or None required"
    ),
    "nn.init.calculate_gain('gelu')": "Unsupported nonlinearity gelu. Known are linear",
    "nn.LSTM(2, 3)(torch.ones(1, 2))[0].shape and nn.LSTM(2, 3)(torch.ones(1, 3))": (
        "input.size(-1) must be equal to input_size. Expected 2, got 3"
    ),
    "nn.LSTM(2, 3)(torch.ones(1, 2, dtype=torch.float64))": "input.to(torch.float32)",
    "nn.GRU(2, 3)(torch.ones(1, 1, 2), torch.ones(1, 1, 4))": "Expected hidden size (1, 1, 3), got [1, 1, 4]",
    "nn.GRU(2, 3, proj_size=1)": "only supported for LSTM",
    "nn.Conv2d(2, 3, 1, size=1)": "Conv2d.__init__() got an unexpected keyword argument 'size'",
    "nn.LazyConvTranspose1d(2, 3, size=1)": "LazyConvTranspose1d.__init__() got an unexpected keyword argument 'size'",
    "nn.BatchNorm1d(2, size=1)": "_BatchNorm.__init__() got an unexpected keyword argument 'size'",
    "nn.Dropout2d(size=1)": "_DropoutNd.__init__() got an unexpected keyword argument 'size'",
    "nn.MSELoss(1, 2, 3, 4)": "_Loss.__init__() takes from 1 to 4 positional arguments",
    "nn.ReLU()(m.weight, 1)": "ReLU.forward() takes 2 positional arguments but 3 were given",
    "nn.ReflectionPad2d(1)(m.weight, 1)": "_ReflectionPadNd.forward() takes 2 positional arguments",
    "nn.Sequential().append()": "Sequential.append() missing 1 required positional argument",
    "nn.utils.prune.L1Unstructured(1, 2)": "L1Unstructured.__init__() takes 2 positional arguments",
    "nn.GRU(2, 3, size=1)": "GRU.__init__() got an unexpected keyword argument 'size'",
    "nn.GRUCell(2, 3)(torch.ones(1, 4))": "input has inconsistent input_size: got 4 expected 2",
    "nn.utils.rnn.pack_padded_sequence(torch.ones(3, 1), [4])": "a length is 4, and the input has 3 steps",
    "nn.utils.rnn.pack_padded_sequence(torch.ones(3, 2), [1, 2])": "enforce_sorted=False",
    "nn.MultiheadAttention(5, 2)": "embed_dim must be divisible by num_heads",
    "nn.utils.clip_grad_norm_(m.parameters, 1.0)": "parameters should be an iterable of Tensors, but got the method",
    "nn.utils.clip_grad_value_(m, 1.0)": "parameters should be an iterable of Tensors, but got Linear. Use its `para",
    "nn.utils.parameters_to_vector(m.parameters)": "`parameters`, which was not called. Write `parameters()`",
    "nn.utils.vector_to_parameters(torch.ones(6), m.parameters)": "the method `parameters`, which was not called",
    "nn.Sequential(nn.ReLU())[1]": "index 1 is out of range",
    "nn.ParameterList([torch.ones(1)])()": "ParameterList should not be called",
    "nn.Conv2d(3, 4, 2, padding_mode='x')": "padding_mode must be one of ('zeros', 'reflect'",
    "nn.LazyThing(3)": "module 'torch.nn' has no attribute 'LazyThing', here or in PyTorch",
}  # fmt: skip


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    with pytest.raises(Exception) as caught:
        eval(program, {"torch": torch, "nn": nn, "m": nn.Linear(2, 2)})
    assert WORDS[program] in str(caught.value.args[0])


def test_a_load_that_fails_copies_nothing():
    m = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    before = {k: v.clone() for k, v in m.state_dict().items()}
    state = {**{k: v + 1 for k, v in before.items()}, "1.bias": torch.ones(7)}
    versions = [p._version for p in m.parameters()]
    with pytest.raises(RuntimeError, match="1.bias"):
        m.load_state_dict(state)
    assert all((v == before[k]).all() for k, v in m.state_dict().items())
    assert [p._version for p in m.parameters()] == versions


def test_names_of_the_house_do_not_stand_in_the_way():
    """A program's own methods may have any name that PyTorch's modules leave free."""

    class M(nn.Module):
        def _guard(self):
            raise AssertionError("called")

        _note = _fill = _check_name = _discard = _table_for = _local_state = _member = _guard

        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(2))
            self.register_buffer("b", torch.ones(2))
            self.inner = nn.Linear(2, 2)

        def forward(self, x):
            return self.inner(x * self.w + self.b)

    m = M()
    m.load_state_dict(m.state_dict())
    traced = trace(lambda x: m(x), torch.ones(2))
    assert torch.equal(traced(torch.ones(2)), m(torch.ones(2)))


def test_gradients_of_bags_are_divided_by_how_often_a_row_is_looked_up():
    """As documented; PyTorch 2.13 divides those of rows looked up once by other rows' counts as well."""
    weight = torch.zeros(3, 1, requires_grad=True)
    numbers = torch.tensor([[0, 1], [1, 1]])
    nn.functional.embedding_bag(
        numbers, weight, mode="sum", scale_grad_by_freq=True
    ).sum().backward()
    assert weight.grad.flatten().tolist() == [1.0, 1.0, 0.0]


def test_methods_under_their_own_class():
    """A layer's methods are copies of a private class's: they still find what is above that one."""
    kinds = [k for k in vars(nn).values() if isinstance(k, type) and issubclass(k, nn.Module)]
    theirs = vars(nn.modules).values()
    shared = {name for place in theirs if isinstance(place, ModuleType) for name in vars(place)}
    named = {k.__init__.__qualname__.partition(".")[0] for k in kinds}
    assert {name for name in named if name.startswith("_")} <= shared

    class Mine(nn.Conv2d):
        pass

    assert Mine.__init__ is nn.Conv2d.__init__ and Mine(1, 2, 3).weight.shape == (2, 1, 3, 3)
    assert nn.BatchNorm2d.forward is nn.modules.batchnorm._BatchNorm.forward
