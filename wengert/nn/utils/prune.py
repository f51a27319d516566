"""Pruning: parameters multiplied by masks of zeros and ones before each forward.

Pruning ``name`` makes of it a parameter ``name_orig``, a buffer ``name_mask`` and an attribute ``name``, their product.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from wengert.errors import refuser, under_own_name
from wengert.nn.utils.convert_parameters import parameters_to_vector
from wengert.tensor import elementary, filled, norms, ordering, quantiles, sampling

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "PruningContainer",
    "RandomStructured", "RandomUnstructured", "custom_from_mask", "global_unstructured", "identity", "is_pruned",
    "l1_unstructured", "ln_structured", "random_structured", "random_unstructured", "remove",
]  # fmt: skip


class BasePruningMethod(ABC):
    """How a mask is found. A method of your own defines `compute_mask` and ``PRUNING_TYPE``.

    The type is ``"unstructured"`` (the method sees the elements that are left, as a vector), ``"structured"`` (it sees
    the channels along its ``dim`` of which something is left) or ``"global"`` (it sees all).
    """

    _tensor_name: str

    def __call__(self, module: Any, inputs: Any) -> None:
        """Compute the pruned tensor anew, before a forward."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask for importances ``t``, given the mask so far, in the shape of both."""

    def apply_mask(self, module: Any) -> Any:
        """Return the original times the mask."""
        original = getattr(module, f"{self._name(module)}_orig")
        return getattr(module, f"{self._tensor_name}_mask").to(dtype=original.dtype) * original

    def _name(self, module: Any) -> str:
        name: str | None = getattr(self, "_tensor_name", None)
        if name is None:
            raise AssertionError(f"Module {module} has to be pruned: call `apply` first.")
        return name

    @classmethod
    def apply(
        cls, module: Any, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> Any:
        """Prune a module's parameter, further if it is pruned already; return the method, or the container of several.

        ``importance_scores``, of the parameter's shape, are looked at in its place; AssertionError for another shape.
        The other arguments make the method.
        """
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        hooks = module._forward_pre_hooks
        found = [
            key for key, hook in hooks.items()
            if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
        ]  # fmt: skip
        if len(found) > 1:
            raise AssertionError(
                f"Avoid adding multiple pruning hooks to the same tensor {name} of module {module}. Use a "
                f"PruningContainer."
            )
        now = getattr(module, name)
        scores = _scores(importance_scores, now, f"parameter {name} of {module}")
        if not found:
            mask = method.compute_mask(scores, default_mask=filled.ones_like(now))
            mask.to(dtype=now.dtype) * now  # raises now where the two do not fit
            module.register_parameter(f"{name}_orig", now)
            del module._parameters[name]
        else:
            before = getattr(module, f"{name}_mask").detach().clone()
            old = hooks[found[0]]
            mask = _on_top(method, scores, before)
            container = old if isinstance(old, PruningContainer) else PruningContainer(old)
            container.add_pruning_method(method)
            del hooks[found[0]]
            method = container
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """Return a tensor times its mask, which nobody keeps."""
        scores = _scores(importance_scores, t, "tensor t")
        before = filled.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=before)

    def remove(self, module: Any) -> None:
        """Make the pruned tensor the parameter, for good."""
        name = self._name(module)
        pruned = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters[f"{name}_orig"]
        original.data = pruned.data
        del module._parameters[f"{name}_orig"]
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)


def _scores(given: Any, of: Any, what: str) -> Any:
    """Return what is looked at for a mask: the tensor itself unless scores of its shape are given."""
    if given is not None and tuple(given.shape) != tuple(of.shape):
        raise AssertionError(
            f"importance_scores should have the same shape as {what}, got {given.shape} vs {of.shape}"
        )
    return of if given is None else given


def _on_top(method: Any, t: Any, mask: Any) -> Any:
    """Return the mask that a method makes of one before, of what that one leaves."""
    made = mask.to(dtype=t.dtype, copy=True)
    if method.PRUNING_TYPE == "unstructured":
        left: Any = mask == 1
    elif method.PRUNING_TYPE == "structured":
        left = _channels_left(method, mask)
    elif method.PRUNING_TYPE == "global":
        left = ...
    else:
        raise ValueError(
            f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}: use unstructured, structured or global."
        )
    made[left] = method.compute_mask(t[left], default_mask=mask[left]).to(dtype=made.dtype)
    return made


