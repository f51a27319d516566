"""`torch.autograd.backward` and `torch.autograd.grad`, with PyTorch's signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.autograd.graph import tensors_at
from wengert.rules import structural
from wengert.tape import backward as tape
from wengert.tape.storage import Recorded, handle
from wengert.tensor.creation import mark
from wengert.tensor.promotion import dtype_of


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Accumulate the gradients of the sum of ``tensors`` into the leaves' ``.grad``.

    ``grad_tensors`` gives one cotangent per tensor (None stands for 1, for tensors of one element). With ``inputs``,
    only these accumulate. A `graph.GradientEdge` may stand for a tensor. See `Tensor.backward` for what is raised.

    >>> import wengert as torch
    >>> x = torch.tensor([1., 2.], requires_grad=True)
    >>> torch.autograd.backward([x.sum(), (x * x).sum()])
    >>> x.grad
    tensor([3., 5.])
    """
    tape.backward(
        tensors_at(tensors, grad_tensors), grad_tensors, retain_graph=retain_graph, create_graph=create_graph,
        inputs=tensors_at(inputs),
    )  # fmt: skip


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return ``d(sum outputs)/d(input)`` for each of ``inputs``; no ``.grad`` is touched.

    ``create_graph=True`` records the gradients, so that they can be differentiated again. ``allow_unused`` gives None
    for inputs that the outputs do not depend on, ``materialize_grads`` zeros; otherwise such an input raises
    RuntimeError. ``is_grads_batched`` takes ``grad_outputs`` with a leading axis and returns gradients with one. A
    `graph.GradientEdge` may stand for a tensor on either side.

    >>> import wengert as torch
    >>> x = torch.tensor(2., requires_grad=True)
    >>> (dy,) = torch.autograd.grad(x ** 3, x, create_graph=True)
    >>> torch.autograd.grad(dy, x)
    (tensor(12.),)
    """
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
    compute = _batched if is_grads_batched else tape.gradients
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
    zeros = handle(np.zeros((*batch, *x.shape), dtype_of(x)))
    if requires_grad:
        mark(zeros)
    return zeros


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
