"""Random programs of views, writes, hooks and walks, run on PyTorch and Wengert step by step.

`python -m tests.parity.random_programs FIRST LAST` looks through a range of seeds; the tests run a few. A step on which
PyTorch's own answer is not to be followed is not drawn, or ends its program: see `followed`.
"""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import torch

import wengert

SHAPES = [(2, 3), (3,), (3, 3), (1, 3), (), (2, 1, 3), (2, 2, 2), (4,)]

Function = Callable[..., Any]

UNARY: dict[str, Function] = {
    name: (lambda L, x, name=name: getattr(x, name)())
    for name in "sin exp tanh relu sigmoid square abs neg clone cos atan erf norm".split()
} | {
    "softplus": lambda L, x: L.nn.functional.softplus(x),
    "gelu": lambda L, x: L.nn.functional.gelu(x),
    "log1p": lambda L, x: L.log1p(x * x),
    "rsqrt": lambda L, x: (x * x + 1).rsqrt(),
    "square by **": lambda L, x: x**2,
    "cumsum": lambda L, x: x.cumsum(-1),
    "flip": lambda L, x: x.flip(0),
    "sort": lambda L, x: x.sort(-1)[0],
    "softmax": lambda L, x: x.softmax(-1),
    "logsumexp": lambda L, x: x.logsumexp(-1),
    "sum": lambda L, x: x.sum(0),
    "mean": lambda L, x: x.mean(-1, keepdim=True),
    "prod": lambda L, x: x.prod(-1),
    "max": lambda L, x: x.max(0)[0],
    "amax": lambda L, x: x.amax(-1),
    "min": lambda L, x: x.min(),
    "var": lambda L, x: x.var(0, unbiased=False),
    "by an index": lambda L, x: x[[0, 1]],
}

BINARY: dict[str, Function] = {
    "add": lambda L, x, y: x + y,
    "sub": lambda L, x, y: x - y,
    "mul": lambda L, x, y: x * y,
    "div": lambda L, x, y: x / (y * y + 1),
    "maximum": lambda L, x, y: L.maximum(x, y),
    "where": lambda L, x, y: L.where(x > 0, x, y),
    "matmul": lambda L, x, y: x @ y,
    "atan2": lambda L, x, y: L.atan2(x, y * y + 1),
    "cat": lambda L, x, y: L.cat([x, y]),
    "stack": lambda L, x, y: L.stack([x, y]),
    "lerp": lambda L, x, y: L.lerp(x, y, 0.3),
    "addcmul": lambda L, x, y: L.addcmul(x, y, y),
    "mse_loss": lambda L, x, y: L.nn.functional.mse_loss(x, y),
    "outer": lambda L, x, y: L.outer(x, y),
}

VIEWS: dict[str, Function] = {
    "view": lambda L, x: x.view(-1),
    "t": lambda L, x: x.t(),
    "[0]": lambda L, x: x[0],
    "[1:]": lambda L, x: x[1:],
    "[..., ::2]": lambda L, x: x[..., ::2],
    "[:, 1]": lambda L, x: x[:, 1],
    "[None]": lambda L, x: x[None],
    "unsqueeze": lambda L, x: x.unsqueeze(-1),
    "squeeze": lambda L, x: x.squeeze(),
    "expand": lambda L, x: x.expand(2, *x.shape),
    "transpose": lambda L, x: x.transpose(0, -1),
    "diagonal": lambda L, x: x.diagonal(),
    "narrow": lambda L, x: x.narrow(0, 1, 1),
    "unbind": lambda L, x: x.unbind(0)[0],
    "split": lambda L, x: x.split(1)[-1],
    "chunk": lambda L, x: x.chunk(2, -1)[1],
    "flatten": lambda L, x: x.flatten(),
    "permute": lambda L, x: x.permute(*reversed(range(x.dim()))),
    "unfold": lambda L, x: x.unfold(0, 2, 2),
    "detach": lambda L, x: x.detach(),
    "reshape": lambda L, x: x.reshape(-1),
    "select": lambda L, x: x.select(-1, 1),
    "movedim": lambda L, x: x.movedim(0, -1),
    "view_as": lambda L, x: x.view_as(x),
}

