"""PyTorch's ``torch.utils``."""

from wengert.errors import refuser
from wengert.utils import data as data

__getattr__ = refuser(__name__, "torch.utils")
