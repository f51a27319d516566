"""PyTorch's op database and the samples that are drawn from it.

How many are drawn, and with which seed, is the run's choice: see `run.py`.
"""

from __future__ import annotations

import functools
import random
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tests.parity.opdb.calls import text_of
from tests.parity.opdb.run import all_wanted, seed

FIRST = 3
DRAWN = 3
FIXED_SEED = 0
WITH_REFERENCES = ("values", "forms")


@dataclass(frozen=True)
class Sample:
    """A sample of an operator, with its place among the others and random numbers of its own."""

    op: Any
    given: Any
    number: int
    dtype: str
    variant: str = ""

    @property
    def text(self) -> str:
        """The call that the sample stands for, and after it the variant of the check."""
        call = text_of(self.given, self.op.name)
        return f"{call}  [{self.variant}]" if self.variant else call

    def rng(self) -> np.random.Generator:
        """Return the generator of cotangents and tangents, equal at each call."""
        return np.random.default_rng(self.number)


@functools.cache
def database() -> dict[str, Any]:
    """Return PyTorch's operators by full name, as `max.reduction_with_dim`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    torch.set_num_threads(1)
    torch.set_warn_always(True)
    found: dict[str, Any] = {}
    for op in op_db:
        found.setdefault(op.full_name, op)
    return found


def supports(op: Any, dtype: str, backward: bool) -> bool:
    """Say whether PyTorch runs an operator (and its backward) at a dtype on the CPU."""
    kind = getattr(torch, dtype)
    if backward:
        return op.supports_autograd and kind in op.supported_backward_dtypes("cpu")
    return op.supports_dtype(kind, "cpu")


def drawn(op: Any, check: str, dtype: str, requires_grad: bool) -> list[Sample]:
    """Return the samples of this run: the first few and a few others, or all of them."""
    if all_wanted():
        return list(everything(op, check, dtype, requires_grad, seed()))
    samples = _samples(op.full_name, dtype, requires_grad, seed())
    if check == "errors":
        return list(samples)
    later = range(FIRST, len(samples))
    chosen = random.Random(seed()).sample(later, min(DRAWN, len(later)))
    return [*samples[:FIRST], *(samples[k] for k in sorted(chosen))]


def everything(
    op: Any, check: str, dtype: str, requires_grad: bool, number: int = FIXED_SEED
) -> Iterator[Sample]:
    """Yield every sample, then for checks of values the reference inputs."""
    yield from _samples(op.full_name, dtype, requires_grad, number)
    if check in WITH_REFERENCES:
        yield from _seeded(op, op.reference_inputs, dtype, requires_grad, number)


@functools.lru_cache(maxsize=8)
def _samples(name: str, dtype: str, requires_grad: bool, number: int) -> tuple[Sample, ...]:
    """Return an operator's samples, or for no dtype its error inputs, drawn with a seed."""
    op = database()[name]
    if not dtype:
        return tuple(_errors(op, number))
    return tuple(_seeded(op, op.sample_inputs, dtype, requires_grad, number))


def _errors(op: Any, number: int) -> Iterator[Sample]:
    if op.error_inputs_func is None:
        return
    _start(number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for place, given in enumerate(op.error_inputs("cpu")):
            yield Sample(op, given.sample_input, place, "")


def _seeded(op: Any, source: Any, dtype: str, requires_grad: bool, number: int) -> Iterator[Sample]:
    _start(number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = list(source("cpu", getattr(torch, dtype), requires_grad=requires_grad))
    for place, one in enumerate(given):
        yield Sample(op, one, place, dtype)


def _start(number: int) -> None:
    """Seed everything that the database draws from."""
    torch.manual_seed(number)
    np.random.seed(number % 2**32)
    random.seed(number)
