"""What `torch.nn.modules.transformer` names."""

from wengert.errors import refuser
from wengert.nn.layers.transformer import *
from wengert.nn.layers.transformer import _get_activation_fn as _get_activation_fn
from wengert.nn.layers.transformer import _get_clones as _get_clones

__getattr__ = refuser(__name__, "torch.nn.modules.transformer")
