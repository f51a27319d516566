"""What `torch.nn.modules.channelshuffle` names."""

from wengert.errors import refuser
from wengert.nn.layers.shape import ChannelShuffle as ChannelShuffle

__getattr__ = refuser(__name__, "torch.nn.modules.channelshuffle")
