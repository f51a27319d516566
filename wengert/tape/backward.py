"""Starting a walk: `backward` into ``.grad``, and `gradients` returned for chosen inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from wengert.core import carrier
from wengert.core.carrier import EVERYWHERE, Level, leaked
from wengert.errors import DeviceError, GradientError, ShapeError, listed, shape_text
from wengert.tape.engine import Walk, captured
from wengert.tape.landing import accumulate, commit, deposit, handed_over
from wengert.tape.meta import Meta, is_meta
from wengert.tape.node import edge_node
from wengert.tape.provenance import warn_once
from wengert.tape.record import numpy_dtype, recording_level
from wengert.tape.storage import GradCell, Recorded, handle, ndarray, refuse_node_in_trace


def _seed(i: int, out: Any, gradient: Any, walk: Walk, argument: str) -> Any:
    """Return the cotangent that a walk starts with at one output, checked against it; ``argument`` is for such ones."""
    if out._edge is None:
        raise GradientError(
            f"element {i} of tensors does not require grad and does not have a grad_fn. Mark what you differentiate "
            f"with `requires_grad=True` before the forward, and look for `detach`, `no_grad` or `.data` on the way."
        )
    shape = tuple(out.shape)
    dtype = numpy_dtype(out)
    if gradient is None:
        if out.numel() != 1:
            summed = "its `.sum()`" if argument == GRAD_OUTPUTS else "`.sum().backward()`"
            raise GradientError(
                f"grad can be implicitly created only for scalar outputs, and this one has shape "
                f"{shape_text(shape)}. Use {summed}, or pass `{argument}=` of that shape."
            )
        if dtype.kind == "c":
            raise GradientError(
                f"grad can be implicitly created only for real scalar outputs but got {out.dtype}. Use `.real`."
            )
        if is_meta(out):
            return handle(Meta(shape, dtype))
        one: Any = np.ones(shape, dtype)
        return handle(one) if walk.taped else one
    given: Any = gradient
    if tuple(given.shape) != shape:
        raise ShapeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {shape_text(given.shape)} and output[{i}] has a "
            f"shape of {shape_text(shape)}."
        )
    if is_meta(given) is not is_meta(out):
        raise DeviceError(
            f"grad_output[{i}] is on the device {given.device} and output[{i}] on {out.device}. A gradient is where "
            f"the output is: use `torch.ones_like(output)`."
        )
    found = numpy_dtype(given)
    if (found.kind == "c") != (dtype.kind == "c"):
        raise GradientError(
            f"For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
            f"dtype: grad_output[{i}] has a dtype of {given.dtype} and output[{i}] has a dtype of {out.dtype}."
        )
    if found != dtype:
        given = given.to(out.dtype)
    return walk.value(given)


def _level_of(outputs: Sequence[Any]) -> Level:
    """Return the highest level at which an output is recorded; LeakError when its transform has ended."""
    levels = [recording_level(out) for out in outputs if out._edge is not None]
    level = max(levels, key=lambda level: level.number) if levels else outputs[0]._level
    if not level.open:
        raise leaked(level, "backward")
    return level


def _outputs(what: str, tensors: Any) -> list[Any]:
    found = [tensors] if isinstance(tensors, Recorded) else listed(f"{what}: outputs", tensors)
    for t in found:
        if not isinstance(t, Recorded):
            raise TypeError(f"{what}: expected tensors to start from, got {type(t).__name__}.")
        _refuse_outer(t, f"{what}() through a graph from outside")
    if what == "backward":
        found = [_without_tangent(t) for t in found]
    if not found:
        raise GradientError(f"{what}: there is no tensor to start from.")
    return found


def _without_tangent(x: Any) -> Any:
    """Return what is recorded of a tensor that carries a tangent along: ``.grad`` gets none."""
    if x._edge is None and x._payload.__class__ is not ndarray:
        below = getattr(x._payload, "recorded", None)
        return x if below is None else below
    return x


def _refuse_outer(x: Recorded, op: str) -> None:
    """Raise TraceError for a result of operations that are older than the running trace."""
    node, _ = edge_node(x._edge)
    if node is not None:
        refuse_node_in_trace(node.rank, op)


def _inputs(what: str, tensors: Any) -> list[Any]:
    """Return the tensors of ``inputs=``; RuntimeError unless they are tensors that require grad."""
    found = [tensors] if isinstance(tensors, Recorded) else listed(f"{what}: inputs", tensors)
    if not found:
        raise GradientError(f"`inputs` argument to `{what}()` cannot be empty.")
    for i, x in enumerate(found):
        if not isinstance(x, Recorded):
            raise GradientError(
                f"{what}: all inputs have to be Tensors, but got {type(x).__name__} at position {i}."
            )
        if x._edge is None:
            raise GradientError(
                f"One of the differentiated Tensors does not require grad: inputs[{i}]. Mark it with "
                f"`requires_grad_()` before the forward."
            )
        _refuse_outer(x, f"{what}(inputs=...) with a result of operations from outside")
    return found


def _paired(outputs: list[Any], gradients: Any, argument: str) -> list[Any]:
    """Return one cotangent or None for each output."""
    if gradients is None:
        return [None] * len(outputs)
    found = [gradients] if isinstance(gradients, Recorded) else listed(argument, gradients)
    for g in found:
        if g is not None and not isinstance(g, Recorded):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(g).__name__}. Use `torch.tensor(...)`."
            )
    if len(found) != len(outputs):
        raise GradientError(
            f"got {len(outputs)} tensors and {len(found)} gradients. Give one gradient in `{argument}=`, or None, for "
            f"each tensor."
        )
    return found


def _go(walk: Walk, outputs: list[Any], gradients: Any, argument: str) -> None:
    """Check the cotangents to start with, which were given as ``argument``, and walk."""
    pairs = zip(outputs, _paired(outputs, gradients, argument), strict=True)
    seeds = [_seed(i, *pair, walk, argument) for i, pair in enumerate(pairs)]
    walk.run([out._edge for out in outputs], seeds)


GRAD_OUTPUTS: Final = "grad_outputs"
OF_A_CYCLE: Final = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient, "
    "which lives until Python looks for such cycles. Use `autograd.grad`, or set `.grad` to None afterwards."
)


def backward(
    tensors: Any,
    gradients: Any = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
    argument: str = "gradient",
) -> None:
    """Accumulate the gradients of ``tensors`` into the leaves' ``.grad`` (of ``inputs`` only, when given).

    ``argument`` is the name that ``gradients`` has in the function that the program called.
    Raises RuntimeError for outputs without history, non-scalars without a gradient, gradients of another shape, and a
    graph whose residuals were freed; then no ``.grad`` has changed.
    """
    if gradients is None and inputs is None and not create_graph and isinstance(tensors, Recorded):
        payload = tensors._payload
        if payload.__class__ is ndarray and payload.size == 1 and tensors._edge is not None:
            if not carrier.special and payload.dtype.kind == "f":
                walk = Walk(tensors._level, taped=False, keep_graph=bool(retain_graph))
                one = payload.dtype.type(1)
                walk.run(
                    (tensors._edge,), (one if not payload.ndim else np.full(payload.shape, one),)
                )
                deposit(walk)
                return
    outputs = _outputs("backward", tensors)
    keep = create_graph if retain_graph is None else retain_graph
    chosen = None if inputs is None else _inputs("backward", inputs)
    wanted = None if chosen is None else [x._edge for x in chosen]
    walk = Walk(_level_of(outputs), taped=create_graph, keep_graph=keep, wanted=wanted)
    if create_graph:
        warn_once(OF_A_CYCLE)
    _go(walk, outputs, gradients, argument)
    deposit(walk)
    for x in chosen or ():
        _retain(x, captured(walk, x._edge), create_graph)


def _retain(x: Any, ct: Any, taped: bool) -> None:
    """Have an inner tensor that was asked for in ``inputs=`` retain its gradient, from this walk on."""
    node, index = edge_node(x._edge)
    if node is None or x._owner is EVERYWHERE:
        return
    retained = node.extras().retained
    if index not in retained:
        retained[index] = grad_cell(x)
        if ct is not None:
            accumulate(retained[index], ct, owned=False, taped=taped)


def grad_cell(x: Any) -> GradCell:
    """Return the place of a tensor's ``.grad``, making it when there is none yet."""
    if x._cell is None:
        x._cell = GradCell(x, tuple(x.shape), numpy_dtype(x), x._level)
    return x._cell  # type: ignore[no-any-return]


def gradients(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of the sum of ``outputs`` with respect to each of ``inputs``; ``.grad`` is not touched."""
    outs = _outputs("grad", outputs)
    ins = _inputs("grad", inputs)
    keep = create_graph if retain_graph is None else retain_graph
    walk = Walk(
        _level_of(outs), taped=create_graph, keep_graph=keep, wanted=[x._edge for x in ins], lands=False
    )  # fmt: skip
    _go(walk, outs, grad_outputs, GRAD_OUTPUTS)
    found = [handed_over(walk, x._edge) for x in ins]
    unused = [i for i, g in enumerate(found) if g is None]
    if unused and not allow_unused:
        raise GradientError(
            f"One of the differentiated Tensors appears to not have been used in the graph: inputs[{unused[0]}]. "
            f"Set allow_unused=True if this is the desired behavior."
        )
    commit(walk)
    return tuple(found)


__all__ = ["backward", "grad_cell", "gradients"]
