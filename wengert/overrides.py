"""PyTorch's ``torch.overrides``: what packages use to let types bring their own way of computing functions."""

from wengert.errors import refuser
from wengert.tensor.asking import TorchFunctionMode as TorchFunctionMode
from wengert.tensor.asking import begin
from wengert.tensor.asking import resolve_name as resolve_name
from wengert.tensor.overriding import DisableTorchFunctionSubclass as DisableTorchFunctionSubclass
from wengert.tensor.overriding import handle_torch_function as handle_torch_function
from wengert.tensor.overriding import has_torch_function as has_torch_function
from wengert.tensor.overriding import has_torch_function_unary as has_torch_function_unary
from wengert.tensor.overriding import has_torch_function_variadic as has_torch_function_variadic
from wengert.tensor.overriding import is_tensor_like as is_tensor_like

enable_torch_function = begin

__getattr__ = refuser(__name__, "torch.overrides")
