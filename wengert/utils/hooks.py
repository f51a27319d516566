"""What `torch.utils.hooks` names: the handles of hooks, and the mark of hooks that are not to be pickled."""

from __future__ import annotations

from typing import Any

from wengert.errors import refuser
from wengert.tape.hooks import RemovableHandle

__all__ = ["RemovableHandle", "unserializable_hook"]


def unserializable_hook(f: Any) -> Any:
    """Mark a hook as one that pickles leave out, which all of them do here."""
    f.__torch_unserializable__ = True
    return f


__getattr__ = refuser(__name__, "torch.utils.hooks")
