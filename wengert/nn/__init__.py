"""Modules, parameters, layers and losses. This file only names what is public; each theme has its own."""

from wengert.errors import refuser
from wengert.nn import functional as functional
from wengert.nn import init as init
from wengert.nn import modules as modules
from wengert.nn import parallel as parallel
from wengert.nn import utils as utils
from wengert.nn.modules import *
from wengert.nn.modules import Module as Module
from wengert.nn.parallel import DataParallel as DataParallel
from wengert.nn.parameter import Buffer as Buffer
from wengert.nn.parameter import Parameter as Parameter

__getattr__ = refuser(__name__, "torch.nn")
