"""PyTorch's ``torch.utils.dlpack``: the functions of the same names in ``torch``."""

from wengert.errors import refuser
from wengert.tensor.foreign import from_dlpack as from_dlpack
from wengert.tensor.foreign import to_dlpack as to_dlpack

__getattr__ = refuser(__name__, "torch.utils.dlpack")
