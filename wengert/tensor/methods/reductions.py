"""Methods that reduce dimensions, or run along one."""

from __future__ import annotations

from typing import Any

from wengert.tape.storage import Recorded
from wengert.tensor import (
    histograms,
    norms,
    ordering,
    quantiles,
    reductions,
    scans,
    spectrograms,
    statistics,
)
from wengert.tensor.inplace import in_place


class ReductionMethods(Recorded):
    """Sums, means, extremes, statistics, scans and orders."""

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
    stft = spectrograms.stft
    istft = spectrograms.istft
    equal = reductions.equal
    var = statistics.var
    std = statistics.std
    nansum = statistics.nansum
    nanmean = statistics.nanmean
    count_nonzero = statistics.count_nonzero
    aminmax = statistics.aminmax
    cov = statistics.cov
    corrcoef = statistics.corrcoef
    dist = norms.dist
    renorm, renorm_ = norms.renorm, in_place(norms.renorm)
    median = quantiles.median
    nanmedian = quantiles.nanmedian
    mode = quantiles.mode
    kthvalue = quantiles.kthvalue
    quantile = quantiles.quantile
    nanquantile = quantiles.nanquantile
    cumsum, cumsum_ = scans.cumsum, in_place(scans.cumsum)
    cumprod, cumprod_ = scans.cumprod, in_place(scans.cumprod)
    logcumsumexp = scans.logcumsumexp
    cummax = scans.cummax
    cummin = scans.cummin
    diff = scans.diff
    sort = ordering.sort
    argsort = ordering.argsort
    msort = ordering.msort
    topk = ordering.topk
    unique = ordering.unique
    unique_consecutive = ordering.unique_consecutive
    histc = histograms.histc
    histogram = histograms.histogram
    bincount = histograms.bincount

    def norm(
        self, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
    ) -> Any:
        """Same as `torch.norm`."""
        return norms.norm(self, p, dim, keepdim, dtype=dtype)
