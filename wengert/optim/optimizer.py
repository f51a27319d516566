"""What optimisers share: parameter groups, state, ``zero_grad``, ``state_dict``, printing."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from wengert.core.carrier import state as thread
from wengert.core.carrier import switch_grad
from wengert.errors import TraceError
from wengert.nn.module import clear_grad
from wengert.tape.mode import enable_grad
from wengert.tape.storage import Recorded, read_grad


class Optimizer:
    """Base of optimisers: ``param_groups`` (dicts of options and ``params``) and ``state`` per parameter.

    ``params`` is an iterable of tensors, of ``(name, tensor)`` pairs, or of dicts with options of their own. Raises
    TypeError for one tensor alone, ValueError for none and for results of operations.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Recorded):
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{type(params).__name__}. Use `[x]`."
            )
        self.defaults = defaults
        self.state: dict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters, with options that differ from the defaults. TypeError for what is no dict."""
        if not isinstance(param_group, dict):
            raise TypeError(
                f"add_param_group: a parameter group is a dict, not {type(param_group).__name__}. "
                f"Use `{{'params': [...]}}`."
            )
        group = dict(param_group)
        given = group["params"]
        if isinstance(given, Recorded):
            given = [given]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, not in a set"
            )
        params = [p[1] if isinstance(p, tuple) else p for p in given]
        for p in params:
            if not isinstance(p, Recorded):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}"
                )
            if not p.is_leaf:  # type: ignore[attr-defined]
                raise ValueError("can't optimize a non-leaf Tensor")
        known = {id(p) for g in self.param_groups for p in g["params"]}
        if known & {id(p) for p in params}:
            raise ValueError("some parameters appear in more than one parameter group")
        group["params"] = params
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to None, or to zeros."""
        plain = set_to_none and thread.trace is None
        for group in self.param_groups:
            for p in group["params"]:
                if plain:
                    if p.cell is not None:
                        p.cell.grad = None
                else:
                    clear_grad(p, set_to_none)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what ``closure`` returned."""
        loss = self.evaluate(closure)
        recording = thread.grad
        switch_grad(False)
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

    def with_gradients(self, group: dict[str, Any]) -> list[tuple[Any, Any]]:
        """Return the parameters of a group that have a gradient, each with it."""
        if thread.trace is not None:
            self.guard_options(group)
        found = []
        for p in group["params"]:
            cell = p.cell
            if cell is not None:
                grad = read_grad(cell)
                if grad is not None:
                    found.append((p, grad))
        return found

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
        return entry

    def guard_options(self, group: dict[str, Any]) -> None:
        """Have a replay of the running trace check that a group's options and parameters are still the same."""
        name = type(self).__name__
        for option in group:
            if option == "params":
                thread.trace.guard(
                    lambda: [id(p) for p in group["params"]], f"{name}: the list of parameters"
                )
                for p in group["params"]:
                    thread.trace.gradient_read(p)
            else:
                thread.trace.guard(
                    lambda option=option: group[option], f"{name}: the option {option!r}"
                )

    def evaluate(self, closure: Callable[[], Any] | None) -> Any:
        """Run a closure that computes the loss again, with recording on."""
        if closure is None:
            return None
        with enable_grad():
            return closure()

    def state_dict(self) -> dict[str, Any]:
        """Return state and options as plain data, parameters by their number."""
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                numbers.setdefault(id(p), len(numbers))
            plain = {k: v for k, v in group.items() if k != "params"}
            groups.append({**plain, "params": [numbers[id(p)] for p in group["params"]]})
        return {
            "state": {numbers[id(p)]: dict(s) for p, s in self.state.items()},
            "param_groups": groups,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned. ValueError when the groups do not match."""
        groups = state_dict["param_groups"]
        if [len(g["params"]) for g in groups] != [len(g["params"]) for g in self.param_groups]:
            raise ValueError(
                "loaded state dict has a different number of parameter groups or of parameters in one"
            )
        every = [p for g in self.param_groups for p in g["params"]]
        numbers = [n for g in groups for n in g["params"]]
        by_number = dict(zip(numbers, every, strict=True))
        self.state = defaultdict(dict)
        for n, entry in state_dict["state"].items():
            self.state[by_number[n]] = {
                k: v.clone() if isinstance(v, Recorded) else v  # type: ignore[attr-defined]
                for k, v in entry.items()
            }
        for group, loaded in zip(self.param_groups, groups, strict=True):
            group.update({k: v for k, v in loaded.items() if k != "params"})

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            options = [f"    {k}: {group[k]}\n" for k in sorted(group) if k != "params"]
            text += f"\nParameter Group {i}\n" + "".join(options)
        return text + ")"


def _entry(state: dict[Any, dict[str, Any]], p: Any, name: str) -> Any:
    return state[p][name]


def require_not_negative(options: dict[str, Any]) -> None:
    """Raise ValueError for the first option, by the name that messages give it, that is negative."""
    for name, value in options.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name}: {value}. It must be at least 0.")
