"""Whole programs of the kinds that people bring: fits, small networks, simulations, searches."""

import math
import threading


def numbers_between(torch, low, high, *shape):
    """Fixed numbers that look random, the same in both libraries."""
    count = math.prod(shape)
    values = [low + (high - low) * ((k * 7919 + 104729) % 10007) / 10007 for k in range(count)]
    return torch.tensor(values).reshape(*shape)


def test_two_layer_network(torch):
    x = numbers_between(torch, -1, 1, 12, 3)
    y = (x[:, :1] * 2 - x[:, 1:2]).tanh()
    weights = [
        numbers_between(torch, -0.5, 0.5, 3, 8).requires_grad_(),
        torch.zeros(8, requires_grad=True),
        numbers_between(torch, -0.7, 0.7, 8, 1).requires_grad_(),
        torch.zeros(1, requires_grad=True),
    ]
    losses = []
    for _ in range(40):
        hidden = torch.relu(x @ weights[0] + weights[1])
        loss = ((hidden @ weights[2] + weights[3] - y) ** 2).mean()
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for weight in weights:
                weight -= 0.1 * weight.grad
                weight.grad = None
    return losses, weights


def test_classifier_with_gathered_log_probabilities(torch):
    x = numbers_between(torch, -1, 1, 10, 4)
    labels = torch.arange(10) % 3
    w = torch.zeros(4, 3, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5, momentum=0.9, nesterov=True)
    for _ in range(25):
        optimizer.zero_grad()
        loss = -(x @ w).log_softmax(1).gather(1, labels[:, None]).mean()
        loss.backward()
        optimizer.step()
    return loss, w, (x @ w).argmax(1)


def test_random_masks_given_as_inputs(torch):
    x = numbers_between(torch, -1, 1, 6, 5)
    w = numbers_between(torch, -1, 1, 5, 5).requires_grad_()
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9, weight_decay=0.01)
    for step in range(10):
        mask = (numbers_between(torch, 0, 1, 6, 5) * (step + 1) % 1.0) > 0.3
        optimizer.zero_grad()
        hidden = torch.where(mask, (x @ w).tanh() / 0.7, 0.0)
        (hidden**2).mean().backward()
        optimizer.step()
    return w, w.grad


