"""`Module`: a tree of parameters, buffers and submodules with a forward.

Assigning to an attribute registers it; changes are journalled under a trace, so that a trace leaves nothing behind.
What a module offers besides stands in the files it inherits from: walking (`tree`), converting (`conversion`), saving
(`saving`), hooks (`hooks`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from types import ModuleType
from typing import Any

from wengert.as_torch import home_of
from wengert.core import carrier
from wengert.core.carrier import state
from wengert.errors import MissingFeatureError, under_own_name
from wengert.nn.conversion import Convertible
from wengert.nn.hooks import EVERYWHERE, Hooked, call_with_hooks, registered
from wengert.nn.parameter import Buffer, Parameter
from wengert.nn.saving import Saveable, made_anew
from wengert.tensor.tensor import Tensor

TABLES = ("_parameters", "_buffers", "_modules")
SINGULAR = {"_parameters": "parameter", "_buffers": "buffer", "_modules": "module"}
ORDERED = (
    "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks", "_state_dict_hooks",
    "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks",
)  # fmt: skip


class Module(Hooked, Saveable, Convertible):
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
    call_super_init: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            what = (
                f"got an unexpected keyword argument '{next(iter(kwargs))}'"
                if kwargs
                else f"takes 1 positional argument but {len(args) + 1} were given"
            )
            raise TypeError(f"{type(self).__name__}.__init__() {what}")
        _fill(self.__dict__)
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> Any:
        cls = type(self)
        if home_of(cls) == cls.__module__:
            return super().__reduce_ex__(protocol)
        held: Any = super().__reduce_ex__(max(protocol, 2))
        return (made_anew, (home_of(cls), cls.__qualname__), *held[2:])

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        _fill(self.__dict__)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; subclasses define it."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if carrier.special and state.trace is not None:
            _guard(self)
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or EVERYWHERE._forward_hooks
            or EVERYWHERE._forward_pre_hooks
            or EVERYWHERE._backward_hooks
            or EVERYWHERE._backward_pre_hooks
        ):
            return call_with_hooks(self, args, kwargs)
        return self.forward(*args, **kwargs)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Raise: a module is compiled by compiling a function that calls it."""
        raise MissingFeatureError(
            "Wengert has no `Module.compile`. Trace a function that calls the module: "
            "`from wengert.trace import trace; step = trace(lambda x: module(x), example)`."
        )

    # Attributes

    def __getattr__(self, name: str) -> Any:
        if not carrier.special:
            fields = self.__dict__
            try:
                found = fields["_parameters"].get(name)
                if found is None:
                    found = fields["_modules"].get(name)
            except KeyError:  # before `Module.__init__`
                found = None
            if found is not None:
                return found
        return _registered(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        fields = self.__dict__
        if "_parameters" not in fields:
            if isinstance(value, Parameter | Module):
                kind = "parameters" if isinstance(value, Parameter) else "module"
                raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
            object.__setattr__(self, name, value)
            return
        table = _table_for(self, name, value)
        note(self, name)
        if table is None:
            object.__setattr__(self, name, value)
            return
        persistent = name not in self._non_persistent_buffers_set
        _discard(self, name, table)
        if table == "_parameters":
            self.register_parameter(name, value)
        elif table == "_modules":
            self._modules[name] = registered(self, table, name, value)
        else:
            kept = value.persistent if isinstance(value, Buffer) else persistent
            self.register_buffer(name, value, kept)

    def __delattr__(self, name: str) -> None:
        note(self, name)
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def register_parameter(self, name: str, param: Any) -> None:
        """Add a parameter (or None) under a name.

        Raises TypeError for what is no parameter, ValueError for one with a history, KeyError for a bad name.
        """
        _check_name(self, name, "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' "
                f"(torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To "
                f"express '{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        note(self, name)
        made = param if param is None else registered(self, "_parameters", name, param)
        self._parameters[name] = made

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Add a tensor (or None) that is part of the state but not trained; ``state_dict`` has it if persistent."""
        _check_name(self, name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (torch Tensor or None required)"
            )
        note(self, name)
        self._buffers[name] = registered(self, "_buffers", name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Any) -> None:
        """Add a submodule (or None) under a name. TypeError for anything else, KeyError for a bad name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        _check_name(self, name, "_modules")
        note(self, name)
        self._modules[name] = registered(self, "_modules", name, module)

    def register_module(self, name: str, module: Any) -> None:
        """Do what `add_module` does."""
        self.add_module(name, module)

    # Modes

    def apply(self, fn: Callable[[Any], None]) -> Any:
        """Call ``fn`` on every submodule, then on this module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Any:
        """Switch this module and all below it to training mode."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        if self.training is not mode:
            if state.trace is not None:
                state.trace.journal.keep_item(self.__dict__, "training", self)
            self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Any:
        """Switch this module and all below it to evaluation mode."""
        return self.train(False)

    # Printing

    def extra_repr(self) -> str:
        """Return what is printed between a module's parentheses."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {indented(repr(m))}" for name, m in self._modules.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({extra})"
        body = lines + children
        return f"{self._get_name()}(" + ("\n  " + "\n  ".join(body) + "\n" if body else "") + ")"

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[0].isdigit())


def _fill(fields: dict[str, Any]) -> None:
    """Give a module the fields that it lacks."""
    fields.setdefault("training", True)
    for name in TABLES:
        fields.setdefault(name, {})
    fields.setdefault("_non_persistent_buffers_set", set())
    fields.setdefault("_hook_traits", {})
    for name in ORDERED:
        fields.setdefault(name, OrderedDict())


def _guard(module: Module) -> None:
    """Have a replay of the running trace check this module's plain attributes, its mode among them.

    A plain tensor is read from its attribute at each replay; a view is read through its base, so it must stay.
    """
    fields = module.__dict__
    for name, value in fields.items():
        if state.trace.journal.noted(fields, name):
            continue
        what = f"{type(module).__name__}.{name}"
        if isinstance(value, Tensor) and value._origin is None:
            state.trace.found_in(value, lambda name=name: fields.get(name))
        elif isinstance(value, Tensor):
            state.trace.guard(lambda name=name: id(fields.get(name)), what)
        if value is None or isinstance(value, bool | int | float | complex | str):
            state.trace.guard(lambda name=name: fields.get(name), what)


def _registered(module: Module, name: str) -> Any:
    """Return a parameter, buffer or module by name; a trace learns where it was found."""
    fields = module.__dict__
    for table in TABLES:
        entries = fields.get(table, ())
        if name in entries:
            found = entries[name]
            if carrier.special and state.trace is not None and isinstance(found, Tensor):
                state.trace.found_in(found, lambda table=entries: table.get(name))
            return found
    raise AttributeError(f"'{type(module).__name__}' object has no attribute '{name}'")


def _table_for(module: Module, name: str, value: Any) -> str | None:
    """Return which table an attribute belongs to, None for plain ones; TypeError where a tensor is not allowed."""
    if isinstance(value, Parameter):
        return "_parameters"
    if name in module._parameters:
        _require(value is None, value, f"parameter '{name}'", "torch.nn.Parameter")
        return "_parameters"
    if isinstance(value, Module):
        return "_modules"
    if name in module._modules:
        _require(value is None, value, f"child module '{name}'", "torch.nn.Module")
        return "_modules"
    if isinstance(value, Buffer):
        return "_buffers"
    if name in module._buffers:
        fits = value is None or isinstance(value, Tensor)
        _require(fits, value, f"buffer '{name}'", "torch.nn.Buffer, torch.Tensor")
        return "_buffers"
    return None


def _require(fits: bool, value: Any, what: str, expected: str) -> None:
    if not fits:
        raise TypeError(
            f"cannot assign '{type(value).__name__}' as {what} ({expected} or None expected)"
        )


def _discard(module: Module, name: str, kept: str) -> None:
    """Take a name away from wherever it stands but one table."""
    fields = module.__dict__
    for table in (fields, *(fields[t] for t in TABLES if t != kept)):
        table.pop(name, None)
    if kept != "_buffers":
        module._non_persistent_buffers_set.discard(name)


def note(module: Module, name: str) -> None:
    """Have a running trace note everything that a name stands for, before that changes."""
    if state.trace is not None:
        fields = module.__dict__
        for table in (fields, *(fields[t] for t in TABLES)):
            state.trace.journal.keep_item(table, name, module)


def _check_name(module: Module, name: str, table: str) -> None:
    """Raise KeyError for a bad name, or one that stands for something outside of ``table`` already."""
    kind = SINGULAR[table]
    if table not in module.__dict__:
        raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {type(name).__name__}")
    if "." in name:
        raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
    if not name:
        raise KeyError(f'{kind} name can\'t be empty string ""')
    if hasattr(module, name) and name not in module.__dict__[table]:
        raise KeyError(f"attribute '{name}' already exists")


def indented(text: str) -> str:
    """Indent all lines but the first, and none that is blank."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(f"  {line}" if line.strip() else "" for line in rest)])


def name_methods(names: dict[str, Any], places: ModuleType) -> None:
    """Let errors about how a layer is called name its own class; ``names`` has all layers among others.

    Methods of the private classes that programs find in the modules of ``places`` stay where they are.
    """
    inner = [vars(place) for place in vars(places).values() if isinstance(place, ModuleType)]
    shared = [
        kind for place in inner for name, kind in place.items() if name.startswith("_") and isinstance(kind, type)
    ]  # fmt: skip
    for kind in shared:
        under_own_name(kind, shared)
    for layer in names.values():
        if isinstance(layer, type) and issubclass(layer, Module):
            under_own_name(layer, shared)
