"""Function transforms that nest freely: `jvp`, `vjp`, `grad`, `vmap` and what is made of them."""

from wengert.errors import refuser
from wengert.func.batched import vmap
from wengert.func.dual import jvp
from wengert.func.reverse import grad, grad_and_value, vjp
from wengert.func.transforms import hessian, jacfwd, jacrev

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "vjp", "vmap"]

__getattr__ = refuser(__name__, "torch.func")
