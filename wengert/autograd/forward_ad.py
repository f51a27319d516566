"""Forward mode by hand: tensors that carry a tangent along inside of a block. PyTorch's ``torch.autograd.forward_ad``.

Duals and their level are made by `above.duals`: forward mode itself stands above this file.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from wengert.autograd.above import above
from wengert.core import dtypes
from wengert.core.carrier import leaked
from wengert.errors import DTypeError, GradientError, ShapeError, refuser, shape_text
from wengert.tape.storage import Recorded
from wengert.tensor.promotion import dtype_of, require_tensor

__all__ = [
    "UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual",
]  # fmt: skip


class _Now(threading.local):
    """The level that is open in this thread, and its block."""

    level: Any = None
    block: Any = None


_now = _Now()


class UnpackedDualTensor(NamedTuple):
    """A tensor without its tangent, and the tangent; None where there is none."""

    primal: Any
    tangent: Any


def enter_dual_level() -> int:
    """Begin a level, as `dual_level` does, and return its number: 0. RuntimeError inside of another one."""
    if _now.level is not None:
        raise RuntimeError(
            "enter_dual_level: Nested forward mode AD is not supported at the moment. Use `torch.func.jvp`, which "
            "nests."
        )
    _now.block = above.duals.open()
    _now.level = _now.block.__enter__()
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level. RuntimeError where none is open, and for the number of another one."""
    if _now.level is None:
        raise RuntimeError("exit_dual_level: no level is open: enter_dual_level() comes first.")
    if level not in (None, 0):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    block, _now.level, _now.block = _now.block, None, None
    block.__exit__(None, None, None)


class dual_level:
    """A block in which tensors can carry tangents along; a context manager.

    What carries one exists inside of the block only: unpack it there. What comes of `unpack_dual` can be used outside.

    >>> import wengert as torch
    >>> fw = torch.autograd.forward_ad
    >>> with fw.dual_level():
    ...     x = fw.make_dual(torch.tensor([1., 2.]), torch.tensor([1., 0.]))
    ...     print(fw.unpack_dual(x ** 3).tangent)
    tensor([3., 0.])
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exc: object) -> None:
        exit_dual_level()


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """Return a tensor that carries a tangent of its shape and dtype along: gradients flow through both.

    `autograd.grad` of what carries a tangent gives gradients that carry theirs, Hessian times tangent; `backward`
    leaves ``.grad`` without. Where the given tangent requires grad, unpack first, or use `func.jvp` of `func.grad`.

    >>> import wengert as torch
    >>> fw, x = torch.autograd.forward_ad, torch.tensor([1., 2.], requires_grad=True)
    >>> with fw.dual_level():
    ...     y = (fw.make_dual(x, torch.ones(2)) ** 3).sum()
    ...     (g,) = torch.autograd.grad(y, x)
    ...     print(fw.unpack_dual(g).primal, fw.unpack_dual(g).tangent)
    tensor([ 3., 12.]) tensor([ 6., 12.])

    RuntimeError outside of a level, for other shapes and dtypes, and for a tensor that has a tangent already;
    ValueError for integers.
    """
    if _now.level is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for x, name in ((tensor, "primal"), (tangent, "tangent")):
        require_tensor("make_dual", x, name)
        if dtypes.kind(dtype_of(x)) not in "fc":
            raise ValueError(
                f"make_dual: Expected {name} to be floating point or complex, but got: {x.dtype}. Use `.float()`."
            )
    if tuple(tensor.shape) != tuple(tangent.shape):
        raise ShapeError(
            f"make_dual: Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor: {shape_text(tangent.shape)} and {shape_text(tensor.shape)}."
        )
    if tensor.dtype is not tangent.dtype:
        raise DTypeError(
            f"make_dual: the tensor is {tensor.dtype} and its tangent {tangent.dtype}; they must be equal."
        )
    if above.duals.parts(_now.level, tensor)[1] is not None:
        raise GradientError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not "
            "supported. Use `unpack_dual(x).primal`."
        )
    _now.level.ties |= tangent._edge is not None
    return above.duals.make(_now.level, tensor, tangent)


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """Return a tensor without its tangent, and the tangent: None where it carries none.

    A thread may unpack what another one made, while that one's level is open. RuntimeError after the end of it.
    """
    if not isinstance(tensor, Recorded):
        raise TypeError(
            f"unpack_dual(): argument 'tensor' must be Tensor, not {type(tensor).__name__}."
        )
    found = above.duals.level_of(tensor)
    if found is None:
        return UnpackedDualTensor(tensor, None)
    if not found.open:
        raise leaked(found, "unpack_dual")
    return UnpackedDualTensor(*above.duals.parts(found, tensor))


__getattr__ = refuser(__name__, "torch.autograd.forward_ad")
