"""What `torch.nn.modules.upsampling` names."""

from wengert.errors import refuser
from wengert.nn.layers.shape import Upsample as Upsample
from wengert.nn.layers.shape import UpsamplingBilinear2d as UpsamplingBilinear2d
from wengert.nn.layers.shape import UpsamplingNearest2d as UpsamplingNearest2d

__getattr__ = refuser(__name__, "torch.nn.modules.upsampling")
