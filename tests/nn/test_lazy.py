"""What lazy layers and tensors without shape say, and what a load that fails leaves."""

import pickle

import pytest

import wengert as torch
from wengert import nn
from wengert.nn.uninitialized import UninitializedError

P = nn.UninitializedParameter()
SHAPE = "Can't access the shape of an uninitialized parameter or buffer. Call `forward` of the lazy module"


class Unfinished(nn.modules.lazy.LazyModuleMixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.UninitializedParameter()

    def initialize_parameters(self, x):
        pass


class Undefined(nn.modules.lazy.LazyModuleMixin, nn.Module):
    pass


WORDS = {
    "P.exp()": "Attempted to use an uninitialized parameter or buffer in exp",
    "torch.ones(2) * P": SHAPE,
    "P.shape": SHAPE,
    "P.numel()": SHAPE,
    "P.tolist()": SHAPE,
    "P[0]": SHAPE,
    "nn.functional.linear(torch.ones(1, 2), P)": SHAPE,
    "P.share_memory_()": "in share_memory_",
    "nn.Linear(2, 3).load_state_dict(nn.LazyLinear(3).state_dict())": SHAPE,
    "torch.func.vmap(lambda x: x * P)(torch.ones(2))": SHAPE,
    "Unfinished()(torch.ones(1))": "module Unfinished has not been fully initialized",
    "Undefined()(torch.ones(1))": "initialize_parameters is not implemented for Undefined",
    "nn.LazyConv2d(2, 2)(torch.ones(2, 2))": "Expected 3D (unbatched) or 4D (batched) input to LazyConv2d, but got",
    "nn.LazyConv1d(4, 1, groups=2)(torch.ones(1, 3, 2))": "the input has 3 channels for 2 groups",
}


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    with pytest.raises(Exception) as caught:
        eval(program, globals())
    assert WORDS[program] in str(caught.value)
    if "P" in program.split("(")[0]:
        assert isinstance(caught.value, UninitializedError)


def test_a_load_that_fails_materializes_nothing():
    m = nn.LazyLinear(2)
    with pytest.raises(RuntimeError, match="other"):
        m.load_state_dict(
            {"weight": torch.ones(2, 2), "bias": torch.ones(2), "other": torch.ones(1)}
        )
    assert m.has_uninitialized_params()
    m.load_state_dict({"weight": torch.ones(2, 2), "bias": torch.ones(2)})
    assert m(torch.ones(2)).tolist() == [3.0, 3.0]


def test_an_input_that_does_not_fit_leaves_the_layer_lazy():
    m = nn.LazyConv1d(4, 1, groups=2)
    with pytest.raises(ValueError):
        m(torch.ones(1, 3, 2))
    assert m.has_uninitialized_params() and m.in_channels == 0
    assert m(torch.ones(1, 4, 2)).shape == (1, 4, 2)


def test_pickled():
    again = pickle.loads(pickle.dumps(nn.UninitializedParameter(False, dtype=torch.float64)))
    assert repr(again) == "<UninitializedParameter>"
    assert (again.requires_grad, again.dtype) == (False, torch.float64)


def test_hooks_of_a_parameter_stay():
    p, seen = nn.UninitializedParameter(), []
    p.register_hook(seen.append)
    p.materialize((2,))
    p.sum().backward()
    assert [g.tolist() for g in seen] == [[1.0, 1.0]]
    assert p.grad.shape == (2,)
