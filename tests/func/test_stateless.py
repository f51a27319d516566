"""What `functional_call` and its kin say when something is wrong, and how they go with traces and outer histories."""

from __future__ import annotations

import pytest

import wengert as torch
from wengert import nn
from wengert.trace import trace

func = torch.func
X = torch.ones(2)


def tied():
    m = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    m["b"].weight = m["a"].weight
    return m


WORDS = {
    "call(m, {'weight': 3}, X)": "'weight' is given a int, no tensor",
    "call(m, {'in_features': X}, X)": "the attribute 'in_features' is a int, and only tensors can be replaced",
    "call(m, {'a.b': X}, X)": "Linear has no attribute `a`, which the path 'a' names",
    "call(m, {'': X}, X)": "tensor name can't be empty string",
    "call(m, 3, X)": "to be a dict, or a list/tuple of dicts, but got int. Write `dict(module.named_parameters())`",
    "call(m, [{}, 3], X)": "Expected all elements of parameter_and_buffer_dicts to be dictionaries, and one is a int",
    "call(m, [{'bias': X}, {'bias': X}], X)": "['bias'] appeared in multiple dictionaries",
    "call(m, {'w': X}, X, strict=True)": (
        "in reparametrizing for Linear:\n\tUnexpected key(s): 'w'.\n\tMissing key(s): 'bias', 'weight'."
    ),
    "call(tied(), {'a.weight': torch.ones(2, 2), 'b.weight': torch.ones(2, 2)}, X)": (
        "multiple values for keys ['a.weight', 'b.weight'], which are tied: the module holds one tensor"
    ),
    "func.stack_module_state([])": "Expected at least one model, got 0",
    "func.stack_module_state([nn.ReLU(), nn.ReLU().eval()])": "same training/eval mode. Call `train()` or `eval()`",
    "func.stack_module_state([nn.ReLU(), nn.Tanh()])": "of the same class, and they are of ReLU, Tanh",
    "func.stack_module_state([m, nn.Linear(2, 2).requires_grad_(False)])": (
        "Expected weight from each model to have the same .requires_grad"
    ),
    "func.linearize(torch.sin, torch.arange(3))": "linearize: Expected primals to be floating point or complex tensors",
    "func.linearize(lambda x: 3, X)": "Expected func to only return tensors, got unsupported type int",
    "func.linearize(torch.sin, X)[1](X[:1])": "tangent 0 has shape [1] and its primal [2]; they must be equal",
    "func.linearize(torch.sin, X)[1](X.double())": "tangent 0 is torch.float64 and its primal torch.float32",
    "func.linearize(torch.sin, X)[1]((X,))": "to have the same structure as the primals of `linearize`",
    "func.linearize(torch.sin, X)[1](3.0)": "tangent 0 is a float, no tensor. Use `torch.tensor(...)`",
}  # fmt: skip


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    scope = {
        "torch": torch, "nn": nn, "m": nn.Linear(2, 2), "X": X, "func": func, "call": func.functional_call,
        "tied": tied,
    }  # fmt: skip
    with pytest.raises(Exception) as caught:
        eval(program, scope)
    assert WORDS[program] in str(caught.value.args[0])


@pytest.mark.parametrize("given", ["argument", "outside"])
def test_a_call_may_be_traced(given):
    m = nn.Linear(2, 2)
    weights = {"weight": torch.eye(2) * 2, "bias": torch.ones(2)}
    x = torch.tensor([1.0, 2.0])
    if given == "argument":
        call = lambda w, b, x: func.functional_call(m, {"weight": w, "bias": b}, x)  # noqa: E731
        traced = trace(call, *weights.values(), x)
        assert traced(torch.eye(2) * 3, torch.zeros(2), x).tolist() == [3.0, 6.0]
        return
    traced = trace(lambda x: func.functional_call(m, weights, x), x)
    assert traced(x).tolist() == [3.0, 5.0]
    weights["weight"] = torch.eye(2) * 10
    with torch.no_grad():
        weights["bias"].zero_()
    assert traced(x).tolist() == [10.0, 20.0]
    assert [type(p) for p in m.parameters()] == [nn.Parameter] * 2


def test_a_linear_map_runs_the_function_once():
    runs = []
    value, slope = func.linearize(lambda x: runs.append(1) or x * x, X)
    assert slope(X).tolist() == slope(X).tolist() == [2.0, 2.0]
    assert runs == [1]


def test_a_linear_map_has_the_history_of_its_primals_and_tangents():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    t = torch.tensor([1.0, 3.0], requires_grad=True)
    value, slope = func.linearize(torch.exp, x)
    slope(t).sum().backward()
    assert torch.allclose(x.grad, x.exp() * t)
    assert torch.allclose(t.grad, x.exp())
    curve = func.grad(lambda x: func.linearize(torch.sin, x)[1](X).sum())
    assert torch.allclose(curve(x), -x.sin())


def test_a_name_that_is_nearly_right_warns():
    m = nn.Sequential(nn.Linear(2, 2))
    words = "Sequential has no parameter or buffer '0.wieght', and uses its own '0.weight': did you mean.*strict=True"
    with pytest.warns(UserWarning, match=words) as seen:
        y = func.functional_call(m, {"0.wieght": torch.zeros(2, 2)}, X)
    assert seen[0].filename == __file__
    assert torch.equal(y, m(X)) and not hasattr(m[0], "wieght")
    func.functional_call(m, {"0.scale": torch.zeros(2, 2)}, X)
