"""Jacobians, Hessians and linear maps, composed from `vjp`, `jvp` and `vmap`."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.tree import flatten, tree_map
from wengert.errors import DTypeError, ShapeError, shape_text
from wengert.func.batched import vmap
from wengert.func.dual import jvp
from wengert.func.reverse import argument_numbers, vjp
from wengert.tape.meta import beside
from wengert.tape.record import numpy_dtype
from wengert.tape.storage import Recorded
from wengert.tensor import filled, joining, views
from wengert.tensor.tensor import Tensor


class _Chosen:
    """The arguments of one call that are differentiated, and the function of them alone."""

    def __init__(
        self, op: str, func: Callable[..., Any], args: tuple[Any, ...], argnums: Any
    ) -> None:
        self.func, self.args, self.single = func, args, isinstance(argnums, int)
        self.numbers = argument_numbers(op, argnums, len(args))
        self.parts = tuple(args[n] for n in self.numbers)
        self.leaves, self._rebuild = flatten(self.parts)
        for x in self.leaves:
            if not isinstance(x, Recorded):
                raise ValueError(
                    f"{op}: the arguments that argnums names must be tensors, or hold nothing else, and one of them "
                    f"holds a {type(x).__name__}. Name others, or make it a tensor: `torch.tensor(...)`."
                )
        _require_real(op, flatten(args)[0], "inputs")

    def __call__(self, *parts: Any) -> Any:
        """Call the function with these arguments in their places, and the others as they were."""
        full = list(self.args)
        for n, part in zip(self.numbers, parts, strict=True):
            full[n] = part
        return self.func(*full)

    def like(self, leaves: Sequence[Any]) -> Any:
        """Return one value for each differentiated tensor in the arguments' structure; a tuple if argnums is one."""
        parts = self._rebuild(iter(leaves))
        return parts[0] if self.single else parts


def _require_real(op: str, values: Sequence[Any], what: str) -> None:
    for i, x in enumerate(values):
        if isinstance(x, Recorded) and numpy_dtype(x).kind == "c":
            raise DTypeError(
                f"{op}: Expected all {what} to be real but received complex tensor at flattened input idx: {i}. "
                f"Differentiate with respect to `.real` and `.imag`."
            )


def _basis(tensors: Sequence[Any], start: int, stop: int) -> list[Any]:
    """Return rows ``start`` to ``stop`` of the unit vectors of all tensors' elements: ``(stop - start, *shape)`` each.

    The elements count through from the first tensor to the last.
    """
    found, before = [], 0
    for x in tensors:
        n = x.numel()
        rows = np.eye(stop - start, n, start - before, numpy_dtype(x))
        basis = rows.reshape(stop - start, *x.shape)
        found.append(beside(x, lambda shape, dtype, basis=basis: basis, basis.shape, basis.dtype))
        before += n
    return found


