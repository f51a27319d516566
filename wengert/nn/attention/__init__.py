"""Which ways of computing `scaled_dot_product_attention` a program allows: PyTorch's ``torch.nn.attention``.

There is one way here, so that these are wishes, which `torch.backends.cuda` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, Final

from wengert.errors import refuser

__all__ = ["SDPBackend", "WARN_FOR_UNFUSED_KERNELS", "sdpa_kernel"]

WARN_FOR_UNFUSED_KERNELS = False


class SDPBackend(IntEnum):
    """The ways that PyTorch knows."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __repr__(self) -> str:
        return f"<SDPBackend.{self.name}: {self.value}>"

    def __str__(self) -> str:
        return f"SDPBackend.{self.name}"


allowed: Final = {backend: True for backend in SDPBackend if backend >= 0}
"""Which ways are allowed, as was last asked."""


def _cur_sdpa_kernel_backends(with_priority: bool = False) -> list[SDPBackend]:
    """Return the ways that are allowed now."""
    order = (3, 1, 2, 0, 4)
    return [SDPBackend(i) for i in order if allowed[SDPBackend(i)]]


@contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[dict[Any, Any]]:
    """Allow only some ways of computing attention, inside of a ``with`` or of a function that this decorates.

    Attention is computed as always, by its formula. AssertionError for what is no `SDPBackend` nor a list of them.

    >>> import wengert as torch
    >>> from wengert.nn.attention import SDPBackend, sdpa_kernel
    >>> with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
    ...     torch.backends.cuda.math_sdp_enabled()
    False
    """
    wanted = [backends] if isinstance(backends, SDPBackend) else backends
    if not isinstance(wanted, list) or not all(isinstance(b, SDPBackend) for b in wanted):
        raise AssertionError(
            f"sdpa_kernel: Backend must be an instance of SDPBackend or a list of SDPBackend instances, not "
            f"{backends!r}."
        )
    before = dict(allowed)
    allowed.update({backend: backend in wanted for backend in allowed})
    try:
        yield {}
    finally:
        allowed.update(before)


__getattr__ = refuser(__name__, "torch.nn.attention")
