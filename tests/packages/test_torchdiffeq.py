"""torchdiffeq: differential equations, their adjoints and events, with gradients of small neural ones."""

PACKAGE = "torchdiffeq"


def spiral(torch):
    """A linear system with a parameter, a state and times."""
    matrix = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]], dtype=torch.float64, requires_grad=True)
    state = torch.tensor([2.0, 0.5], dtype=torch.float64, requires_grad=True)
    times = torch.linspace(0.0, 0.6, 4, dtype=torch.float64).requires_grad_()
    return matrix, state, times, lambda t, y: (y**3) @ matrix


def neural(torch, size=2, width=8, dtype=None):
    """A small network of state and time."""
    nn = torch.nn

    class Field(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(size + 1, width), nn.Tanh(), nn.Linear(width, size))
            self.calls = 0

        def forward(self, t, y):
            self.calls += 1
            return self.net(torch.cat([y, t.expand(*y.shape[:-1], 1)], dim=-1))

    return Field().to(dtype or torch.float64)


def solved(torch, method, **options):
    from torchdiffeq import odeint

    matrix, state, times, field = spiral(torch)
    made = odeint(field, state, times, method=method, **options)
    return made, torch.autograd.grad((made**2).sum(), (matrix, state, times), allow_unused=True)


def case_adaptive_methods(torch):
    names = "dopri5", "bosh3", "fehlberg2", "adaptive_heun", "dopri8"
    return {name: solved(torch, name, rtol=1e-4, atol=1e-6) for name in names}


def case_fixed_steps(torch):
    names = "euler", "midpoint", "heun2", "heun3", "rk4"
    made = {name: solved(torch, name, options={"step_size": 0.1}) for name in names}
    made["interpolated"] = solved(torch, "rk4", options={"step_size": 0.07, "interp": "cubic"})
    made["perturbed"] = solved(torch, "euler", options={"step_size": 0.1, "perturb": True})
    made["on the grid"] = solved(torch, "rk4")
    return made


def case_adams(torch):
    names = "explicit_adams", "implicit_adams", "fixed_adams"
    return {name: solved(torch, name, options={"step_size": 0.1}) for name in names}


def case_scipy_solver(torch):
    from torchdiffeq import odeint

    matrix, state, times, field = spiral(torch)
    with torch.no_grad():
        return odeint(field, state, times, method="scipy_solver", options={"solver": "RK45"})


def case_a_neural_equation(torch):
    from torchdiffeq import odeint

    field = neural(torch)
    state = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    times = torch.tensor([0.0, 0.4, 1.0], dtype=torch.float64)
    made = odeint(field, state, times)
    made[-1].pow(2).sum().backward()
    return made, state.grad, [p.grad for p in field.parameters()], field.calls


def case_adjoints(torch):
    from torchdiffeq import odeint_adjoint

    answers = {}
    for method, options in [("dopri5", None), ("rk4", {"step_size": 0.1})]:
        field = neural(torch)
        state = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
        times = torch.tensor([0.0, 0.4, 1.0], dtype=torch.float64, requires_grad=True)
        made = odeint_adjoint(field, state, times, method=method, options=options)
        made[1:].pow(2).sum().backward()
        grads = [p.grad for p in field.parameters()]
        answers[method] = made, state.grad, times.grad, grads, field.calls
    return answers


def case_adjoint_options(torch):
    from torchdiffeq import odeint_adjoint

    field = neural(torch)
    state = torch.randn(2, dtype=torch.float64, requires_grad=True)
    times = torch.tensor([0.0, 1.0], dtype=torch.float64)
    made = odeint_adjoint(
        field,
        state,
        times,
        rtol=1e-6,
        atol=1e-8,
        adjoint_rtol=1e-5,
        adjoint_options={"norm": "seminorm"},
    )
    made[-1].sum().backward()
    return made, state.grad, [p.grad for p in field.parameters()]


def case_states_of_several_tensors(torch):
    from torchdiffeq import odeint, odeint_adjoint

    weight = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)

    class Pair(torch.nn.Module):
        def forward(self, t, state):
            x, v = state
            return v * weight, -x.sum() * torch.ones_like(v) * t

    start = tuple(torch.ones(n, dtype=torch.float64, requires_grad=True) for n in (2, 2))
    times = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    answers = []
    for solve in (odeint, lambda *a: odeint_adjoint(*a, adjoint_params=(weight,))):
        x, v = solve(Pair(), start, times)
        answers.append([x, v, torch.autograd.grad((x * v).sum(), (weight, *start))])
    return answers


def case_backwards_in_time(torch):
    from torchdiffeq import odeint

    matrix, state, _, field = spiral(torch)
    times = torch.tensor([1.0, 0.3, 0.0], dtype=torch.float64)
    made = odeint(field, state, times)
    return made, torch.autograd.grad(made[-1].sum(), (matrix, state))


def case_jumps(torch):
    from torchdiffeq import odeint

    level = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    jump = torch.tensor([0.6], dtype=torch.float64)
    times = torch.tensor([0.0, 1.0], dtype=torch.float64)
    state = torch.tensor([1.0], dtype=torch.float64)
    made = odeint(
        lambda t, y: torch.where(t < 0.6, level * y, -y), state, times, options={"jump_t": jump}
    )
    return made, torch.autograd.grad(made[-1].sum(), level)


def case_events(torch):
    from torchdiffeq import odeint_adjoint, odeint_event

    class Fall(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.gravity = torch.nn.Parameter(torch.tensor([9.8], dtype=torch.float64))

        def forward(self, t, state):
            height, speed = state
            return speed, -self.gravity.expand_as(speed)

    answers = []
    for adjoint in (False, True):
        field = Fall()
        start = torch.tensor([10.0], dtype=torch.float64, requires_grad=True)
        state = start, torch.zeros(1, dtype=torch.float64)
        begin = torch.tensor([0.0], dtype=torch.float64)
        more = {"odeint_interface": odeint_adjoint} if adjoint else {}
        time, states = odeint_event(
            field,
            state,
            begin,
            event_fn=lambda t, y: y[0],
            reverse_time=False,
            atol=1e-8,
            rtol=1e-8,
            **more,
        )
        grads = torch.autograd.grad(time.sum() + states[1][-1].sum(), (field.gravity, start))
        answers.append([time, [part[-1] for part in states], grads])
    return answers


def case_callbacks(torch):
    from torchdiffeq import odeint

    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.steps, self.accepted = [], 0

        def forward(self, t, y):
            return -y * t

        def callback_step(self, t0, y0, dt):
            self.steps.append([round(float(t0), 6), round(float(dt), 6)])

        def callback_accept_step(self, t0, y0, dt):
            self.accepted += 1

    field = Counting()
    made = odeint(
        field,
        torch.tensor([1.0, 2.0], dtype=torch.float64),
        torch.tensor([0.0, 2.0], dtype=torch.float64),
    )
    return made, field.steps, field.accepted


def case_complex_states(torch):
    from torchdiffeq import odeint

    rate = torch.tensor(0.3 + 2.0j, dtype=torch.complex128, requires_grad=True)
    state = torch.tensor([1.0 + 0.5j], dtype=torch.complex128)
    made = odeint(lambda t, y: rate * y, state, torch.tensor([0.0, 0.5], dtype=torch.float64))
    return made, torch.autograd.grad(made[-1].abs().sum(), rate)


def case_training(torch):
    from torchdiffeq import odeint_adjoint

    field = neural(torch, dtype=torch.float32)
    optimizer = torch.optim.RMSprop(field.parameters(), lr=1e-2)
    times = torch.linspace(0.0, 1.0, 5)
    target = torch.stack([torch.cos(3 * times), torch.sin(3 * times)], -1)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        made = odeint_adjoint(field, target[0], times, method="rk4")
        loss = (made - target).abs().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses)


def case_raised_for_an_unknown_method(torch):
    return solved(torch, "magic")


def case_raised_for_times_that_do_not_ascend(torch):
    from torchdiffeq import odeint

    return odeint(lambda t, y: y, torch.ones(1), torch.tensor([0.0, 1.0, 0.5]))


def test_torchdiffeq_gives_pytorchs_numbers(agree):
    agree()
