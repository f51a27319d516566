"""Training steps of small and middle-sized networks: forward, loss, backward and the optimiser's update.

One program text serves both sides. Both start from the same numbers and follow 10 steps together before the clock
starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pairs

STEPS_FOLLOWED = 10


def perceptron(torch: Any, sizes: list[int]) -> Any:
    """Affine layers with a relu between them."""
    nn = torch.nn
    layers = [nn.Linear(sizes[0], sizes[1])]
    for a, b in zip(sizes[1:], sizes[2:], strict=False):
        layers += [nn.ReLU(), nn.Linear(a, b)]
    return nn.Sequential(*layers)


def memory(torch: Any) -> Any:
    """A long short-term memory of 64 numbers; its last state is classified."""
    nn = torch.nn

    class Last(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(32, 64, batch_first=True)
            self.out = nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            states, _ = self.lstm(x)
            return self.out(states[:, -1])

    return Last()


def transformer(torch: Any) -> Any:
    """An encoder layer of width 64 with 4 heads, without dropout; the mean over time is classified."""
    nn = torch.nn

    class Encoder(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True)
            self.out = nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            return self.out(self.layer(x).mean(1))

    return Encoder()


def convolutions(torch: Any) -> Any:
    """Two convolutions with pooling on images of 28 x 28, and two affine layers."""
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


Program = tuple[str, Callable[[Any], Any], tuple[int, ...], int, str, float]

PROGRAMS: tuple[Program, ...] = (
    ("mlp 2-16-16-2", lambda t: perceptron(t, [2, 16, 16, 2]), (16, 2), 2, "SGD", 1 / 3),
    ("mlp 2-16-16-2", lambda t: perceptron(t, [2, 16, 16, 2]), (16, 2), 2, "Adam", 1 / 3),
    (
        "mlp 784-512-256-10",
        lambda t: perceptron(t, [784, 512, 256, 10]),
        (64, 784),
        10,
        "Adam",
        1.0,
    ),
    ("lstm", memory, (32, 20, 32), 10, "Adam", 1.0),
    ("transformer block", transformer, (32, 20, 64), 10, "AdamW", 1.2),
    ("cnn 28x28", convolutions, (64, 1, 28, 28), 10, "Adam", 1.5),
)
"""Name, model, shape of a batch, number of classes, optimiser, and the ratio that is wanted."""


def build(torch: Any, program: Program) -> Callable[[], Any]:
    """Return ``step()``, which trains once and returns the loss before the update."""
    _, make, shape, classes, optimizer_name, _ = program
    source = np.random.RandomState(0)
    model = make(torch)
    with torch.no_grad():
        for p in model.parameters():
            width = p.shape[-1] if p.dim() > 1 else 4 * p.shape[0]
            p.copy_(torch.from_numpy((source.randn(*p.shape) / width**0.5).astype(np.float32)))
    inputs = torch.from_numpy(source.randn(*shape).astype(np.float32))
    labels = torch.from_numpy(source.randint(0, classes, shape[0]))
    optimizer = getattr(torch.optim, optimizer_name)(model.parameters(), lr=1e-3)
    criterion = torch.nn.CrossEntropyLoss()

    def step() -> Any:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def main() -> None:
    """Time the steps on both sides."""
    spec = pairs.parser(__doc__)
    spec.add_argument("--only", metavar="NAME", default="", help="programs whose name has NAME")
    read = pairs.options(spec)
    modules = pairs.sides(read)
    timed = []
    for program in PROGRAMS:
        name = f"{program[0]}, {program[4]}"
        if read.only not in name:
            continue
        ours, theirs = (
            [step().item() for _ in range(STEPS_FOLLOWED)]
            for step in (build(torch, program) for torch in modules)
        )
        pairs.require_equal(f"{name}: loss of each step", ours, theirs, tolerance=1e-4)
        mine, other = (pairs.repeated(build(torch, program)) for torch in modules)
        timed.append(pairs.Pair(name, mine, other, program[5], tolerance=1e-3))
    pairs.report(pairs.measure("network", timed, read), read)


if __name__ == "__main__":
    main()
