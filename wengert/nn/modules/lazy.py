"""What `torch.nn.modules.lazy` names."""

from wengert.errors import refuser
from wengert.nn.layers.lazy import LazyModuleMixin as LazyModuleMixin
from wengert.nn.uninitialized import is_lazy as is_lazy

__getattr__ = refuser(__name__, "torch.nn.modules.lazy")
