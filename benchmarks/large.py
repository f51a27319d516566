"""mul, exp, sum, softmax and matmul in float32, with 10 to 10,000,000 elements.

``--hold last`` keeps a result until the next one stands, as a program does that assigns to the same
name; ``--hold all`` keeps all results of a sample, so that no memory can be used twice. ``--grad``
records and walks back as well, with a gradient for every operand. Matrices are square, with about
so many elements, at most 2048 x 2048. Softmax runs over rows of 1000, and over all in one row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pairs

TARGET = 1.1
LARGEST_SIDE = 2048
ROW = 1000
MEMORY = 256 * 2**20
OPS: dict[str, Callable[..., Any]] = {
    "mul": lambda torch, x, y: x * y,
    "exp": lambda torch, x: torch.exp(x),
    "sum": lambda torch, x: x.sum(),
    "softmax": lambda torch, x: torch.softmax(x, -1),
    "softmax, one row": lambda torch, x: torch.softmax(x, -1),
    "matmul": lambda torch, x, y: x @ y,
}


def shapes_of(op: str, count: int) -> tuple[tuple[int, ...], ...]:
    """Return the operands' shapes for about ``count`` elements."""
    if op == "mul":
        return ((count,), (count,))
    if op == "matmul":
        side = min(round(math.sqrt(count)), LARGEST_SIDE)
        return ((side, side), (side, side))
    if op == "softmax":
        row = min(count, ROW)
        return ((count // row, row),)
    return ((count,),)


def arrays_of(shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Return float32 operands, the same in every run."""
    import numpy as np

    generator = np.random.default_rng(1964)
    return [generator.uniform(0.1, 1.0, shape).astype(np.float32) for shape in shapes]


def forward(op: str, arrays: Sequence[Any], torch: Any) -> Callable[[], Any]:
    """Return a call of the op without recording."""
    operands = [torch.tensor(array) for array in arrays]
    compute = OPS[op]
    return lambda: compute(torch, *operands)


def forward_and_backward(op: str, arrays: Sequence[Any], torch: Any) -> Callable[[], Any]:
    """Return a call that records the op, walks it back and hands out the operands' gradients."""
    operands = [torch.tensor(array, requires_grad=True) for array in arrays]
    compute = OPS[op]
    seed = torch.ones_like(compute(torch, *operands).detach()) * 0.5

    def call() -> Any:
        for operand in operands:
            operand.grad = None
        compute(torch, *operands).backward(seed)
        return [operand.grad for operand in operands]

    return call


def pair_of(op: str, count: int, read: Any, modules: tuple[Any, Any]) -> pairs.Pair:
    """Pair one op at one size."""
    arrays = arrays_of(shapes_of(op, count))
    make = forward_and_backward if read.grad else forward
    hold = pairs.hoarded if read.hold == "all" else pairs.repeated
    ours, theirs = (hold(make(op, arrays, torch)) for torch in modules)
    kept = 4 * arrays[0].size * (len(arrays) if read.grad else 1)
    most = max(1, MEMORY // kept) if read.hold == "all" else None
    kind = "forward+backward" if read.grad else "forward"
    name = f"{op}, {count:.0e}, {kind}, hold {read.hold}".replace("e+0", "e")
    # PyTorch has more threads for elementwise work than NumPy, so two are shown without a target.
    target = TARGET if read.threads == 1 else None
    return pairs.Pair(name, ours, theirs, target, most=most, tolerance=2e-4)


def main() -> None:
    """Time the ops at all sizes, one pair in memory at a time."""
    spec = pairs.parser(__doc__)
    spec.add_argument("--grad", action="store_true", help="record and walk back as well")
    spec.add_argument("--hold", choices=("last", "all"), default="last")
    spec.add_argument("--ops", nargs="+", choices=tuple(OPS), default=tuple(OPS))
    spec.add_argument("--largest", type=int, default=7, help="power of ten (default 7)")
    read = pairs.options(spec)
    modules = pairs.sides(read)
    results = []
    for op in read.ops:
        for power in range(1, (2 if read.quick else read.largest) + 1):
            if op != "softmax, one row" or 10**power > ROW:
                pair = pair_of(op, 10**power, read, modules)
                results += pairs.measure("large", [pair], read)
    pairs.report(results, read)


if __name__ == "__main__":
    main()
