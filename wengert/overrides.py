"""PyTorch's ``torch.overrides``: what packages use to let types bring their own way of computing functions."""

from wengert.errors import refuser
from wengert.tensor import asking
from wengert.tensor.asking import BaseTorchFunctionMode as BaseTorchFunctionMode
from wengert.tensor.asking import TorchFunctionMode as TorchFunctionMode
from wengert.tensor.overridable import get_ignored_functions as get_ignored_functions
from wengert.tensor.overridable import get_overridable_functions as get_overridable_functions
from wengert.tensor.overridable import is_tensor_method_or_property as is_tensor_method_or_property
from wengert.tensor.overridable import resolve_name as resolve_name
from wengert.tensor.overridable import wrap_torch_function as wrap_torch_function
from wengert.tensor.overriding import DisableTorchFunctionSubclass as DisableTorchFunctionSubclass
from wengert.tensor.overriding import handle_torch_function as handle_torch_function
from wengert.tensor.overriding import has_torch_function as has_torch_function
from wengert.tensor.overriding import has_torch_function_unary as has_torch_function_unary
from wengert.tensor.overriding import has_torch_function_variadic as has_torch_function_variadic
from wengert.tensor.overriding import is_tensor_like as is_tensor_like

enable_torch_function = asking.begin

__getattr__ = refuser(__name__, "torch.overrides")
