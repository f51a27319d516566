"""Products with Jacobians and Hessians, and these themselves, of functions of tensors: `torch.autograd.functional`.

All of it is composed from `grad`: a Jacobian times a vector is the derivative of the vector-Jacobian product with
respect to its vector, in which it is linear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wengert.autograd.backward import grad
from wengert.errors import GradientError, ShapeError, shape_text
from wengert.tape.mode import enable_grad, is_grad_enabled, set_grad_enabled
from wengert.tape.storage import Recorded
from wengert.tensor.filled import ones_like, zeros, zeros_like
from wengert.tensor.joining import stack

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Any, ...]


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``func(*inputs)`` and the vector-Jacobian product ``v @ J``, shaped like the inputs.

    ``inputs`` and what the function returns are a tensor or a tuple of them, and ``v`` is shaped like the latter; it
    may be left out where that is a single number. With ``create_graph`` both results can be differentiated; else they
    have no history. An input that does not matter gives zeros, and RuntimeError where ``strict``.

    >>> import wengert as torch
    >>> from wengert.autograd.functional import vjp
    >>> vjp(lambda x: x ** 2, torch.tensor([1., 2.]), torch.tensor([1., 10.]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    call = _Call("vjp", func, inputs, create_graph, strict)
    cotangents = call.vector(v, call.outputs, call.many_outputs, "the function returns")
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _gradients(call.outputs, call.inputs, cotangents, create_graph)
        found = call.filled(found, call.inputs, "The output of the user-provided function")
    return call.outputs_again(), call.returned(found, call.many_inputs)


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``func(*inputs)`` and the Jacobian-vector product ``J @ v``, shaped like the outputs.

    ``v`` is shaped like the inputs, and may be left out where these are a single number. Everything else is as in
    `vjp`; `torch.func.jvp` computes the same in one pass forward.

    >>> import wengert as torch
    >>> from wengert.autograd.functional import jvp
    >>> jvp(lambda x: x ** 2, torch.tensor([1., 2.]), torch.tensor([1., 10.]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    call = _Call("jvp", func, inputs, create_graph, strict)
    tangents = call.vector(v, call.inputs, call.many_inputs, "the function takes")
    found = _pushed(call, tangents, create_graph)
    found = call.filled(found, call.outputs, "The gradient with respect to the input", "output")
    return call.outputs_again(), call.returned(found, call.many_outputs)


def _pushed(call: _Call, tangents: Tensors | None, create_graph: bool) -> Tensors:
    """Return the products of the Jacobian with one set of tangents; None where an output depends on no input."""
    with enable_grad():
        cotangents = tuple(zeros_like(out, requires_grad=True) for out in call.outputs)
        pulled = _gradients(call.outputs, call.inputs, cotangents, True)
    if call.strict:
        _require_history(
            pulled, "The gradient with respect to input {i} is independent of the inputs"
        )
    with set_grad_enabled(create_graph or is_grad_enabled()):
        return _gradients(pulled, cotangents, tangents, create_graph, retain_graph=True)


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``func(*inputs)``, which is one number, and ``v @ H`` with its Hessian H, shaped like the inputs.

    ``v`` is shaped like the inputs too. Everything else is as in `vjp`.
    """
    call = _Call("vhp", func, inputs, create_graph, strict)
    slopes = call.slopes()
    vector = call.vector(v, call.inputs, call.many_inputs, "the function takes")
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _gradients(slopes, call.inputs, vector, create_graph)
        found = call.filled(found, call.inputs, "The jacobian of the user-provided function")
    return call.outputs_again(), call.returned(found, call.many_inputs)


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``func(*inputs)``, which is one number, and ``H @ v`` with its Hessian H, shaped like the inputs.

    A Hessian is symmetric where the second derivatives are continuous, and then this is `vhp`, which is cheaper.

    >>> import wengert as torch
    >>> from wengert.autograd.functional import hvp
    >>> hvp(lambda x: (x ** 3).sum(), torch.tensor([1., 2.]), torch.tensor([1., 1.]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    call = _Call("hvp", func, inputs, create_graph, strict)
    slopes = call.slopes()
    vector = call.vector(v, call.inputs, call.many_inputs, "the function takes")
    with enable_grad():
        cotangents = tuple(zeros_like(x, requires_grad=True) for x in call.inputs)
        pulled = _gradients(slopes, call.inputs, cotangents, True)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _gradients(pulled, cotangents, vector, create_graph)
        found = call.filled(found, call.inputs, "The jacobian of the user-provided function")
    return call.outputs_again(), call.returned(found, call.many_inputs)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the derivatives of each output by each input: ``(*output.shape, *input.shape)``.

    One input and one output give a tensor, several of either a tuple of them, of both a tuple for each output.
    "reverse-mode" walks once per element of the outputs, "forward-mode" once per element of the inputs. ``vectorize``
    changes nothing but what PyTorch asks for with it: "forward-mode" needs it, and ``strict`` refuses it.

    >>> import wengert as torch
    >>> from wengert.autograd.functional import jacobian
    >>> jacobian(lambda x: x ** 2, torch.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _require_strategy("jacobian", strategy, create_graph, strict, vectorize)
    call = _Call("jacobian", func, inputs, create_graph, strict)
    with enable_grad():
        if strategy == "forward-mode":
            blocks = _columns(call)
        else:
            blocks = tuple(_rows(call, i) for i in range(len(call.outputs)))
    by_output = tuple(call.returned(row, call.many_inputs) for row in blocks)
    return by_output if call.many_outputs else by_output[0]


def _require_strategy(
    op: str, strategy: str, create_graph: bool, strict: bool, vectorize: bool
) -> None:
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            f'{op}: Expected strategy to be either "forward-mode" or "reverse-mode", got {strategy!r}.'
        )
    if strategy == "reverse-mode":
        if strict and vectorize:
            raise RuntimeError(
                f"{op}: `strict=True` and `vectorize=True` are not supported together. Leave one out."
            )
        return
    if create_graph:
        raise NotImplementedError(
            f'{op}: `create_graph=True` and `strategy="forward-mode"` are not supported together. Use "reverse-mode", '
            f"or torch.func.jacfwd, whose results can be differentiated."
        )
    if strict:
        raise RuntimeError(
            f'{op}: `strict=True` and `strategy="forward-mode"` are not supported together. Use "reverse-mode".'
        )
    if not vectorize:
        raise NotImplementedError(f'{op}: `strategy="forward-mode"` needs `vectorize=True`.')


def _rows(call: _Call, i: int) -> Tensors:
    """Return the derivatives of one output by each input, a walk for each of its elements."""
    out = call.outputs[i]
    flat = out.reshape(out.numel())
    walks = []
    for j in range(out.numel()):
        found = _gradients((flat[j],), call.inputs, None, call.create_graph, retain_graph=True)
        walks.append(call.filled(found, call.inputs, f"Output {i} of the user-provided function"))
    return tuple(
        _stacked([walk[k] for walk in walks], (*out.shape, *x.shape), x)
        for k, x in enumerate(call.inputs)
    )


def _columns(call: _Call) -> tuple[Tensors, ...]:
    """Return the derivatives of each output by each input, a product with a basis vector for each of its elements."""
    found: list[list[list[Any]]] = [[[] for _ in call.inputs] for _ in call.outputs]
    for k, x in enumerate(call.inputs):
        for j in range(x.numel()):
            tangents = [zeros_like(other) for other in call.inputs]
            tangents[k].view(-1)[j] = 1
            pushed = call.filled(_pushed(call, tuple(tangents), False), call.outputs, "")
            for i, column in enumerate(pushed):
                found[i][k].append(column)
    return tuple(
        tuple(_columns_of(found[i][k], out, x) for k, x in enumerate(call.inputs))
        for i, out in enumerate(call.outputs)
    )


def _columns_of(columns: list[Any], out: Any, x: Any) -> Any:
    stacked = _stacked(columns, (*x.shape, *out.shape), out)
    axes = (*range(x.ndim, stacked.ndim), *range(x.ndim))
    return stacked.permute(axes)


def _stacked(parts: list[Any], shape: tuple[int, ...], like: Any) -> Any:
    if not parts:
        return zeros(shape, dtype=like.dtype)
    return stack(parts).reshape(shape)


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the second derivatives of a function that gives one number: ``(*input.shape, *input.shape)``.

    Several inputs give a tuple of tuples: the derivative by input i, then by input j. It is the `jacobian` of the
    gradient, with the options of that.

    >>> import wengert as torch
    >>> from wengert.autograd.functional import hessian
    >>> hessian(lambda x: (x ** 3).sum(), torch.tensor([1., 2.]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    many, given = _tensors("hessian", "inputs", inputs)
    _require_strategy("hessian", outer_jacobian_strategy, create_graph, strict, vectorize)

    def gradient(*parts: Any) -> Tensors:
        call = _Call("hessian", func, parts, True, strict)
        return call.filled(call.slopes(), call.inputs, "The output of the user-provided function")

    found = jacobian(gradient, given, create_graph, strict, vectorize, outer_jacobian_strategy)
    return found if many else found[0][0]


class _Call:
    """One evaluation of a user's function, on handles of its own of the inputs.

    With ``create_graph`` these are views of the inputs that require grad, so that gradients flow back to them; they are
    other tensors even so, since the function may use the inputs by another way as well.
    """

    def __init__(
        self, op: str, func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool
    ) -> None:
        self.op, self.create_graph, self.strict = op, create_graph, strict
        self.many_inputs, given = _tensors(op, "inputs", inputs)
        with enable_grad():
            self.inputs = tuple(_fresh(x, create_graph, True) for x in given)
            made = func(*self.inputs)
        self.many_outputs, self.outputs = _tensors(
            op, "outputs of the user-provided function", made
        )
        if strict:
            _require_history(
                self.outputs, "Output {i} of the user-provided function does not require gradients"
            )

    def slopes(self) -> Tensors:
        """Return the derivatives of the one number that the function gives, recorded."""
        if self.many_outputs:
            raise RuntimeError(
                f"The function given to {self.op} should return a single Tensor, not a tuple of them."
            )
        if self.outputs[0].numel() != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {self.op} should contain a single element, but it has "
                f"the shape {shape_text(self.outputs[0].shape)}. Sum it, or use `jacobian`."
            )
        with enable_grad():
            found = _gradients(self.outputs, self.inputs, None, True)
        if self.strict:
            _require_history(
                found,
                "The jacobian of the user-provided function with respect to input {i} is independent of the input",
            )
        return found

    def vector(self, v: Any, like: Tensors, many: bool, whose: str) -> Tensors | None:
        """Check a vector that is shaped like inputs or outputs; None where it may be left out and is."""
        if v is None:
            if len(like) != 1 or like[0].numel() != 1:
                raise RuntimeError(
                    f"{self.op}: The vector v can only be None if what {whose} is a single Tensor with a single "
                    f"element."
                )
            return None
        _, given = _tensors(self.op, "v", v)
        if len(given) != len(like):
            wanted = f"a tuple of {len(like)} tensors" if many else "a single Tensor"
            raise RuntimeError(
                f"{self.op}: The given v should contain {wanted}, as what {whose}, but it has {len(given)}."
            )
        for i, (part, x) in enumerate(zip(given, like, strict=True)):
            if part.shape != x.shape:
                raise ShapeError(
                    f"{self.op}: Entry {i} in v has invalid size: should be {shape_text(x.shape)} but got "
                    f"{shape_text(part.shape)}."
                )
        return tuple(_fresh(part, self.create_graph, False) for part in given)

    def filled(self, found: Tensors, like: Tensors, what: str, by: str = "input") -> Tensors:
        """Put zeros where there is no gradient; GradientError instead where ``strict``."""
        for i, x in enumerate(found):
            if self.strict and (x is None or (self.create_graph and not x.requires_grad)):
                raise GradientError(
                    f"{self.op}: {what} is independent of {by} {i}. This is not allowed in strict mode"
                    f"{'' if x is None else ' when create_graph=True'}."
                )
        return tuple(zeros_like(x) if g is None else g for g, x in zip(found, like, strict=True))

    def returned(self, values: Sequence[Any], many: bool) -> Any:
        """Return one tensor or a tuple of them, without history unless a graph was asked for."""
        kept = tuple(x if self.create_graph else x.detach() for x in values)
        return kept if many else kept[0]

    def outputs_again(self) -> Any:
        """Return what the function gave."""
        return self.returned(self.outputs, self.many_outputs)


def _tensors(op: str, what: str, given: Any) -> tuple[bool, Tensors]:
    """Say whether a tuple was given, and return it or the tuple of the one tensor; TypeError for anything else."""
    many = isinstance(given, tuple)
    parts = given if many else (given,)
    for i, x in enumerate(parts):
        if not isinstance(x, Recorded):
            where = f"the value at index {i}" if many else f"the given {what}"
            raise TypeError(
                f"The {what} given to {op} must be either a Tensor or a tuple of Tensors but {where} has type "
                f"{type(x)}."
            )
    return many, parts


def _fresh(x: Any, create_graph: bool, requires_grad: bool) -> Any:
    if create_graph and x.requires_grad:
        return x.view_as(x)
    return x.detach().requires_grad_(requires_grad)


def _gradients(
    outputs: Tensors,
    inputs: Tensors,
    cotangents: Tensors | None,
    create_graph: bool,
    retain_graph: bool | None = None,
) -> Tensors:
    """Return what `grad` does, of those outputs that have a history; None for inputs that do not matter."""
    if cotangents is None:
        cotangents = tuple(ones_like(out) if out is not None else None for out in outputs)
    pairs = [
        (out, ct)
        for out, ct in zip(outputs, cotangents, strict=True)
        if out is not None and out.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    recorded, their_cotangents = zip(*pairs, strict=True)
    return grad(  # type: ignore[no-any-return]
        recorded,
        inputs,
        their_cotangents,
        retain_graph=retain_graph,
        create_graph=create_graph,
        allow_unused=True,
    )


def _require_history(values: Tensors, problem: str) -> None:
    """Raise GradientError for the first value that is missing or requires no grad."""
    for i, x in enumerate(values):
        if x is None or not x.requires_grad:
            raise GradientError(
                f"{problem.format(i=i)}. This is not allowed in strict mode: leave `strict` out to have zeros."
            )
