"""What `torch.nn.modules.conv` names."""

from wengert.errors import refuser
from wengert.nn.layers.convolution import Conv1d as Conv1d
from wengert.nn.layers.convolution import Conv2d as Conv2d
from wengert.nn.layers.convolution import Conv3d as Conv3d
from wengert.nn.layers.convolution import ConvTranspose1d as ConvTranspose1d
from wengert.nn.layers.convolution import ConvTranspose2d as ConvTranspose2d
from wengert.nn.layers.convolution import ConvTranspose3d as ConvTranspose3d
from wengert.nn.layers.convolution import _ConvNd as _ConvNd
from wengert.nn.layers.convolution import _ConvTransposeNd as _ConvTransposeNd
from wengert.nn.layers.lazy import LazyConv1d as LazyConv1d
from wengert.nn.layers.lazy import LazyConv2d as LazyConv2d
from wengert.nn.layers.lazy import LazyConv3d as LazyConv3d
from wengert.nn.layers.lazy import LazyConvTranspose1d as LazyConvTranspose1d
from wengert.nn.layers.lazy import LazyConvTranspose2d as LazyConvTranspose2d
from wengert.nn.layers.lazy import LazyConvTranspose3d as LazyConvTranspose3d

__getattr__ = refuser(__name__, "torch.nn.modules.conv")
