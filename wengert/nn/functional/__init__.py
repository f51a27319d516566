"""Functions of neural networks, without state. This file only names what is public; each theme has its own."""

from __future__ import annotations

from wengert.errors import refuser
from wengert.nn import grad as grad
from wengert.nn.functional.activation import *
from wengert.nn.functional.affine import *
from wengert.nn.functional.alignment import *
from wengert.nn.functional.attention import *
from wengert.nn.functional.bags import *
from wengert.nn.functional.classification import *
from wengert.nn.functional.distances import *
from wengert.nn.functional.dropout import *
from wengert.nn.functional.fractional import *
from wengert.nn.functional.lookup import *
from wengert.nn.functional.losses import *
from wengert.nn.functional.multi_head import *
from wengert.nn.functional.normalization import *
from wengert.nn.functional.padding import *
from wengert.nn.functional.pooling import *
from wengert.nn.functional.projected import *
from wengert.nn.functional.sampling import *
from wengert.nn.functional.vision import *

__getattr__ = refuser(__name__, "torch.nn.functional")
