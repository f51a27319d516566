"""The names of PyTorch's inner module that programs with subclasses of `Tensor` use."""

from wengert.errors import refuser
from wengert.tensor import overriding
from wengert.tensor.overriding import DisableTorchFunction as DisableTorchFunction
from wengert.tensor.overriding import DisableTorchFunctionSubclass as DisableTorchFunctionSubclass

_disabled_torch_function_impl = overriding.disabled
_is_torch_function_enabled = overriding.is_torch_function_enabled


def _log_api_usage_once(event: str) -> None:
    """Do nothing: nobody counts which parts of the library programs use."""


__getattr__ = refuser(__name__, "torch._C")
