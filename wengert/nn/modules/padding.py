"""What `torch.nn.modules.padding` names."""

from wengert.errors import refuser
from wengert.nn.layers.padding import *
from wengert.nn.layers.padding import _CircularPadNd as _CircularPadNd
from wengert.nn.layers.padding import _ConstantPadNd as _ConstantPadNd
from wengert.nn.layers.padding import _ReflectionPadNd as _ReflectionPadNd
from wengert.nn.layers.padding import _ReplicationPadNd as _ReplicationPadNd

__getattr__ = refuser(__name__, "torch.nn.modules.padding")
