"""`optim.swa_utils`, and the optimiser Muon."""

import pytest


def model(torch):
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)
    )


def moved(torch, m, step):
    """Other weights, the same for both libraries."""
    with torch.no_grad():
        for i, p in enumerate(m.parameters()):
            p.copy_((torch.arange(float(p.numel())) + i + step).sin().reshape(p.shape))
    m(torch.arange(12.0).reshape(4, 3).cos() * step)
    return m


AVERAGES = {
    "equal": "{}",
    "equal, buffers": "{'use_buffers': True}",
    "equal by list": "{'multi_avg_fn': S.get_swa_multi_avg_fn()}",
    "equal one by one": "{'avg_fn': S.get_swa_avg_fn()}",
    "exponential": "{'avg_fn': S.get_ema_avg_fn(0.9)}",
    "exponential by list": "{'multi_avg_fn': S.get_ema_multi_avg_fn(0.9)}",
    "exponential by list, buffers": "{'multi_avg_fn': S.get_ema_multi_avg_fn(0.9), 'use_buffers': True}",
    "own": "{'avg_fn': lambda a, v, n: torch.maximum(a, v) * (n + 1)}",
    "device": "{'device': 'cpu'}",
}


@pytest.mark.parametrize("name", AVERAGES)
def test_averaged_model(torch, name):
    S, m = torch.optim.swa_utils, model(torch)
    averaged = S.AveragedModel(m, **eval(AVERAGES[name], {"S": S, "torch": torch}))
    states = [dict(averaged.state_dict())]
    for step in range(1, 5):
        averaged.update_parameters(moved(torch, m, step))
        states.append({k: v.clone() for k, v in averaged.state_dict().items()})
    x = torch.arange(12.0).reshape(4, 3)
    other = S.AveragedModel(m)
    keys = str(other.load_state_dict(averaged.state_dict()))
    asks = [p.requires_grad for p in averaged.parameters()]
    return states, averaged.eval()(x), other.eval()(x), keys, repr(averaged), asks


def test_integers_in_a_list(torch, caught):
    S, m = torch.optim.swa_utils, model(torch)
    averaged = S.AveragedModel(m, multi_avg_fn=S.get_swa_multi_avg_fn(), use_buffers=True)
    averaged.update_parameters(m)
    a, b = torch.tensor([1, 2]), torch.tensor([5, 6])
    S.get_ema_multi_avg_fn(0.5)([a], [b], 1)
    return (
        caught(lambda: averaged.update_parameters(m)), a,
        caught(lambda: S.get_swa_multi_avg_fn()([a], [b], 1)),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["tensors", "pairs", "no norm"])
def test_update_bn(torch, kind):
    m = model(torch)
    m[1].momentum = 0.3
    batches = [torch.arange(12.0).reshape(4, 3).sin() * i for i in (1, 2, 3)]
    m.eval()
    given = [(b, torch.ones(4)) for b in batches] if kind == "pairs" else batches
    torch.optim.swa_utils.update_bn(given, m[0] if kind == "no norm" else m, device="cpu")
    return dict(m.state_dict()), m.training, m[1].momentum


SCHEDULES = [
    ({}, 12), ({"anneal_epochs": 3, "anneal_strategy": "linear"}, 5), ({"anneal_epochs": 0}, 3),
    ({"anneal_epochs": 4, "swa_lr": [0.2, 0.01]}, 6), ({"anneal_epochs": 1, "anneal_strategy": "linear"}, 3),
]  # fmt: skip


@pytest.mark.parametrize(("options", "steps"), SCHEDULES)
def test_schedule(torch, options, steps):
    a, b = (torch.ones(1, requires_grad=True) for _ in range(2))
    opt = torch.optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b]}], lr=0.1)
    opt.step()
    before = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)
    before.step()
    schedule = torch.optim.swa_utils.SWALR(opt, **{"swa_lr": 0.05, **options})
    rates = [schedule.get_last_lr()]
    for _ in range(steps):
        opt.step()
        schedule.step()
        rates.append(schedule.get_last_lr())
    saved = schedule.state_dict()
    again = torch.optim.swa_utils.SWALR(opt, swa_lr=0.5)
    again.load_state_dict(saved)
    again.step()
    return (
        rates,
        {k: saved[k] for k in sorted(saved)},
        again.get_last_lr(),
        opt.param_groups[0]["swa_lr"],
    )


