"""What `torch.nn.modules.module` names: the base of all modules, and hooks that run for every module."""

from wengert.errors import refuser
from wengert.nn.hooks import *
from wengert.nn.module import Module as Module
from wengert.nn.saving import IncompatibleKeys

_IncompatibleKeys = IncompatibleKeys

__getattr__ = refuser(__name__, "torch.nn.modules.module")
