"""Functions of neural networks, without state. This file only names what is public; each theme has its own."""

from __future__ import annotations

from wengert.errors import refuser
from wengert.nn.functional.affine import *
from wengert.nn.functional.lookup import *
from wengert.nn.functional.losses import *
from wengert.nn.functional.normalization import *
from wengert.tensor.elementary import relu as relu
from wengert.tensor.elementary import sigmoid as sigmoid
from wengert.tensor.elementary import tanh as tanh
from wengert.tensor.reductions import log_softmax as log_softmax
from wengert.tensor.reductions import softmax as softmax

__getattr__ = refuser(__name__, "torch.nn.functional")
