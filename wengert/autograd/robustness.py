"""What `gradcheck` looks at beside numbers: zero, missing and batched cotangents, missing and batched tangents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wengert.autograd.above import above
from wengert.autograd.context import FunctionNode
from wengert.autograd.slopes import tangents_of
from wengert.errors import GradcheckError
from wengert.rules import structural
from wengert.tape.backward import gradients
from wengert.tape.mode import no_grad
from wengert.tape.storage import Recorded, handle
from wengert.tensor import sampling


def require_multiplied(outputs: Sequence[Any], leaves: Sequence[Any], masked: bool) -> None:
    """Raise GradcheckError unless zero cotangents give zero gradients; about zero, where ``masked``."""
    if not outputs:
        return
    found = gradients(
        list(outputs), list(leaves), [_zeros(o) for o in outputs], retain_graph=True, allow_unused=True
    )  # fmt: skip
    for i, g in enumerate(found):
        if g is not None and not np.allclose(g._payload, 0, atol=1e-8 if masked else 0):
            raise GradcheckError(
                f"backward not multiplied by grad_output: cotangents of zero give a gradient of input {i} that is not "
                f"zero. Let backward return a multiple of what it is given."
            )


def _zeros(x: Any) -> Any:
    return handle(np.zeros(tuple(x.shape), x._payload.dtype))


def require_undefined(outputs: Sequence[Any], leaves: Sequence[Any]) -> None:
    """Raise GradcheckError unless a backward takes None for outputs whose gradient is not there, as zeros.

    That is a question to custom Functions with ``ctx.set_materialize_grads(False)``: all others are given zeros. What
    their backwards raise but RuntimeError is raised on.
    """
    for node in _functions(outputs):
        made = node.made if node.ctx.materialize_grads else ()
        absent = [handle(np.zeros(*m)) if m is not None else None for m in made]
        _undefined(node, absent or [None] * len(node.made))
    if len(outputs) > 1:
        for at in range(len(outputs)):
            others = [o for k, o in enumerate(outputs) if k != at]
            try:
                found = gradients(
                    others, list(leaves), [_zeros(o) for o in others], retain_graph=True, allow_unused=True
                )  # fmt: skip
            except RuntimeError as error:
                raise _not_handled(f"without a gradient of output {at}", error) from error
            _require_zeros(found, f"without a gradient of output {at}")


def _functions(outputs: Sequence[Any]) -> list[Any]:
    """Return the nodes of custom Functions behind outputs."""
    found: dict[int, Any] = {}
    todo = [o.grad_fn for o in outputs]
    while todo:
        node = todo.pop()
        if node is not None and id(node) not in found:
            found[id(node)] = node
            todo.extend(edge[0] for edge in node.next_functions)
    return [node for node in found.values() if isinstance(node, FunctionNode)]


def _undefined(node: Any, absent: Sequence[Any]) -> None:
    name = node.function.__name__
    try:
        with no_grad():
            results = node.function.backward_rule()(node.ctx, *absent)
    except RuntimeError as error:
        raise _not_handled(f"of {name} without any gradient", error) from error
    _require_zeros(
        results if isinstance(results, tuple) else (results,), f"of {name} without any gradient"
    )


def _not_handled(when: str, error: Exception) -> GradcheckError:
    return GradcheckError(
        f"Expected backward function to handle undefined output grads: backward {when} raised {error!r}. With "
        f"ctx.set_materialize_grads(False) it is given None; without, zeros."
    )


def _require_zeros(found: Sequence[Any], when: str) -> None:
    for g in found:
        if isinstance(g, Recorded) and np.any(g._payload != 0):
            raise GradcheckError(
                f"Expected all input grads to be undefined or zero when all output grads are undefined or zero: "
                f"backward {when} returned {handle(g._payload)}. Let it return None, or zeros."
            )


def require_batched(outputs: Sequence[Any], leaves: Sequence[Any]) -> None:
    """Raise GradcheckError unless backward under `vmap` gives what it gives for one cotangent after another.

    Two cotangents for each output are drawn from the generator.
    """
    for k, out in enumerate(outputs):

        def pulled(ct: Any, out: Any = out) -> tuple[Any, ...]:
            found = gradients(out, list(leaves), ct, retain_graph=True, allow_unused=True)
            return tuple(_zeros(x) if g is None else g for g, x in zip(found, leaves, strict=True))

        _compare_batched(
            pulled, [sampling.randn_like(out.detach()) for _ in range(2)], f"gradients of output {k}"
        )  # fmt: skip


def require_batched_forward(
    func: Callable[..., Any], inputs: tuple[Any, ...], checked: Sequence[int], live: Sequence[int]
) -> None:
    """Raise GradcheckError unless `jvp` under `vmap` gives what it gives for one tangent after another."""
    for i in checked:

        def pushed(tangent: Any, i: int = i) -> tuple[Any, ...]:
            return tangents_of(func, inputs, {i: tangent}, live, above.jvp)

        _compare_batched(
            pushed, [sampling.randn_like(inputs[i].detach()) for _ in range(2)],
            f"forward gradients of input {i}",
        )  # fmt: skip


def _compare_batched(fn: Callable[[Any], tuple[Any, ...]], drawn: list[Any], what: str) -> None:
    one_by_one = [fn(x) for x in drawn]
    try:
        together = above.vmap(fn)(structural.stack(*drawn, dim=0))
    except RuntimeError as error:
        raise GradcheckError(
            f"While computing batched gradients, got: {error}\n{what} are computed for one vector and not under vmap. "
            f"Write backward in operations of tensors, without `.item()`, NumPy and branches on values."
        ) from error
    for single, batch in zip(zip(*one_by_one, strict=True), together, strict=True):
        expected = np.stack([x._payload for x in single])
        if not np.allclose(batch._payload, expected):
            raise GradcheckError(
                f"For {what}, computing them under vmap gives other numbers than one vector after another:\n"
                f"got:\n{handle(batch._payload)}\nexpected:\n{handle(expected)}"
            )


def require_undefined_forward(
    func: Callable[..., Any], inputs: tuple[Any, ...], checked: Sequence[int], live: Sequence[int]
) -> None:
    """Raise GradcheckError unless an input without tangent gives the tangents that one with a tangent of zero gives."""
    jvp = above.jvp
    moving = {i: handle(_ramp(inputs[i])) for i in checked}
    for i in checked if len(checked) > 1 else ():
        others = {at: t for at, t in moving.items() if at != i}
        still = tangents_of(func, inputs, {**moving, i: _zeros(inputs[i])}, live, jvp)
        absent = tangents_of(func, inputs, others, live, jvp)
        for k, a, b in zip(live, still, absent, strict=True):
            if not np.allclose(a._payload, b._payload, equal_nan=True):
                raise GradcheckError(
                    f"Mismatch in tangent values for output {k} when input {i} has an undefined tangent value: got\n"
                    f"{handle(b._payload)}\nexpected, as for a tangent of zero:\n{handle(a._payload)}"
                )


def _ramp(x: Any) -> Any:
    """Return some tangent for an input."""
    return np.linspace(0.5, 1.5, x.numel()).reshape(tuple(x.shape)).astype(x._payload.dtype)
