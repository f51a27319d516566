"""`TransformedDistribution`: a distribution seen through maps of its values."""

from __future__ import annotations

from typing import Any, ClassVar

from wengert.core.shapes import Size
from wengert.distributions import constraints
from wengert.distributions.distribution import NOTHING, Distribution
from wengert.distributions.independent import Independent
from wengert.distributions.transform import ComposeTransform, Transform
from wengert.distributions.utils import _sum_rightmost
from wengert.tape.mode import no_grad

__all__ = ["TransformedDistribution"]


class TransformedDistribution(Distribution):
    """The images of another distribution's samples under a map, or a list of maps, the first one first.

    ``log p(y) = log p(x) - log |dy / dx|``. ValueError for what is no map, and for a base with too few dimensions.

    >>> import wengert as torch
    >>> d = torch.distributions
    >>> logistic = d.TransformedDistribution(d.Uniform(0.0, 1.0), [d.SigmoidTransform().inv])
    >>> logistic.log_prob(torch.tensor(0.0)), logistic.cdf(torch.tensor(0.0))
    (tensor(-1.3863), tensor(0.5000))
    """

    arg_constraints: dict[str, Any] = {}
    _fields: ClassVar[dict[str, int]] = {}

    def __init__(
        self, base_distribution: Any, transforms: Any, validate_args: bool | None = None
    ) -> None:
        self.transforms: list[Any] = self._listed(transforms)
        whole = ComposeTransform(self.transforms)
        own = base_distribution.batch_shape + base_distribution.event_shape
        events = len(base_distribution.event_shape)
        if len(own) < whole.domain.event_dim:
            raise ValueError(
                f"base_distribution needs to have shape with size at least {whole.domain.event_dim}, but got {own}. "
                f"The transforms take values of so many dimensions."
            )
        image = whole.forward_shape(own)
        needed = whole.inverse_shape(image)
        if tuple(needed) != tuple(own):
            base_distribution = base_distribution.expand(Size(needed[: len(needed) - events]))
        more = whole.domain.event_dim - events
        self.base_dist: Any = (
            Independent(base_distribution, more) if more > 0 else base_distribution
        )
        change = whole.codomain.event_dim - whole.domain.event_dim
        cut = len(image) - max(whole.codomain.event_dim, events + change)
        super().__init__(Size(image[:cut]), Size(image[cut:]), validate_args=validate_args)

    @staticmethod
    def _listed(transforms: Any) -> list[Any]:
        if isinstance(transforms, Transform):
            return [transforms]
        if not isinstance(transforms, list):
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        if not all(isinstance(t, Transform) for t in transforms):
            raise ValueError("transforms must be a Transform or a list of Transforms")
        return transforms

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its parameters broadcast to a larger batch shape."""
        made = self._get_checked_instance(self._owner(), _instance)
        shape = Size(batch_shape) + self._event_shape
        for transform in reversed(self.transforms):
            shape = transform.inverse_shape(shape)
        cut = len(shape) - len(self.base_dist.event_shape)
        made.base_dist = self.base_dist.expand(Size(shape[:cut]))
        made.transforms = self.transforms
        return self._expanded(made, Size(batch_shape))

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the base has `rsample`."""
        return bool(self.base_dist.has_rsample)

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """The last map's codomain."""
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        more = len(self._event_shape) - support.event_dim
        return constraints.independent(support, more) if more > 0 else support

    def _image(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def sample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw images of the base's samples, without history."""
        with no_grad():
            return self._image(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = NOTHING) -> Any:
        """Draw images of the base's samples, through which gradients flow."""
        return self._image(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """Return the base's at the value's origin, less the logarithms of how the maps stretch."""
        if self._validate_args:
            self._validate_sample(value)
        dims, total = len(self._event_shape), 0.0
        for transform in reversed(self.transforms):
            origin = transform.inv(value)
            dims += transform.domain.event_dim - transform.codomain.event_dim
            stretch = transform.log_abs_det_jacobian(origin, value)
            total = total - _sum_rightmost(stretch, dims - transform.domain.event_dim)
            value = origin
        own = self.base_dist.log_prob(value)
        return total + _sum_rightmost(own, dims - len(self.base_dist.event_shape))

    def _turned(self, rank: Any) -> Any:
        """Return a rank, counted from the other end where the maps together fall."""
        sign = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        if isinstance(sign, int) and sign == 1:
            return rank
        return sign * (rank - 0.5) + 0.5

    def cdf(self, value: Any) -> Any:
        """Return the base's at the value's origin; NotImplementedError where a map has no sign."""
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._turned(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        """Return the image of the base's; NotImplementedError where a map has no sign."""
        return self._image(self.base_dist.icdf(self._turned(value)))
