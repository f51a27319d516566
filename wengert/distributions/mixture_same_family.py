"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.categorical import Categorical
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.tape.mode import no_grad
from wengert.tensor.reductions import log_softmax

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A distribution chosen by a `Categorical` among those along the last batch dimension of another one.

    ValueError where the two do not fit together.

    >>> import wengert as torch
    >>> d = torch.distributions
    >>> two = d.Normal(torch.tensor([-1.0, 1.0]), 0.5)
    >>> d.MixtureSameFamily(d.Categorical(torch.ones(2)), two).mean
    tensor(0.)
    """

    arg_constraints: dict[str, Any] = {}
    has_rsample = False

    def __init__(
        self,
        mixture_distribution: Any,
        component_distribution: Any,
        validate_args: bool | None = None,
    ) -> None:
        mixture, components = mixture_distribution, component_distribution
        if not isinstance(mixture, Categorical):
            raise ValueError(
                f"The Mixture distribution needs to be an instance of torch.distributions.Categorical, "
                f"not {type(mixture).__name__}."
            )
        if not isinstance(components, Distribution):
            raise ValueError(
                f"The Component distribution need to be an instance of torch.distributions.Distribution, "
                f"not {type(components).__name__}."
            )
        for n, m in zip(
            reversed(mixture.batch_shape), reversed(components.batch_shape[:-1]), strict=False
        ):
            if n != 1 and m != 1 and n != m:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({mixture.batch_shape}) is not compatible with "
                    f"`component_distribution.batch_shape` ({components.batch_shape}), whose last dimension counts "
                    f"the components."
                )
        count = mixture.logits.shape[-1]
        if count != components.batch_shape[-1]:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({components.batch_shape[-1]})"
            )
        self._mixture_distribution, self._component_distribution = mixture, components
        self._num_component = count
        super().__init__(
            Size(components.batch_shape[:-1]), components.event_shape, validate_args=validate_args
        )

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its parameters broadcast to a larger batch shape."""
        made = self._get_checked_instance(MixtureSameFamily, _instance)
        batch = Size(batch_shape)
        made._component_distribution = self._component_distribution.expand(
            Size((*batch, self._num_component))
        )
        made._mixture_distribution = self._mixture_distribution.expand(batch)
        made._num_component = self._num_component
        return self._expanded(made, batch)

    @constraints.dependent_property
    def support(self) -> Any:
        """What all components support."""
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """The distribution of the choice."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The distributions to choose among."""
        return self._component_distribution

    def _weights(self) -> Any:
        """Return the chances of the components, with the dimensions of an event behind."""
        probs = self._mixture_distribution.probs
        return probs.reshape(*probs.shape, *[1] * len(self._event_shape))

    @property
    def _axis(self) -> int:
        return -1 - len(self._event_shape)

    @property
    def mean(self) -> Any:
        """The components' means, weighted."""
        return (self._weights() * self._component_distribution.mean).sum(dim=self._axis)

    @property
    def variance(self) -> Any:
        """The mean of the components' variances plus the variance of their means."""
        weights, components = self._weights(), self._component_distribution
        within = (weights * components.variance).sum(dim=self._axis)
        off = components.mean - self.mean.unsqueeze(self._axis)
        return within + (weights * off.square()).sum(dim=self._axis)

    def cdf(self, value: Any) -> Any:
        """Return the components' probabilities, weighted."""
        ranks = self._component_distribution.cdf(value.unsqueeze(self._axis))
        return (ranks * self._mixture_distribution.probs).sum(dim=-1)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the components' densities, weighted."""
        if self._validate_args:
            self._validate_sample(value)
        logs = self._component_distribution.log_prob(value.unsqueeze(self._axis))
        weights = log_softmax(self._mixture_distribution.logits, dim=-1)
        return (logs + weights).logsumexp(dim=-1)

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw the choices, then samples of all components."""
        with no_grad():
            chosen = self._mixture_distribution.sample(sample_shape)
            drawn = self._component_distribution.sample(sample_shape)
            events = len(self._event_shape)
            at = chosen.reshape(*chosen.shape, 1, *[1] * events)
            at = at.expand(*at.shape[: at.ndim - events], *self._event_shape)
            return drawn.gather(self._axis, at).squeeze(self._axis)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n  {self._mixture_distribution},\n  {self._component_distribution})"
