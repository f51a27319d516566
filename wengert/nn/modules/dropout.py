"""What `torch.nn.modules.dropout` names."""

from wengert.errors import refuser
from wengert.nn.layers.dropout import *
from wengert.nn.layers.dropout import _DropoutNd as _DropoutNd

__getattr__ = refuser(__name__, "torch.nn.modules.dropout")
