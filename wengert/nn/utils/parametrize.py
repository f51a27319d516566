"""Parameters that are functions of others: a module's tensor becomes a property, computed whenever it is read."""

from __future__ import annotations

import copyreg
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import Any

from wengert.core.carrier import state
from wengert.errors import TraceError
from wengert.nn.layers.container import ModuleDict, ModuleList
from wengert.nn.parameter import Parameter
from wengert.tape.mode import no_grad
from wengert.tensor.tensor import Tensor

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "transfer_parametrizations_and_params", "type_before_parametrizations",
]  # fmt: skip


class _Cache(threading.local):
    """What this thread has computed inside of `cached`, by module and name; ``depth`` counts the blocks."""

    def __init__(self) -> None:
        self.depth = 0
        self.values: dict[tuple[int, str], Any] = {}


_cache = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once inside the block, when it is first read.

    >>> import wengert as torch
    >>> from wengert.nn.utils import parametrize
    >>> class Doubled(torch.nn.Module):
    ...     def forward(self, x):
    ...         return 2 * x
    >>> line = parametrize.register_parametrization(torch.nn.Linear(2, 1), "bias", Doubled())
    >>> line.bias is line.bias
    False
    >>> with parametrize.cached():
    ...     line.bias is line.bias
    True
    """
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.values = {}


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, in order, and what they start from; `register_parametrization` makes it.

    What they start from is ``original``, or ``original0``, ``original1``, ... where the ``right_inverse`` of the first
    one returns several tensors.
    """

    original: Any

    def __init__(self, modules: Sequence[Any], original: Any, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            new = original
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):
                        new = module.right_inverse(new)
        if not isinstance(new, Tensor | Sequence):
            raise ValueError(
                f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        made = [self._start(i, x, original) for i, x in enumerate([new] if self.is_tensor else new)]
        if not unsafe:
            where = "Registering a parametrization may not change the {} of the tensor, unless `unsafe` flag is enabled"
            _require_alike(self._applied(made), original, "A parametrization must", where)
        if self.is_tensor:
            original.data = new
            made = [original]
        for name, x in zip(self._names(), made, strict=True):
            _register(self, name, x)

    def _start(self, i: int, x: Any, original: Any) -> Any:
        """Return what the parametrizations are to start from, in place ``i``, checked."""
        if not isinstance(x, Tensor):
            raise ValueError(
                f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element {i} of "
                f"the sequence with type {type(x).__name__}."
            )
        if self.is_tensor and x.dtype != original.dtype:
            raise ValueError(
                f"When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {x.dtype}"
            )
        if isinstance(original, Parameter):
            return Parameter(x, original.requires_grad)
        return x if self.is_tensor else x.requires_grad_(original.requires_grad)

    def _names(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def _applied(self, originals: Sequence[Any]) -> Any:
        first, *others = self
        x = first(*originals)
        for module in others:
            x = module(x)
        return x

    def forward(self) -> Any:
        """Return the parametrized tensor."""
        return self._applied([getattr(self, name) for name in self._names()])

    def right_inverse(self, value: Any) -> None:
        """Have the parametrized tensor be ``value``, or come near it: store what their right inverses make of it.

        RuntimeError where a parametrization has none, ValueError where one returns something else than before.
        """
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse. Define it, or "
                        f"assign to `parametrizations.<name>.original`."
                    )
                value = module.right_inverse(value)
        if self.is_tensor and not isinstance(value, Tensor):
            raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
        if not self.is_tensor and (not isinstance(value, Sequence) or len(value) != self.ntensors):
            what = (
                f"a sequence of length {len(value)}"
                if isinstance(value, Sequence)
                else type(value).__name__
            )
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got {what}."
            )
        pairs = list(zip(self._names(), [value] if self.is_tensor else value, strict=True))
        for name, x in pairs:
            held = getattr(self, name)
            if not isinstance(x, Tensor):
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors. Got a {type(x).__name__} for `{name}`."
                )
            if x.dtype != held.dtype:
                raise ValueError(
                    f"The tensor returned by `right_inverse` has dtype {x.dtype} while `{name}` has dtype {held.dtype}"
                )
        for name, x in pairs:
            getattr(self, name).data = x.detach()


def _register(module: Any, name: str, x: Any) -> None:
    if isinstance(x, Parameter):
        module.register_parameter(name, x)
    else:
        module.register_buffer(name, x)


def _require_alike(x: Any, like: Any, who: str, where: str) -> None:
    """Raise ValueError unless ``x`` is a tensor of the dtype and shape of another."""
    if not isinstance(x, Tensor):
        raise ValueError(f"{who} return a tensor. Got {type(x).__name__}.")
    for what in ("dtype", "shape"):
        before, after = getattr(like, what), getattr(x, what)
        if before != after:
            raise ValueError(f"{where.format(what)}: it was {before} and would be {after}.")


