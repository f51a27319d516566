"""The databases that PyTorch's own tests run over, which are part of it."""

from __future__ import annotations

from types import ModuleType

import pytest


def database(name: str) -> ModuleType:
    """Import a database, or skip the module that asks where there is none.

    The import forbids to set the flags in `torch.backends`; that is allowed again.
    """
    oracle = pytest.importorskip("torch")
    pytest.importorskip("expecttest", reason="PyTorch's databases for tests need it")
    module: ModuleType = pytest.importorskip(f"torch.testing._internal.{name}")
    oracle.backends.flags_frozen.__globals__["__allow_nonbracketed_mutation_flag"] = True
    return module
