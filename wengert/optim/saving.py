"""Saving an optimiser: ``state_dict``, loading it, the hooks of both, copying and pickling."""

from __future__ import annotations

import copy
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from wengert.core import dtypes
from wengert.tape.hooks import RemovableHandle
from wengert.tape.storage import Recorded

Hooks = OrderedDict[int, Callable[..., Any]]


class Saveable:
    """The part of an optimiser that turns groups and state into plain data and back."""

    defaults: dict[str, Any]
    state: dict[Any, Any]
    param_groups: list[dict[str, Any]]

    def _fill(self) -> None:
        self._before_saving: Hooks = OrderedDict()
        self._after_saving: Hooks = OrderedDict()
        self._before_loading: Hooks = OrderedDict()
        self._after_loading: Hooks = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults, "state": self.state, "param_groups": self.param_groups,
        }  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        if not hasattr(self, "_before_saving"):
            self._fill()
        self.__dict__.update(state)
        self.defaults.setdefault("differentiable", False)

    def state_dict(self) -> dict[str, Any]:
        """Return ``{"state": {number: {...}}, "param_groups": [...]}``, parameters by their number."""
        for hook in self._before_saving.values():
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        start = 0
        for group in self.param_groups:
            for i, p in enumerate(group["params"], start):
                numbers.setdefault(id(p), i)
            start += len(group["params"])
            plain = {k: v for k, v in group.items() if k != "params"}
            groups.append({**plain, "params": [numbers[id(p)] for p in group["params"]]})
        state = {numbers[id(p)] if isinstance(p, Recorded) else p: s for p, s in self.state.items()}
        saved: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._after_saving.values():
            changed = hook(self, saved)
            saved = saved if changed is None else changed
        return saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned, of this library or of PyTorch with its tensors converted.

        Floating tensors become copies in their parameter's dtype, except the counter ``step``. Raises ValueError when
        the groups do not match; then nothing has changed.
        """
        saved = state_dict.copy()
        for hook in self._before_loading.values():
            changed = hook(self, saved)
            saved = saved if changed is None else changed
        groups = copy.deepcopy(saved["param_groups"])
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        sizes, own_sizes = ([len(g["params"]) for g in gs] for gs in (groups, self.param_groups))
        if sizes != own_sizes:
            raise ValueError(
                f"loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                f"it has groups of {sizes} parameters, the optimizer of {own_sizes}."
            )
        numbers = [n for group in groups for n in group["params"]]
        own = [p for group in self.param_groups for p in group["params"]]
        by_number = dict(zip(numbers, own, strict=True))
        narrow = {
            n: bool(g.get("capturable") or g.get("fused")) for g in groups for n in g["params"]
        }
        state: dict[Any, Any] = defaultdict(dict)
        for n, entry in saved["state"].items():
            if n in by_number:
                state[by_number[n]] = _fitted(entry, by_number[n], narrow[n], None)
            else:
                state[n] = entry
        for group, loaded in zip(self.param_groups, groups, strict=True):
            loaded["params"] = group["params"]
            if "param_names" in group:
                loaded.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in self._after_loading.values():
            hook(self)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict`."""
        return _registered(self._before_saving, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after `state_dict`; it may return another one."""
        return _registered(self._after_saving, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before `load_state_dict`; it may return another one."""
        return _registered(self._before_loading, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after `load_state_dict`."""
        return _registered(self._after_loading, hook, prepend)


def _registered(hooks: Hooks, hook: Callable[..., Any], prepend: bool) -> RemovableHandle:
    handle = RemovableHandle(hooks, hook)
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _fitted(value: Any, p: Any, narrow: bool, key: Any) -> Any:
    """Return a copy of loaded state whose tensors have the dtype that the state of ``p`` has."""
    if isinstance(value, dict):
        return {k: _fitted(v, p, narrow, k) for k, v in value.items()}
    if isinstance(value, Recorded):
        made: Any = value.detach().clone()  # type: ignore[attr-defined]
        if key == "step":
            return made.to(dtypes.float32) if narrow else made
        return made.to(p.dtype) if p.is_floating_point() else made
    if isinstance(value, Iterable) and not isinstance(value, str):
        return type(value)(_fitted(v, p, narrow, None) for v in value)  # type: ignore[call-arg]
    return value
