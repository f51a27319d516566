"""What optimisers share: parameter groups, the step and its hooks, state, ``zero_grad``, saving, printing."""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final

from wengert.core import dtypes
from wengert.core.carrier import state as thread
from wengert.core.carrier import switch_grad
from wengert.errors import TraceError, listed
from wengert.nn.conversion import clear_grad
from wengert.optim.saving import Saveable
from wengert.tape.hooks import RemovableHandle
from wengert.tape.mode import enable_grad
from wengert.tape.provenance import advise, warn
from wengert.tape.storage import Recorded, read_grad
from wengert.tensor import complex_numbers, filled
from wengert.tensor.promotion import cast_to, dtype_of

UPDATED: Final = (
    "{name} updated it, in `step` or `zero_grad`. Call every `backward()` that needs what it was before that, or "
    "compute the forward again after it. What a later graph takes over from an earlier one, as a hidden state or "
    "another network's output, wants a `detach()`."
)
advise(UPDATED)

required: Final = object()
"""The default of an option that every group has to give."""

_pre_hooks_everywhere: dict[int, Callable[..., Any]] = OrderedDict()
_post_hooks_everywhere: dict[int, Callable[..., Any]] = OrderedDict()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of any optimiser."""
    return RemovableHandle(_pre_hooks_everywhere, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of any optimiser."""
    return RemovableHandle(_post_hooks_everywhere, hook)


