"""Converting all parameters and buffers of a tree of modules, in place, with their gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from wengert.core import dtypes
from wengert.nn.tree import Tree
from wengert.nn.uninitialized import is_lazy
from wengert.tape.mode import no_grad
from wengert.tape.storage import no_grad_yet, read_grad, refuse_in_trace
from wengert.tensor import filled
from wengert.tensor.conversion import arguments
from wengert.tensor.device import place_of, require_cpu
from wengert.tensor.promotion import dtype_of
from wengert.tensor.rebinding import rebind
from wengert.tensor.tensor import Tensor


class Convertible(Tree):
    """A tree whose tensors can be converted together."""

    def _apply(self, fn: Callable[[Any], Any], recurse: bool = True) -> Any:
        """Put ``fn`` of every parameter, gradient and buffer in its place; the parameters stay the same objects."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is not None:
                with no_grad():
                    convert(parameter, fn)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                made = fn(buffer)
                if made is not buffer:
                    refuse_in_trace(buffer, "converting a module")
                    self._buffers[name] = made
        return self

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Convert floating and complex parameters and buffers: ``to(dtype)``, ``to(tensor)``, ``to(device)``.

        On the device meta they have no elements; from there, use `to_empty`. TypeError for a dtype that is neither
        floating nor complex, NotImplementedError for a parameter on the device meta that is to be on the CPU.

        >>> import wengert as torch
        >>> torch.nn.Linear(3, 1).to("meta").weight
        Parameter containing:
        tensor(..., device='meta', size=(1, 3), requires_grad=True)
        """
        place = arguments(args, kwargs).get("device")
        if isinstance(args[0] if args else None, Tensor):
            place = args[0].device
        example = filled.empty(0, device="cpu").to(*args, **kwargs)
        named = [a for a in (*args, *kwargs.values()) if isinstance(a, dtypes.dtype | Tensor)]
        dtype = example.dtype if named else None
        if dtype is not None and dtypes.kind(dtype_of(example)) not in "fc":
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        if dtype is not None and dtype_of(example).kind == "c":
            warnings.warn(
                "A module with complex parameters: layers that compare, round or take maxima do not work on them.",
                stacklevel=2,
            )

        def moved(t: Any) -> Any:
            made = t.to(dtype) if dtype is not None and dtypes.kind(dtype_of(t)) in "fc" else t
            return made if place is None else made.to(place)

        return self._apply(moved)

    def type(self, dst_type: Any) -> Any:
        """Convert every parameter and buffer to a dtype, integers as well."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Any:
        """Convert floating parameters and buffers to float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Any:
        """Convert floating parameters and buffers to float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Any:
        """Convert floating parameters and buffers to float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Any:
        """Convert floating parameters and buffers to bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def cpu(self) -> Any:
        """Return the module, which is on the CPU. NotImplementedError where it is on the device meta."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: Any = None) -> Any:
        """Raise RuntimeError: there is one device, "cpu"."""
        require_cpu("cuda" if device is None else f"cuda:{device}")

    def to_empty(self, *, device: Any, recurse: bool = True) -> Any:
        """Give every parameter and buffer new memory with arbitrary elements, on a device.

        It is the way from the device meta to the CPU.

        >>> import wengert as torch
        >>> layer = torch.nn.Linear(3, 1, device="meta").to_empty(device="cpu")
        >>> torch.nn.init.ones_(layer.weight)
        Parameter containing:
        tensor([[1., 1., 1.]], requires_grad=True)
        """
        if device is not None:
            place_of(device)
        return self._apply(lambda t: filled.empty_like(t, device=device), recurse)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set ``requires_grad`` of every parameter."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set every parameter's ``.grad`` to None, or to zeros."""
        for parameter in self.parameters():
            clear_grad(parameter, set_to_none)


def convert(parameter: Any, fn: Callable[[Any], Any]) -> None:
    """Give a leaf the elements that ``fn`` makes of its own, perhaps of another dtype, and its gradient likewise.

    Both stay the same objects, with their hooks.
    """
    made = fn(parameter)
    if made is parameter:
        return
    refuse_in_trace(parameter, "converting a module")
    if is_lazy(parameter):
        parameter._payload = made._payload
        return
    grad = None if parameter._cell is None else parameter._cell.grad
    converted = None if grad is None else (grad, fn(grad))
    rebind(parameter, made, born_leaf=True)
    if converted is not None:
        rebind(*converted)


def clear_grad(parameter: Any, set_to_none: bool) -> None:
    """Drop a gradient, or set it to zero without history."""
    if set_to_none:
        parameter.grad = None
        return
    cell = parameter._cell
    if cell is None:
        no_grad_yet(parameter)
        return
    if read_grad(cell) is None:
        return
    if cell.grad._edge is not None:
        parameter.grad = cell.grad.detach()
    with no_grad():
        cell.grad.zero_()
