"""Optimisers."""

from wengert.errors import refuser
from wengert.optim.adagrad import Adagrad
from wengert.optim.adam import Adam, AdamW
from wengert.optim.optimizer import Optimizer
from wengert.optim.rmsprop import RMSprop
from wengert.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]

__getattr__ = refuser(__name__, "torch.optim")
