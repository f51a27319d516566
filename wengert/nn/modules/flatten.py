"""What `torch.nn.modules.flatten` names."""

from wengert.errors import refuser
from wengert.nn.layers.shape import Flatten as Flatten
from wengert.nn.layers.shape import Unflatten as Unflatten

__getattr__ = refuser(__name__, "torch.nn.modules.flatten")
