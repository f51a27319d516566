"""What `torch.nn.modules.module` names: the base of all modules, and hooks that run for every module."""

from wengert.nn.hooks import *
from wengert.nn.module import Module as Module
