"""Gamma, Dirichlet and binomial numbers, for the same seed those of PyTorch's CPU generator.

The names with an underscore are those by which PyTorch's distributions, and packages that extend them, draw.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes, rejection
from wengert.core.carrier import Array
from wengert.core.shapes import Shape
from wengert.errors import DTypeError, ShapeError
from wengert.rules import implicit as rows
from wengert.tensor.generator import drawn
from wengert.tensor.promotion import dtype_of, promoted, require_tensor
from wengert.tensor.views import expand

__all__ = [
    "_dirichlet_grad", "_sample_dirichlet", "_standard_gamma", "_standard_gamma_grad", "binomial",
]  # fmt: skip


def _standard_gamma(input: Any, generator: Any = None) -> Any:
    """Return gamma numbers of rate 1, one for each shape in ``input``; gradients flow to the shapes.

    The gradient is that of the number whose probability to be exceeded stays as it is, exact to rounding where PyTorch
    approximates. NotImplementedError unless the shapes are of float32 or float64.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch._standard_gamma(torch.tensor([0.5, 2.0]))
    tensor([0.0008, 0.6315])
    """
    require_tensor("_standard_gamma", input)

    def draw(stream: Any, s: Shape, shapes: Array) -> Array:
        return rejection.gamma(stream, shapes)

    return rows.standard_gamma(
        input, drawn("_standard_gamma", generator, draw, tuple(input.shape), input)
    )


def _standard_gamma_grad(input: Any, output: Any) -> Any:
    """Return the derivative of gamma numbers ``output`` in their shapes ``input``, of one dtype."""
    shape, number = promoted("_standard_gamma_grad", input, output, floating=True)
    return rows.standard_gamma_grad(shape, expand(number, tuple(shape.shape)))


def _sample_dirichlet(input: Any, generator: Any = None) -> Any:
    """Return positive numbers that sum to 1 along the last dimension, of the concentrations ``input``.

    Gradients flow to the concentrations, as for `_standard_gamma`. NotImplementedError unless they are of float32 or
    float64.
    """
    require_tensor("_sample_dirichlet", input)
    if not input.ndim:
        raise ShapeError(
            "_sample_dirichlet: the concentrations have no dimension to sum to 1 along. Give at least one."
        )

    def draw(stream: Any, s: Shape, shapes: Array) -> Array:
        return rejection.dirichlet(stream, shapes)

    return rows.dirichlet(
        input, drawn("_sample_dirichlet", generator, draw, tuple(input.shape), input)
    )


def _dirichlet_grad(x: Any, alpha: Any, total: Any) -> Any:
    """Return how Dirichlet numbers ``x`` move with their concentrations ``alpha``, divided by ``1 - x``.

    ``total`` is the sum of the concentrations along the last dimension, of the shape of ``x``.
    """
    given = promoted("_dirichlet_grad", x, alpha, total, floating=True)
    return rows.dirichlet_grad(*(expand(part, tuple(x.shape)) for part in given))


def binomial(count: Any, prob: Any, generator: Any = None) -> Any:
    """Return how many of ``count`` trials succeed, each trial with the chance ``prob``, in floats.

    Both are tensors of one floating dtype, and broadcast. Nothing flows back to them. ValueError unless ``count`` is
    floating, RuntimeError where ``prob`` is of another dtype.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.binomial(torch.tensor([10., 100.]), torch.tensor([0.5, 0.2]))
    tensor([ 7., 21.])
    """
    require_tensor("binomial", count, "count")
    require_tensor("binomial", prob, "prob")
    for name, x in (("count", count), ("prob", prob)):
        if dtypes.kind(dtype_of(x)) != "f":
            raise ValueError(
                f"binomial only supports floating-point dtypes for {name}, got: {x.dtype}. Use `.float()`."
            )
    if dtype_of(count) != dtype_of(prob):
        raise DTypeError(
            f"binomial: count is {count.dtype} and prob is {prob.dtype}. Convert one, as in `prob.to(count.dtype)`."
        )
    shape = np.broadcast_shapes(tuple(count.shape), tuple(prob.shape))

    def draw(stream: Any, s: Shape, counts: Array, chances: Array) -> Array:
        return rejection.binomial(stream, counts, chances)

    return drawn("binomial", generator, draw, shape, expand(count, shape), expand(prob, shape))
