"""What this package uses of the function transforms, which stand above it and enter themselves here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol


class ForwardMode(Protocol):
    """What makes duals."""

    def open(self) -> AbstractContextManager[Any]:
        """Return a block that is a level of its own."""
        ...

    def make(self, level: Any, primal: Any, tangent: Any) -> Any:
        """Return a tensor that carries a tangent along."""
        ...

    def level_of(self, x: Any) -> Any:
        """Return the level, opened by hand, at which a tensor has a tangent; None where it has none."""
        ...

    def parts(self, level: Any, x: Any) -> tuple[Any, Any]:
        """Return a tensor's primal and its tangent, None where there is none."""
        ...


class _Above:
    """`jvp`, `vjp` and `vmap` for `gradcheck`, and ``duals`` for `forward_ad`."""

    jvp: Callable[..., Any]
    vjp: Callable[..., Any]
    vmap: Callable[..., Any]
    duals: ForwardMode


above: Final = _Above()
