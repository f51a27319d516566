"""What `torch.nn.modules.instancenorm` names."""

from wengert.errors import refuser
from wengert.nn.layers.batch import InstanceNorm1d as InstanceNorm1d
from wengert.nn.layers.batch import InstanceNorm2d as InstanceNorm2d
from wengert.nn.layers.batch import InstanceNorm3d as InstanceNorm3d
from wengert.nn.layers.batch import _InstanceNorm as _InstanceNorm
from wengert.nn.layers.lazy import LazyInstanceNorm1d as LazyInstanceNorm1d
from wengert.nn.layers.lazy import LazyInstanceNorm2d as LazyInstanceNorm2d
from wengert.nn.layers.lazy import LazyInstanceNorm3d as LazyInstanceNorm3d

__getattr__ = refuser(__name__, "torch.nn.modules.instancenorm")
