"""Every layer and loss under the address where PyTorch defines it."""

from wengert.errors import refuser
from wengert.nn.layers.activation import *
from wengert.nn.layers.attention import *
from wengert.nn.layers.batch import *
from wengert.nn.layers.container import *
from wengert.nn.layers.convolution import *
from wengert.nn.layers.distance import *
from wengert.nn.layers.dropout import *
from wengert.nn.layers.linear import *
from wengert.nn.layers.normalization import *
from wengert.nn.layers.padding import *
from wengert.nn.layers.parameters import *
from wengert.nn.layers.pooling import *
from wengert.nn.layers.recurrent import *
from wengert.nn.layers.shape import *
from wengert.nn.layers.sparse import *
from wengert.nn.layers.transformer import *
from wengert.nn.loss import *
from wengert.nn.modules import module as module
from wengert.nn.modules.module import Module as Module

__getattr__ = refuser(__name__, "torch.nn.modules")
