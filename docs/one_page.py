"""The whole idea on one page: a program leaves a tape of elementary steps, and the tape gives every derivative.

R. E. Wengert, 1964: however long a program is, each step it takes is an addition, a product, a sine. Write the steps
down as they happen, each with the slopes of its result. The chain rule does the rest. Read the tape backward, and one
pass gives the gradient of one result in all inputs; read it forward, and one pass gives the change of all results
along one direction. Neither reading recurses, so a program may be as long as it likes.

Run this file: it prints a tape, reads it both ways, and compares the answers with the real engine's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import wengert as torch

RULEBOOK = {  # operation: (its value, the slope of that value in each operand)
    "add": (lambda x, y: x + y, lambda out, x, y: (1.0, 1.0)),
    "mul": (lambda x, y: x * y, lambda out, x, y: (y, x)),
    "div": (lambda x, y: x / y, lambda out, x, y: (1.0 / y, -out / y)),
    "sin": (math.sin, lambda out, x: (math.cos(x),)),
    "exp": (math.exp, lambda out, x: (out,)),
}


@dataclass(frozen=True)
class Step:
    """One line of the tape: what was done, to the results of which lines, and the slopes found there."""

    operation: str
    operands: tuple[int, ...]
    slopes: tuple[float, ...]
    value: float


class Tape(list[Step]):
    """Steps in the order in which they ran, so an operand stands above every step that uses it."""

    def input(self, value: float) -> Number:
        """Write a line that depends on no other."""
        self.append(Step("input", (), (), value))
        return Number(self, len(self) - 1)

    def apply(self, operation: str, *numbers: Number) -> Number:
        """Take one step and write it down: this is the forward pass."""
        value_of, slopes_of = RULEBOOK[operation]
        lines = tuple(number.line for number in numbers)
        values = [self[line].value for line in lines]
        out = value_of(*values)
        self.append(Step(operation, lines, slopes_of(out, *values), out))
        return Number(self, len(self) - 1)

    def backward(self, result: Number) -> list[float]:
        """Tell for every line how the result changes with it, a sum over all paths between the two."""
        cotangents = [0.0] * len(self)
        cotangents[result.line] = 1.0
        for line in reversed(range(len(self))):
            for operand, slope in zip(self[line].operands, self[line].slopes, strict=True):
                cotangents[operand] += slope * cotangents[line]
        return cotangents

    def forward(self, direction: dict[int, float]) -> list[float]:
        """Tell for every line how it changes while the inputs move in a direction."""
        tangents: list[float] = []
        for line, step in enumerate(self):
            flows = zip(step.slopes, step.operands, strict=True)
            tangents.append(direction.get(line, 0.0) + sum(s * tangents[o] for s, o in flows))
        return tangents


@dataclass(frozen=True)
class Number:
    """What a program holds: the result of one line. Its arithmetic writes further lines."""

    tape: Tape
    line: int

    def __add__(self, other: Number) -> Number:
        return self.tape.apply("add", self, other)

    def __mul__(self, other: Number) -> Number:
        return self.tape.apply("mul", self, other)

    def __truediv__(self, other: Number) -> Number:
        return self.tape.apply("div", self, other)

    def sin(self) -> Number:
        return self.tape.apply("sin", self)

    def exp(self) -> Number:
        return self.tape.apply("exp", self)


def program(x, y):
    """An ordinary function: it never asks whether it gets our numbers or Wengert's tensors."""
    z = x * y + x.sin()
    return z / (y.exp() + z * z)


if __name__ == "__main__":
    tape = Tape()
    x, y = tape.input(1.5), tape.input(0.5)
    result = program(x, y)
    gradient, change = tape.backward(result), tape.forward({x.line: 1.0, y.line: -2.0})
    for line, step in enumerate(tape):
        source = " ".join([step.operation, *(f"v{operand}" for operand in step.operands)])
        print(
            f"v{line} = {source:9} = {step.value:.5f}   d result/d v{line} = {gradient[line]:8.5f}"
        )

    inputs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (1.5, 0.5)]
    program(*inputs).backward()
    assert [math.isclose(gradient[n], t.grad.item()) for n, t in enumerate(inputs)] == [True, True]
    directions = (torch.tensor(1.0, dtype=torch.float64), torch.tensor(-2.0, dtype=torch.float64))
    _, along = torch.func.jvp(program, tuple(t.detach() for t in inputs), directions)
    assert math.isclose(change[result.line], along.item())
    print("Both readings agree with the engine.")
