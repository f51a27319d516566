"""Modules called as functions of their parameters. Knows of a module only that it is a tree of named tensors."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from wengert.core.carrier import state
from wengert.errors import near_name
from wengert.tape.provenance import warn
from wengert.tape.storage import Recorded
from wengert.tensor import joining

MISSING: Final = object()
"""Stands for an attribute that is not there."""


def functional_call(
    module: Any, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: dict[str, Any] | None = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """Return ``module(*args, **kwargs)`` with other tensors in the places of its parameters and buffers.

    ``parameter_and_buffer_dicts`` maps dotted names to tensors, or is a sequence of such dicts that share no name;
    what they do not name stays the module's. ``args`` that is no tuple is the one argument. A name that is tied to
    others (they hold one tensor) stands for all of them, unless ``tie_weights=False``. Afterwards the module is as it
    was, and an attribute that its forward replaced is found in the dict, when there is one.

    Raises ValueError for what is no dict, for a name in two dicts and for tied names with unequal tensors;
    RuntimeError, with ``strict``, for names that are missing or unexpected; TypeError for what is no tensor;
    AttributeError for a path that leads to no module.

    >>> import wengert as torch
    >>> line = torch.nn.Linear(2, 1)
    >>> weights = {"weight": torch.tensor([[3., 4.]]), "bias": torch.tensor([1.])}
    >>> torch.func.functional_call(line, weights, torch.tensor([1., 2.]))
    tensor([12.])
    >>> loss = lambda w, x: torch.func.functional_call(line, w, x).sum()
    >>> torch.func.grad(loss)(weights, torch.tensor([1., 2.]))
    {'weight': tensor([[1., 2.]]), 'bias': tensor([1.])}
    """
    tensors = _merged(parameter_and_buffer_dicts)
    positional = args if isinstance(args, tuple) else () if args is None else (args,)
    unknown: list[str] = []
    with swapped(module, tensors, tie_weights, strict, unknown):
        if unknown:
            _warn_of_slips(module, unknown)
        return module(*positional, **(kwargs or {}))


def _warn_of_slips(module: Any, paths: list[str]) -> None:
    """Warn of paths at which the module has nothing, and that are nearly paths of its own tensors."""
    for path in paths:
        owner, name = _place(module, path)
        near = near_name(name, [*owner._parameters, *owner._buffers])
        if near is not None:
            warn(
                f"functional_call: {module._get_name()} has no parameter or buffer {path!r}, and uses its own "
                f"{path.removesuffix(name) + near!r}: did you mean that? With strict=True such names are errors."
            )


def _merged(dicts: Any) -> dict[str, Any]:
    if isinstance(dicts, dict):
        return dicts
    if not isinstance(dicts, Sequence):
        raise ValueError(
            f"functional_call: Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(dicts).__name__}. Write `dict(module.named_parameters())`."
        )
    merged: dict[str, Any] = {}
    for given in dicts:
        if not isinstance(given, dict):
            raise ValueError(
                f"functional_call: Expected all elements of parameter_and_buffer_dicts to be dictionaries, and one is "
                f"a {type(given).__name__}."
            )
        twice = sorted(merged.keys() & given.keys())
        if twice:
            raise ValueError(
                f"functional_call: {twice} appeared in multiple dictionaries, so that it is ambiguous which to use."
            )
        merged.update(given)
    return merged


@contextmanager
def swapped(
    module: Any, tensors: dict[str, Any], tie_weights: bool = False, strict: bool = False,
    unknown: list[str] | None = None,
) -> Iterator[None]:  # fmt: skip
    """Have a module hold other tensors inside the block; ``tensors`` gets those that the block itself replaced.

    ``unknown`` gets the paths at which the module had nothing.
    """
    wanted = _untied(module, tensors) if tie_weights else tensors
    if strict:
        _require_all(module, wanted)
    before: list[tuple[Any, str, Any]] = []
    try:
        for path, tensor in wanted.items():
            owner, name = _place(module, path)
            if state.trace is not None and isinstance(tensor, Recorded):
                state.trace.found_in(tensor, lambda path=path: wanted.get(path))
            before.append((owner, name, _swap(owner, name, tensor, path)))
            if unknown is not None and before[-1][2] is MISSING:
                unknown.append(path)
        yield
    finally:
        found = [_swap(*place) for place in before]
        for path, tensor in zip(wanted, found, strict=False):
            if path in tensors and tensors[path] is not tensor:
                tensors[path] = tensor


def _untied(module: Any, tensors: dict[str, Any]) -> dict[str, Any]:
    """Return the tensors by all names that are tied to a given one."""
    names: dict[int, list[str]] = {}
    for listed in (module.named_parameters, module.named_buffers):
        for name, tensor in listed(remove_duplicate=False):
            names.setdefault(id(tensor), []).append(name)
    found = dict(tensors)
    for tied in names.values():
        given = [name for name in tied if name in tensors]
        if len(tied) == 1 or not given:
            continue
        if len({id(tensors[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(tied)}, which are tied: the module holds one "
                f"tensor under these names. Give one of them, or consider using tie_weights=False."
            )
        found.update(dict.fromkeys(tied, tensors[given[0]]))
    return found


def _require_all(module: Any, tensors: Mapping[str, Any]) -> None:
    """Raise RuntimeError unless the tensors have the names of the module's own."""
    own = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    own |= {name for name, _ in module.named_buffers(remove_duplicate=False)}
    problems = [
        f"{kind} key(s): {', '.join(map(repr, sorted(names)))}."
        for kind, names in (("Unexpected", tensors.keys() - own), ("Missing", own - tensors.keys()))
        if names
    ]
    if problems:
        listed = "\n\t".join(problems)
        raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t{listed}")


