"""Methods of linear algebra."""

from __future__ import annotations

from wengert.tape.storage import Recorded
from wengert.tensor import contraction


class LinearMethods(Recorded):
    """Products of vectors and matrices."""

    __slots__ = ()

    matmul = contraction.matmul
    mm = contraction.mm
    mv = contraction.mv
    dot = contraction.dot
    bmm = contraction.bmm
