"""Modules, parameters and losses."""

from wengert.nn import functional as functional
from wengert.nn.loss import MSELoss
from wengert.nn.module import Module
from wengert.nn.parameter import Buffer, Parameter

__all__ = ["Buffer", "MSELoss", "Module", "Parameter", "functional"]
