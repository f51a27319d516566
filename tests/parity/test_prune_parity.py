"""`nn.utils.prune`: masks, their pile, what is left in the module, and faults that change nothing."""

import importlib

import pytest


def pruning(torch):
    """PyTorch loads the module when it is asked for."""
    return importlib.import_module(f"{torch.__name__}.nn.utils.prune")


def model(torch):
    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Conv1d(1, 3, 2), nn.Linear(3, 2)).double()


def standing(torch, m):
    """Everything that pruning changes."""
    layer = m if isinstance(m, torch.nn.Linear) else m[0]
    return [
        dict(layer.state_dict()), [n for n, _ in layer.named_parameters()], [n for n, _ in layer.named_buffers()],
        layer.weight, type(layer.weight).__name__, layer.weight.requires_grad,
        [type(h).__name__ for h in layer._forward_pre_hooks.values()], torch.rand(1),
    ]  # fmt: skip


CALLS = """identity(m, 'weight'); random_unstructured(m, 'weight', 0.3); random_unstructured(m, 'weight', amount=5)
random_unstructured(m, 'weight', 0); l1_unstructured(m, 'weight', 0.5); l1_unstructured(m, 'weight', 24)
l1_unstructured(m, 'weight', 3, importance_scores=-m.weight.detach().abs())
random_structured(m, 'weight', 2, 0)
random_structured(m, 'weight', 0.5, -1); ln_structured(m, 'weight', 0.5, 2, 0); ln_structured(m, 'weight', 2, 1, 1)
ln_structured(m, 'weight', 1, float('inf'), -1); custom_from_mask(m, 'weight', torch.eye(4, 6))
l1_unstructured(m, 'bias', 2)
ln_structured(m, 'weight', 0.0, 2, 0); l1_unstructured(m, 'weight', 1.0)
ln_structured(m, 'weight', 0.5, 2, 0, importance_scores=m.weight.detach().exp())
random_unstructured(l1_unstructured(m, 'weight', 0.3), 'weight', 0.5)
l1_unstructured(l1_unstructured(m, 'weight', 5), 'weight', 5)
ln_structured(l1_unstructured(m, 'weight', 0.3), 'weight', 1, 2, 0)
ln_structured(ln_structured(m, 'weight', 1, 2, 1), 'weight', 2, 2, 1)
l1_unstructured(random_structured(m, 'weight', 1, 0), 'weight', 0.5)
identity(random_unstructured(m, 'weight', 3), 'weight')
l1_unstructured(l1_unstructured(l1_unstructured(m, 'weight', 2), 'weight', 2), 'weight', 2)
custom_from_mask(l1_unstructured(m, 'weight', 4), 'weight', torch.eye(4, 6))"""


def given(torch, m):
    return {"m": m, "torch": torch} | {
        name: getattr(pruning(torch), name)
        for name in """identity random_unstructured l1_unstructured random_structured ln_structured custom_from_mask
        remove global_unstructured L1Unstructured RandomUnstructured LnStructured RandomStructured CustomFromMask
        PruningContainer BasePruningMethod Identity""".split()
    }


@pytest.mark.parametrize("call", [c.strip() for c in CALLS.replace("\n", ";").split(";")])
def test_pruned(torch, call):
    m = model(torch)[0]
    made = eval(call, given(torch, m))
    x = torch.ones(2, 6).double().requires_grad_()
    out = m(x)
    out.sum().backward()
    grads = [p.grad for p in m.parameters()]
    found = [made is m, standing(torch, m), out, x.grad, grads, pruning(torch).is_pruned(m)]
    name = "bias" if "'bias'" in call else "weight"
    pruning(torch).remove(m, name)
    return found, standing(torch, m), pruning(torch).is_pruned(m), m(x)


@pytest.mark.parametrize("method", ["L1Unstructured", "RandomUnstructured"])
@pytest.mark.parametrize("amount", [0.4, 10])
def test_global(torch, method, amount):
    prune, m = pruning(torch), model(torch)
    pairs = [(m[0], "weight"), (m[2], "weight"), (m[3], "bias")]
    prune.l1_unstructured(m[0], "weight", 3)
    prune.global_unstructured(pairs, getattr(prune, method), amount=amount)
    return standing(torch, m), dict(m.state_dict()), repr(m[0]._forward_pre_hooks.keys() == {1})