def _channels_left(method: Any, mask: Any) -> tuple[Any, ...]:
    """Return the index of the channels of which a mask leaves something."""
    if not hasattr(method, "dim"):
        raise AttributeError(
            'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.'
        )
    rank = mask.dim()
    dim = method.dim + rank if method.dim < 0 else method.dim
    if dim < 0:
        raise IndexError(f"Index is out of bounds for tensor with dimensions {rank}")
    index: list[Any] = [slice(None)] * rank
    index[dim] = mask.sum(dim=[d for d in range(rank) if d != dim]) != 0
    return tuple(index)


class PruningContainer(BasePruningMethod):
    """Methods that pruned one tensor, one after the other. Its mask is that of the last on top of one before."""

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple[Any, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method. TypeError for what is none, ValueError for one of another tensor."""
        if not isinstance(method, BasePruningMethod) and method is not None:
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                f"Can only add pruning methods acting on the parameter named '{self._tensor_name}' to PruningContainer "
                f"{self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the last method's mask of what ``default_mask`` leaves, on top of that."""
        return _on_top(self._pruning_methods[-1], t, default_mask)


class Identity(BasePruningMethod):
    """Prunes nothing; the mask is there all the same."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask so far."""
        return default_mask


class _Amount(BasePruningMethod):
    """A method that prunes a share (a float from 0 to 1) or a number (an int) of what there is.

    TypeError for no number, ValueError for one outside or beyond what there is.
    """

    def __init__(self, amount: Any) -> None:
        if not isinstance(amount, numbers.Real):
            raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
        self.whole = isinstance(amount, numbers.Integral)
        if float(amount) < 0 or (not self.whole and float(amount) > 1):
            raise ValueError(
                f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer"
            )
        self.amount: Any = amount

    def _count(self, size: int) -> int:
        """Return how many of so many are to go."""
        if self.amount is True:
            raise TypeError(
                "amount=True is neither a share nor a number. Write 1.0 for everything, or 1 for one."
            )
        if not self.whole:
            return int(round(self.amount * size))
        if self.amount > size:
            raise ValueError(
                f"amount={self.amount} should be smaller than the number of parameters to prune={size}"
            )
        return int(self.amount)


@under_own_name
class RandomUnstructured(_Amount):
    """Prunes elements at random."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask so far with some elements zero."""
        return self._without(t, default_mask, lambda: sampling.rand_like(t), True)

    def _without(self, t: Any, default_mask: Any, height: Any, largest: bool) -> Any:
        count = self._count(t.nelement())
        mask = default_mask.clone()
        if count:
            chosen = ordering.topk(height().reshape(-1), k=count, largest=largest).indices
            mask.view(-1)[chosen] = 0
        return mask


@under_own_name
class L1Unstructured(RandomUnstructured):
    """Prunes the elements of least magnitude."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask so far with some elements zero."""
        return self._without(t, default_mask, lambda: elementary.abs(t), False)


@under_own_name
class RandomStructured(_Amount):
    """Prunes whole channels along ``dim`` at random."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask so far with some channels zero."""
        size = _channels(t, self.dim)
        count = self._count(size)
        if not count:
            return default_mask
        height = sampling.rand(size)
        return self._keeping(t, default_mask, height > quantiles.kthvalue(height, count).values)

    def _keeping(self, t: Any, default_mask: Any, channels: Any) -> Any:
        """Return the mask so far where some channels are kept."""
        mask = filled.zeros_like(t)
        index: list[Any] = [slice(None)] * t.dim()
        index[self.dim] = channels
        mask[tuple(index)] = 1
        mask *= default_mask.to(dtype=mask.dtype)
        return mask


def _channels(t: Any, dim: int) -> int:
    """Return how many channels there are along ``dim``."""
    if t.dim() <= 1:
        raise ValueError(
            f"Structured pruning can only be applied to multidimensional tensors. Found tensor of shape {t.shape} with "
            f"{t.dim()} dims"
        )
    if not -t.dim() <= dim < t.dim():
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")
    return int(t.shape[dim])


@under_own_name
class LnStructured(RandomStructured):
    """Prunes the channels along ``dim`` with the least norms of order ``n``."""

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask so far with some channels zero."""
        size = _channels(t, self.dim)
        count = self._count(size)
        others = [d for d in range(t.dim()) if d != self.dim % t.dim()]
        lengths = norms.norm(t, p=self.n, dim=others)
        if not count:
            return default_mask
        return self._keeping(t, default_mask, ordering.topk(lengths, k=size - count).indices)


class CustomFromMask(BasePruningMethod):
    """Prunes where a mask of the tensor's shape is zero."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask so far times the given one. AssertionError where their shapes differ."""
        if tuple(default_mask.shape) != tuple(self.mask.shape):
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)