def register_parametrization(
    module: Any, tensor_name: str, parametrization: Any, *, unsafe: bool = False
) -> Any:
    """Have ``module.tensor_name`` be ``parametrization`` of a new parameter, and return the module.

    The parameter is ``module.parametrizations.<tensor_name>.original``, the tensor that was there before, passed
    through ``parametrization.right_inverse`` where it has one. Assigning to the tensor sets the original by the same
    way. Several parametrizations of one tensor are applied in the order in which they came. The module's class becomes
    a subclass named ``Parametrized...``; `remove_parametrizations` undoes all of it.

    Raises ValueError for a name that is neither parameter nor buffer, and, unless ``unsafe``, for a parametrization
    that changes dtype or shape; then nothing was changed.

    >>> import wengert as torch
    >>> from wengert.nn.utils import parametrize
    >>> class Symmetric(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> m = parametrize.register_parametrization(torch.nn.Linear(3, 3), "weight", Symmetric())
    >>> torch.equal(m.weight, m.weight.T)
    True
    >>> [name for name, _ in m.named_parameters()]
    ['bias', 'parametrizations.weight.original']
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_next(module, tensor_name, parametrization)
        held = module.parametrizations[tensor_name]
        held.append(parametrization)
        held.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        listed = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.__class__ = _parametrized_class(type(module))
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, _property(tensor_name))
        module.parametrizations[tensor_name] = listed
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def _check_next(module: Any, name: str, parametrization: Any) -> None:
    """Raise ValueError unless a further parametrization, and its right inverse, leave dtype and shape as they are."""
    before = getattr(module, name)
    after = parametrization(before)
    unless = "unless the `unsafe` flag is enabled"
    where = f"Registering a parametrization may not change the {{}} of module.{name}, {unless}"
    _require_alike(after, before, "A parametrization must", where)
    if hasattr(parametrization, "right_inverse"):
        with suppress(NotImplementedError):
            back = parametrization.right_inverse(after)
            where = (
                f"The tensor returned by parametrization.right_inverse must have the same {{}} as module.{name}, "
                f"{unless}"
            )
            _require_alike(back, before, "parametrization.right_inverse must", where)


def _parametrized_class(cls: type) -> type:
    """Return a subclass of a module's class for the properties of one module."""

    def refuse(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(). Save "
            "`module.state_dict()`, or call `remove_parametrizations` first."
        )

    def copied(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) in memo:
            return memo[id(self)]
        made = memo[id(self)] = self.__new__(type(self))
        made.__dict__ = deepcopy(self.__dict__, memo)
        for slot in copyreg._slotnames(type(self)):  # type: ignore[attr-defined]
            if hasattr(self, slot):
                setattr(made, slot, deepcopy(getattr(self, slot), memo))
        return made

    fields: dict[str, Any] = {"__getstate__": refuse}
    if not hasattr(cls, "__deepcopy__"):
        fields["__deepcopy__"] = copied
    return type(f"Parametrized{cls.__name__}", (cls,), fields)


def _property(name: str) -> property:
    def read(self: Any) -> Any:
        listed = self.parametrizations[name]
        if not _cache.depth:
            return listed()
        if state.trace is not None:
            raise TraceError(
                "Cannot trace a model while caching parametrizations. Trace without parametrize.cached()."
            )
        key = id(self), name
        if key not in _cache.values:
            _cache.values[key] = listed()
        return _cache.values[key]

    def write(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(read, write)


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Say whether a tensor of the module is parametrized; without a name, whether any is."""
    listed = getattr(module, "parametrizations", None)
    if not isinstance(listed, ModuleDict):
        return False
    return len(listed) > 0 if tensor_name is None else tensor_name in listed


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make a parametrized tensor a plain one again, and return the module.

    It keeps the value that it has, or, with ``leave_parametrized=False``, goes back to the original. ValueError for a
    tensor that is not parametrized, and for going back where there are several originals.

    >>> import wengert as torch
    >>> from wengert.nn.utils import parametrizations, parametrize
    >>> m = parametrizations.weight_norm(torch.nn.Linear(2, 1))
    >>> parametrize.remove_parametrizations(m, "weight")
    Linear(in_features=2, out_features=1, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    listed = module.parametrizations[tensor_name]
    if listed.is_tensor:
        kept = listed.original
        if leave_parametrized:
            with no_grad():
                kept.data = getattr(module, tensor_name)
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        kept = Parameter(value) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, kept)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Any) -> type:
    """Return the class that a module has, or had before its first parametrization."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Any, to_module: Any, tensor_name: str | None = None
) -> Any:
    """Give a module the parametrizations of another, and the very parameters that they start from; return it.

    All of them, or those of one tensor. A parameter that the module lacks is made.
    """
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        listed = from_module.parametrizations[name]
        for parametrization in listed:
            register_parametrization(to_module, name, parametrization)
        for original in listed._names():
            setattr(to_module.parametrizations[name], original, getattr(listed, original))
    return to_module