def test_global_by_scores(torch):
    prune, m = pruning(torch), model(torch)
    pairs = [(m[0], "weight"), (m[3], "weight")]
    scores = {pairs[0]: m[0].weight.detach() * 0 + 9}
    prune.global_unstructured(pairs, prune.L1Unstructured, scores, amount=4)
    return dict(m.state_dict())


def test_without_a_module(torch):
    prune = pruning(torch)
    t = torch.tensor([[1.0, -3.0], [0.5, 2.0]], requires_grad=True)
    pruned = prune.L1Unstructured(2).prune(t)
    pruned.sum().backward()
    masked = prune.LnStructured(1, 2, 0).prune(
        t, default_mask=torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    )
    return pruned, t.grad, masked, prune.L1Unstructured(1).prune(t, importance_scores=-t.abs())


def test_a_method_of_ones_own(torch):
    prune = pruning(torch)

    class EveryOther(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    m = model(torch)[0]
    first = EveryOther.apply(m, "weight")
    second = EveryOther.apply(m, "weight")
    kinds = [type(x).__name__ for x in (first, second, second[0], second[-1])]
    return standing(torch, m), kinds, len(second), [type(x).__name__ for x in second]


FAULTS = """l1_unstructured(m, 'weight', -1); l1_unstructured(m, 'weight', 1.5); l1_unstructured(m, 'weight', 'a')
l1_unstructured(m, 'weight', True); random_structured(m, 'weight', True, 0)
l1_unstructured(m, 'weight', 25); l1_unstructured(m, 'absent', 1); l1_unstructured(m, 'weight', 1, torch.ones(2))
random_structured(m, 'bias', 1, 0); ln_structured(m, 'weight', 1, 2, 5); ln_structured(m, 'weight', 9, 2, 0)
custom_from_mask(m, 'weight', torch.ones(3)); remove(m, 'weight'); global_unstructured(3, L1Unstructured, amount=1)
global_unstructured([(m, 'weight')], LnStructured, amount=1, n=2); BasePruningMethod()
global_unstructured([(m, 'weight')], L1Unstructured, [1], amount=1)
global_unstructured([(m, 'weight')], L1Unstructured, amount=99)
PruningContainer().add_pruning_method(3); L1Unstructured(1).prune(torch.ones(2), importance_scores=torch.ones(3))"""


@pytest.mark.parametrize("call", [c.strip() for c in FAULTS.replace("\n", ";").split(";")])
@pytest.mark.parametrize("before", [False, True])
def test_faults(torch, refused, call, before):
    m = model(torch)[0]
    if before and "remove" not in call:
        pruning(torch).l1_unstructured(m, "weight", 3)
    return refused(lambda: eval(call, given(torch, m)))


@pytest.mark.parametrize(
    "call", ["random_structured(m, 'weight', 9, 0)", "custom_from_mask(m, 'weight', torch.ones(3))"]
)
def test_a_fault_leaves_the_module_pruned_as_it_was(call):
    import wengert as torch

    m = model(torch)[0]
    pruning(torch).l1_unstructured(m, "weight", 3)
    before = {k: v.clone() for k, v in m.state_dict().items()}
    hook = next(iter(m._forward_pre_hooks.values()))
    with pytest.raises((ValueError, AssertionError)):
        eval(call, given(torch, m))
    assert [*m._forward_pre_hooks.values()] == [hook]
    assert all(torch.equal(v, before[k]) for k, v in m.state_dict().items())
    pruning(torch).remove(m, "weight")


def test_true_is_no_amount():
    import wengert as torch

    m = torch.nn.Linear(2, 3)
    with pytest.raises(TypeError, match="amount=True is neither a share nor a number. Write 1.0"):
        torch.nn.utils.prune.l1_unstructured(m, "weight", True)
    assert [name for name, _ in m.named_parameters()] == ["weight", "bias"]
