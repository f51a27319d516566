"""`functional_call` under the address that it had before `torch.func`."""

from __future__ import annotations

import warnings
from typing import Any

from wengert.func import stateless

__all__ = ["functional_call"]


def functional_call(
    module: Any, parameters_and_buffers: dict[str, Any], args: Any = None, kwargs: dict[str, Any] | None = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """Do what `torch.func.functional_call` does, with a FutureWarning that says to call that."""
    warnings.warn(
        "torch.nn.utils.stateless.functional_call is deprecated. Call torch.func.functional_call with the "
        "same arguments.",
        FutureWarning,
        stacklevel=2,
    )
    return stateless.functional_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )
