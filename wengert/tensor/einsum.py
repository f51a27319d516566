"""Einstein's summation: sums of products over named dimensions, as a chain of products of two.

What is said in names becomes permutations, reshapes and one matrix product for each pair, so every derivative follows.
"""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.core.shapes import Shape
from wengert.errors import ShapeError, shape_text
from wengert.rules import windows
from wengert.tape.storage import Recorded
from wengert.tensor import contraction, reductions, views
from wengert.tensor.arithmetic import mul
from wengert.tensor.promotion import require_tensor

__all__ = ["einsum"]

Labels = tuple[int, ...]
LETTERS = string.ascii_uppercase + string.ascii_lowercase
DOTS = -1
"""Stands for an ellipsis among labels; the dimensions that it covers are numbered from 52."""


def einsum(equation: Any, *operands: Any) -> Any:
    """Return the sum of products that an equation of letters names: ``"ij,jk->ik"`` is a matrix product.

    A letter for each dimension. Letters that are not in the output are summed over; a letter twice in one operand takes
    the diagonal. ``...`` covers dimensions without letters, which broadcast. Without ``->`` the output has the letters
    that occur once, in the order of the alphabet. The letters may be given as lists of numbers instead:
    ``einsum(x, [0, 1], y, [1, 2], [0, 2])``.

    Raises RuntimeError for letters that do not fit the operands or each other's sizes.

    >>> import wengert as torch
    >>> x = torch.tensor([[1., 2.], [3., 4.]])
    >>> torch.einsum("ij,j->i", x, torch.tensor([1., 10.])), torch.einsum("ii", x)
    (tensor([21., 43.]), tensor(5.))
    """
    if isinstance(equation, str):
        if len(operands) == 1 and isinstance(operands[0], list | tuple):
            operands = tuple(operands[0])
        inputs, output = _parsed(equation)
    else:
        operands, inputs, output = _from_lists((equation, *operands))
    if not operands:
        raise ShapeError("einsum(): must provide at least one operand")
    for x in operands:
        require_tensor("einsum", x, "operands")
    if len(inputs) != len(operands):
        raise ShapeError(
            f"einsum(): {'fewer' if len(operands) < len(inputs) else 'more'} operands were provided than specified in "
            f"the equation, which has {len(inputs)}; got {len(operands)}."
        )
    named, result = _numbered(inputs, output, tuple(x.ndim for x in operands))
    parts = [_distinct(x, labels) for x, labels in zip(operands, named, strict=True)]
    return _chain(parts, result)