def test_running_statistics(torch):
    class Normed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(3))
            self.register_buffer("mean", torch.zeros(3))
            self.register_buffer("seen", torch.tensor(0))

        def forward(self, x):
            if self.training:
                mean = x.mean(0)
                with torch.no_grad():
                    self.mean.mul_(0.9).add_(0.1 * mean)
                    self.seen += 1
            else:
                mean = self.mean
            return (x - mean) * self.scale

    model, x = Normed(), numbers_between(torch, -1, 3, 8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(5):
        optimizer.zero_grad()
        (model(x * (step + 1)) ** 2).mean().backward()
        optimizer.step()
    return model.scale, model.mean, model.seen, model.eval()(x)


def test_attention(torch):
    x = numbers_between(torch, -1, 1, 2, 4, 6).requires_grad_()
    w = numbers_between(torch, -1, 1, 3, 6, 6).requires_grad_()
    query, key, value = ((x @ part).reshape(2, 4, 2, 3).transpose(1, 2) for part in w)
    scores = query @ key.transpose(-2, -1) / 3**0.5
    mask = torch.arange(4)[:, None] >= torch.arange(4)
    scores = torch.where(mask, scores, -float("inf"))
    out = (scores.softmax(-1) @ value).transpose(1, 2).reshape(2, 4, 6)
    (out * out).sum().backward()
    return out, x.grad, w.grad


def test_recurrent_cell(torch):
    w = numbers_between(torch, -0.8, 0.8, 5, 8).requires_grad_()
    x = numbers_between(torch, -1, 1, 6, 3, 3)
    hidden = torch.zeros(3, 2)
    cell = torch.zeros(3, 2)
    for step in range(6):
        gates = torch.cat([x[step], hidden], 1) @ w
        take, forget, give, new = gates.chunk(4, 1)
        cell = forget.sigmoid() * cell + take.sigmoid() * new.tanh()
        hidden = give.sigmoid() * cell.tanh()
    hidden.sum().backward()
    return hidden, w.grad


def test_logistic_regression_by_newton(torch):
    x = torch.cat([torch.ones(9, 1), numbers_between(torch, -2, 2, 9, 1)], 1).double()
    y = (torch.arange(9) % 2).double()
    w = torch.zeros(2, dtype=torch.float64)

    def loss(w):
        score = x @ w
        return (torch.logsumexp(torch.stack([score * 0, score]), 0) - y * score).mean()

    for _ in range(5):
        w = w.detach().requires_grad_()
        (g,) = torch.autograd.grad(loss(w), w, create_graph=True)
        rows = [torch.autograd.grad(part, w, retain_graph=True)[0] for part in g]
        (a, b), (_, d) = rows
        determinant = a * d - b * b
        step = torch.stack([(d * g[0] - b * g[1]), (a * g[1] - b * g[0])]) / determinant
        w = w - step
    return w.detach(), loss(w.detach())


def test_pendulum(torch):
    length = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
    angle = torch.tensor(0.6, dtype=torch.float64, requires_grad=True)
    theta, speed = angle, torch.tensor(0.0, dtype=torch.float64)
    for _ in range(100):
        speed = speed - 0.02 * 9.81 / length * theta.sin()
        theta = theta + 0.02 * speed
    theta.backward()
    return theta, length.grad, angle.grad


def test_heat_equation_with_writes_in_place(torch):
    rate = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    start = torch.linspace(0, 1, 9, dtype=torch.float64).sin().requires_grad_()
    field = start.clone()
    for _ in range(10):
        new = field.clone()
        new[1:-1] += rate * (field[2:] - 2 * field[1:-1] + field[:-2])
        field = new
    (field**2).sum().backward()
    return field, rate.grad, start.grad


def test_gradient_clipping_by_norm(torch):
    w = torch.tensor([3.0, 4.0], requires_grad=True)
    b = torch.tensor(12.0, requires_grad=True)
    for _ in range(3):
        ((w**2).sum() / 2 + b**2 / 2).backward()
        norm = sum((p.grad**2).sum() for p in (w, b)).sqrt()
        with torch.no_grad():
            for p in (w, b):
                p.grad.mul_(1.0 / max(1.0, norm.item()))
                p.sub_(0.5 * p.grad)
                p.grad.zero_()
    return w, b


def test_price_of_an_option_and_its_greeks(torch):
    spot = torch.tensor(100.0, dtype=torch.float64, requires_grad=True)
    vol = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    z = torch.linspace(-4, 4, 401, dtype=torch.float64)
    weight = (-z * z / 2).softmax(0)
    end = spot * (-(vol**2) / 2 + vol * z).exp()
    price = (weight * torch.relu(end - 105.0)).sum()
    delta, vega = torch.autograd.grad(price, [spot, vol], create_graph=True)
    return price, delta, vega, torch.autograd.grad(delta, [spot, vol])


def test_implicit_root_by_a_custom_function(torch):
    class CubeRoot(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            x = torch.ones_like(a)
            for _ in range(60):
                x = x - (x**3 - a) / (3 * x * x)
            ctx.save_for_backward(x)
            return x

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return ct / (3 * x * x)

    a = torch.tensor([2.0, 8.0, 0.5], dtype=torch.float64, requires_grad=True)
    x = CubeRoot.apply(a)
    x.sum().backward()
    return x, a.grad, torch.autograd.gradcheck(CubeRoot.apply, a)


def test_learning_rate_learned_through_the_update(torch):
    rate = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    w = torch.tensor([2.0, -1.0], dtype=torch.float64, requires_grad=True)
    current = w
    for _ in range(3):
        loss = (current**4).sum()
        (g,) = torch.autograd.grad(loss, current, create_graph=True)
        current = current - rate * 0.1 * g
    (current**2).sum().backward()
    return current, rate.grad, w.grad


def test_per_sample_gradients_and_their_covariance(torch):
    x = numbers_between(torch, -1, 1, 6, 3)
    y = numbers_between(torch, -1, 1, 6)

    def loss(w, point, target):
        return (torch.dot(w, point).tanh() - target) ** 2

    w = torch.tensor([0.5, -0.5, 1.0])
    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(w, x, y)
    return each, each.t() @ each


def test_backward_from_several_threads(torch):
    shared = torch.tensor([1.0, 2.0], requires_grad=True)
    own = [torch.tensor([float(k), 1.0], requires_grad=True) for k in range(8)]

    def work(mine):
        for _ in range(5):
            (mine * shared.detach()).exp().sum().backward()

    threads = [threading.Thread(target=work, args=(mine,)) for mine in own]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [mine.grad for mine in own], shared.grad


def test_graph_made_in_one_thread_and_walked_in_another(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x.exp() * x).sum()
    thread = threading.Thread(target=y.backward)
    thread.start()
    thread.join()
    return x.grad


def test_deep_graph(torch):
    x = torch.tensor([1.0, 0.5], dtype=torch.float64, requires_grad=True)
    y = x
    for k in range(20000):
        y = y + x * (1 / (k + 1) ** 2)
    y.sum().backward()
    return y, x.grad


def test_tables_built_row_by_row(torch):
    seeds = torch.tensor([1.0, 2.0, 0.5], requires_grad=True)
    table = torch.zeros(3, 4)
    for row in range(3):
        for column in range(4):
            table[row, column] = seeds[row] ** column
    (table.sum(0) ** 2).sum().backward()
    return table, seeds.grad


def test_numbers_and_tensors_mixed_in_a_loss(torch):
    a = torch.tensor(2.0, requires_grad=True)
    terms = [1, 2.5, True, a, a.double(), torch.tensor(3)]
    total = 0
    for term in terms:
        total = total + term * a
    total.backward()
    return total, a.grad
