"""Clipping of gradients, parameters as one vector; sequences of different lengths in `rnn`."""

from wengert.errors import refuser
from wengert.nn.utils import rnn as rnn
from wengert.nn.utils import stateless as stateless
from wengert.nn.utils.clip_grad import *
from wengert.nn.utils.convert_parameters import *

__getattr__ = refuser(__name__, "torch.nn.utils")