def jacrev(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *,
    has_aux: bool = False, chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """Return a function that computes the Jacobian of ``func`` by reverse mode: ``(*output, *input)``.

    Arguments and outputs may be trees of tensors: the result has the outputs' structure, and each leaf of it the
    argument's that ``argnums`` names, or a tuple of such for several. With ``has_aux``, ``func`` returns ``(output,
    aux)`` and the result is ``(jacobian, aux)``. One walk takes all elements of the outputs at once, or
    ``chunk_size`` of them; 1 walks without `vmap`.

    Raises ValueError for a chunk size below 1, RuntimeError for complex tensors and for argnums out of range.

    >>> import wengert as torch
    >>> torch.func.jacrev(lambda x: x ** 2)(torch.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if chunk_size is not None and chunk_size < 1:
        raise ValueError(f"jacrev: `chunk_size` should be greater than 0, not {chunk_size}.")

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        chosen = _Chosen("jacrev", func, args, argnums)
        out, pull, *aux = vjp(chosen, *chosen.parts, has_aux=has_aux)
        outs, rebuild = flatten(out)
        _require_real("jacrev", outs, "outputs")
        columns = _columns(lambda *cts: flatten(pull(rebuild(iter(cts))))[0], outs, chunk_size)
        sizes = [o.numel() for o in outs]
        by_input = [
            [
                views.reshape(p, (*o.shape, *x.shape))
                for p, o in zip(_cut(column, sizes), outs, strict=True)
            ]
            for column, x in zip(columns, chosen.leaves, strict=True)
        ]
        jacobian = rebuild(iter([chosen.like(leaves) for leaves in zip(*by_input, strict=True)]))
        return (jacobian, aux[0]) if has_aux else jacobian

    return wrapper


def _columns(
    pull: Callable[..., list[Any]], outs: Sequence[Any], chunk_size: int | None
) -> list[Any]:
    """Return for each input the cotangents of it that the outputs' elements have, stacked: ``(elements, *input)``."""
    total = sum(o.numel() for o in outs)
    step = chunk_size or max(total, 1)
    chunks = []
    for start in range(0, max(total, 1), step):
        cts = _basis(outs, start, min(start + step, total))
        if chunk_size == 1 and total:
            chunks.append([g.unsqueeze(0) for g in pull(*[ct.squeeze(0) for ct in cts])])
        else:
            chunks.append(vmap(pull)(*cts))
    if len(chunks) == 1:
        return chunks[0]
    return [joining.cat(column) for column in zip(*chunks, strict=True)]


def _cut(x: Any, sizes: Sequence[int], *before: Any) -> list[Any]:
    """Return views of a tensor, one after the other along the dimension that the index ``before`` leads to."""
    ends = itertools.accumulate(sizes)
    return [x[(*before, slice(end - n, end))] for n, end in zip(sizes, ends, strict=True)]


def jacfwd(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *,
    randomness: str = "error",
) -> Callable[..., Any]:  # fmt: skip
    """Return a function that computes the Jacobian of ``func`` by forward mode: ``(*output, *input)``.

    One pass takes all elements of the arguments at once. Structures and ``has_aux`` as in `jacrev`, ``randomness`` as
    in `vmap`. RuntimeError for complex tensors and for argnums out of range.

    >>> import wengert as torch
    >>> torch.func.jacfwd(lambda x: x ** 2)(torch.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        chosen = _Chosen("jacfwd", func, args, argnums)
        _, rebuild = flatten(chosen.parts)
        sizes = [x.numel() for x in chosen.leaves]

        def columns(*tangents: Any) -> Any:
            primal, *rest = jvp(chosen, chosen.parts, rebuild(iter(tangents)), has_aux=has_aux)
            _require_real("jacfwd", flatten(primal)[0], "outputs")
            return tuple(rest)

        places = (-1, 0)[: 1 + has_aux]
        basis = _basis(chosen.leaves, 0, sum(sizes))
        found, *aux = vmap(columns, out_dims=places, randomness=randomness)(*basis)

        def by_input(column: Any) -> Any:
            parts = zip(_cut(column, sizes, ...), chosen.leaves, strict=True)
            return chosen.like([views.reshape(p, (*p.shape[:-1], *x.shape)) for p, x in parts])

        jacobian = tree_map(by_input, found)
        return (jacobian, tree_map(lambda x: x[0], aux[0])) if has_aux else jacobian

    return wrapper


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """Return the second derivatives of ``func``, forward over reverse: ``(*output, *input, *input)``.

    For several arguments a tuple of tuples; structures as in `jacrev`, of which this is the `jacfwd`.

    >>> import wengert as torch
    >>> torch.func.hessian(lambda x: (x ** 3).sum())(torch.tensor([1., 2.]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Return ``(func(*primals), jvp_fn)``; ``jvp_fn(*tangents)`` is the directional derivative there, ``J @ tangents``.

    ``func`` runs once, here: the derivatives are read off its tape, the transpose of `vjp` transposed again, so a
    custom Function needs a ``backward`` that can be differentiated. ``tangents`` have the structure, shapes and dtypes
    of ``primals``, and what comes back has the structure of the output. RuntimeError where they differ, and for an
    output that is no tensor; ValueError for primals that are neither floating point nor complex.

    >>> import wengert as torch
    >>> value, slope = torch.func.linearize(torch.sin, torch.tensor([0., 1.]))
    >>> slope(torch.tensor([2., 0.])), slope(torch.tensor([0., 1.]))
    (tensor([2., 0.]), tensor([0.0000, 0.5403]))
    """
    leaves, _ = flatten(primals)
    for x in leaves:
        if not isinstance(x, Tensor) or not _is_floating(x):
            what = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(
                f"linearize: Expected primals to be floating point or complex tensors, but got: {what}. Use "
                f"`x.float()`, or close over what is not differentiated."
            )
    floating, pull, output = vjp(lambda *xs: _floating(func(*xs)), *primals, has_aux=True)
    zeros = [beside(x, np.zeros, tuple(x.shape), numpy_dtype(x)) for x in floating]
    _, forward = vjp(lambda *cts: tuple(flatten(pull(*cts))[0]), *zeros)

    def jvp_fn(*tangents: Any) -> Any:
        directions = flatten(tangents)[0]
        _require_tangents(primals, leaves, tangents, directions)
        found = iter(forward(*directions)) if leaves else iter(zeros)
        return tree_map(lambda x: next(found) if _is_floating(x) else filled.zeros_like(x), output)

    return output, jvp_fn


def _is_floating(x: Any) -> bool:
    return dtypes.kind(numpy_dtype(x)) in "fc"


def _floating(output: Any) -> tuple[tuple[Any, ...], Any]:
    """Return those tensors of an output that have derivatives, and the output."""
    outs, _ = flatten(output)
    for x in outs:
        if not isinstance(x, Tensor):
            raise RuntimeError(
                f"linearize: Expected func to only return tensors, got unsupported type {type(x).__name__}."
            )
    return tuple(x for x in outs if _is_floating(x)), output


def _require_tangents(
    primals: Any, leaves: Sequence[Any], tangents: Any, directions: Sequence[Any]
) -> None:
    """Raise RuntimeError unless the tangents are like the primals."""
    same = len(leaves) == len(directions)
    numbers, others = itertools.count(), itertools.count()
    if not same or tree_map(lambda x: next(numbers), primals) != tree_map(
        lambda x: next(others), tangents
    ):
        raise RuntimeError(
            "jvp_fn: Expected the tangents to have the same structure as the primals of `linearize`: one tensor for "
            "each."
        )
    for i, (x, t) in enumerate(zip(leaves, directions, strict=True)):
        if not isinstance(t, Tensor):
            raise AttributeError(
                f"jvp_fn: tangent {i} is a {type(t).__name__}, no tensor. Use `torch.tensor(...)`."
            )
        if tuple(x.shape) != tuple(t.shape):
            raise ShapeError(
                f"jvp_fn: tangent {i} has shape {shape_text(t.shape)} and its primal {shape_text(x.shape)}; they must "
                f"be equal."
            )
        if x.dtype is not t.dtype:
            raise DTypeError(
                f"jvp_fn: tangent {i} is {t.dtype} and its primal {x.dtype}; they must be equal."
            )
