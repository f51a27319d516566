"""Methods that pick elements by indices or masks, and put them back."""

from __future__ import annotations

from wengert.tape.storage import Recorded
from wengert.tensor import masking, picking, scattering


class IndexingMethods(Recorded):
    """Gather, scatter and their kin."""

    __slots__ = ()

    gather = picking.gather
    index_select = picking.index_select
    take = picking.take
    take_along_dim = picking.take_along_dim
    masked_select = masking.masked_select
    nonzero = picking.nonzero
    nonzero_static = picking.nonzero_static
    argwhere = picking.argwhere
    scatter, scatter_ = scattering.scatter, scattering.scatter_
    scatter_add, scatter_add_ = scattering.scatter_add, scattering.scatter_add_
    scatter_reduce, scatter_reduce_ = scattering.scatter_reduce, scattering.scatter_reduce_
    index_add, index_add_ = scattering.index_add, scattering.index_add_
    index_copy, index_copy_ = scattering.index_copy, scattering.index_copy_
    index_fill, index_fill_ = scattering.index_fill, scattering.index_fill_
    index_put, index_put_ = scattering.index_put, scattering.index_put_
    index_reduce, index_reduce_ = scattering.index_reduce, scattering.index_reduce_
    put, put_ = scattering.put, scattering.put_
    masked_fill, masked_fill_ = masking.masked_fill, masking.masked_fill_
    masked_scatter, masked_scatter_ = masking.masked_scatter, masking.masked_scatter_
