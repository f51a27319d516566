"""PyTorch's ``torch.distributions``: what every distribution has. The distributions themselves are yet to come."""

from wengert.distributions.distribution import Distribution as Distribution
from wengert.errors import refuser

__getattr__ = refuser(__name__, "torch.distributions")
