"""Modules, parameters, layers and losses. This file only names what is public; each theme has its own."""

from wengert.errors import only_imported as _only_imported
from wengert.errors import refuser
from wengert.nn import attention as attention
from wengert.nn import functional as functional
from wengert.nn import grad as grad
from wengert.nn import init as init
from wengert.nn import modules as modules
from wengert.nn import parallel as parallel
from wengert.nn import utils as utils
from wengert.nn.layers.activation import *
from wengert.nn.layers.adaptive import *
from wengert.nn.layers.attention import *
from wengert.nn.layers.batch import *
from wengert.nn.layers.cells import *
from wengert.nn.layers.container import *
from wengert.nn.layers.convolution import *
from wengert.nn.layers.distance import *
from wengert.nn.layers.dropout import *
from wengert.nn.layers.lazy import *
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
from wengert.nn.module import Module as Module
from wengert.nn.module import name_methods as _name_methods
from wengert.nn.parallel import DataParallel as DataParallel
from wengert.nn.parameter import Buffer as Buffer
from wengert.nn.parameter import Parameter as Parameter
from wengert.nn.uninitialized import UninitializedBuffer as UninitializedBuffer
from wengert.nn.uninitialized import UninitializedParameter as UninitializedParameter

_name_methods(globals(), modules)
_only_imported(__name__, "module")
__getattr__ = refuser(__name__, "torch.nn")
