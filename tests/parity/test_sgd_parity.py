"""`optim.SGD`: twenty steps under every option, groups, state, text and faults."""

import pytest

SGD_OPTIONS = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "dampening": {"momentum": 0.9, "dampening": 0.3},
    "nesterov": {"momentum": 0.8, "nesterov": True},
    "weight decay": {"weight_decay": 0.1},
    "momentum and weight decay": {"momentum": 0.9, "weight_decay": 0.05},
    "nesterov and weight decay": {"momentum": 0.5, "nesterov": True, "weight_decay": 0.05},
    "maximize": {"maximize": True, "lr": 0.001},
    "maximize with everything": {
        "maximize": True,
        "lr": 0.001,
        "momentum": 0.9,
        "weight_decay": 0.1,
    },
    "large rate": {"lr": 0.1},
    "zero rate": {"lr": 0.0},
    "foreach": {"momentum": 0.9, "foreach": True},
    "not foreach": {"momentum": 0.9, "foreach": False},
    "float64": {"dtype": "float64", "momentum": 0.9},
}


def quadratic(torch, w, b):
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]], dtype=w.dtype)
    return ((x @ w + b - torch.tensor([1.0, 2.0, 3.0], dtype=w.dtype)) ** 2).mean()


@pytest.mark.parametrize("name", SGD_OPTIONS)
def test_sgd_over_twenty_steps(torch, name):
    options = {"lr": 0.01, **SGD_OPTIONS[name]}
    dtype = getattr(torch, options.pop("dtype", "float32"))
    w = torch.tensor([0.5, -0.5], dtype=dtype, requires_grad=True)
    b = torch.tensor(0.0, dtype=dtype, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], **options)
    path = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = quadratic(torch, w, b)
        loss.backward()
        optimizer.step()
        path.append((loss.item(), w.tolist(), b.item()))
    return path, w, b, optimizer.state_dict()["param_groups"]


def test_momentum_buffers(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    empty = dict(optimizer.state)
    for _ in range(3):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    return empty == {}, optimizer.state[w]["momentum_buffer"], optimizer.state_dict()["state"]


def test_parameter_groups(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    b = torch.tensor(1.0, requires_grad=True)
    c = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD(
        [{"params": [w]}, {"params": b, "lr": 0.5, "momentum": 0.9}], lr=0.1
    )
    optimizer.add_param_group({"params": [c], "weight_decay": 0.5})
    for _ in range(3):
        optimizer.zero_grad()
        ((w * w).sum() + b * b + c).backward()
        optimizer.step()
    shown = [
        {key: value for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]
    return w, b, c, shown, repr(optimizer)


def test_rate_changed_between_steps(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    for k in range(3):
        optimizer.param_groups[0]["lr"] = 0.1 / (k + 1)
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    return w


def test_parameters_without_a_gradient_stay(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    frozen = torch.tensor(5.0, requires_grad=False)
    unused = torch.tensor(7.0, requires_grad=True)
    optimizer = torch.optim.SGD([w, frozen, unused], lr=0.1, weight_decay=0.5)
    (w * frozen).sum().backward()
    optimizer.step()
    return w, frozen, unused


def test_optimizer_zero_grad(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    (w * w).sum().backward()
    kept = w.grad
    optimizer.zero_grad(set_to_none=False)
    same, zeroed = w.grad is kept, w.grad.clone()
    optimizer.zero_grad()
    return same, zeroed, w.grad


def test_step_keeps_identity_leaf_and_counts_a_version(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    (w * w).sum().backward()
    before = w._version
    optimizer.step()
    return optimizer.param_groups[0]["params"][0] is w, w.is_leaf, w._version > before


def test_step_with_a_closure(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    return optimizer.step(closure), w


def test_step_between_forward_and_backward_is_seen(torch, refused):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    return refused(lambda: loss.backward(), w)


def test_optimizer_state_round_trip(torch):
    def trained(steps, state=None, start=(1.0, 2.0)):
        w = torch.tensor(list(start), requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
        if state is not None:
            optimizer.load_state_dict(state)
        for _ in range(steps):
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
        return w, optimizer.state_dict()

    half, state = trained(3)
    return trained(3, state, half.tolist())[0], trained(6)[0]


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "nesterov": True}, {"weight_decay": 1}])
def test_text_of_an_optimizer(torch, options):
    return repr(torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.01, **options))


SGD_FAULTS = {
    "no parameters": "torch.optim.SGD([], lr=0.1)",
    "one tensor": "torch.optim.SGD(w, lr=0.1)",
    "numbers": "torch.optim.SGD([1.0], lr=0.1)",
    "negative rate": "torch.optim.SGD([w], lr=-0.1)",
    "negative momentum": "torch.optim.SGD([w], lr=0.1, momentum=-1.0)",
    "negative weight decay": "torch.optim.SGD([w], lr=0.1, weight_decay=-1.0)",
    "nesterov without momentum": "torch.optim.SGD([w], lr=0.1, nesterov=True)",
    "nesterov with dampening": "torch.optim.SGD([w], 0.1, 0.9, 0.5, nesterov=True)",
    "not a leaf": "torch.optim.SGD([w * 2], lr=0.1)",
    "in two groups": "torch.optim.SGD([{'params': [w]}, {'params': [w]}], lr=0.1)",
    "unknown option": "torch.optim.SGD([w], lr=0.1, speed=3)",
    "a set of parameters": "torch.optim.SGD([{'params': {w}}], lr=0.1)",
    "group is not a dictionary": "torch.optim.SGD([w], lr=0.1).add_param_group([w])",
    "state of another shape": "torch.optim.SGD([w], lr=0.1).load_state_dict("
    "torch.optim.SGD([w, torch.ones(1)], lr=0.1).state_dict())",
}


@pytest.mark.parametrize("name", SGD_FAULTS)
def test_optimizer_fault(torch, refused, name):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    call = lambda: eval(SGD_FAULTS[name], {"torch": torch, "w": w})  # noqa: E731
    return refused(call, w)


def test_linear_fit_with_frozen_parameters(torch):
    nn = torch.nn

    class Line(nn.Module):
        def __init__(self):
            super(Line, self).__init__()  # noqa: UP008
            self.slope = nn.Parameter(torch.tensor(0.2))
            self.shift = nn.Parameter(torch.tensor(1.0), requires_grad=False)
            self.offset = nn.Parameter(torch.tensor(0.1))

        def forward(self, x):
            return self.slope * x + self.offset * self.shift

    x = torch.linspace(-1, 2, 7)
    y = 3 * x - 0.5
    model, criterion = Line(), nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5)
    for epoch in range(60):
        model.train()
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 20 == 19:
            print(f"{epoch + 1}: {loss.item():.5f} {model.slope.item():.4f}")
    model.eval()
    with torch.no_grad():
        return model(x), model.slope, model.shift, model.offset, model.shift.grad