def announced(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method ``step`` that runs the optimiser's hooks around it, and lets schedulers know that it ran."""

    @functools.wraps(step)
    def with_hooks(self: Any, *args: Any, **kwargs: Any) -> Any:
        if "_stepped" not in self.__dict__:  # a wrapper that leaves out `Optimizer.__init__`
            return step(self, *args, **kwargs)
        self._stepped[0] = 1
        before, after = self._step_pre_hooks, self._step_post_hooks
        if not (before or after or _pre_hooks_everywhere or _post_hooks_everywhere):
            return step(self, *args, **kwargs)
        if type(self).step is not with_hooks:
            return step(self, *args, **kwargs)
        given = (self, *args)
        for hook in chain(_pre_hooks_everywhere.values(), before.values()):
            changed = hook(self, given, kwargs)
            if changed is None:
                continue
            if not isinstance(changed, tuple) or len(changed) != 2:
                raise RuntimeError(
                    f"step: a pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                )
            given, kwargs = changed
        result = step(*given, **kwargs)
        for hook in chain(after.values(), _post_hooks_everywhere.values()):
            hook(self, given, kwargs)
        return result

    return with_hooks


class Optimizer(Saveable):
    """Base of optimisers: ``param_groups`` (dicts of options and ``params``) and ``state`` per parameter.

    ``params`` is an iterable of tensors, of ``(name, tensor)`` pairs, or of dicts with options of their own. A subclass
    defines `update_group`, or `step` as PyTorch's programs do. Raises TypeError for one tensor alone, ValueError for
    none and for results of operations.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._fill()
        if isinstance(params, Recorded):
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{type(params).__name__}. Use `[x]`."
            )
        self.state: dict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = listed("params argument given to the optimizer", params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _fill(self) -> None:
        """Make what an optimiser has besides its groups and state."""
        super()._fill()
        self._step_pre_hooks: dict[int, Callable[..., Any]] = OrderedDict()
        self._step_post_hooks: dict[int, Callable[..., Any]] = OrderedDict()
        # Whether `step` ever ran, for schedulers. Bytes: a trace watches attributes, and need not repeat this one.
        self._stepped = bytearray(1)
        self._own_step: Any = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = announced(cls.__dict__["step"])  # type: ignore[method-assign]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters, with options that differ from the defaults.

        Raises TypeError for what is no dict, and for parameters that are no tensors or come in no order; ValueError
        for results of operations, for parameters that another group has, and where only some have names.
        """
        if not isinstance(param_group, dict):
            raise TypeError(
                f"param_group must be a dict, but got {type(param_group)}. Use `{{'params': [...]}}`."
            )
        if "params" not in param_group:
            raise KeyError(
                f"params: a parameter group gives its tensors under this key, and it has the keys {list(param_group)}"
            )
        found = _parameters(param_group["params"])
        params = found["params"]
        for p in params:
            if not isinstance(p, Recorded):
                has_some = callable(getattr(p, "parameters", None))
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}. "
                    f"{'Use its `parameters()`' if has_some else 'Use the `parameters()` of a module'}."
                )
            if not (self.defaults.get("differentiable") or p.is_leaf or p.retains_grad):  # type: ignore[attr-defined]
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, value in self.defaults.items():
            if value is required and name not in param_group:
                raise ValueError(
                    f"parameter group didn't specify a value of required optimization parameter {name}"
                )
        named = "param_names" in found or "param_names" in param_group
        if any(("param_names" in g) is not named for g in self.param_groups):
            raise ValueError(
                f"all optimizer param groups should be with/without names. cannot add param group "
                f"{'with' if named else 'without'} names to the optimizer"
            )
        if len({id(p) for p in params}) != len(params):
            warn("optimizer contains a parameter group with duplicate parameters")
        known = {id(p) for g in self.param_groups for p in g["params"]}
        if known & {id(p) for p in params}:
            raise ValueError("some parameters appear in more than one parameter group")
        param_group.update(found)
        for name, value in self.defaults.items():
            param_group.setdefault(name, value)
        self.param_groups.append(param_group)

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return other ``(args, kwargs)``."""
        return RemovableHandle(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return RemovableHandle(self._step_post_hooks, hook)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to None, or to zeros."""
        plain = set_to_none and thread.trace is None
        for group in self.param_groups:
            for p in group["params"]:
                if plain:
                    if p._cell is not None:
                        p._cell.grad = None
                else:
                    clear_grad(p, set_to_none)

    @announced
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what ``closure`` returned.

        The update is recorded when the optimiser was made with ``differentiable=True``, and else is not.
        """
        loss = self.evaluate(closure)
        recording = thread.grad
        switch_grad(bool(self.defaults.get("differentiable")))
        try:
            for group in self.param_groups:
                self.update_group(group)
        finally:
            switch_grad(recording)
        return loss

    def update_group(self, group: dict[str, Any]) -> None:
        """Update the parameters of a group once; subclasses define it, or `step`."""
        raise NotImplementedError(
            f"{type(self).__name__} defines neither `step` nor `update_group`. Write one of them."
        )

    # What updates are written with

    def with_gradients(self, group: dict[str, Any]) -> list[tuple[Any, Any]]:
        """Return the parameters of a group that have a gradient, each with it."""
        if thread.trace is not None:
            self.guard_options(group)
        found = []
        for p in group["params"]:
            cell = p._cell
            if cell is not None:
                grad = read_grad(cell)
                if grad is not None:
                    found.append((p, grad))
        return found

    def prepared(
        self, group: dict[str, Any], start: Callable[[Any], dict[str, Any]]
    ) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
        """Yield each parameter with its gradient (negated for ``maximize``, with decay) and its state.

        ``start(p)`` makes the state before the first step. Complex tensors come as views of their real parts.
        """
        for p, grad in self.with_gradients(group):
            entry = self.state_of(p, functools.partial(start, p))
            if dtype_of(p).kind == "c":
                p, grad = real(p), real(grad)
                entry = {name: real(value) for name, value in entry.items()}
            if group["maximize"]:
                grad = grad.neg()
            if group.get("weight_decay"):
                if group.get("decoupled_weight_decay"):
                    p.mul_(1 - self.rate(group, p) * group["weight_decay"])
                else:
                    grad = grad.add(p, alpha=group["weight_decay"])
            yield p, grad, entry

    def state_of(self, p: Any, start: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the state of a parameter, which ``start`` makes before its first step.

        Raises TraceError under trace when there is none: the first step differs from all later ones.
        """
        entry = self.state[p]
        if not entry:
            if thread.trace is not None:
                del self.state[p]
                raise TraceError(
                    f"{type(self).__name__}: its state does not exist before the first step, so that step differs from "
                    f"all later ones. Take one step before tracing."
                )
            entry.update(start())
        elif thread.trace is not None:
            for name, value in entry.items():
                if isinstance(value, Recorded):
                    thread.trace.found_in(value, functools.partial(_entry, self.state, p, name))
        elif self.defaults.get("differentiable"):
            # The tape has saved what the last step left here, and this one is going to write to it.
            entry.update((name, copied(value)) for name, value in entry.items())
        return entry

    def rate(self, group: dict[str, Any], p: Any) -> Any:
        """Return a group's learning rate, fit to multiply ``p``: a number, or what a trace or the tape follows."""
        rate = group["lr"]
        if not isinstance(rate, Recorded):
            return rate
        if thread.trace is None and not group.get("differentiable"):
            return rate.item()  # type: ignore[attr-defined]
        return cast_to(rate, dtype_of(p))

    @staticmethod
    def count(step: Any) -> Any:
        """Return how often a parameter was updated: a number, or in a trace a float64 tensor."""
        return step.double() if thread.trace is not None else step.item()

    @staticmethod
    def fit(number: Any, p: Any) -> Any:
        """Return what was computed from `count` as something that multiplies ``p`` without widening it."""
        return cast_to(number, dtype_of(p)) if isinstance(number, Recorded) else number

    def guard_options(self, group: dict[str, Any]) -> None:
        """Have a replay of the running trace check that a group's options and parameters are still the same."""
        name = type(self).__name__
        for option, value in group.items():
            if option == "params":
                thread.trace.guard(
                    lambda: [id(p) for p in group["params"]], f"{name}: the list of parameters"
                )
                for p in group["params"]:
                    thread.trace.gradient_read(p)
            elif isinstance(value, Recorded):
                thread.trace.found_in(value, functools.partial(group.get, option))
            else:
                thread.trace.guard(
                    functools.partial(group.get, option), f"{name}: the option {option!r}"
                )

    def evaluate(self, closure: Callable[[], Any] | None) -> Any:
        """Run a closure that computes the loss again, with recording on."""
        if closure is None:
            return None
        require_closure(self, closure)
        with enable_grad():
            return closure()

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            options = [f"    {k}: {group[k]}\n" for k in sorted(group) if k != "params"]
            text += f"\nParameter Group {i}\n" + "".join(options)
        return text + ")"


