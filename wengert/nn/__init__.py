"""Modules, parameters and losses."""

from wengert.errors import refuser
from wengert.nn import functional as functional
from wengert.nn import init as init
from wengert.nn import modules as modules
from wengert.nn.loss import MSELoss
from wengert.nn.module import Module
from wengert.nn.parameter import Buffer, Parameter

__all__ = ["Buffer", "MSELoss", "Module", "Parameter", "functional"]

__getattr__ = refuser(__name__, "torch.nn")
