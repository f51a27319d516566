"""Methods that pick elements by indices or masks, and put them back."""

from __future__ import annotations

from wengert.tape.storage import Recorded
from wengert.tensor import indexing
from wengert.tensor.inplace import in_place


class IndexingMethods(Recorded):
    """Gather, scatter and their kin."""

    __slots__ = ()

    gather = indexing.gather
    scatter_add, scatter_add_ = indexing.scatter_add, in_place(indexing.scatter_add)
    index_select = indexing.index_select
