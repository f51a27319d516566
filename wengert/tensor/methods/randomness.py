"""Methods that draw random numbers."""

from __future__ import annotations

from wengert.tape.storage import Recorded
from wengert.tensor import drawing, sampling


class RandomMethods(Recorded):
    """Random numbers written into the tensor, or drawn from what it describes."""

    __slots__ = ()

    bernoulli, bernoulli_ = sampling.bernoulli, drawing.bernoulli_
    multinomial = sampling.multinomial
    uniform_ = drawing.uniform_
    normal_ = drawing.normal_
    log_normal_ = drawing.log_normal_
    exponential_ = drawing.exponential_
    cauchy_ = drawing.cauchy_
    geometric_ = drawing.geometric_
    random_ = drawing.random_
