"""Modules made without first values."""

from __future__ import annotations

import inspect
from typing import Any

from wengert import random
from wengert.nn.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Return ``module_cls(*args, **kwargs)`` without first values: the random stream stays where it is.

    What the parameters hold is not said; write to all of them. RuntimeError for a class that is no `Module` or takes no
    ``device``.

    >>> import wengert as torch
    >>> torch.nn.utils.skip_init(torch.nn.Linear, 2, 3)
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"skip_init: Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError(
            f"skip_init: Module must support a 'device' arg to skip initialization, and "
            f"{module_cls.__name__} does not."
        )
    state = random.get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        random.set_rng_state(state)