@functools.lru_cache(maxsize=512)
def _parsed(equation: str) -> tuple[tuple[Labels, ...], Labels | None]:
    """Read an equation into labels for each operand and for the output (None where it is implied)."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    inputs = tuple(_labels(part, equation) for part in left.split(","))
    return inputs, _labels(right, equation) if arrow else None


def _labels(part: str, equation: str) -> Labels:
    found = []
    for piece in part.replace("...", "*"):
        if piece not in LETTERS and piece != "*":
            raise ShapeError(
                f"einsum(): invalid subscript given at index {equation.index(piece)} in the equation string, "
                f"subscripts must be in [a-zA-Z], not {piece!r}."
            )
        found.append(DOTS if piece == "*" else LETTERS.index(piece))
    if found.count(DOTS) > 1:
        raise ShapeError(
            f"einsum(): found '...' in {part!r} for which an ellipsis was already found."
        )
    return tuple(found)


def _from_lists(
    given: tuple[Any, ...],
) -> tuple[tuple[Any, ...], tuple[Labels, ...], Labels | None]:
    """Read operands and lists of numbers in turn, and perhaps one for the output."""
    pairs = len(given) // 2
    operands = given[: 2 * pairs : 2]
    if not all(isinstance(x, Recorded) for x in operands):
        raise ValueError(
            "einsum(): give an equation first, or operands and lists of numbers in turn."
        )
    inputs = tuple(_listed(labels) for labels in given[1 : 2 * pairs : 2])
    return operands, inputs, _listed(given[-1]) if len(given) % 2 else None


def _listed(labels: Sequence[Any]) -> Labels:
    if any(n is not Ellipsis and not 0 <= n < 52 for n in labels):
        raise ValueError(
            f"einsum(): the subscripts in {list(labels)!r} must be in the range [0, 52)."
        )
    return tuple(DOTS if n is Ellipsis else int(n) for n in labels)


@functools.lru_cache(maxsize=512)
def _numbered(
    inputs: tuple[Labels, ...], output: Labels | None, ranks: tuple[int, ...]
) -> tuple[tuple[Labels, ...], Labels]:
    """Give the dimensions under each ellipsis labels of their own, aligned at the end, and complete the output."""
    covered = 0
    for i, (labels, rank) in enumerate(zip(inputs, ranks, strict=True)):
        if len(labels) != rank and DOTS not in labels:
            raise ShapeError(
                f"einsum(): the number of subscripts in the equation ({len(labels)}) does not match the number of "
                f"dimensions ({rank}) for operand {i} and no ellipsis was given."
            )
        if DOTS in labels:
            if len(labels) - 1 > rank:
                raise ShapeError(
                    f"einsum(): the number of subscripts in the equation ({len(labels) - 1}) is more than the number "
                    f"of dimensions ({rank}) for operand {i}."
                )
            covered = max(covered, rank - len(labels) + 1)
    unnamed = tuple(range(52, 52 + covered))
    named = tuple(
        _filled(labels, unnamed[covered - (rank - len(labels) + 1) :])
        for labels, rank in zip(inputs, ranks, strict=True)
    )
    flat = [n for labels in inputs for n in labels if n != DOTS]
    if output is None:
        return named, (*unnamed, *sorted(n for n in set(flat) if flat.count(n) == 1))
    result = _filled(output, unnamed)
    for n in result:
        if result.count(n) > 1:
            raise ShapeError(
                f"einsum(): output subscript {_name(n)} appears more than once in the output."
            )
        if n < 52 and n not in flat:
            raise ShapeError(
                f"einsum(): output subscript {_name(n)} does not appear in the equation for any input operand."
            )
    return named, result


def _filled(labels: Labels, unnamed: Labels) -> Labels:
    if DOTS not in labels:
        return labels
    at = labels.index(DOTS)
    return (*labels[:at], *unnamed, *labels[at + 1 :])


def _name(label: int) -> str:
    return LETTERS[label] if label < 52 else "..."


Part = tuple[Any, Labels]
"""A tensor and the labels of its dimensions, all different."""


def _distinct(x: Any, labels: Labels) -> Part:
    """Take the diagonal wherever a label stands twice."""
    for n in dict.fromkeys(labels):
        while labels.count(n) > 1:
            first = labels.index(n)
            second = labels.index(n, first + 1)
            if x.shape[first] != x.shape[second]:
                raise ShapeError(
                    f"einsum(): subscript {_name(n)} is repeated for an operand, but the sizes don't match, "
                    f"{x.shape[second]} != {x.shape[first]}."
                )
            x = views.viewed(windows.diagonal, x, {"offset": 0, "dim1": first, "dim2": second})
            labels = (*(m for i, m in enumerate(labels) if i not in (first, second)), n)
    return x, labels


def _chain(parts: list[Part], result: Labels) -> Any:
    """Multiply the parts pair by pair, and bring what is left into the order of the result."""
    _require_sizes(parts)
    for pair in _order(parts, result):
        left, right = (parts[i] for i in pair)
        parts = [part for i, part in enumerate(parts) if i not in pair]
        wanted = frozenset(result).union(*(labels for _, labels in parts))
        parts.append(_multiplied(left, right, wanted))
    x, labels = _summed(parts[0], frozenset(result))
    if labels == result:
        return x
    return views.permute(x, [labels.index(n) for n in result])


def _require_sizes(parts: Sequence[Part]) -> None:
    sizes: dict[int, int] = {}
    for x, labels in parts:
        for n, size in zip(labels, x.shape, strict=True):
            if sizes.setdefault(n, size) != size and 1 not in (size, sizes[n]):
                shapes = " and ".join(shape_text(p.shape) for p, _ in parts)
                raise ShapeError(
                    f"einsum(): operands do not broadcast: subscript {_name(n)} has sizes {sizes[n]} and {size} in "
                    f"shapes {shapes}."
                )
            sizes[n] = max(sizes[n], size) if 0 not in (size, sizes[n]) else 0


def _order(parts: Sequence[Part], result: Labels) -> list[tuple[int, int]]:
    """Return which parts to multiply next, each time: what is multiplied goes to the end of the list."""
    if len(parts) <= 2:
        return [(0, 1)] if len(parts) == 2 else []
    shapes = tuple(tuple(x.shape) for x, _ in parts)
    return _path(tuple(labels for _, labels in parts), shapes, result)


@functools.lru_cache(maxsize=512)
def _path(
    named: tuple[Labels, ...], shapes: tuple[Shape, ...], result: Labels
) -> list[tuple[int, int]]:
    order = list(dict.fromkeys(n for labels in named for n in labels))
    if len(order) > 52:
        return [(0, len(named) - 1 - i) for i in range(len(named) - 1)]
    given: list[Any] = []
    for labels, shape in zip(named, shapes, strict=True):
        given += [np.broadcast_to(0.0, shape), [order.index(n) for n in labels]]
    found, _ = np.einsum_path(*given, [order.index(n) for n in result], optimize="greedy")
    pairs: list[tuple[int, int]] = []
    for step in found[1:]:
        first, second, *others = sorted(step)
        pairs.append((first, second))
        # Where NumPy would multiply several at once, the product, now the last, goes on with each of the others.
        left = len(named) - len(pairs)
        for taken, n in enumerate(others):
            pairs.append((n - 2 - taken, left - taken - 1))
    return pairs


def _summed(part: Part, wanted: frozenset[int]) -> Part:
    """Sum over the dimensions whose labels nobody wants."""
    x, labels = part
    axes = tuple(i for i, n in enumerate(labels) if n not in wanted)
    if not axes:
        return part
    return reductions.sum(x, axes), tuple(n for n in labels if n in wanted)


def _multiplied(left: Part, right: Part, wanted: frozenset[int]) -> Part:
    """Multiply two parts and sum over the labels that nobody else wants: one matrix product, or one of elements."""
    left, right = _unrepeated(left, right), _unrepeated(right, left)
    left = _summed(left, wanted.union(right[1]))
    right = _summed(right, wanted.union(left[1]))
    (x, a), (y, b) = left, right
    both = [n for n in a if n in b and n in wanted]
    inner = [n for n in a if n in b and n not in wanted]
    rows = [n for n in a if n not in b]
    columns = [n for n in b if n not in a]
    if not inner:
        labels = (*both, *rows, *columns)
        return mul(_spread(x, a, labels), _spread(y, b, labels)), labels
    size = dict(zip(a, x.shape, strict=True)) | dict(zip(b, y.shape, strict=True))
    groups = [tuple(size[n] for n in names) for names in (both, rows, inner, columns)]
    m, k, n = (math.prod(g) for g in groups[1:])
    batch = (math.prod(groups[0]),) if both else ()
    x = _arranged(x, [a.index(i) for i in (*both, *rows, *inner)], (*batch, m, k))
    y = _arranged(y, [b.index(i) for i in (*both, *inner, *columns)], (*batch, k, n))
    made = contraction.bmm(x, y) if both else contraction.mm(x, y)
    labels = (*both, *rows, *columns)
    return _arranged(made, range(made.ndim), (*groups[0], *groups[1], *groups[3])), labels


def _arranged(x: Any, order: Sequence[int], shape: Shape) -> Any:
    """Put dimensions in order and join them into a shape, where that changes anything."""
    if list(order) != list(range(len(order))):
        x = views.permute(x, *order)
    return x if tuple(x.shape) == shape else views.reshape(x, shape)


def _unrepeated(part: Part, other: Part) -> Part:
    """Drop dimensions of size 1 that broadcast against the other part's of the same label."""
    x, labels = part
    there = dict(zip(other[1], other[0].shape, strict=True))
    axes = [i for i, n in enumerate(labels) if x.shape[i] == 1 and there.get(n, 1) != 1]
    if not axes:
        return part
    return views.squeeze(x, tuple(axes)), tuple(n for i, n in enumerate(labels) if i not in axes)


def _spread(x: Any, labels: Labels, target: Labels) -> Any:
    """Put dimensions in the order of ``target``, with size 1 for labels that ``x`` lacks."""
    have = [n for n in target if n in labels]
    x = views.permute(x, [labels.index(n) for n in have])
    sizes = dict(zip(have, x.shape, strict=True))
    return views.reshape(x, [sizes.get(n, 1) for n in target])
