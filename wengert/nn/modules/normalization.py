"""What `torch.nn.modules.normalization` names."""

from wengert.errors import refuser
from wengert.nn.layers.normalization import *

__getattr__ = refuser(__name__, "torch.nn.modules.normalization")
