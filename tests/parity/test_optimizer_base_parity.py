"""What all optimisers share: groups and names, hooks, saving, copies; LBFGS; faults."""

import copy
import importlib
import pickle

import pytest


def pair(torch):
    return [torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor(3.0, requires_grad=True)]


def test_named_parameters(torch, caught):
    a, b = pair(torch)
    optimizer = torch.optim.SGD([("first", a), ("second", b)], lr=0.1)
    c = torch.ones(1, requires_grad=True)
    failed = caught(lambda: optimizer.add_param_group({"params": [c]}))
    mixed = caught(lambda: torch.optim.SGD([("first", a), b], lr=0.1))
    optimizer.add_param_group({"params": [("third", c)], "lr": 0.5})
    saved = optimizer.state_dict()
    other = torch.optim.SGD([{"params": [("x", a), ("y", b)]}, {"params": [("z", c)]}], lr=0.3)
    other.load_state_dict(saved)
    kept = torch.optim.SGD([{"params": [a, b]}, {"params": [c]}], lr=0.3).state_dict()
    other_names = [g["param_names"] for g in other.param_groups]
    other.load_state_dict(kept)
    return (
        saved,
        other_names,
        [g["param_names"] for g in other.param_groups],
        failed,
        mixed,
        repr(optimizer),
    )


def test_the_group_given_is_the_group_kept(torch):
    a, b = pair(torch)
    optimizer = torch.optim.Adam([a])
    group = {"params": b, "lr": 0.5}
    optimizer.add_param_group(group)
    return optimizer.param_groups[1] is group, sorted(group), group["betas"]


def test_duplicates_are_warned_of(torch, warned):
    a, _ = pair(torch)
    return warned(lambda: torch.optim.SGD([a, a], lr=0.1))


def test_step_hooks(torch, caught):
    a, b = pair(torch)
    optimizer = torch.optim.SGD([a, b], lr=0.5)
    seen = []

    def before(optimizer, args, kwargs):
        seen.append(("before", len(args), sorted(kwargs), a.detach().clone()))

    def swapped(optimizer, args, kwargs):
        seen.append("swapped")
        return (optimizer,), {"closure": lambda: seen.append("closure")}

    def after(optimizer, args, kwargs):
        seen.append(("after", len(args), sorted(kwargs), a.detach().clone()))

    handles = [
        optimizer.register_step_pre_hook(before),
        optimizer.register_step_pre_hook(swapped),
        optimizer.register_step_post_hook(after),
    ]
    (a.sum() * b).backward()
    optimizer.step()
    for handle in handles:
        handle.remove()
    optimizer.step()
    optimizer.register_step_pre_hook(lambda *args: 3)
    return seen, a, caught(optimizer.step)


def test_hooks_of_a_class_of_ones_own(torch):
    a, b = pair(torch)
    seen = []

    class Plain(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": 0.5})

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p.add_(p.grad, alpha=-group["lr"])
                        self.state[p]["count"] = self.state[p].get("count", 0) + 1
            return "stepped"

    optimizer = Plain([a, b])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    (a.sum() * b).backward()
    result = optimizer.step()
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    optimizer.step()
    schedule.step()
    return seen, result, a, optimizer.state_dict(), repr(optimizer)


def test_hooks_of_saving(torch):
    a, b = pair(torch)
    optimizer = torch.optim.SGD([a, b], lr=0.5, momentum=0.5)
    (a.sum() * b).backward()
    optimizer.step()
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("saving"))
    optimizer.register_state_dict_post_hook(lambda o, s: s["param_groups"][0].update(lr=9.0))
    optimizer.register_state_dict_post_hook(lambda o, s: seen.append("first"), prepend=True)
    saved = optimizer.state_dict()
    optimizer.register_load_state_dict_pre_hook(lambda o, s: {**s, "state": {}})
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(len(o.state)))
    optimizer.load_state_dict(saved)
    return seen, saved, optimizer.param_groups[0]["lr"]


def test_loaded_state_takes_the_dtype_of_its_parameter(torch):
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.Adam([a])
    (a**2).sum().backward()
    optimizer.step()
    wide = a.detach().double().requires_grad_()
    other = torch.optim.Adam([wide])
    other.load_state_dict(optimizer.state_dict())
    return other.state_dict()


def test_extra_entries_are_kept(torch):
    a, _ = pair(torch)
    optimizer = torch.optim.SGD([a], lr=0.5)
    state = optimizer.state_dict()
    state["state"] = {
        0: {"list": [torch.ones(2), 3], "nested": {"x": torch.zeros(1)}},
        "own": {"k": 1},
    }
    state["param_groups"][0]["label"] = "mine"
    optimizer.load_state_dict(state)
    return optimizer.state_dict()