def identity(module: Any, name: str) -> Any:
    """Give a parameter the form of a pruned one, with nothing pruned; return the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: Any) -> Any:
    """Prune a share or a number of a parameter's elements at random; return the module.

    >>> import wengert as torch
    >>> m = torch.nn.utils.prune.random_unstructured(torch.nn.Linear(2, 3), "weight", amount=1)
    >>> int((m.weight == 0).sum())
    1
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Any, name: str, amount: Any, importance_scores: Any = None) -> Any:
    """Prune a share or a number of a parameter's elements, those of least magnitude; return the module.

    >>> import wengert as torch
    >>> m = torch.nn.utils.prune.l1_unstructured(torch.nn.Linear(2, 3), "weight", amount=0.5)
    >>> int(m.weight_mask.sum()), [name for name, _ in m.named_parameters()]
    (3, ['bias', 'weight_orig'])
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: Any, dim: int) -> Any:
    """Prune a share or a number of a parameter's channels along ``dim`` at random; return the module."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any, name: str, amount: Any, n: Any, dim: int, importance_scores: Any = None
) -> Any:
    """Prune the channels along ``dim`` whose norms of order ``n`` are least; return the module."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune elements of several parameters as if they were one: ``parameters`` are pairs of a module and a name.

    ``pruning_method`` is an unstructured method, made with ``kwargs``; ``importance_scores`` maps pairs to scores.
    TypeError for other methods and arguments.

    >>> import wengert as torch
    >>> prune, m = torch.nn.utils.prune, torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    >>> pairs = [(m[0], "weight"), (m[1], "weight")]
    >>> prune.global_unstructured(pairs, prune.L1Unstructured, amount=4)
    >>> sum(int((layer.weight == 0).sum()) for layer in m)
    4
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    pairs = list(parameters)
    given = {} if importance_scores is None else importance_scores
    if not isinstance(given, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    tensors = [getattr(module, name) for module, name in pairs]
    scores = [given.get(pair, t) for pair, t in zip(pairs, tensors, strict=True)]
    masks = [
        getattr(module, f"{name}_mask", filled.ones_like(t))
        for (module, name), t in zip(pairs, tensors, strict=True)
    ]
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of '
            f"type {method.PRUNING_TYPE}"
        )
    mask = _on_top(method, parameters_to_vector(scores), parameters_to_vector(masks))
    parts = mask.split([t.numel() for t in tensors])
    for (module, name), t, part in zip(pairs, tensors, parts, strict=True):
        custom_from_mask(module, name, part.view_as(t))


def custom_from_mask(module: Any, name: str, mask: Any) -> Any:
    """Prune a parameter where a mask of its shape is zero; return the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module: Any, name: str) -> Any:
    """Make a pruned tensor the parameter, for good; return the module. ValueError where it is not pruned."""
    for key, hook in list(module._forward_pre_hooks.items()):
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Any) -> bool:
    """Say whether anything in a module is pruned.

    >>> import wengert as torch
    >>> m = torch.nn.Linear(2, 2)
    >>> torch.nn.utils.prune.is_pruned(m), torch.nn.utils.prune.is_pruned(torch.nn.utils.prune.identity(m, "bias"))
    (False, True)
    """
    return any(
        isinstance(hook, BasePruningMethod)
        for inner in module.modules()
        for hook in inner._forward_pre_hooks.values()
    )


__getattr__ = refuser(__name__, "torch.nn.utils.prune")
