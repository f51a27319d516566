"""What `torch.nn.modules.pixelshuffle` names."""

from wengert.errors import refuser
from wengert.nn.layers.shape import PixelShuffle as PixelShuffle
from wengert.nn.layers.shape import PixelUnshuffle as PixelUnshuffle

__getattr__ = refuser(__name__, "torch.nn.modules.pixelshuffle")
