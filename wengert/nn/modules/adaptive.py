"""What `torch.nn.modules.adaptive` names."""

from wengert.errors import refuser
from wengert.nn.layers.adaptive import *

__getattr__ = refuser(__name__, "torch.nn.modules.adaptive")
