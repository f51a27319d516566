"""Optimisers, and schedules of their learning rates."""

from wengert.errors import only_imported as _only_imported
from wengert.errors import refuser
from wengert.optim import adamw as adamw
from wengert.optim import lr_scheduler as lr_scheduler
from wengert.optim import swa_utils as swa_utils
from wengert.optim.adadelta import Adadelta
from wengert.optim.adafactor import Adafactor
from wengert.optim.adagrad import Adagrad
from wengert.optim.adam import Adam, AdamW
from wengert.optim.adamax import Adamax
from wengert.optim.asgd import ASGD
from wengert.optim.lbfgs import LBFGS
from wengert.optim.muon import Muon
from wengert.optim.nadam import NAdam
from wengert.optim.optimizer import Optimizer
from wengert.optim.radam import RAdam
from wengert.optim.rmsprop import RMSprop
from wengert.optim.rprop import Rprop
from wengert.optim.sgd import SGD

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Muon", "NAdam", "Optimizer",
    "RAdam", "RMSprop", "Rprop", "lr_scheduler", "swa_utils",
]  # fmt: skip

_only_imported(
    __name__, "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "asgd", "lbfgs", "muon", "nadam",
    "optimizer", "radam", "rmsprop", "rprop", "sgd",
)  # fmt: skip
__getattr__ = refuser(__name__, "torch.optim")
