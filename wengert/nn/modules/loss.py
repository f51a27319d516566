"""What `torch.nn.modules.loss` names."""

from wengert.errors import refuser
from wengert.nn.loss import *
from wengert.nn.loss import _Loss as _Loss
from wengert.nn.loss import _WeightedLoss as _WeightedLoss

__getattr__ = refuser(__name__, "torch.nn.modules.loss")
