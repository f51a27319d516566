"""The distribution of correlation matrices of D. Lewandowski, D. Kurowicka and H. Joe, by their triangles."""

from __future__ import annotations

import math
from typing import Any

from wengert.core.limits import finfo
from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.beta import Beta
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.utils import broadcast_all
from wengert.tensor.joining import cat
from wengert.tensor.ranges import arange
from wengert.tensor.sampling import randn

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Lower triangles ``L`` of correlation matrices ``L L^T`` of ``dim`` variables.

    The matrix has a density proportional to ``det ** (concentration - 1)``: with a concentration of 1 all matrices are
    as likely. ValueError for a ``dim`` below 2. Source: "Generating random correlation matrices based on vines and
    extended onion method", 2009.
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    _fields = {"concentration": 0}
    _kept = ("dim",)

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        batch = Size(self.concentration.shape)
        # Row k + 1 of a triangle has a length beside the diagonal whose square is a beta number.
        offset = arange(dim - 1, dtype=self.concentration.dtype)
        offset = cat([offset.new_zeros((1,)), offset])
        above = offset + 0.5
        below = self.concentration.unsqueeze(-1) + 0.5 * (dim - 2) - 0.5 * offset
        self._beta = Beta(above, below, validate_args=validate_args)
        super().__init__(batch, Size((dim, dim)), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its parameters broadcast to a larger batch shape."""
        made = self._get_checked_instance(LKJCholesky, _instance)
        made._beta = self._beta.expand(Size((*batch_shape, self.dim)))
        return self._expanded(made, Size(batch_shape))

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw triangles, row by row: a direction, and how much of the row's length 1 it takes."""
        lengths = self._beta.sample(sample_shape).unsqueeze(-1)
        normals = randn(self._extended_shape(sample_shape), dtype=lengths.dtype).tril(-1)
        directions = normals / normals.norm(dim=-1, keepdim=True)
        directions[..., 0, :].fill_(0.0)
        beside = lengths.sqrt() * directions
        tiny = finfo(beside.dtype).tiny
        diagonal = (1 - beside.square().sum(dim=-1)).clamp(min=tiny).sqrt()
        return beside + diagonal.diag_embed()

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density of the triangle."""
        if self._validate_args:
            self._validate_sample(value)
        n = self.dim
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = 2 * (self.concentration - 1).unsqueeze(-1) + n - arange(2, n + 1)
        weighted = (order * diagonal.log()).sum(dim=-1)
        alpha = self.concentration + 0.5 * (n - 1)
        below = (alpha - 0.5).mvlgamma(p=n - 1)
        constant = 0.5 * (n - 1) * math.log(math.pi)
        return weighted - (constant + below - (n - 1) * alpha.lgamma())
