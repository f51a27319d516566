"""Clipping gradients, in place and without history."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable
from typing import Any

from wengert.errors import GradientError, listed
from wengert.tape.mode import no_grad
from wengert.tensor import creation, joining
from wengert.tensor.norms import norm
from wengert.tensor.tensor import Tensor

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]


def _listed(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, Tensor) else listed("parameters", tensors)


def _gradients(parameters: Any) -> list[Any]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


@no_grad()  # type: ignore[untyped-decorator]
def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Any:  # fmt: skip
    """Return the norm of all tensors as if they were one vector.

    ``error_if_nonfinite``: RuntimeError when it is infinite or not a number. ``foreach`` changes nothing.

    >>> import wengert as torch
    >>> torch.nn.utils.get_total_norm([torch.tensor([3.]), torch.tensor([4.])])
    tensor(5.)
    """
    norm_type = float(norm_type)
    found = [norm(g.detach(), norm_type) for g in _listed(tensors)]
    if not found:
        return creation.tensor(0.0)
    total = norm(joining.stack(found), norm_type)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise GradientError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            f"clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            f"`error_if_nonfinite=False`"
        )
    return total


@no_grad()  # type: ignore[untyped-decorator]
def clip_grads_with_norm_(
    parameters: Any, max_norm: float, total_norm: Any, foreach: bool | None = None
) -> None:
    """Multiply all gradients by ``max_norm / total_norm`` where that is below 1."""
    scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for grad in _gradients(parameters):
        grad.mul_(scale)


@no_grad()  # type: ignore[untyped-decorator]
def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:  # fmt: skip
    """Scale the gradients so that the norm of all together is at most ``max_norm``, and return what it was.

    >>> import wengert as torch
    >>> x = torch.tensor([3., 4.], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> torch.nn.utils.clip_grad_norm_([x], 1.0), x.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    given = _listed(parameters)
    if isinstance(parameters, types.GeneratorType) and not given:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3
        )
    total = get_total_norm(_gradients(given), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(given, max_norm, total)
    return total


def clip_grad_norm(parameters: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
    """Do what `clip_grad_norm_` does, under its older name."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, *args, **kwargs)


@no_grad()  # type: ignore[untyped-decorator]
def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Clip each element of the gradients to ``[-clip_value, clip_value]``."""
    bound = float(clip_value)
    for grad in _gradients(parameters):
        grad.clamp_(-bound, bound)
