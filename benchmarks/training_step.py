"""The training step of a linear fit: five points, two trained and two frozen scalars.

Model in train mode, forward, mean squared error, zero_grad, backward and one update by plain SGD.
One program text serves both sides. Both follow 50 steps together before the clock starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pairs

TARGET = 0.25
STEPS_FOLLOWED = 50


def build(torch: Any) -> Callable[[], Any]:
    """Return ``step()``, which trains once and returns the loss before the update."""
    nn = torch.nn

    class Line(nn.Module):  # type: ignore[misc, name-defined]
        """y = a x + b x + c + d, where b and d are frozen."""

        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Parameter(torch.tensor(1.0))
            self.b = nn.Parameter(torch.tensor(0.5), requires_grad=False)
            self.c = nn.Parameter(torch.tensor(0.0))
            self.d = nn.Parameter(torch.tensor(0.5), requires_grad=False)

        def forward(self, x: Any) -> Any:
            return self.a * x + self.b * x + self.c + self.d

    inputs = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    wanted = torch.tensor([3.0, 5.0, 7.0, 9.0, 11.0])
    model = Line()
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005)

    def step() -> Any:
        model.train()
        loss = criterion(model(inputs), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def main() -> None:
    """Time the step on both sides."""
    read = pairs.options(pairs.parser(__doc__))
    modules = pairs.sides(read)
    ours, theirs = ([step().item() for _ in range(STEPS_FOLLOWED)] for step in map(build, modules))
    pairs.require_equal("loss of each step", ours, theirs, tolerance=1e-5)
    mine, other = (pairs.repeated(build(torch)) for torch in modules)
    pair = pairs.Pair("step", mine, other, TARGET)
    pairs.report(pairs.measure("training_step", [pair], read), read)


if __name__ == "__main__":
    main()