WRITES: dict[str, Function] = {
    "mul_ by a number": lambda L, x, y: x.mul_(2),
    "mul_": lambda L, x, y: x.mul_(y.clone()),
    "add_": lambda L, x, y: x.add_(y.clone(), alpha=0.5),
    "sub_": lambda L, x, y: x.sub_(y.clone()),
    "div_": lambda L, x, y: x.div_(2.0),
    "tanh_": lambda L, x, y: x.mul_(0.3).tanh_(),
    "relu_": lambda L, x, y: x.relu_(),
    "sigmoid_": lambda L, x, y: x.sigmoid_(),
    "sin_": lambda L, x, y: x.sin_(),
    "neg_": lambda L, x, y: x.neg_(),
    "pow_": lambda L, x, y: x.pow_(2),
    "zero_": lambda L, x, y: x.mul_(0) if 0 in x.stride() else x.zero_(),
    "fill_": lambda L, x, y: x.fill_(0.7),
    "copy_": lambda L, x, y: x.copy_(y.clone()),
    "clamp_": lambda L, x, y: x.clamp_(-0.5, 0.8),
    "lerp_": lambda L, x, y: x.lerp_(y.clone(), 0.25),
    "addcmul_": lambda L, x, y: x.addcmul_(y.clone(), y.clone(), value=0.5),
    "cumsum_": lambda L, x, y: x.cumsum_(0),
    "x[0] = y": lambda L, x, y: x.__setitem__(0, y.clone()),
    "x[0] = number": lambda L, x, y: x.__setitem__(0, 1.5),
    "x[..., 1:] = y": lambda L, x, y: x.__setitem__((Ellipsis, slice(1, None)), y.clone()),
    "x[mask] = number": lambda L, x, y: x.__setitem__(x > 0.2, 0.25),
    "x[:1] = x[1:2]": lambda L, x, y: x.__setitem__(slice(None, 1), x[1:2].clone()),
    "index_add_": lambda L, x, y: x.index_add_(0, L.tensor([0]), y.clone()),
    "masked_fill_": lambda L, x, y: x.masked_fill_(x < 0, 0.1),
    "copy_ of where": lambda L, x, y: x.copy_(L.where(x > 0, x, -x * y)),
}

Step = tuple[Any, ...]


def drawn(rng: random.Random, length: int) -> list[Step]:
    """Return a program: leaves, and steps that pick their operands among what is there by numbers between 0 and 1."""
    steps: list[Step] = [_leaf(rng, SHAPES[:5]) for _ in range(3)]
    for _ in range(length):
        kind = rng.choices(
            (
                "leaf",
                "unary",
                "binary",
                "view",
                "write",
                "hook",
                "retain",
                "backward",
                "grad",
                "clear",
            ),
            (10, 24, 18, 18, 20, 3, 2, 2, 2, 1),
        )[0]
        i, j = rng.random(), rng.random()
        quiet = rng.random() < 0.06
        step: dict[str, Step] = {
            "leaf": _leaf(rng, SHAPES),
            "unary": (kind, rng.choice(list(UNARY)), i, quiet),
            "binary": (kind, rng.choice(list(BINARY)), i, j, quiet),
            "view": (kind, rng.choice(list(VIEWS)), i),
            "write": (kind, rng.choice(list(WRITES)), i, j, quiet),
            "hook": (kind, i, rng.choice([None, 2.0, 0.5])),
            "grad": (kind, i, j),
        }
        steps.append(step.get(kind, (kind, i)))
    return steps


def _leaf(rng: random.Random, shapes: list[tuple[int, ...]]) -> Step:
    return ("leaf", rng.choice(shapes), rng.random() < 0.75, rng.randrange(10**6))


@dataclass
class Side:
    """A program's tensors in one library, and what its hooks saw."""

    library: ModuleType
    pool: list[Any] = field(default_factory=list)
    views: list[Any] = field(default_factory=list)
    seen: list[tuple[int, Any]] = field(default_factory=list)
    hooks: int = 0

    def pick(self, where: float) -> Any:
        return self.pool[min(int(where**0.6 * len(self.pool)), len(self.pool) - 1)]

    def run(self, step: Step) -> None:
        """Take one step; what it raises leaves the pool as it was."""
        kind, *rest = step
        L = self.library
        if kind == "leaf":
            shape, requires_grad, seed = rest
            numbers = np.random.default_rng(seed).normal(size=shape).tolist()
            self.pool.append(L.tensor(numbers, dtype=L.float64, requires_grad=requires_grad))
        elif kind == "walk":
            x = self.pool[rest[0]]
            if x.requires_grad:
                (x * x).sum().backward(retain_graph=True)
        elif kind in ("unary", "binary", "view", "write"):
            table = {"unary": UNARY, "binary": BINARY, "view": VIEWS, "write": WRITES}[kind]
            quiet = kind != "view" and rest.pop()
            operands = [self.pick(where) for where in rest[1:]]
            with L.no_grad() if quiet else nullcontext():
                made = table[rest[0]](L, *operands)
            if kind != "write":
                self.pool.append(made)
            if kind == "view":
                self.views.append(made)
        else:
            self._use(kind, *rest)

    def _use(self, kind: str, where: float, extra: Any = None) -> None:
        x, L = self.pick(where), self.library
        is_view = any(x is view for view in self.views)
        if kind == "hook" and not is_view:
            number = self.hooks = self.hooks + 1

            def hook(g: Any) -> Any:
                self.seen.append((number, g.detach().numpy().copy()))
                return None if extra is None else g * extra

            x.register_hook(hook)
        elif kind == "retain" and not is_view:
            x.retain_grad()
        elif kind == "backward":
            (x * x).sum().backward(retain_graph=True)
        elif kind == "clear":
            x.grad = None
        elif kind == "grad":
            y = self.pick(extra)
            more = {"create_graph": True, "allow_unused": True, "materialize_grads": True}
            self.pool.append(L.autograd.grad((y * y).sum(), x, **more)[0].clone())


