"""`torch.autograd.backward` and `torch.autograd.grad`, with PyTorch's signatures."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from wengert.autograd.above import above
from wengert.autograd.graph import tensors_at
from wengert.errors import GradientError, listed
from wengert.rules import structural
from wengert.tape import backward as tape
from wengert.tape.storage import Recorded
from wengert.tensor import filled
from wengert.tensor.creation import mark


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Accumulate the gradients of the sum of ``tensors`` into the leaves' ``.grad``.

    ``grad_tensors`` gives one cotangent per tensor (None stands for 1, for tensors of one element). With ``inputs``,
    only these accumulate, also the values of a dict. A `graph.GradientEdge` may stand for a tensor. ``grad_variables``
    is an older name of ``grad_tensors``. See `Tensor.backward` for what is raised.

    >>> import wengert as torch
    >>> x = torch.tensor([1., 2.], requires_grad=True)
    >>> torch.autograd.backward([x.sum(), (x * x).sum()])
    >>> x.grad
    tensor([3., 5.])
    """
    if grad_variables is not None:
        warnings.warn(
            "`grad_variables` is deprecated. Use `grad_tensors` instead.",
            FutureWarning,
            stacklevel=2,
        )
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to backward(). Please only use "
                "`grad_tensors`."
            )
        grad_tensors = grad_variables
    inputs = _values(inputs)
    tape.backward(
        tensors_at(tensors, grad_tensors), grad_tensors, retain_graph=retain_graph, create_graph=create_graph,
        inputs=tensors_at(inputs), argument="grad_tensors",
    )  # fmt: skip


def _values(inputs: Any) -> Any:
    return tuple(inputs.values()) if isinstance(inputs, dict) else inputs


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """Return ``d(sum outputs)/d(input)`` for each of ``inputs``, by name for a dict; no ``.grad`` is touched.

    ``create_graph=True`` records the gradients, so that they can be differentiated again. ``allow_unused`` gives None
    for inputs that the outputs do not depend on, ``materialize_grads`` zeros; otherwise such an input raises
    RuntimeError. ``is_grads_batched`` takes ``grad_outputs`` with a leading axis and returns gradients with one. A
    `graph.GradientEdge` may stand for a tensor on either side. ``only_inputs`` means nothing.

    >>> import wengert as torch
    >>> x = torch.tensor(2., requires_grad=True)
    >>> (dy,) = torch.autograd.grad(x ** 3, x, create_graph=True)
    >>> torch.autograd.grad(dy, x)
    (tensor(12.),)
    """
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if isinstance(inputs, dict):
        found = grad(
            outputs, _values(inputs), grad_outputs, retain_graph, create_graph, True, allow_unused, is_grads_batched,
            materialize_grads,
        )  # fmt: skip
        return dict(zip(inputs, found, strict=True))
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    options = {
        "create_graph": create_graph,
        "allow_unused": bool(allow_unused) or materialize_grads,
    }
    keep = create_graph if retain_graph is None else retain_graph
    outputs, inputs = tensors_at(outputs, grad_outputs), tensors_at(inputs)
    outputs, inputs = (
        x if isinstance(x, Recorded) else listed(f"grad: {name}", x)
        for name, x in (("outputs", outputs), ("inputs", inputs))
    )
    compute = _batched if is_grads_batched else tape.gradients
    if any(_moves(x) for x in (*_listed(outputs), *_listed(inputs))):
        compute = _with_tangents
        if is_grads_batched:
            raise GradientError(
                f"grad: is_grads_batched=True is for tensors without tangents. {_INSTEAD}"
            )
    found = compute(outputs, inputs, grad_outputs, retain_graph=keep, **options)
    if not materialize_grads:
        return found
    batch = (len(_listed(grad_outputs)[0]),) if is_grads_batched else ()
    inputs = _listed(inputs)
    return tuple(
        _zeros(x, batch, create_graph) if g is None else g
        for x, g in zip(inputs, found, strict=True)
    )


def _listed(values: Any) -> Sequence[Any]:
    return [values] if isinstance(values, Recorded) else values


def _zeros(x: Any, batch: tuple[int, ...], requires_grad: bool) -> Any:
    """Return the gradient of what does not depend on ``x``; as a leaf of further graphs it may require grad."""
    zeros = filled.zeros((*batch, *x.shape), dtype=x.dtype, device=x.device)
    if requires_grad:
        mark(zeros)
    return zeros


_INSTEAD = (
    "Unpack them first with `unpack_dual`, or use `func.jvp(func.grad(f), (x,), (tangent,))`."
)


def _moves(x: Any) -> bool:
    """Say whether something carries a tangent along, with a history beneath."""
    return getattr(getattr(x, "_payload", None), "recorded", None) is not None


def _with_tangents(
    outputs: Any, inputs: Any, grad_outputs: Any, *, retain_graph: bool, **options: Any
) -> tuple[Any, ...]:
    """Return gradients with tangents of their own: that of ``J^T c`` along v is the gradient of ``c . (J v)``.

    For second derivatives do not ask for an order. A tangent ``c'`` of the cotangent adds ``J^T c'``.
    """
    mode, outs, ins = above.duals, _listed(outputs), _listed(inputs)
    if any(_moves(x) for x in ins):
        raise GradientError(
            f"grad: an input carries a tangent along. Differentiate with respect to the tensor that make_dual was "
            f"given. {_INSTEAD}"
        )
    level = next(mode.level_of(o) for o in outs if _moves(o))
    if level.ties:
        raise GradientError(
            f"grad: the outputs carry tangents, and a tangent given to make_dual requires grad, so that tangents of "
            f"gradients cannot be told from it. {_INSTEAD}"
        )
    given = [None] * len(outs) if grad_outputs is None else list(_listed(grad_outputs))
    if len(given) != len(outs) or not all(c is None or isinstance(c, Recorded) for c in given):
        return tape.gradients(outs, ins, given, **options)  # which refuses them
    primals, moved = zip(*(mode.parts(level, o) for o in outs), strict=True)
    seeds = [(None, None) if c is None else mode.parts(level, c) for c in given]
    turned: list[tuple[Any, Any]] = []
    for p, t, (c, turning) in zip(primals, moved, seeds, strict=True):
        if turning is not None:
            turned.append((p, turning))
        if t is not None and t._edge is not None:
            turned.append((t, c))
    second: Sequence[Any] = [None] * len(ins)
    if turned:
        starts, cotangents = zip(*turned, strict=True)
        second = tape.gradients(
            starts, ins, cotangents, retain_graph=True, **{**options, "allow_unused": True}
        )
    first = tape.gradients(
        primals, ins, [c for c, _ in seeds], retain_graph=retain_graph, **options
    )
    return tuple(
        g if g is None or t is None else mode.make(level, g, t)
        for g, t in zip(first, second, strict=True)
    )


def _batched(
    outputs: Any, inputs: Any, grad_outputs: Any, *, retain_graph: bool, **options: Any
) -> tuple[Any, ...]:
    """One walk per row of the cotangents; the results are stacked."""
    given = _listed(grad_outputs)
    count = len(given[0])
    rows = [
        tape.gradients(
            outputs,
            inputs,
            [g[i] for g in given],
            retain_graph=retain_graph or i < count - 1,
            **options,
        )
        for i in range(count)
    ]
    return tuple(
        None if column[0] is None else structural.stack(*column, dim=0)
        for column in zip(*rows, strict=True)
    )
