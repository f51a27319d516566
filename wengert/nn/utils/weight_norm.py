"""The older weight normalization, by a hook before each forward. `parametrizations.weight_norm` is the newer."""

from __future__ import annotations

import warnings
from typing import Any

from wengert.nn.parameter import Parameter

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]


def lengths(v: Any, dim: int) -> Any:
    """Return the norm of a tensor over all dimensions but ``dim``, which keep size 1; over all of them for -1."""
    if dim == -1:
        return v.norm()
    others = tuple(d for d in range(v.ndim) if d != dim)
    return v.norm(2, others, keepdim=True) if others else v.abs()


def scaled(v: Any, g: Any, dim: int) -> Any:
    """Return ``g * v / |v|``, the norm over all dimensions but ``dim``."""
    return v * (g / lengths(v, dim))


class WeightNorm:
    """The hook that computes the weight from its length ``name_g`` and its direction ``name_v``."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Any) -> Any:
        """Return the weight."""
        return scaled(
            getattr(module, f"{self.name}_v"), getattr(module, f"{self.name}_g"), self.dim
        )

    @staticmethod
    def apply(module: Any, name: str, dim: int | None) -> WeightNorm:
        """Replace a parameter by the two, and register the hook. RuntimeError where there is one already."""
        warnings.warn(
            "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
            FutureWarning,
            stacklevel=3,
        )
        if any(isinstance(h, WeightNorm) and h.name == name for h in module._forward_pre_hooks.values()):  # fmt: skip
            raise RuntimeError(
                f"Cannot register two weight_norm hooks on the same parameter {name}"
            )
        made = WeightNorm(name, dim)
        weight = getattr(module, name)
        g, v = Parameter(lengths(weight, made.dim).data), Parameter(weight.data)
        del module._parameters[name]
        module.register_parameter(f"{name}_g", g)
        module.register_parameter(f"{name}_v", v)
        setattr(module, name, made.compute_weight(module))
        module.register_forward_pre_hook(made)
        return made

    def remove(self, module: Any) -> None:
        """Make the weight one parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[f"{self.name}_g"]
        del module._parameters[f"{self.name}_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Have a parameter be ``g * v / |v|`` with two parameters ``name_g`` and ``name_v``, and return the module.

    The norm is taken over all dimensions but ``dim``; over all for None. Computed before each forward. Gives a
    FutureWarning: `parametrizations.weight_norm` loads what this one saves.
    Source: Salimans and Kingma, Weight normalization, 2016.
    """
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Undo `weight_norm`; the weight keeps its value. ValueError where there is none."""
    for key, hook in list(module._forward_pre_hooks.items()):
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"weight_norm of '{name}' not found in {module}")