@pytest.mark.parametrize("how", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies_train_alone(torch, how):
    a, b = pair(torch)
    optimizer = torch.optim.Adam([a, b], lr=0.5)
    (a.sum() * b).backward()
    optimizer.step()
    made = how(optimizer)
    p, q = made.param_groups[0]["params"]
    made.zero_grad()
    (p.sum() * q).backward()
    made.step()
    return a, b, p, q, made.state_dict(), optimizer.state_dict(), repr(made)


def test_closures(torch):
    a, b = pair(torch)
    found = []
    for name in (
        "SGD",
        "Adam",
        "RMSprop",
        "Adagrad",
        "Adadelta",
        "Adamax",
        "NAdam",
        "RAdam",
        "ASGD",
        "Rprop",
    ):
        optimizer = getattr(torch.optim, name)([a, b])

        def closure(optimizer=optimizer):
            optimizer.zero_grad()
            loss = (a * a).sum() * b
            loss.backward()
            return loss

        with torch.no_grad():
            found.append(optimizer.step(closure).item())
    return found


@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.3},
        {"lr": 0.5, "history_size": 3, "max_iter": 7},
        {"line_search_fn": "strong_wolfe"},
        {"line_search_fn": "strong_wolfe", "history_size": 2, "max_iter": 4},
        {"line_search_fn": "strong_wolfe", "max_eval": 3},
        {"line_search_fn": "strong_wolfe", "lr": 30.0, "tolerance_change": 1e-6},
        {"tolerance_grad": 0.02},
    ],
)
def test_lbfgs(torch, options):
    grid = torch.linspace(-2, 2, 12, dtype=torch.float64).reshape(6, 2)
    wanted = torch.tensor([0.0, 0, 1, 0, 1, 1], dtype=torch.float64)
    weight = torch.tensor([0.3, -0.2], dtype=torch.float64, requires_grad=True)
    bias = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], **options)
    calls = []

    def closure():
        optimizer.zero_grad()
        z = grid @ weight + bias
        loss = ((1 + z.exp()).log() - wanted * z).mean() + 0.05 * (weight**2).sum() + 0.05 * bias**2
        loss.backward()
        calls.append(1)
        return loss

    path = [(optimizer.step(closure).item(), len(calls)) for _ in range(4)]
    state = optimizer.state_dict()["state"][0]
    return (
        path,
        weight,
        sorted(state),
        state["func_evals"],
        state["n_iter"],
        len(state.get("old_dirs", [])),
    )


FAULTS = {
    "differentiable and fused": "torch.optim.Adam([a], fused=True, differentiable=True)",
    "foreach and fused": "torch.optim.SGD([a], lr=0.1, fused=True, foreach=True)",
    "tensor rate of two": "torch.optim.SGD([a], lr=torch.tensor([0.1, 0.2]))",
    "tensor rate with foreach": "torch.optim.Adam([a], lr=torch.tensor(0.1), foreach=True)",
    "negative tensor rate": "torch.optim.SGD([a], lr=torch.tensor(-0.1))",
    "beta": "torch.optim.Adam([a], betas=(1.0, 0.9))",
    "second beta": "torch.optim.NAdam([a], betas=(0.9, 1.5))",
    "epsilon": "torch.optim.RAdam([a], eps=-1.0)",
    "rho": "torch.optim.Adadelta([a], rho=1.5)",
    "alpha": "torch.optim.RMSprop([a], alpha=-0.1)",
    "decay of the rate": "torch.optim.Adagrad([a], lr_decay=-0.1)",
    "decay of momentum": "torch.optim.NAdam([a], momentum_decay=-0.1)",
    "weight decay": "torch.optim.ASGD([a], weight_decay=-0.1)",
    "etas": "torch.optim.Rprop([a], etas=(0.5, 0.9))",
    "nan rate": "torch.optim.Adam([a], lr=float('nan'))",
    "two groups for lbfgs": "torch.optim.LBFGS([{'params': [a]}, {'params': [b]}])",
    "line search": "torch.optim.LBFGS([a], line_search_fn='weak').step(closure)",
    "lbfgs without closure": "torch.optim.LBFGS([a]).step()",
    "other number of groups": "torch.optim.SGD([a]).load_state_dict("
    "torch.optim.SGD([{'params': [a]}, {'params': [b]}]).state_dict())",
    "group of a list": "torch.optim.SGD([a]).add_param_group([b])",
    "no step": "torch.optim.Optimizer([a], {}).step()",
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(torch, refused, name):
    a, b = pair(torch)

    def closure():
        (a**2).sum().backward()
        return (a**2).sum()

    space = {"torch": torch, "a": a, "b": b, "closure": closure}
    return refused(lambda: eval(FAULTS[name], space), b)


def test_hooks_of_every_optimizer(torch):
    from_module = importlib.import_module(f"{torch.__name__}.optim.optimizer")
    a, _ = pair(torch)
    seen = []
    handles = [
        from_module.register_optimizer_step_pre_hook(lambda *args: seen.append("before")),
        from_module.register_optimizer_step_post_hook(lambda *args: seen.append("after")),
    ]
    torch.optim.SGD([a], lr=0.1).step()
    for handle in handles:
        handle.remove()
    torch.optim.SGD([a], lr=0.1).step()
    return seen


def test_a_wrapper_that_leaves_out_the_base(torch):
    class Wrapper(torch.optim.Optimizer):
        def __init__(self, inner):
            self.inner = inner
            self.param_groups = inner.param_groups

        def step(self, closure=None):
            return self.inner.step(closure)

    w = torch.ones(2, requires_grad=True)
    wrapper = Wrapper(torch.optim.SGD([w], lr=0.1))
    (w * w).sum().backward()
    wrapper.step()
    return w
