"""Methods that reduce dimensions, or run along one."""

from __future__ import annotations

from wengert.tape.storage import Recorded
from wengert.tensor import reductions


class ReductionMethods(Recorded):
    """Sums, means, extremes and the like."""

    __slots__ = ()

    sum = reductions.sum
    mean = reductions.mean
    prod = reductions.prod
    max = reductions.max
    min = reductions.min
    amax = reductions.amax
    amin = reductions.amin
    argmax = reductions.argmax
    argmin = reductions.argmin
    any = reductions.any
    all = reductions.all
    logsumexp = reductions.logsumexp
    softmax = reductions.softmax
    log_softmax = reductions.log_softmax
    equal = reductions.equal
