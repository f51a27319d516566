"""What `torch.nn.modules.pooling` names."""

from wengert.errors import refuser
from wengert.nn.layers.pooling import *
from wengert.nn.layers.pooling import _AdaptiveAvgPoolNd as _AdaptiveAvgPoolNd
from wengert.nn.layers.pooling import _AdaptiveMaxPoolNd as _AdaptiveMaxPoolNd
from wengert.nn.layers.pooling import _AvgPoolNd as _AvgPoolNd
from wengert.nn.layers.pooling import _LPPoolNd as _LPPoolNd
from wengert.nn.layers.pooling import _MaxPoolNd as _MaxPoolNd
from wengert.nn.layers.pooling import _MaxUnpoolNd as _MaxUnpoolNd

__getattr__ = refuser(__name__, "torch.nn.modules.pooling")
