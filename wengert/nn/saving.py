"""A module's state as a dict, and loading it again.

Loading is a transaction: unless everything fits, nothing is copied. A class that overrides `_load_from_state_dict`
may look at its parameters after calling the inherited one, so its own are copied at once.
"""

from __future__ import annotations

import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from wengert.nn.advice import LOADED
from wengert.nn.hooks import BoundHook
from wengert.nn.parameter import Parameter
from wengert.nn.tree import Tree
from wengert.nn.uninitialized import is_lazy
from wengert.tape.hooks import RemovableHandle
from wengert.tape.mode import no_grad
from wengert.tape.provenance import advise
from wengert.tensor.tensor import Tensor

EXTRA: Final = "_extra_state"
PENDING: Final = "pending copies"

advise(LOADED)


class IncompatibleKeys(NamedTuple):
    """What `Module.load_state_dict` did not find, and what it did not expect."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Saveable(Tree):
    """A tree that gives its state and takes it back."""

    _version: int = 1
    _non_persistent_buffers_set: set[str]
    _state_dict_hooks: dict[int, Any]
    _state_dict_pre_hooks: dict[int, Any]
    _load_state_dict_pre_hooks: dict[int, Any]
    _load_state_dict_post_hooks: dict[int, Any]

    # Hooks

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before the module's state is read."""
        return RemovableHandle(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Any) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` afterwards; it may change the dict in place."""
        hook._from_public_api = True
        return RemovableHandle(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: Any) -> RemovableHandle:
        """Do the same for a hook that may return another dict."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously registered via "
                "register_state_dict_post_hook"
            )
        return RemovableHandle(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, errors)``."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        bound = BoundHook(hook, self) if with_module else hook
        return RemovableHandle(self._load_state_dict_pre_hooks, bound)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after loading; it may change the two lists in place."""
        return RemovableHandle(self._load_state_dict_post_hooks, hook)

    # Saving

    def get_extra_state(self) -> Any:
        """Return what else belongs into the state dict; a class that defines it defines `set_extra_state` too."""
        raise RuntimeError(
            f"{self._get_name()} has no extra state: define `get_extra_state` and `set_extra_state`."
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` returned."""
        raise RuntimeError(
            f"{self._get_name()} has no extra state: define `get_extra_state` and `set_extra_state`."
        )

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Return parameters and persistent buffers by dotted name, without history (unless ``keep_vars``).

        The tensors share memory with the module. The dict's ``_metadata`` holds each module's version.
        """
        if args:
            warnings.warn(
                "state_dict: positional arguments are deprecated. Name them: destination, prefix, keep_vars.",
                FutureWarning,
                stacklevel=2,
            )
            given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            destination = given["destination"] if destination is None else destination
            prefix = prefix or given.get("prefix", "")
            keep_vars = keep_vars or given.get("keep_vars", False)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local: dict[str, Any] = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in list(self._state_dict_hooks.values()):
            changed = hook(self, destination, prefix, local)
            if changed is not None and getattr(hook, "_from_public_api", False):
                raise RuntimeError("state_dict post-hook must return None")
            destination = destination if changed is None else changed
        return destination

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Put the module's own state, without that of the modules below, into ``destination``."""
        for name, value in _local_state(self).items():
            destination[prefix + name] = value if keep_vars or is_lazy(value) else value.detach()
        if type(self).get_extra_state is not Saveable.get_extra_state:
            destination[prefix + EXTRA] = self.get_extra_state()

    # Loading

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values into parameters and buffers by name; with ``assign``, put the tensors themselves there.

        Raises RuntimeError that lists missing and unexpected keys (when ``strict``) and unequal shapes; then nothing
        was copied. TypeError for what is no dict.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        load = _Load(getattr(state_dict, "_metadata", None), assign)
        given: Any = OrderedDict(state_dict)
        if load.metadata is not None:
            given._metadata = load.metadata
        load.walk(self, given, "")
        if not load.problems(strict):
            load.copy()
        keys = IncompatibleKeys(load.missing, load.unexpected)
        load.run_hooks(keys)
        problems = load.problems(strict)
        if problems:
            listed = "\n\t".join(problems)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )
        load.copy()
        return keys

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool, missing_keys: list[str],
        unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        """Take the module's own state from ``state_dict``, and note in the lists what does not fit."""
        for hook in list(self._load_state_dict_pre_hooks.values()):
            hook(
                state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
            )  # fmt: skip
        own = _local_state(self)
        copies: list[Callable[[], None]] = []
        for name, held in own.items():
            key = prefix + name
            if key in state_dict and is_lazy(held):
                given = state_dict[key]
                if not is_lazy(given):
                    copies.append(lambda h=held, g=given: _materialize(h, g))  # type: ignore[misc]
            elif key in state_dict:
                fitted = _fitted(key, state_dict[key], held, error_msgs)
                if fitted is not None and local_metadata.get("assign_to_params_buffers", False):
                    copies.append(lambda n=name, h=held, f=fitted: _assign(self, n, h, f))  # type: ignore[misc]
                elif fitted is not None:
                    copies.append(lambda h=held, f=fitted: h.copy_(f))  # type: ignore[misc]
            elif strict:
                missing_keys.append(key)
        extra = prefix + EXTRA
        takes_extra = type(self).set_extra_state is not Saveable.set_extra_state
        if takes_extra and extra in state_dict:
            copies.append(lambda: self.set_extra_state(state_dict[extra]))
        elif takes_extra and strict:
            missing_keys.append(extra)
        if strict:
            unexpected_keys += [
                key
                for key in state_dict
                if key.startswith(prefix)
                and not _expects(self, key[len(prefix) :], own, takes_extra)
            ]
        if PENDING in local_metadata:
            local_metadata[PENDING].extend(copies)
        else:
            with no_grad():
                for copy in copies:
                    copy()


