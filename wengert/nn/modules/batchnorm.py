"""What `torch.nn.modules.batchnorm` names."""

from wengert.errors import refuser
from wengert.nn.layers.batch import BatchNorm1d as BatchNorm1d
from wengert.nn.layers.batch import BatchNorm2d as BatchNorm2d
from wengert.nn.layers.batch import BatchNorm3d as BatchNorm3d
from wengert.nn.layers.batch import SyncBatchNorm as SyncBatchNorm
from wengert.nn.layers.batch import _BatchNorm as _BatchNorm
from wengert.nn.layers.batch import _NormBase as _NormBase
from wengert.nn.layers.lazy import LazyBatchNorm1d as LazyBatchNorm1d
from wengert.nn.layers.lazy import LazyBatchNorm2d as LazyBatchNorm2d
from wengert.nn.layers.lazy import LazyBatchNorm3d as LazyBatchNorm3d

__getattr__ = refuser(__name__, "torch.nn.modules.batchnorm")
