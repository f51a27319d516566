"""Every layer and loss under the address where PyTorch defines it; the files beside this one only name them."""

from wengert.errors import refuser
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
from wengert.nn.modules import activation as activation
from wengert.nn.modules import adaptive as adaptive
from wengert.nn.modules import batchnorm as batchnorm
from wengert.nn.modules import channelshuffle as channelshuffle
from wengert.nn.modules import container as container
from wengert.nn.modules import conv as conv
from wengert.nn.modules import distance as distance
from wengert.nn.modules import dropout as dropout
from wengert.nn.modules import flatten as flatten
from wengert.nn.modules import fold as fold
from wengert.nn.modules import instancenorm as instancenorm
from wengert.nn.modules import lazy as lazy
from wengert.nn.modules import linear as linear
from wengert.nn.modules import loss as loss
from wengert.nn.modules import module as module
from wengert.nn.modules import normalization as normalization
from wengert.nn.modules import padding as padding
from wengert.nn.modules import pixelshuffle as pixelshuffle
from wengert.nn.modules import pooling as pooling
from wengert.nn.modules import rnn as rnn
from wengert.nn.modules import sparse as sparse
from wengert.nn.modules import transformer as transformer
from wengert.nn.modules import upsampling as upsampling
from wengert.nn.modules import utils as utils
from wengert.nn.modules.module import Module as Module

__getattr__ = refuser(__name__, "torch.nn.modules")
