"""What `torch.nn.modules.container` names."""

from wengert.errors import refuser
from wengert.nn.layers.container import *
from wengert.nn.layers.parameters import *

__getattr__ = refuser(__name__, "torch.nn.modules.container")