def _local_state(module: Saveable) -> dict[str, Any]:
    """Return the module's own parameters and persistent buffers that are there."""
    transient = module._non_persistent_buffers_set
    kept = {name: b for name, b in module._buffers.items() if name not in transient}
    return {name: x for name, x in {**module._parameters, **kept}.items() if x is not None}


def _expects(module: Saveable, key: str, own: dict[str, Any], takes_extra: bool) -> bool:
    """Say whether a key belongs to this module or to one below."""
    first, dot, _ = key.partition(".")
    return first in module._modules if dot else first in own or (first == EXTRA and takes_extra)


def _fitted(key: str, given: Any, held: Any, error_msgs: list[str]) -> Any:
    """Return the value for a parameter or buffer, or None after noting why it does not fit."""
    if not isinstance(given, Tensor):
        error_msgs.append(
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(given)}"
        )
        return None
    if held.ndim == 0 and tuple(given.shape) == (1,):
        given = given[0]
    if tuple(given.shape) != tuple(held.shape):
        error_msgs.append(
            f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, the shape in current "
            f"model is {held.shape}."
        )
        return None
    return given


def _materialize(held: Any, given: Any) -> None:
    """Give a parameter or buffer without shape that of a value, and the value."""
    held.materialize(given.shape)
    held.copy_(given)


def _assign(module: Any, name: str, held: Any, given: Any) -> None:
    """Put a tensor in the place of a parameter or buffer; whether it gathers gradients stays as it was."""
    if isinstance(held, Parameter):
        if isinstance(given, Parameter):
            given.requires_grad_(held.requires_grad)
        else:
            given = Parameter(given, requires_grad=held.requires_grad)
    setattr(module, name, given)


class _Load:
    """One loading: what did not fit so far, and what is to be copied when all fits."""

    def __init__(self, metadata: Any, assign: bool) -> None:
        self.metadata, self.assign = metadata, assign
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.errors: list[str] = []
        self.modules: list[Any] = []
        self.pending: list[Callable[[], None]] = []

    def walk(self, module: Any, state_dict: Any, prefix: str) -> None:
        """Have a module and all below it take their state."""
        known = None if self.metadata is None else self.metadata.get(prefix[:-1])
        local = dict(known or {})
        if self.assign:
            local["assign_to_params_buffers"] = True
        if type(module)._load_from_state_dict.__module__.partition(".")[0] == "wengert":
            local[PENDING] = self.pending
        module._load_from_state_dict(
            state_dict, prefix, local, True, self.missing, self.unexpected, self.errors
        )
        for name, child in module._modules.items():
            if child is not None:
                below = f"{prefix}{name}."
                part = {k: v for k, v in state_dict.items() if k.startswith(below)}
                self.walk(child, part, below)
        self.modules.append(module)

    def copy(self) -> None:
        """Copy what fits, once."""
        copies, self.pending = self.pending, []
        with no_grad():
            for copy in copies:
                copy()

    def run_hooks(self, keys: IncompatibleKeys) -> None:
        """Run the hooks that come after loading, those of the modules below first."""
        for module in self.modules:
            for hook in list(module._load_state_dict_post_hooks.values()):
                if hook(module, keys) is not None:
                    raise AssertionError(
                        "Hooks registered with `register_load_state_dict_post_hook` are not expected to return new "
                        "values: change incompatible_keys in place."
                    )

    def problems(self, strict: bool) -> list[str]:
        """Return what does not fit, in the words of the error."""
        found = list(self.errors)
        for kind, keys in (("Unexpected", self.unexpected), ("Missing", self.missing)):
            if strict and keys:
                listed = ", ".join(f'"{k}"' for k in keys)
                found.insert(0, f"{kind} key(s) in state_dict: {listed}. ")
        return found


def made_anew(module: str, name: str) -> Any:
    """Return an empty instance of a class of Wengert's, named by where it is defined: what unpickling begins with.

    Under `install_as_torch` classes say that PyTorch defines them, and a file should mean the same elsewhere.
    """
    cls = getattr(sys.modules[module], name)
    return cls.__new__(cls)
