"""Recording one op on five elements, and walking one node back.

A recording loop holds each result until the next one stands, so the node of the result before is
freed inside the clock, on both sides. A backward is timed from the call of ``backward`` until the
last reference to the graph is gone; building the graph is not timed. A walked node's time is that
of the whole graph, divided by PyTorch's number of nodes without its leaves, on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import repeat
from typing import Any

import pairs

WALK_TARGET = 0.5
SIZE = 5


def record_add(x: Any, y: Any, _matrix: Any, times: int) -> Any:
    """Record x + y."""
    for _ in repeat(None, times):
        held = x + y
    return held


def record_mul(x: Any, y: Any, _matrix: Any, times: int) -> Any:
    """Record x * y."""
    for _ in repeat(None, times):
        held = x * y
    return held


def record_exp(x: Any, _y: Any, _matrix: Any, times: int) -> Any:
    """Record the elementwise exponential."""
    for _ in repeat(None, times):
        held = x.exp()
    return held


def record_sum(x: Any, _y: Any, _matrix: Any, times: int) -> Any:
    """Record the sum of all elements."""
    for _ in repeat(None, times):
        held = x.sum()
    return held


def record_index(x: Any, _y: Any, _matrix: Any, times: int) -> Any:
    """Record the selection of one element."""
    for _ in repeat(None, times):
        held = x[0]
    return held


def record_dot(x: Any, y: Any, _matrix: Any, times: int) -> Any:
    """Record a vector times a vector."""
    for _ in repeat(None, times):
        held = x @ y
    return held


def record_matmul(x: Any, _y: Any, matrix: Any, times: int) -> Any:
    """Record a matrix times a vector."""
    for _ in repeat(None, times):
        held = matrix @ x
    return held


RECORDED: dict[str, tuple[Callable[[Any, Any, Any, int], Any], float | None]] = {
    "add": (record_add, 1.0),
    "mul": (record_mul, 1.0),
    "exp": (record_exp, None),
    "sum": (record_sum, 1.3),
    "index": (record_index, 1.3),
    "matmul": (record_matmul, 1.3),
    "dot": (record_dot, 1.3),
}


def recorder(name: str, torch: Any) -> Callable[[int], Any]:
    """Return a function that records the op so many times and returns the last result."""
    x = torch.tensor([0.1 * (i + 1) for i in range(SIZE)], requires_grad=True)
    y = torch.tensor([1.0 - 0.1 * i for i in range(SIZE)], requires_grad=True)
    rows = [[0.05 * (i + 2 * j) for j in range(SIZE)] for i in range(SIZE)]
    matrix = torch.tensor(rows, requires_grad=True)
    return partial(RECORDED[name][0], x, y, matrix)


def chain(torch: Any, x: Any, length: int) -> Any:
    """Return the end of ``length`` multiplications in a row."""
    factor = torch.tensor([0.999, 1.0, 1.001, 0.998, 1.002])
    end = x
    for _ in repeat(None, length):
        end = end * factor
    return end


def mixed(torch: Any, x: Any, length: int) -> Any:
    """Return the end of ``length`` blocks with broadcasting, reduction, views and shared values."""
    factor = torch.tensor([0.9, 1.0, 1.1, 0.8, 1.2], requires_grad=True)
    matrix = torch.tensor([[0.2 if i == j else 0.1 for j in range(SIZE)] for i in range(SIZE)])
    end = x
    for _ in repeat(None, length):
        scaled = end * factor
        squashed = (scaled + end).tanh()
        turned = matrix @ squashed
        shifted = turned - turned.sum() * 0.1
        end = shifted.exp().sigmoid() + shifted[0]
    return end


GRAPHS: dict[str, Callable[[Any, Any, int], Any]] = {"mul chain": chain, "mixed": mixed}


def nodes_of(end: Any) -> int:
    """Count the nodes behind a tensor, leaves aside."""
    seen = set()
    ahead = [end.grad_fn]
    while ahead:
        node = ahead.pop()
        if node is not None and node not in seen and node.next_functions:
            seen.add(node)
            ahead.extend(parent for parent, _ in node.next_functions)
    return len(seen)


def walker(name: str, length: int, torch: Any) -> pairs.Work:
    """Return a work that builds graphs untimed, then walks them back and lets them go."""
    x = torch.tensor([0.1 * (i + 1) for i in range(SIZE)], requires_grad=True)
    seed = torch.ones(SIZE)

    def work(times: int) -> Callable[[], Any]:
        x.grad = None
        ends = [GRAPHS[name](torch, x, length) for _ in range(times)]
        return partial(walk, ends)

    def walk(ends: list[Any]) -> Any:
        while ends:
            ends.pop().backward(seed)
        return x.grad

    return work


def graph_pair(name: str, length: int, modules: tuple[Any, Any]) -> pairs.Pair:
    """Pair the walks of one graph."""
    theirs = modules[1]
    nodes = nodes_of(GRAPHS[name](theirs, theirs.ones(SIZE, requires_grad=True), length))
    ours, theirs = (walker(name, length, torch) for torch in modules)
    return pairs.Pair(f"walk a node, {name}", ours, theirs, WALK_TARGET, nodes, tolerance=1e-4)


def main() -> None:
    """Time recording and walking on both sides."""
    read = pairs.options(pairs.parser(__doc__))
    modules = pairs.sides(read)
    found = []
    for name, (_, target) in RECORDED.items():
        ours, theirs = (pairs.warmed(recorder(name, torch)) for torch in modules)
        found.append(pairs.Pair(f"record {name}", ours, theirs, target))
    length = 20 if read.quick else 1000
    found.append(graph_pair("mul chain", length, modules))
    found.append(graph_pair("mixed", length // 10, modules))
    pairs.report(pairs.measure("record", found, read), read)


if __name__ == "__main__":
    main()
