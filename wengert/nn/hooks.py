"""Hooks of modules: functions of the user that run around a module's forward, and around the way back through it.

`Hooked` registers them; `call_with_hooks` is a module's call when there are any. This file may not know what a module
computes.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from wengert.autograd.function import Function
from wengert.errors import GradientError
from wengert.tape.hooks import RemovableHandle, require_callable
from wengert.tape.mode import is_grad_enabled
from wengert.tape.provenance import warn
from wengert.tensor import filled
from wengert.tensor.tensor import Tensor

__all__ = [
    "register_module_backward_hook", "register_module_buffer_registration_hook", "register_module_forward_hook",
    "register_module_forward_pre_hook", "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook", "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]  # fmt: skip

FULL: Final = "full"
WITH_KWARGS: Final = "with_kwargs"
ALWAYS: Final = "always_call"
NO_TRAITS: Final[frozenset[str]] = frozenset()


class Hooked:
    """What a module has of hooks. ``_hook_traits`` tells how a hook wants to be called, by its number."""

    _forward_hooks: OrderedDict[int, Any]
    _forward_pre_hooks: OrderedDict[int, Any]
    _backward_hooks: OrderedDict[int, Any]
    _backward_pre_hooks: OrderedDict[int, Any]
    _hook_traits: dict[int, frozenset[str]]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward; it may return other arguments.

        ``with_kwargs``: call ``hook(module, args, kwargs)``, which may return both. ``prepend``: before all others.
        """
        require_callable("register_forward_pre_hook", hook)
        traits = {WITH_KWARGS: with_kwargs}
        return _enter(self._forward_pre_hooks, hook, self._hook_traits, traits, prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each forward; it may return another output.

        ``with_kwargs``: call ``hook(module, args, kwargs, output)``. ``prepend``: before all others. ``always_call``:
        also when the forward raises, with None in place of the output.
        """
        require_callable("register_forward_hook", hook)
        traits = {WITH_KWARGS: with_kwargs, ALWAYS: always_call}
        return _enter(self._forward_hooks, hook, self._hook_traits, traits, prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before gradients pass back; it may return others for the outputs."""
        require_callable("register_full_backward_pre_hook", hook)
        return _enter(self._backward_pre_hooks, hook, self._hook_traits, {}, prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known.

        It may return others in place of ``grad_input``.
        """
        require_callable("register_full_backward_hook", hook)
        _require_one_style(self._backward_hooks, self._hook_traits, True, "a single Module")
        return _enter(self._backward_hooks, hook, self._hook_traits, {FULL: True}, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` of the last operation only.

        Deprecated: `register_full_backward_hook` sees the module's own inputs.
        """
        require_callable("register_backward_hook", hook)
        _require_one_style(self._backward_hooks, self._hook_traits, False, "a single Module")
        return _enter(self._backward_hooks, hook, self._hook_traits, {}, False)


def _enter(
    hooks: OrderedDict[int, Any],
    hook: Callable[..., Any],
    table: dict[int, frozenset[str]],
    traits: dict[str, bool],
    prepend: bool,
) -> RemovableHandle:
    handle = RemovableHandle(hooks, hook, table)
    wanted = frozenset(name for name, on in traits.items() if on)
    if wanted:
        table[handle.id] = wanted
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _require_one_style(
    hooks: dict[int, Any], traits: dict[int, frozenset[str]], full: bool, where: str
) -> None:
    if any((FULL in traits.get(k, NO_TRAITS)) is not full for k in hooks):
        raise RuntimeError(
            f"Cannot use both regular backward hooks and full backward hooks on {where}. Please use only one of them."
        )


class BoundHook:
    """A hook that gets its module first, without keeping it alive."""

    def __init__(self, hook: Callable[..., Any], module: Any) -> None:
        self.hook, self._module = hook, weakref.ref(module)

    def __call__(self, *args: Any) -> Any:
        return self.hook(self._module(), *args)

    def __reduce__(self) -> Any:
        return BoundHook, (self.hook, self._module())


# Hooks of every module


class Everywhere(Hooked):
    """The hooks that run for every module, before its own."""

    def __init__(self) -> None:
        self._forward_hooks, self._forward_pre_hooks = OrderedDict(), OrderedDict()
        self._backward_hooks, self._backward_pre_hooks = OrderedDict(), OrderedDict()
        self._hook_traits = {}


EVERYWHERE: Final = Everywhere()

REGISTRATION: Final[dict[str, dict[int, Any]]] = {
    "_parameters": {}, "_buffers": {}, "_modules": {},
}  # fmt: skip
"""Hooks ``(module, name, value)`` that run when something is registered in one of a module's tables."""


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before each forward of every module."""
    return EVERYWHERE.register_forward_pre_hook(hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after each forward of every module."""
    return EVERYWHERE.register_forward_hook(hook, with_kwargs=with_kwargs, always_call=always_call)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before gradients pass back through any module."""
    return EVERYWHERE.register_full_backward_pre_hook(hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when gradients have passed back through any module."""
    return EVERYWHERE.register_full_backward_hook(hook)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Do what `Module.register_backward_hook` does, for every module."""
    return EVERYWHERE.register_backward_hook(hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` on every registration; it may return another parameter."""
    return RemovableHandle(REGISTRATION["_parameters"], hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` on every registration; it may return another buffer."""
    return RemovableHandle(REGISTRATION["_buffers"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` on every registration; it may return another module."""
    return RemovableHandle(REGISTRATION["_modules"], hook)


def registered(module: Any, table: str, name: str, value: Any) -> Any:
    """Return what the hooks of registration make of a value."""
    for hook in list(REGISTRATION[table].values()):
        changed = hook(module, name, value)
        value = value if changed is None else changed
    return value


# Calling

Listed = list[tuple[int, Any, frozenset[str]]]


def _listed(module: Any, table: str) -> Listed:
    """Return the hooks of one kind, those of every module first, with their numbers and traits."""
    return [
        (key, hook, owner._hook_traits.get(key, NO_TRAITS))
        for owner in (EVERYWHERE, module)
        for key, hook in list(getattr(owner, table).items())
    ]


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a module's forward with its hooks and those of every module around it."""
    after = _listed(module, "_forward_hooks")
    waiting = {key for key, _, traits in after if ALWAYS in traits}
    seen: dict[str, Any] = {"args": args, "kwargs": kwargs, "out": None}
    try:
        return _call(module, after, waiting, seen)
    except Exception:
        for key, hook, traits in after:
            if key in waiting:
                _call_silenced(module, hook, traits, seen)
        raise


def _call(module: Any, after: Listed, waiting: set[int], seen: dict[str, Any]) -> Any:
    """Run forward and hooks. ``seen`` and ``waiting`` tell what was reached, should something raise."""
    args, kwargs = seen["args"], seen["kwargs"]
    for _, hook, traits in _listed(module, "_forward_pre_hooks"):
        args, kwargs = _before(module, hook, traits, args, kwargs)
        seen["args"], seen["kwargs"] = args, kwargs
    back = _listed(module, "_backward_hooks")
    full = [hook for _, hook, traits in back if FULL in traits]
    pre = [hook for _, hook, _ in _listed(module, "_backward_pre_hooks")]
    crossing = _Crossing(module, full, pre) if full or pre else None
    if crossing is not None:
        args = crossing.at_inputs(args)
    out = seen["out"] = module.forward(*args, **kwargs)
    for key, hook, traits in after:
        waiting.discard(key)
        changed = (
            hook(module, args, kwargs, out) if WITH_KWARGS in traits else hook(module, args, out)
        )
        out = seen["out"] = out if changed is None else changed
    if crossing is not None:
        out = crossing.at_outputs(out)
    for _, hook, traits in back:
        if FULL not in traits:
            _hook_last_operation(module, hook, out)
    return out


def _before(
    module: Any, hook: Any, traits: frozenset[str], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments as one hook wants them."""
    if WITH_KWARGS not in traits:
        changed = hook(module, args)
        if changed is None:
            return args, kwargs
        return changed if isinstance(changed, tuple) else (changed,), kwargs
    changed = hook(module, args, kwargs)
    if changed is None:
        return args, kwargs
    if not isinstance(changed, tuple) or len(changed) != 2:
        raise RuntimeError(
            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
        )
    return changed


def _call_silenced(module: Any, hook: Any, traits: frozenset[str], seen: dict[str, Any]) -> None:
    """Run an ``always_call`` hook after something raised; what the hook raises becomes a warning."""
    kwargs = (seen["kwargs"],) if WITH_KWARGS in traits else ()
    try:
        changed = hook(module, seen["args"], *kwargs, seen["out"])
        seen["out"] = seen["out"] if changed is None else changed
    except Exception as error:
        warn(
            f"module forward hook with `always_call=True` raised an exception that was silenced as another error was "
            f"raised in forward: {error}",
        )


def _hook_last_operation(module: Any, hook: Any, out: Any) -> None:
    while not isinstance(out, Tensor):
        out = (
            next(v for v in out.values() if isinstance(v, Tensor))
            if isinstance(out, dict)
            else out[0]
        )
    if out.grad_fn is not None:
        out.grad_fn.register_hook(BoundHook(hook, module))


class BackwardHookFunction(Function):
    """The identity on a module's inputs or outputs: one node, at which backward hooks see all gradients at once."""

    @staticmethod
    def forward(*args: Any) -> Any:
        """Return the arguments."""
        return args

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Let gradients pass only where they are wanted."""
        ctx.mark_non_differentiable(*(x for x in inputs if not x.requires_grad))

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return the gradients."""
        return grad_outputs


class _Crossing:
    """One call of a module whose gradients hooks watch: what came in, what went out, and the gradients so far."""

    def __init__(self, module: Any, hooks: list[Any], pre_hooks: list[Any]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_outputs: tuple[Any, ...] | None = None
        self.inputs: list[int] | None = None
        self.outputs: list[int] | None = None
        self.input_count = self.output_count = 0

    def at_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments from a node whose hook runs when their gradients are known."""
        self.input_count = len(args)
        self.tensors = {i: (x.shape, x.dtype) for i, x in enumerate(args) if isinstance(x, Tensor)}
        args, self.inputs, node = _joined(args)
        if node is not None:
            node.register_hook(lambda grads, _: self._leaving(grads))
        return args

    def at_outputs(self, out: Any) -> Any:
        """Return the outputs from a node whose hook runs when their gradients arrive."""
        if not isinstance(out, Tensor | tuple):
            warn(
                f"For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(out)}",
            )
        outs = out if isinstance(out, tuple) else (out,)
        self.output_count = len(outs)
        outs, self.outputs, node = _joined(outs)
        if node is not None:
            node.register_hook(lambda _, grads: self._entering(grads))
        return outs if isinstance(out, tuple) else outs[0]

    def _entering(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """Run the pre-hooks on the gradients of the outputs; without inputs to wait for, the hooks as well."""
        assert self.outputs is not None
        seen = _spread(self.outputs, grads, self.output_count)
        for hook in self.pre_hooks:
            seen = _replaced("pre hook", "grad_output", hook(self.module, seen), seen)
        self.grad_outputs = seen
        if self.inputs is None:
            warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                "inputs require gradients.",
            )
            for hook in self.hooks:
                changed = hook(self.module, (None,) * self.input_count, seen)
                if changed is not None and any(g is not None for g in changed):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return None or None "
                        "for all gradients."
                    )
            self.grad_outputs = None
        return tuple(seen[i] for i in self.outputs)

    def _leaving(self, grads: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Run the hooks on the gradients of the inputs, if those of the outputs came by.

        They see zeros for a tensor that takes no gradient.
        """
        if self.grad_outputs is None:
            return None
        assert self.inputs is not None
        known = _spread(self.inputs, grads, self.input_count)
        seen = tuple(
            filled.zeros(self.tensors[i][0], dtype=self.tensors[i][1])
            if g is None and i in self.tensors
            else g
            for i, g in enumerate(known)
        )
        for hook in self.hooks:
            seen = _replaced("hook", "grad_input", hook(self.module, seen, self.grad_outputs), seen)
        self.grad_outputs = None
        return tuple(None if known[i] is None else seen[i] for i in self.inputs)


def _joined(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[int] | None, Any]:
    """Pass the tensors among some values through one node.

    Returns the values, the places of the tensors and the node; None for these two where nothing is recorded.
    """
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor)]
    if not is_grad_enabled() or not any(values[i].requires_grad for i in places):
        return values, None, None
    passed = BackwardHookFunction.apply(*(values[i] for i in places))
    made = list(values)
    for i, x in zip(places, passed, strict=True):
        made[i] = x
    node = next(x.grad_fn for x in passed if x.grad_fn is not None)
    named = type(values)
    kept = named(*made) if hasattr(values, "_fields") else named(made)
    return kept, places, node


def _spread(places: list[int], grads: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """Return gradients at the places of their tensors, and None elsewhere."""
    found = dict(zip(places, grads, strict=True))
    return tuple(found.get(i) for i in range(count))


def _replaced(which: str, what: str, changed: Any, before: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what a hook made of gradients; RuntimeError for another number of them."""
    if changed is None:
        return before
    after = tuple(changed) if isinstance(changed, tuple | list) else (changed,)
    if len(after) != len(before):
        raise GradientError(
            f"Backward {which} returned an invalid number of {what}, got {len(after)}, but expected {len(before)}"
        )
    return after
