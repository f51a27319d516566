"""Clipping of gradients, parameters as one vector or as functions of others; sequences of unequal lengths in `rnn`."""

from wengert.errors import refuser
from wengert.nn.utils import parametrizations as parametrizations
from wengert.nn.utils import parametrize as parametrize
from wengert.nn.utils import prune as prune
from wengert.nn.utils import rnn as rnn
from wengert.nn.utils import stateless as stateless
from wengert.nn.utils.clip_grad import *
from wengert.nn.utils.convert_parameters import *
from wengert.nn.utils.fusion import *
from wengert.nn.utils.init import skip_init as skip_init
from wengert.nn.utils.spectral_norm import remove_spectral_norm as remove_spectral_norm
from wengert.nn.utils.spectral_norm import spectral_norm as spectral_norm
from wengert.nn.utils.weight_norm import remove_weight_norm as remove_weight_norm
from wengert.nn.utils.weight_norm import weight_norm as weight_norm

__getattr__ = refuser(__name__, "torch.nn.utils")
