"""Function transforms that nest freely: `jvp`, `vjp`, `grad`, `vmap` and what is made of them."""

from wengert.errors import refuser
from wengert.func.batched import vmap
from wengert.func.dual import jvp
from wengert.func.reverse import grad, grad_and_value, vjp
from wengert.func.stateless import (
    functional_call,
    functionalize,
    replace_all_batch_norm_modules_,
    stack_module_state,
)
from wengert.func.transforms import hessian, jacfwd, jacrev, linearize

__all__ = [
    "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]  # fmt: skip

__getattr__ = refuser(__name__, "torch.func")