def _place(module: Any, path: str) -> tuple[Any, str]:
    """Return the module that a dotted path leads to, and the name there."""
    above, _, name = path.rpartition(".")
    if not name:
        raise KeyError(f'tensor name can\'t be empty string "", and the last of {path!r} is.')
    return module.get_submodule(above), name


def _swap(module: Any, name: str, tensor: Any, path: str | None = None) -> Any:
    """Put a tensor, None or nothing in the place of an attribute, and return what was there.

    ``path`` is the user's name of it: what stands there now and what is to come are then looked at.
    """
    if path is not None and tensor is not None and not isinstance(tensor, Recorded):
        raise TypeError(f"functional_call: {path!r} is given a {type(tensor).__name__}, no tensor.")
    for table in (module._parameters, module._buffers):
        if name in table:
            if state.trace is not None:
                state.trace.journal.keep_item(table, name, module)
            old = table[name]
            if tensor is MISSING:
                del table[name]
            else:
                table[name] = tensor
            return old
    old = getattr(module, name, MISSING)
    if path is not None and not (old is MISSING or old is None or isinstance(old, Recorded)):
        raise TypeError(
            f"functional_call: the attribute {path!r} is a {type(old).__name__}, and only tensors can be replaced."
        )
    if tensor is not MISSING:
        setattr(module, name, tensor)
    elif old is not MISSING:
        delattr(module, name)
    return old


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return ``(params, buffers)`` of several modules of one class, each tensor stacked: ``(len(models), *shape)``.

    The parameters are new leaves, apart from the modules', which an optimiser takes; with `vmap` over both and
    `functional_call` one call runs all the modules. RuntimeError for no modules, for modules of several classes, for
    some that train beside some that do not, and for a parameter that requires grad in some only.

    >>> import wengert as torch
    >>> models = [torch.nn.Linear(2, 3) for _ in range(4)]
    >>> params, buffers = torch.func.stack_module_state(models)
    >>> {name: p.shape for name, p in params.items()}
    {'weight': torch.Size([4, 3, 2]), 'bias': torch.Size([4, 3])}
    >>> run = lambda params, buffers, x: torch.func.functional_call(models[0], (params, buffers), x)
    >>> torch.vmap(run, (0, 0, None))(params, buffers, torch.ones(5, 2)).shape
    torch.Size([4, 5, 3])
    """
    if len(models) == 0:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({bool(m.training) for m in models}) > 1:
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode. Call `train()` or `eval()` "
            "on all of them."
        )
    classes = {type(m) for m in models}
    if len(classes) > 1:
        raise RuntimeError(
            f"stack_module_state: Expected all models to be of the same class, and they are of "
            f"{', '.join(sorted(c.__name__ for c in classes))}."
        )
    parameters = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    return _stacked(parameters), _stacked(buffers)


def _stacked(states: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = {}
    for name in states[0]:
        tensors = [state[name] for state in states]
        if len({t.requires_grad for t in tensors}) > 1:
            raise RuntimeError(
                f"stack_module_state: Expected {name} from each model to have the same .requires_grad"
            )
        made = joining.stack(tensors)
        found[name] = made.detach().requires_grad_() if tensors[0].requires_grad else made
    return found


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Let every batch normalization in a module, and the module itself, keep no running statistics; return it.

    Then it normalizes by the batch's own, in evaluation, too, and `vmap` may map it: it writes to nothing.

    >>> import wengert as torch
    >>> torch.func.replace_all_batch_norm_modules_(torch.nn.BatchNorm1d(2))
    BatchNorm1d(2, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=False)
    """
    for module in root.modules():
        # By its name, for modules stand above this file.
        if any(cls.__name__ == "_BatchNorm" for cls in type(module).__mro__):
            module.track_running_stats = False
            module.running_mean = module.running_var = module.num_batches_tracked = None
    return root


def functionalize(func: Any, *, remove: str = "mutations") -> Any:
    """Return a function that does what ``func`` does.

    PyTorch takes writes in place out of what it traces; transforms and traces here follow writes, so that nothing is to
    be taken out. ``remove`` is ``"mutations"`` or ``"mutations_and_views"``: RuntimeError for another word.

    >>> import wengert as torch
    >>> torch.func.functionalize(lambda x: x.clone().add_(1))(torch.ones(2))
    tensor([2., 2.])
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are: "
            f"remove='mutations' and remove='mutations_and_views'."
        )

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return wrapped
