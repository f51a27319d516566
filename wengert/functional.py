"""What `torch.functional` names: functions that `torch` itself offers. Only names stand here."""

from __future__ import annotations

from wengert.errors import refuser
from wengert.tensor.einsum import einsum
from wengert.tensor.grids import broadcast_shapes, broadcast_tensors, cartesian_prod, meshgrid
from wengert.tensor.joining import atleast_1d, atleast_2d, atleast_3d, block_diag
from wengert.tensor.lowrank import pca_lowrank, svd_lowrank
from wengert.tensor.norms import norm
from wengert.tensor.ordering import unique, unique_consecutive
from wengert.tensor.picking import unravel_index
from wengert.tensor.products import cdist, chain_matmul, tensordot
from wengert.tensor.spectrograms import istft, stft
from wengert.tensor.splitting import split

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors", "cartesian_prod",
    "cdist", "chain_matmul", "einsum", "istft", "meshgrid", "norm", "pca_lowrank", "split", "stft", "svd_lowrank",
    "tensordot", "unique", "unique_consecutive", "unravel_index",
]  # fmt: skip

__getattr__ = refuser(__name__, "torch.functional")
