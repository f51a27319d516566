"""`Module`: a tree of parameters, buffers and submodules with a forward.

Assigning to an attribute registers it; changes are journalled under a trace, so that a trace leaves nothing behind.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from wengert.core import carrier
from wengert.core.carrier import state
from wengert.nn.parameter import Buffer, Parameter
from wengert.tape.hooks import RemovableHandle, require_callable
from wengert.tape.mode import no_grad
from wengert.tape.storage import no_grad_yet, read_grad, refuse_in_trace
from wengert.tensor.tensor import Tensor


class IncompatibleKeys(NamedTuple):
    """What `Module.load_state_dict` did not find, and what it did not expect."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Module:
    """Base of everything that holds parameters.

    Attributes that are a `Parameter`, a `Module`, or a tensor registered as a buffer are found by ``parameters()``,
    ``state_dict()`` and the rest. Subclasses call ``super().__init__()`` first and define ``forward``.

    >>> import wengert as torch
    >>> class Line(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = torch.nn.Parameter(torch.tensor(2.))
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> Line()(torch.tensor([1., 2.]))
    tensor([2., 4.], grad_fn=<MulBackward0>)
    """

    training: bool
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]

    def __init__(self) -> None:
        fields = self.__dict__
        fields["training"] = True
        fields["_parameters"] = {}
        fields["_buffers"] = {}
        fields["_non_persistent"] = set()
        fields["_modules"] = {}
        fields["_hooks"] = {}
        fields["_pre_hooks"] = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; subclasses define it."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if carrier.special and state.trace is not None:
            self._guard()
        if not self._hooks and not self._pre_hooks:
            return self.forward(*args, **kwargs)
        for hook in list(self._pre_hooks.values()):
            changed = hook(self, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        out = self.forward(*args, **kwargs)
        for hook in list(self._hooks.values()):
            changed = hook(self, args, out)
            if changed is not None:
                out = changed
        return out

    def _guard(self) -> None:
        """Have a replay of the running trace check this module's plain attributes, its mode among them.

        A plain tensor is read from its attribute at each replay; a view is read through its base, so it must stay.
        """
        fields = self.__dict__
        for name, value in fields.items():
            if state.trace.journal.noted(fields, name):
                continue
            what = f"{type(self).__name__}.{name}"
            if isinstance(value, Tensor) and value.origin is None:
                state.trace.found_in(value, lambda name=name: fields.get(name))
            elif isinstance(value, Tensor):
                state.trace.guard(lambda name=name: id(fields.get(name)), what)
            if value is None or isinstance(value, bool | int | float | complex | str):
                state.trace.guard(lambda name=name: fields.get(name), what)

    def register_forward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each forward; it may return another output."""
        require_callable("register_forward_hook", hook)
        return RemovableHandle(self._hooks, hook)

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward; it may return other arguments."""
        require_callable("register_forward_pre_hook", hook)
        return RemovableHandle(self._pre_hooks, hook)

    # Attributes

    def __getattr__(self, name: str) -> Any:
        try:
            found = self.__dict__["_parameters"][name]
        except KeyError:
            return self._registered(name)
        return self._registered(name) if carrier.special else found

    def _registered(self, name: str) -> Any:
        """Return a parameter, module or buffer by name; a trace learns where it was found."""
        fields = self.__dict__
        for table in ("_parameters", "_modules", "_buffers"):
            entries = fields.get(table, ())
            if name in entries:
                found = entries[name]
                if carrier.special and state.trace is not None and isinstance(found, Tensor):
                    state.trace.found_in(found, lambda table=entries: table.get(name))
                return found
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        fields = self.__dict__
        if "_parameters" not in fields:
            if isinstance(value, Parameter | Module):
                kind = "parameters" if isinstance(value, Parameter) else "module"
                raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
            object.__setattr__(self, name, value)
            return
        table = self._table_for(name, value)
        target = fields if table is None else fields[table]
        self._note(name)
        for other in ("_parameters", "_buffers", "_modules"):
            if other != table:
                fields[other].pop(name, None)
        if table is None:
            object.__setattr__(self, name, value)
        else:
            fields.pop(name, None)
            target[name] = value

    def _table_for(self, name: str, value: Any) -> str | None:
        """Return which table an attribute belongs to, None for plain ones; TypeError where a tensor is not allowed."""
        if isinstance(value, Parameter):
            return "_parameters"
        if isinstance(value, Module):
            return "_modules"
        if isinstance(value, Buffer):
            if not value.persistent:
                self._non_persistent.add(name)
            return "_buffers"
        if name in self._parameters:
            if value is None:
                return "_parameters"
            raise TypeError(
                f"cannot assign '{type(value).__name__}' as parameter '{name}' (torch.nn.Parameter or None expected)"
            )
        if name in self._buffers:
            if value is None or isinstance(value, Tensor):
                return "_buffers"
            raise TypeError(
                f"cannot assign '{type(value).__name__}' object to buffer '{name}' (torch.Tensor or None required)"
            )
        return "_modules" if name in self._modules and value is None else None

    def _note(self, name: str) -> None:
        """Have a running trace note everything that a name stands for, before that changes."""
        if state.trace is not None:
            fields = self.__dict__
            for table in (fields, *(fields[t] for t in ("_parameters", "_buffers", "_modules"))):
                state.trace.journal.keep_item(table, name, self)

    def __delattr__(self, name: str) -> None:
        self._note(name)
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                return
        object.__delattr__(self, name)

    def register_parameter(self, name: str, param: Any) -> None:
        """Add a parameter (or None) under a name."""
        self._check_name(name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' "
                f"(torch.nn.Parameter or None required)"
            )
        self._note(name)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Add a tensor that is part of the state but not trained."""
        self._check_name(name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._note(name)
        self._buffers[name] = tensor
        if not persistent:
            self._non_persistent.add(name)

    def add_module(self, name: str, module: Any) -> None:
        """Add a submodule under a name."""
        self._check_name(name, self._modules)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._note(name)
        self._modules[name] = module

    register_module = add_module

    def _check_name(self, name: str, table: dict[str, Any]) -> None:
        """Raise KeyError for a bad name, or one that stands for something outside of ``table`` already."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot register before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"a name should be a string, got {type(name).__name__}")
        if "." in name or not name:
            raise KeyError(f'a name can\'t be empty or contain ".", got: {name!r}')
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")

    # Walking the tree

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yield this module and all below it with their dotted names."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(
                    memo, f"{prefix}.{name}" if prefix else name, remove_duplicate
                )

    def modules(self) -> Iterator[Module]:
        """Yield this module and all below it."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the direct submodules with their names."""
        seen: set[Any] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Yield the direct submodules."""
        for _, module in self.named_children():
            yield module

    def _named(self, table: str, prefix: str, recurse: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        owners = self.named_modules(prefix=prefix) if recurse else iter([(prefix, self)])
        for path, module in owners:
            for name, value in module.__dict__[table].items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Yield the parameters with their dotted names, each once."""
        return self._named("_parameters", prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """Yield the parameters, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Yield the buffers with their dotted names, each once."""
        return self._named("_buffers", prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """Yield the buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # State

    def get_submodule(self, target: str) -> Module:
        """Return the module at a dotted path; this one for ``""``. AttributeError where there is none."""
        module = self
        for name in target.split(".") if target else ():
            found = getattr(module, name, None)
            if not isinstance(found, Module):
                raise AttributeError(
                    f"{type(module).__name__} has no submodule `{name}`, which the path {target!r} names."
                )
            module = found
        return module

    def get_parameter(self, target: str) -> Any:
        """Return the parameter at a dotted path. AttributeError where there is none."""
        return self._found(target, "_parameters", "parameter")

    def get_buffer(self, target: str) -> Any:
        """Return the buffer at a dotted path. AttributeError where there is none."""
        return self._found(target, "_buffers", "buffer")

    def _found(self, target: str, table: str, kind: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if module.__dict__[table].get(name) is None:
            raise AttributeError(
                f"{type(module).__name__} has no {kind} `{name}`, which the path {target!r} names."
            )
        return getattr(module, name)

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Return parameters and persistent buffers by dotted name, without history (unless ``keep_vars``)."""
        found: dict[str, Any] = OrderedDict()
        for path, module in self.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
            entries = {
                **module._parameters,
                **{k: b for k, b in module._buffers.items() if k not in module._non_persistent},
            }
            for name, value in entries.items():
                if value is not None:
                    key = f"{path}.{name}" if path else name
                    found[key] = value if keep_vars else value.detach()
        return found

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values into parameters and buffers by name.

        Raises RuntimeError that lists missing and unexpected keys (when ``strict``) and unequal shapes; then nothing
        was copied.
        """
        own = self.state_dict(keep_vars=True)
        missing = [key for key in own if key not in state_dict]
        unexpected = [key for key in state_dict if key not in own]
        problems = []
        if strict and unexpected:
            problems.append(
                "Unexpected key(s) in state_dict: " + ", ".join(f'"{k}"' for k in unexpected)
            )
        if strict and missing:
            problems.append("Missing key(s) in state_dict: " + ", ".join(f'"{k}"' for k in missing))
        shared = [key for key in own if key in state_dict]
        problems += [
            f"size mismatch for {key}: copying a param with shape {state_dict[key].shape} from checkpoint, the shape "
            f"in current model is {own[key].shape}."
            for key in shared
            if tuple(state_dict[key].shape) != tuple(own[key].shape)
        ]
        if problems:
            listed = "\n\t".join(problems)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )
        with no_grad():
            for key in shared:
                own[key].copy_(state_dict[key])
        return IncompatibleKeys(missing, unexpected)

    def apply(self, fn: Callable[[Module], None]) -> Module:
        """Call ``fn`` on every submodule, then on this module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Module:
        """Switch this module and all below it to training mode."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        if state.trace is not None:
            state.trace.journal.keep_item(self.__dict__, "training", self)
        self.__dict__["training"] = mode
        for module in self._modules.values():
            if module is not None:
                module.train(mode)
        return self

    def eval(self) -> Module:
        """Switch this module and all below it to evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Set ``requires_grad`` of every parameter."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set every parameter's ``.grad`` to None, or to zeros."""
        for parameter in self.parameters():
            clear_grad(parameter, set_to_none)

    def to(self, *args: Any, **kwargs: Any) -> Module:
        """Convert floating parameters and buffers to a dtype, in place."""
        for tensor in [*self.parameters(), *self.buffers()]:
            converted = tensor.detach().to(*args, **kwargs)
            if tensor.is_floating_point() and converted.dtype is not tensor.dtype:
                convert_parameter(tensor, converted)
        return self

    def double(self) -> Module:
        """Convert floating parameters and buffers to float64."""
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.is_floating_point():
                convert_parameter(tensor, tensor.detach().double())
        return self

    def float(self) -> Module:
        """Convert floating parameters and buffers to float32."""
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.is_floating_point():
                convert_parameter(tensor, tensor.detach().float())
        return self

    def cpu(self) -> Module:
        """Return the module, which is on the CPU."""
        return self

    # Printing

    def extra_repr(self) -> str:
        """Return what is printed between a module's parentheses."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [
            f"({name}): " + repr(m).replace("\n", "\n  ") for name, m in self._modules.items()
        ]
        if lines and len(lines) == 1 and not children:
            return f"{self._get_name()}({extra})"
        body = lines + children
        return f"{self._get_name()}(" + ("\n  " + "\n  ".join(body) + "\n" if body else "") + ")"

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})


def convert_parameter(tensor: Any, converted: Any) -> None:
    """Give a leaf other elements, perhaps of another dtype; its gradient is dropped."""
    recorded = tensor.requires_grad
    refuse_in_trace(tensor, "converting a module")
    tensor.edge = tensor.cell = None
    tensor.payload, tensor.storage = converted.payload, None
    if recorded:
        tensor.requires_grad_()


def clear_grad(parameter: Any, set_to_none: bool) -> None:
    """Drop a gradient, or set it to zero without history."""
    if set_to_none:
        parameter.grad = None
        return
    cell = parameter.cell
    if cell is None:
        no_grad_yet(parameter)
        return
    if read_grad(cell) is None:
        return
    if cell.grad.edge is not None:
        parameter.grad = cell.grad.detach()
    with no_grad():
        cell.grad.zero_()
