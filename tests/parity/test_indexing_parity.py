"""Any key that a program can write reads and writes what it does in PyTorch, with the same gradients and errors."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

KEYS = 100
"""How many keys each seed draws; each is read, written by a number, a broadcast tensor and a full one."""


class Draw:
    """Random keys and values for a tensor of a shape, spelled so that each library builds its own."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def shape(self, most: int = 4) -> tuple[int, ...]:
        return tuple(
            self.random.choice([0, 1, 2, 3, 3, 4]) for _ in range(self.random.randrange(most + 1))
        )

    def key(self, shape: tuple[int, ...]) -> list[tuple[str, Any]]:
        """Return the parts of a key as (kind, value) pairs; now and then one that does not fit."""
        parts: list[tuple[str, Any]] = []
        common = self.shape(2)
        d = 0
        while d < len(shape) and self.random.random() < 0.85:
            kind = self.random.choice(PARTS)
            if kind == "mask":
                rank = self.random.randint(1, min(2, len(shape) - d))
                parts.append((kind, self.bools(shape[d : d + rank])))
                d += rank
                continue
            parts.append((kind, self.part(kind, shape[d], common)))
            d += kind not in ("none", "true", "false", "0-d bool")
        if self.random.random() < 0.25:
            parts.insert(self.random.randrange(len(parts) + 1), ("ellipsis", None))
        return parts

    def part(self, kind: str, n: int, common: tuple[int, ...]) -> Any:
        if kind in ("int", "0-d", "numpy int"):
            return self.position(n)
        if kind == "slice":
            ends = [
                self.random.choice([None, self.random.randint(-n - 1, n + 1)]) for _ in range(2)
            ]
            return slice(*ends, self.random.choice([None, None, 1, 2, 3]))
        if kind in ("indices", "int32", "numpy"):
            drawn = self.random.choice([common, common[1:], (1,), (2,)])
            return np.array(
                [self.position(n) for _ in range(int(np.prod(drawn)))], np.int64
            ).reshape(drawn)
        if kind in ("list", "range"):
            count = self.random.randrange(3)
            return (
                range(min(count, n))
                if kind == "range"
                else [self.position(n) for _ in range(count)]
            )
        return kind == "true" or (kind == "0-d bool" and self.random.random() < 0.5)

    def position(self, n: int) -> int:
        if self.random.random() < 0.02 or not n:
            return self.random.choice([n, -n - 1])
        return self.random.randrange(-n, n)

    def bools(self, shape: tuple[int, ...]) -> np.ndarray:
        if self.random.random() < 0.03:
            shape = (*shape[:-1], shape[-1] + 1)
        count = int(np.prod(shape))
        return np.array([self.random.random() < 0.5 for _ in range(count)], bool).reshape(shape)

    def value(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape that broadcasts to ``shape``, now and then one that does not."""
        if self.random.random() < 0.05:
            return (*shape, 5)
        cut = shape[self.random.randrange(len(shape) + 1) :]
        ones = tuple(1 if self.random.random() < 0.3 else n for n in cut)
        return (1,) * self.random.choice([0, 0, 1]) + ones if len(cut) == len(shape) else ones


PARTS = [
    *"int slice slice none indices indices mask list range 0-d int32 numpy true false".split(),
    "0-d bool",
    "numpy int",
]


def built(parts: list[tuple[str, Any]], torch: Any) -> Any:
    """Return the key that the parts spell, with a library's tensors."""
    made = []
    for kind, value in parts:
        if kind in ("indices", "mask", "0-d", "0-d bool"):
            made.append(torch.tensor(value))
        elif kind == "int32":
            made.append(torch.tensor(value.astype(np.int32)))
        elif kind == "numpy int":
            made.append(np.int64(value))
        else:
            fixed = {"none": None, "ellipsis": Ellipsis, "true": True, "false": False}
            made.append(fixed.get(kind, value))
    return made[0] if len(made) == 1 else tuple(made)


def number_of(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape))


def outcome(call: Any) -> Any:
    """Return what a call returns, or its exception."""
    try:
        return call()
    except Exception as error:
        return error


@pytest.mark.parametrize("seed", range(10))
def test_reads(torch, seed):
    """Values, names of nodes and gradients."""
    results = []
    draw = Draw(seed)
    for _ in range(KEYS):
        shape = draw.shape()
        parts = draw.key(shape)

        def read(shape=shape, parts=parts):
            x = torch.arange(float(number_of(shape))).reshape(shape).requires_grad_()
            out = x[built(parts, torch)]
            if out.dim():
                (out * torch.arange(float(out.numel())).reshape(out.shape)).sum().backward()
            else:
                (out * 3.0).backward()
            return out.detach(), x.grad, out.grad_fn.name()

        results.append(outcome(read))
    return results


@pytest.mark.parametrize("seed", range(10))
def test_writes(torch, seed):
    """Values and gradients of writes by numbers and tensors, on views and wholes."""
    results = []
    draw = Draw(100 + seed)
    for _ in range(KEYS):
        shape = draw.shape()
        parts = draw.key(shape)
        try:
            picked = np.arange(number_of(shape)).reshape(shape)[built(parts, ForNumPy())]
        except (IndexError, TypeError, ValueError):
            picked = np.arange(number_of(shape)).reshape(shape)
        given = draw.value(picked.shape)
        distinct = np.unique(picked).size == picked.size
        on_view = draw.random.random() < 0.3

        def write(shape=shape, parts=parts, given=given, distinct=distinct, on_view=on_view):
            x = torch.arange(float(number_of(shape))).reshape(shape).requires_grad_()
            y = torch.arange(float(number_of(given)), requires_grad=True)
            key = built(parts, torch)
            plain = x.detach().clone()
            plain[key] = 7
            value = y.reshape(given) * 1.0
            base = torch.stack([x, x]) if on_view else x * 1.0
            z = base[0] if on_view else base
            if not distinct:
                with torch.no_grad():
                    z = x * 1.0
                    z[key] = value.reshape(-1)[:1].sum()
                return plain, z
            with torch.no_grad():
                memory = x * 1.0
                memory[key] = value
            z[key] = value
            total = (z * torch.arange(float(z.numel())).reshape(z.shape)).sum()
            found = torch.autograd.grad(total, [x, y], allow_unused=True)
            slopes = [
                torch.zeros_like(t) if g is None else g for t, g in zip([x, y], found, strict=True)
            ]
            writes = not any(kind in ("false", "0-d bool") and not value for kind, value in parts)
            name = base.grad_fn.name() if writes else "nothing"
            return plain, memory, z.detach(), name, *slopes

        results.append(outcome(write))
    return results


class ForNumPy:
    """What builds a key for NumPy, whose shapes are close enough to draw values by."""

    @staticmethod
    def tensor(value: Any) -> Any:
        return np.asarray(value) if not np.isscalar(value) else value