def followed(seed: int, length: int = 20) -> tuple[str | None, bool]:
    """Run a program on both sides; say where they first differ, and whether it was run to its end."""
    theirs, ours = Side(torch), Side(wengert)
    steps = drawn(random.Random(seed), length)
    for step in _and_walks(steps, theirs):
        walks = step[0] in ("walk", "backward", "grad")
        if walks:
            theirs.seen.clear()
            ours.seen.clear()
        first, second = _raised(theirs, step), _raised(ours, step)
        if first is not None and second is not None and not isinstance(second, type(first)):
            return f"seed {seed}, {step}: PyTorch {first!r}, Wengert {second!r}", False
        if first is not None and second is None and not _may_only_fail_there(first, walks):
            return f"seed {seed}, {step}: PyTorch {first!r}, Wengert nothing", False
        if first is None and second is not None and "more than one element" not in str(second):
            return f"seed {seed}, {step}: PyTorch nothing, Wengert {second!r}", False
        if (first is None) != (second is None) and not walks:
            return None, False  # the two go on with other tensors
        if walks and (first is not None or second is not None):
            if step[0] == "grad" and (first is None) != (second is None):
                return None, False
            _forget(theirs, ours)
            continue
        try:
            found = _compared(theirs, ours)
        except RuntimeError:  # PyTorch refuses to look at a view after such a write
            return None, False
        if found is not None and step[0] == "grad" and "requires_grad" in found:
            return None, False  # PyTorch drops the graph of a gradient that is all zeros
        if found is not None:
            return f"seed {seed}, after {step}: {found}", False
    return None, True


def _may_only_fail_there(error: Exception, walks: bool) -> bool:
    """Say whether an error of PyTorch alone is one that the page for its users tells of, or a fault of its own."""
    words = str(error)
    if walks and "modified by an inplace operation" in words:  # the tape keeps values of its own
        return True
    by_design = (
        "multiple views",
        "some elements of the input",
        "INTERNAL ASSERT",
        "view of a leaf",
        "view size",
    )
    return any(part in words for part in by_design)


def _forget(*sides: Side) -> None:
    """Drop all gradients: where a walk fails in its middle PyTorch has changed some of them."""
    for side in sides:
        side.seen.clear()
        for x in side.pool:
            x.grad = None


def _and_walks(steps: list[Step], side: Side) -> Iterator[Step]:
    """Yield the steps of a program, and then a walk back from each of its tensors."""
    yield from steps
    for i in range(len(side.pool)):
        yield ("walk", i)


def _raised(side: Side, step: Step) -> Exception | None:
    try:
        side.run(step)
    except Exception as error:
        return error
    return None


def _compared(theirs: Side, ours: Side) -> str | None:
    for i, (a, b) in enumerate(zip(theirs.pool, ours.pool, strict=True)):
        if tuple(a.shape) != tuple(b.shape):
            return f"shape of {i}: {tuple(a.shape)}, {tuple(b.shape)}"
        flags = [(t.requires_grad, t.is_leaf) for t in (a, b)]
        if flags[0] != flags[1]:
            return f"(requires_grad, is_leaf) of {i}: {flags[0]}, {flags[1]}"
        for name, x, y in (("value", a, b), ("grad", a.grad, b.grad)):
            if not _alike(x, y):
                return f"{name} of {i}:\n{x}\n{y}"
    seen, mine = (sorted(s.seen, key=lambda pair: pair[0]) for s in (theirs, ours))
    if [n for n, _ in seen] != [n for n, _ in mine]:
        return f"hooks that ran: {[n for n, _ in seen]}, {[n for n, _ in mine]}"
    for (n, g), (_, h) in zip(seen, mine, strict=True):
        if not np.allclose(g, h, equal_nan=True):
            return f"what hook {n} saw:\n{g}\n{h}"
    return None


def _alike(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is None and b is None
    x, y = a.detach().numpy(), b.detach().numpy()
    with np.errstate(all="ignore"):
        size = np.nanmax(np.abs(x), initial=1.0, where=np.isfinite(x))
        return x.shape == y.shape and np.allclose(x, y, 1e-9, 1e-9 * size, equal_nan=True)


def main(first: int, last: int) -> int:
    """Print every seed of a range on which the two sides differ."""
    count = finished = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(first, last):
            found, ended = followed(seed)
            finished += ended
            if found is not None:
                count += 1
                print(found, end="\n\n")
    print(f"{count} of {last - first} programs differ, {finished} ran to their ends")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
