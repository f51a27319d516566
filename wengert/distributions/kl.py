"""Divergences: `kl_divergence`, and `register_kl` for one's own. Loading this file registers all that there are."""

from __future__ import annotations

from wengert.distributions import kl_across_families as _across
from wengert.distributions import kl_within_families as _within
from wengert.distributions.kl_registry import _KL_MEMOIZE as _KL_MEMOIZE
from wengert.distributions.kl_registry import _KL_REGISTRY as _KL_REGISTRY
from wengert.distributions.kl_registry import kl_divergence, register_kl

__all__ = ["kl_divergence", "register_kl"]

_PAIRS = (_within, _across)
