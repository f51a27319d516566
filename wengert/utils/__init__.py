"""PyTorch's ``torch.utils``."""

from wengert.errors import refuser
from wengert.utils import _pytree as _pytree
from wengert.utils import benchmark as benchmark
from wengert.utils import checkpoint as checkpoint
from wengert.utils import data as data
from wengert.utils import dlpack as dlpack
from wengert.utils import hooks as hooks

__getattr__ = refuser(__name__, "torch.utils")
