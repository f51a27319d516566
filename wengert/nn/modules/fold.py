"""What `torch.nn.modules.fold` names."""

from wengert.errors import refuser
from wengert.nn.layers.shape import Fold as Fold
from wengert.nn.layers.shape import Unfold as Unfold

__getattr__ = refuser(__name__, "torch.nn.modules.fold")
