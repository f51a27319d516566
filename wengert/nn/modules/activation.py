"""What `torch.nn.modules.activation` names."""

from wengert.errors import refuser
from wengert.nn.layers.activation import *
from wengert.nn.layers.attention import *

__getattr__ = refuser(__name__, "torch.nn.modules.activation")
