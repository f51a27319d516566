"""What `torch.nn.modules.distance` names."""

from wengert.errors import refuser
from wengert.nn.layers.distance import *

__getattr__ = refuser(__name__, "torch.nn.modules.distance")
