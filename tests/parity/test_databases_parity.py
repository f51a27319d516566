"""PyTorch's own samples and error inputs of every layer and every optimiser, from its databases for tests."""

import dataclasses
import inspect

import numpy as np
import pytest

from tests.parity.databases import database
from tests.parity.opdb.run import seed

modules, optimizers = database("common_modules"), database("common_optimizers")
oracle = pytest.importorskip("torch")
calls = pytest.importorskip("tests.parity.opdb.calls")

MODULES = {
    info.name.removeprefix("nn."): info for info in modules.module_db if "quant" not in info.name
}
OPTIMIZERS = {info.name: info for info in optimizers.optim_db if info.name != "SparseAdam"}
REFUSALS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore")


def samples(source, *args, **named):
    """What the database gives, the same for both libraries."""
    oracle.manual_seed(seed())
    return list(source(*args, **named))


def given(torch, value):
    """An argument as the running library's: tensors anew, functions and options by their names."""
    if isinstance(value, oracle.nn.Module):
        pytest.skip("a layer as an argument")
    if isinstance(value, dict):
        return {key: given(torch, item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return getattr(torch.nn, type(value).__name__)(**dataclasses.asdict(value))
    if inspect.isroutine(value):
        return getattr(torch.nn.functional, value.__name__)
    return calls.translated(value, torch, {})


def made(torch, info, arguments):
    torch.manual_seed(0)
    args = [given(torch, value) for value in arguments.args]
    return getattr(torch.nn, info.module_cls.__name__)(*args, **given(torch, arguments.kwargs))


def weights(values):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(tuple(value.shape)) for value in values]


def run(torch, info, sample, training):
    """What a layer says of itself, what it returns, and the gradients of its inputs and parameters."""
    layer = made(torch, info, sample.constructor_input).double().train(training)
    keys = list(layer.state_dict())
    call = sample.forward_input
    args, named = calls.translated((call.args, call.kwargs), torch, {})
    torch.manual_seed(1)
    outs = list(calls.tensors_in(layer(*args, **named), torch))
    moved = [out for out in outs if out.requires_grad]
    inputs = [x for x in calls.tensors_in((args, named), torch) if x.requires_grad]
    sources = [*inputs, *layer.parameters()]
    gradients = None
    if moved:
        cotangents = [
            torch.tensor(w, dtype=out.dtype) for w, out in zip(weights(moved), moved, strict=True)
        ]
        gradients = torch.autograd.grad(moved, sources, cotangents, allow_unused=True)
    return repr(layer), keys, outs, gradients, list(layer.buffers())


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", MODULES)
def test_layer(torch, name, training):
    info = MODULES[name]
    options = {"device": "cpu", "dtype": oracle.float64, "training": training}
    results = []
    for sample in samples(info.module_inputs_func, info, requires_grad=True, **options):
        if sample.forward_input is not None:
            try:
                results.append(run(torch, info, sample, training))
            except REFUSALS as error:
                results.append(error)
    return results


@pytest.mark.parametrize(
    "name", [name for name in MODULES if MODULES[name].module_error_inputs_func]
)
def test_layer_refuses(torch, name):
    info = MODULES[name]
    options = {"device": "cpu", "dtype": oracle.float64, "training": True}
    found = []
    for wrong in samples(info.module_error_inputs_func, info, requires_grad=False, **options):
        sample, call = wrong.module_error_input, wrong.module_error_input.forward_input
        try:
            layer = made(torch, info, sample.constructor_input).double()
            args, named = calls.translated((call.args, call.kwargs), torch, {})
            layer(*args, **named)
        except REFUSALS as error:
            found.append(error)
    return found


def optimizer(torch, name, params, named):
    return getattr(torch.optim, name)(params, **given(torch, named))


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "Muon"])
def test_optimizer(torch, name):
    """Muon computes in bfloat16, where the order of a product's terms shows."""
    results = []
    for sample in samples(OPTIMIZERS[name].optim_inputs_func, "cpu", oracle.float64):
        rng = np.random.default_rng(0)
        params, goals = (
            [torch.tensor(rng.standard_normal(shape)) for shape in ((3, 4), (4,), ())]
            for _ in range(2)
        )
        chosen = optimizer(torch, name, [p.requires_grad_() for p in params], sample.kwargs)

        def loss(chosen=chosen, params=params, goals=goals):
            chosen.zero_grad()
            away = [((p - g) ** 2).sum() for p, g in zip(params, goals, strict=True)]
            (away[0] + 2 * away[1] + 3 * away[2] + params[0].sin().sum() / 8).backward()
            return sum(away).detach()

        losses = [chosen.step(loss) for _ in range(8)]
        kept = chosen.state_dict()
        results.append((losses, params, repr(chosen), kept["state"], kept["param_groups"]))
    return results


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_refuses(torch, name):
    found = []
    for wrong in samples(OPTIMIZERS[name].optim_error_inputs_func, "cpu", oracle.float64):
        sample = wrong.optimizer_error_input
        params, named = calls.translated((sample.params, sample.kwargs), torch, {})
        try:
            getattr(torch.optim, name)(params, **named)
        except REFUSALS as error:
            found.append(error)
    return found
