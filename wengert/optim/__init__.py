"""Optimisers."""

from wengert.errors import refuser
from wengert.optim.adam import Adam, AdamW
from wengert.optim.optimizer import Optimizer
from wengert.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]

__getattr__ = refuser(__name__, "torch.optim")