FAULTS = {
    "decay": "S.get_ema_avg_fn(1.5)",
    "decay of lists": "S.get_ema_multi_avg_fn(-0.1)",
    "two functions": "S.AveragedModel(m, avg_fn=S.get_swa_avg_fn(), multi_avg_fn=S.get_swa_multi_avg_fn())",
    "strategy": "S.SWALR(opt, 0.1, anneal_strategy='sin')",
    "epochs": "S.SWALR(opt, 0.1, anneal_epochs=-1)",
    "fractional epochs": "S.SWALR(opt, 0.1, anneal_epochs=1.5)",
    "rates": "S.SWALR(opt, [0.1, 0.2])",
    "optimizer": "S.SWALR(3, 0.1)",
    "muon's vector": "torch.optim.Muon([w[0].detach()])",
    "muon's rate": "torch.optim.Muon([w], lr=-1.0)",
    "muon's rates": "torch.optim.Muon([w], lr=torch.ones(2))",
    "muon's momentum": "torch.optim.Muon([w], momentum=-1.0)",
    "muon's decay": "torch.optim.Muon([w], weight_decay=-1.0)",
    "muon's adjustment": "torch.optim.Muon([w], adjust_lr_fn='other')",
    "muon's steps": "torch.optim.Muon([w], ns_steps=100).step()",
    "muon's coefficients": "torch.optim.Muon([w], ns_coefficients=(1, 2)).step()",
    "muon's complex": "torch.optim.Muon([c]).step()",
    "adafactor's complex": "torch.optim.Adafactor([c]).step()",
    "adafactor's rate": "torch.optim.Adafactor([w], lr=-1.0)",
    "adafactor's rates": "torch.optim.Adafactor([w], lr=torch.ones(2))",
    "adafactor's decay": "torch.optim.Adafactor([w], beta2_decay=1.0)",
    "adafactor's weight decay": "torch.optim.Adafactor([w], weight_decay=-1.0)",
    "adafactor's epsilon": "torch.optim.Adafactor([w], eps=(-1.0, 0.1))",
    "adafactor's other epsilon": "torch.optim.Adafactor([w], eps=(None, -0.1))",
    "adafactor's threshold": "torch.optim.Adafactor([w], d=0.5)",
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults(torch, name, refused):
    m = model(torch)
    w = torch.ones(2, 3, requires_grad=True)
    c = torch.ones(2, 2, dtype=torch.complex64, requires_grad=True)
    (w.square().sum() + c.abs().sum()).backward()
    opt = torch.optim.SGD([w], lr=0.1)
    scope = {"S": torch.optim.swa_utils, "torch": torch, "m": m, "w": w, "c": c, "opt": opt}
    return refused(lambda: eval(FAULTS[name], scope), w)


@pytest.mark.parametrize(
    "options",
    [
        {}, {"nesterov": False, "momentum": 0.5}, {"adjust_lr_fn": "match_rms_adamw"}, {"adjust_lr_fn": "original"},
        {"weight_decay": 0.0, "ns_steps": 3, "eps": 1e-3}, {"ns_coefficients": (3, -3, 1), "ns_steps": 8},
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_muon(torch, options, dtype):
    kind = getattr(torch, dtype)
    start = [
        torch.arange(12.0, dtype=kind).reshape(shape).sin() for shape in ((3, 4), (6, 2), (2, 2, 3))
    ]
    ws = [w.reshape(w.shape[0], -1).clone().requires_grad_() for w in start]
    opt = torch.optim.Muon(ws, lr=0.02, **options)
    for step in range(3):
        opt.zero_grad()
        sum(((w * (step + 1)).cos() * w).sum() for w in ws).backward()
        opt.step()
    state = opt.state_dict()
    # The iteration computes in bfloat16, whose last bit depends on the order of sums.
    moves = [((w - s.reshape(w.shape)) * 8).round() / 8 for w, s in zip(ws, start, strict=True)]
    return moves, state, repr(opt)
