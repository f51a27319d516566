"""The order of keys in the state of optimisers and schedulers, which files and comparisons show."""

import pytest

OPTIMIZERS = {
    "SGD": ["{}", "{'momentum': 0.9}", "{'momentum': 0.9, 'nesterov': True}"],
    "Adam": ["{}", "{'amsgrad': True}", "{'weight_decay': 0.1}"],
    "AdamW": ["{}", "{'amsgrad': True}"],
    "RMSprop": ["{}", "{'momentum': 0.9}", "{'centered': True, 'momentum': 0.9}"],
    "Adagrad": ["{}", "{'lr_decay': 0.1}"],
    "Adadelta": ["{}"],
    "Adamax": ["{}"],
    "NAdam": ["{}", "{'decoupled_weight_decay': True}"],
    "RAdam": ["{}"],
    "ASGD": ["{}"],
    "Rprop": ["{}"],
    "Adafactor": ["{}"],
    "Muon": ["{}"],
    "LBFGS": ["{}", "{'max_iter': 1}", "{'line_search_fn': 'strong_wolfe'}", "{'lr': 0.0}", "{'history_size': 2}"],
}  # fmt: skip


def closure_of(torch, x, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = ((x - 1) ** 2 * torch.tensor([[1.0, 3.0]])).sum() + (x**4).sum()
        loss.backward()
        return loss

    return closure


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name in OPTIMIZERS for options in OPTIMIZERS[name]]
)
def test_optimisers(torch, name, options):
    x = torch.tensor([[2.0, -1.0], [0.5, 3.0]], requires_grad=True)
    optimizer = getattr(torch.optim, name)([x], **eval(options))
    found = []
    for _ in range(3):
        optimizer.step(closure_of(torch, x, optimizer))
        saved = optimizer.state_dict()
        found += [list(saved), list(saved["state"].get(0, {})), list(saved["param_groups"][0])]
    found += [list(optimizer.state[x]), list(optimizer.defaults), list(optimizer.param_groups[0])]
    optimizer.load_state_dict(saved)
    return found, list(optimizer.state[x]), list(optimizer.param_groups[0])


def test_the_parameters_of_lbfgs(torch):
    x, y = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    optimizer = torch.optim.LBFGS([x, y])
    same = optimizer._params is optimizer.param_groups[0]["params"]
    return same, [p is q for p, q in zip(optimizer._params, [x, y], strict=True)]


SCHEDULERS = """LambdaLR(o, lambda n: 0.5); LambdaLR(o, [F()]); MultiplicativeLR(o, lambda n: 0.5); StepLR(o, 2)
MultiStepLR(o, [1, 3]); ConstantLR(o); LinearLR(o); ExponentialLR(o, 0.5); PolynomialLR(o); CosineAnnealingLR(o, 5)
CosineAnnealingWarmRestarts(o, 3); CyclicLR(o, 0.1, 1.0); CyclicLR(o, 0.1, 1.0, scale_fn=F())
CyclicLR(o, 0.1, 1.0, mode='exp_range', gamma=0.9); OneCycleLR(o, 1.0, total_steps=9)
OneCycleLR(o, 1.0, epochs=3, steps_per_epoch=2, three_phase=True); ReduceLROnPlateau(o); ReduceLROnPlateau(o, 'max')
SequentialLR(o, [ConstantLR(o), StepLR(o, 2)], [2]); ChainedScheduler([ConstantLR(o), StepLR(o, 2)])"""


class F:
    """A function with a state of its own."""

    def __init__(self):
        self.half, self.calls = 0.5, 0

    def __call__(self, n):
        return self.half


def keys(state):
    """The keys of a state and of the states within it, in order."""
    if isinstance(state, dict):
        return [(key, keys(value)) for key, value in state.items()]
    return [keys(value) for value in state] if isinstance(state, (list, tuple)) else None


@pytest.mark.parametrize("call", [c.strip() for c in SCHEDULERS.replace("\n", ";").split(";")])
def test_schedulers(torch, call):
    x = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.1, momentum=0.9)
    made = {**vars(torch.optim.lr_scheduler), "o": optimizer, "F": F}
    scheduler = eval(call, made)
    found = [keys(scheduler.state_dict())]
    for _ in range(3):
        optimizer.step()
        scheduler.step(*([1.0] if "Plateau" in call else []))
        found.append(keys(scheduler.state_dict()))
    scheduler.load_state_dict(scheduler.state_dict())
    return found, keys(scheduler.state_dict()), list(optimizer.param_groups[0])


def test_averaged_models(torch):
    model = torch.optim.swa_utils.AveragedModel(torch.nn.Linear(2, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.swa_utils.SWALR(optimizer, 0.05)
    return list(model.state_dict()), keys(scheduler.state_dict()), list(optimizer.param_groups[0])