def _parameters(given: Any) -> dict[str, Any]:
    """Return what a group is given as parameters, and their names where they come with names."""
    if isinstance(given, Recorded):
        given = [given]
    if isinstance(given, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    given = listed("the 'params' of a parameter group", given)
    names = [p[0] for p in given if isinstance(p, tuple)]
    params = [p[1] if isinstance(p, tuple) else p for p in given]
    if not names:
        return {"params": params}
    if len(names) != len(params):
        raise ValueError(
            "all optimizer params should be with/without names. Some param names are missing"
        )
    return {"params": params, "param_names": names}


def _entry(state: dict[Any, dict[str, Any]], p: Any, name: str) -> Any:
    return state[p][name]


def copied(value: Any) -> Any:
    """Return a copy of a tensor, and anything else as it is."""
    return value.clone() if isinstance(value, Recorded) else value  # type: ignore[attr-defined]


def require_closure(optimizer: Any, closure: Any) -> None:
    """Raise TypeError for what is no function, as a loss that was computed before."""
    if not callable(closure):
        raise TypeError(
            f"{type(optimizer).__name__}.step: closure must be a function that computes the loss, calls `backward()` "
            f"and returns it, but got {type(closure).__name__}. To use the gradients that are there, write `step()`."
        )


def real(value: Any) -> Any:
    """Return a complex tensor as a view of its real and imaginary parts, and anything else as it is."""
    complex_one = isinstance(value, Recorded) and dtype_of(value).kind == "c"
    return complex_numbers.view_as_real(value) if complex_one else value


def number(value: Any) -> float:
    """Return a number, or a tensor of one that may require grad, as a Python float."""
    return float(value.detach() if isinstance(value, Recorded) else value)  # type: ignore[attr-defined]


def zero_count() -> Any:
    """Return a counter of steps: a 0-d tensor, float64 where that is the default dtype and else float32."""
    wide = dtypes.default_float() == dtypes.float64.numpy
    return filled.zeros((), dtype=dtypes.float64 if wide else dtypes.float32)


def require_rate(rate: Any) -> None:
    """Raise ValueError unless a learning rate is a number, or a tensor of one element, of at least 0."""
    if isinstance(rate, Recorded) and rate.numel() != 1:  # type: ignore[attr-defined]
        raise ValueError("Tensor lr must be 1-element")
    require_not_negative({"learning rate": rate})


def require_not_negative(options: dict[str, Any]) -> None:
    """Raise ValueError for the first option, by the name that messages give it, that is negative."""
    for name, value in options.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name}: {value}. It must be at least 0.")


def require_betas(betas: tuple[float, float]) -> None:
    """Raise ValueError unless both are at least 0 and less than 1."""
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def require_one_kind(fused: bool | None, foreach: bool | None, differentiable: bool) -> None:
    """Raise RuntimeError for requests that PyTorch cannot meet together; here all of them take the same path."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
