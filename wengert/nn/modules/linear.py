"""What `torch.nn.modules.linear` names."""

from wengert.errors import refuser
from wengert.nn.layers.lazy import LazyLinear as LazyLinear
from wengert.nn.layers.linear import Bilinear as Bilinear
from wengert.nn.layers.linear import Identity as Identity
from wengert.nn.layers.linear import Linear as Linear
from wengert.nn.layers.linear import (
    NonDynamicallyQuantizableLinear as NonDynamicallyQuantizableLinear,
)

__getattr__ = refuser(__name__, "torch.nn.modules.linear")
