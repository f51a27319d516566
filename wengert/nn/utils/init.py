"""Making modules whose first weights nobody draws."""

from __future__ import annotations

import inspect
from typing import Any

from wengert.nn.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Return ``module_cls(*args, **kwargs)`` with arbitrary elements: it is made on the device meta, then given memory.

    ``device`` among the keywords is where it is to be. Raises RuntimeError for a class that is no module, or that takes
    no ``device``, and TypeError for what is no class.

    >>> import wengert as torch
    >>> torch.nn.utils.skip_init(torch.nn.Linear, 5, 1).weight.shape
    torch.Size([1, 5])
    """
    if not isinstance(module_cls, type):
        raise TypeError(f"skip_init: expected a class of modules, not {module_cls!r}.")
    if not issubclass(module_cls, Module):
        raise RuntimeError(
            f"Expected a Module; got {module_cls}. Pass the class, as in `skip_init(nn.Linear, 3, 4)`."
        )
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError(
            f"Module must support a 'device' arg to skip initialization, and {module_cls.__name__} does not. Make it "
            f"under `with torch.device('meta'):` and call `.to_empty(device='cpu')`."
        )
    place = kwargs.pop("device", "cpu")
    return module_cls(*args, **kwargs, device="meta").to_empty(device=place)
