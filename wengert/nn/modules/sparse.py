"""What `torch.nn.modules.sparse` names."""

from wengert.errors import refuser
from wengert.nn.layers.sparse import *

__getattr__ = refuser(__name__, "torch.nn.modules.sparse")
