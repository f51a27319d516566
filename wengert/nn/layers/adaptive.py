"""A softmax over very many classes that spends little on rare ones, as a layer that holds its weights."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from wengert.errors import ShapeError
from wengert.nn import functional
from wengert.nn.layers.container import ModuleList, Sequential
from wengert.nn.layers.linear import Linear
from wengert.nn.module import Module
from wengert.tensor import comparison, joining, reductions
from wengert.tensor.positions import require_integers

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The logarithm of each target's probability, and minus their mean."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of ``n_classes`` classes, sorted by how frequent they are, for vectors of ``in_features``.

    The classes below the first of ``cutoffs`` have a row each in the ``head``. Those between two cutoffs are a cluster:
    one row in the head, and a matrix of their own in the ``tail``, after a projection to
    ``in_features / div_value ** (i + 1)`` features. ValueError unless the cutoffs are increasing whole numbers between
    1 and ``n_classes - 1``. Source: Grave and others, Efficient softmax approximation for GPUs, 2017.

    >>> import wengert as torch
    >>> _ = torch.manual_seed(0)
    >>> m = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 20, cutoffs=[5, 10])
    >>> found = m(torch.randn(3, 16), torch.tensor([2, 7, 19]))
    >>> found.output.shape, found.loss.shape
    (torch.Size([3]), torch.Size([]))
    """

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0,
        head_bias: bool = False, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        given = _checked(list(cutoffs), n_classes)
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*given, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs)):
            width = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, width, bias=False, device=device, dtype=dtype),
                    Linear(width, high - low, bias=False, device=device, dtype=dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for project, classify in self.tail:
            project.reset_parameters()
            classify.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> _ASMoutput:
        """Return ``(output, loss)``: the log-probability of each target class, and minus their mean.

        The input is ``(n, in_features)`` with targets ``(n)``, or ``(in_features)`` with a single one. RuntimeError for
        other shapes, and for targets that are no class.
        """
        input, target = input_, target_
        _require_shapes(input, target)
        require_integers("AdaptiveLogSoftmaxWithLoss", target, name="target")
        single = target.dim() == 0
        if single:
            input, target = input.unsqueeze(0), target.unsqueeze(0)
        self._require_classes(target)
        place, found = target, []
        for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs)):
            inside = (target >= low) & (target < high)
            rows = inside.nonzero().squeeze(1)
            if rows.numel():
                place = comparison.where(inside, self.shortlist_size + i, place)
                among = functional.log_softmax(self.tail[i](input[rows]), 1)
                found.append((rows, among.gather(1, (target[rows] - low).unsqueeze(1)).squeeze(1)))
        head = functional.log_softmax(self.head(input), 1)
        output = head.gather(1, place.unsqueeze(1)).squeeze(1)
        for rows, local in found:
            output = output.index_add(0, rows, local)
        loss = (-output).mean()
        return _ASMoutput(output.squeeze(0) if single else output, loss)

    def _require_classes(self, target: Any) -> None:
        if target.numel() and bool(((target < 0) | (target >= self.n_classes)).any()):
            raise RuntimeError(
                f"AdaptiveLogSoftmaxWithLoss: Target values should be in [0, {self.n_classes - 1}], but values in "
                f"range [{target.min().item()}, {target.max().item()}] were found."
            )

    def log_prob(self, input: Any) -> Any:
        """Return the log-probabilities of all classes: ``(n, in_features) -> (n, n_classes)``."""
        return self._all(input, self.head(input))

    def _all(self, input: Any, scores: Any) -> Any:
        head = functional.log_softmax(scores, 1)
        parts = [head[:, : self.shortlist_size]]
        for i, classify in enumerate(self.tail):
            at = self.shortlist_size + i
            parts.append(functional.log_softmax(classify(input), 1) + head[:, at : at + 1])
        return joining.cat(parts, 1)

    def predict(self, input: Any) -> Any:
        """Return the most likely class of each vector: ``(n, in_features) -> (n)``.

        Clusters are looked into only for those vectors for which the head has none of its own classes first.
        """
        scores = self.head(input)
        best = reductions.argmax(scores, 1)
        rows = (best >= self.shortlist_size).nonzero().squeeze(1)
        if not rows.numel():
            return best
        return best.index_copy(0, rows, self._all(input[rows], scores[rows]).argmax(1))


def _checked(cutoffs: list[Any], n_classes: int) -> list[Any]:
    if not cutoffs:
        raise ValueError("cutoffs should be a sequence of length larger than 0")
    if (
        any(int(c) != c or not 1 <= c <= n_classes - 1 for c in cutoffs)
        or sorted(set(cutoffs)) != cutoffs
    ):
        raise ValueError(
            f"cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
            f"value is between 1 and n_classes-1, here {n_classes - 1}, not {cutoffs}."
        )
    return cutoffs


def _require_shapes(input: Any, target: Any) -> None:
    rank = target.dim()
    if rank > 1:
        raise ShapeError("0D or 1D target tensor expected, multi-target not supported")
    if rank and input.size(0) != target.size(0):
        raise ShapeError(
            f"Input and target should have the same size in the batch dimension, not {input.size(0)} and "
            f"{target.size(0)}."
        )
    if input.dim() != rank + 1:
        raise ShapeError(
            f"{rank}D target tensor expects {rank + 1}D input tensors, but found inputs with size {input.size()}"
        )
