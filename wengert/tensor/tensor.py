"""The tensor: its data and graph attributes, ``backward``, hooks, conversion, printing.

Operators and named methods come from the two classes it derives from; they only spell functions as methods.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import getattr_static
from typing import Any

import numpy as np

from wengert.core import bfloat16, dtypes
from wengert.core.carrier import ROOT, Level, state
from wengert.core.shapes import Size
from wengert.errors import DeviceError, GradientError, ShapeError
from wengert.tape import storage as cells
from wengert.tape.backward import backward as run_backward
from wengert.tape.backward import grad_cell
from wengert.tape.hooks import RemovableHandle, require_callable
from wengert.tape.meta import Meta, is_meta
from wengert.tape.node import edge_node
from wengert.tape.provenance import warn
from wengert.tape.record import compute, record, recording_level
from wengert.tape.storage import (
    GradCell,
    Recorded,
    concrete,
    register_tensor_type,
)
from wengert.tensor import (
    asking,
    copying,
    creation,
    display,
    following,
    legacy,
    overridable,
    overriding,
    pickling,
    rebinding,
    views,
)
from wengert.tensor.methods import Methods
from wengert.tensor.operators import Operators
from wengert.tensor.promotion import dtype_of


class Tensor(Methods, Operators):
    """An n-dimensional array that records what is done to it.

    ``Tensor(2, 3)`` makes an uninitialised tensor of that shape, ``Tensor([1, 2])`` one of the default dtype with
    these elements; `torch.tensor` is the usual way to make one.

    >>> import wengert as torch
    >>> x = torch.tensor([1., 2.], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ()

    def __new__(cls, *args: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Recorded):
            made = views.cut(args[0], counted=True)
        else:
            made = legacy.made_as(dtypes.public(dtypes.default_float()), args)
        return made if cls is Tensor else cells.as_class(made, cls)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in cells.SLOTS:
            if getattr_static(cls, name) is vars(Recorded)[name]:
                continue
            raise TypeError(
                f"{cls.__name__}: a class attribute `{name}` would hide where a tensor keeps its own data; call it "
                "something else."
            )
        asking.begin_for(cls)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return overriding.compute_as(cls, func, types, args, kwargs)

    # What interpretation asks for

    def _standing(self) -> tuple[int, Level, Callable[..., Any]]:
        """Return the rank among levels, the level, and the function that interprets rows there."""
        payload = self._payload
        trace = state.trace
        if self._edge is not None:
            level = recording_level(self)
            if trace is None or level.number >= trace.number:
                return 2 * level.number + 1, level, record
            return 2 * trace.number, trace, trace.interpret
        if payload.__class__ is np.ndarray:
            if trace is not None:
                return 2 * trace.number, trace, trace.interpret
            return -1, ROOT, compute
        if isinstance(payload, Recorded):
            return payload._standing()  # type: ignore[attr-defined, no-any-return]
        level = payload.level
        if trace is not None and level.number < trace.number and level.open:
            return 2 * trace.number, trace, trace.interpret
        return 2 * level.number, level, level.interpret

    # Attributes

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return Size(self._payload.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._payload.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        """The element type."""
        return dtypes.public(dtype_of(self))

    @property
    def is_leaf(self) -> bool:
        """True unless the tensor came out of a recorded operation."""
        return self._edge is None or isinstance(self._edge, GradCell)

    @property
    def requires_grad(self) -> bool:
        """Whether operations on the tensor are recorded. Settable on leaves.

        Setting raises RuntimeError for integers, and for False on a result of recorded operations.
        """
        return self._edge is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not isinstance(wanted, bool):
            raise GradientError(
                f"requires_grad must be a bool, not {type(wanted).__name__}. Use True or False."
            )
        if not self.is_leaf:
            if not wanted:
                raise GradientError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                    "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return
        cells.keep_in_trace(self, "_edge", "_level", "_cell", "_payload")
        if not wanted:
            following.disconnect(self)
            if not following.follows(self):
                self._leave_tape()
        elif self._edge is None or following.follows(self):
            if self.is_inference() and not state.inference:
                raise GradientError(
                    "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
                )
            creation.mark(self)
            following.require_of_views(self)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set ``requires_grad`` and return the tensor. TypeError for what is no bool."""
        creation.require_flag(requires_grad)
        self.requires_grad = requires_grad
        return self

    @property
    def grad_fn(self) -> Any:
        """The node of the operation that made the tensor; None for leaves."""
        return edge_node(self._edge)[0]

    @property
    def grad(self) -> Any:
        """What backward accumulated: a tensor of this shape and dtype, or None."""
        cell = self._cell
        if cell is None:
            if not self.is_leaf:
                warn(
                    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                    "won't be populated during autograd.backward(). Call .retain_grad() on it before backward, or use "
                    "the leaf.",
                )
            return cells.no_grad_yet(self)
        return cells.read_grad(cell)

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            self._require_grad_like(value)
        elif self._cell is None and state.trace is None:
            return
        cells.keep_in_trace(self, "_cell")
        cell = grad_cell(self)
        cells.keep_in_trace(cell, "grad")
        cell.grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    def _require_grad_like(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
            )
        if value is self:
            raise GradientError("can't assign Variable as its own grad")
        if is_meta(value) is not is_meta(self):
            raise DeviceError(
                f"assigned grad is on the device {value.device}, and the tensor on {self.device}."
            )
        if value.dtype is not self.dtype:
            raise GradientError(
                f"assigned grad has data of a different type: {value.dtype}, and the tensor is {self.dtype}"
            )
        if value.shape != self.shape:
            raise ShapeError(
                f"assigned grad has data of a different size: {value.shape}, and the tensor has {self.shape}"
            )

    @property
    def data(self) -> Any:
        """The same elements without history. Writes through it are not counted by the in-place check."""
        return views.cut(self, counted=False)

    @data.setter
    def data(self, value: Any) -> None:
        if isinstance(value, Tensor) and is_meta(value) is not is_meta(self):
            raise GradientError(
                f"attempted to call `variable.set_data(tensor)`, but `variable` and `tensor` have incompatible tensor "
                f"type: {self.type()} and {value.type()}."
            )
        rebinding.rebind(self, value)

    @property
    def _version(self) -> int:
        if state.trace is not None and state.trace.from_outside(self):
            state.trace.refuse_read(self, "_version")
        if self._storage is None:
            return 0
        if self._storage.inference:
            raise GradientError(
                "a tensor made in inference mode counts no writes, so it has no _version. "
                "Make it under `torch.no_grad()` to have them counted."
            )
        return self._storage.version

    @property
    def _base(self) -> Any:
        return views.base_of(self)

    @property
    def output_nr(self) -> int:
        """Which output of ``grad_fn`` this is."""
        return edge_node(self._edge)[1]

    @property
    def retains_grad(self) -> bool:
        """Whether backward will put a gradient into ``.grad`` although this is no leaf."""
        node, index = edge_node(self._edge)
        return node is not None and node.extra is not None and index in node.extra.retained

    def is_inference(self) -> bool:
        """Say whether the tensor was made in inference mode."""
        return self._storage is not None and self._storage.inference

    # Gradients

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Accumulate the gradient of this tensor into the ``.grad`` of the leaves it came from.

        ``gradient`` is the cotangent to start with, of this tensor's shape; a tensor of one element starts with 1.

        Raises RuntimeError for a non-scalar without ``gradient``, a tensor without history, a second backward through
        a freed graph, and a saved value that was overwritten. A failed call changes nothing.

        >>> import wengert as torch
        >>> x = torch.tensor(3., requires_grad=True)
        >>> (x ** 2).backward()
        >>> x.grad
        tensor(6.)
        """
        run_backward(
            self, gradient, retain_graph=retain_graph, create_graph=create_graph, inputs=inputs
        )

    def retain_grad(self) -> None:
        """Have backward keep the gradient of this intermediate result in ``.grad``."""
        if self._edge is None:
            raise GradientError("can't retain_grad on Tensor that has requires_grad=False")
        node, index = edge_node(self._edge)
        if node is not None:
            cells.refuse_in_trace(self, "retain_grad()")
            node.extras().retained[index] = grad_cell(self)

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad)`` whenever this tensor's gradient is computed; it may return a replacement.

        >>> import wengert as torch
        >>> x = torch.ones(2, requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad * 10)
        >>> x.sum().backward()
        >>> x.grad
        tensor([10., 10.])
        """
        require_callable("register_hook", hook)
        if self._edge is None:
            raise GradientError("cannot register a hook on a tensor that doesn't require gradient")
        cells.refuse_in_trace(self, "register_hook()")
        if isinstance(self._edge, GradCell):
            if self._edge.hooks is None:
                self._edge.hooks = {}
            return RemovableHandle(self._edge.hooks, hook)
        node, index = edge_node(self._edge)
        assert node is not None
        return RemovableHandle(node.extras().tensor_hooks.setdefault(index, {}), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(tensor)`` whenever a gradient has landed in this leaf's ``.grad``."""
        require_callable("register_post_accumulate_grad_hook", hook)
        if not isinstance(self._edge, GradCell):
            raise GradientError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
                if self._edge is not None
                else "cannot register a hook on a tensor that doesn't require gradient"
            )
        cells.refuse_in_trace(self, "register_post_accumulate_grad_hook()")
        if self._edge.post_hooks is None:
            self._edge.post_hooks = {}
        return RemovableHandle(self._edge.post_hooks, hook)

    def detach(self) -> Any:
        """Return a tensor with the same memory and no history: gradients stop here."""
        return views.cut(self, counted=True)

    def detach_(self) -> Any:
        """Cut this tensor itself off its history; views of it keep theirs. RuntimeError for views."""
        if views.base_of(self) is not None:
            raise GradientError("Can't detach views in-place. Use detach() instead.")
        if self._edge is not None:
            cells.refuse_in_trace(self, "detach_()")
        self._leave_tape()
        if self._origin is not None and self._origin.differentiable:  # as what was turned in place
            self._origin.base._leave_tape()
        return self

    def _leave_tape(self) -> None:
        if self._edge is not None and self._payload.__class__ is not np.ndarray:
            self._payload = views.cut(self, counted=True)._payload
        self._edge = None

    # Conversion

    def item(self) -> Any:
        """Return the one element as a Python number; RuntimeError for any other number of elements."""
        array = self._payload
        if array.__class__ is not np.ndarray or state.trace is not None:
            array = self._read("item()")
        if array.size != 1:
            raise ShapeError(
                f"a Tensor with {array.size} elements cannot be converted to Scalar. Use `.tolist()`, or reduce first."
            )
        return array.item()

    def _read(self, op: str) -> np.ndarray[Any, Any]:
        if state.trace is not None:
            state.trace.refuse_read(self, op)
        return concrete(self, op)

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        return self._read("tolist()").tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """Return a NumPy array that shares memory with the tensor (a copy, where ``force`` must).

        Raises RuntimeError for a tensor that requires grad, unless under `no_grad`: use ``x.detach().numpy()``.
        """
        if force:
            return (
                self.detach().numpy()
                if self._payload.__class__ in (np.ndarray, Meta)
                else concrete(self, "numpy()").copy()
            )
        if self._edge is not None and state.grad:
            raise GradientError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        if is_meta(self):
            raise TypeError(
                "can't convert meta device type tensor to numpy: it has no elements. Make one with elements, as with "
                "`torch.empty_like(x, device='cpu')`."
            )
        array = self._read("numpy()")
        if self._payload.__class__ is not np.ndarray:
            raise GradientError(
                "Cannot access data pointer of Tensor inside a transform: numpy() of a value with a tangent would lose "
                "it. Use `x.detach().numpy()` for the value alone."
            )
        if array.dtype.kind == "V":
            raise TypeError(
                "numpy(): Got unsupported ScalarType BFloat16, which NumPy does not know. Use `x.float().numpy()`."
            )
        cells.expose(self)
        return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(
                    f"a tensor of {self.dtype} cannot become an array of {dtype} without a copy."
                )
            return array.astype(dtype)
        return array.copy() if copy else array

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return int(self._payload.shape[0])

    def __iter__(self) -> Any:
        if not self.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __deepcopy__(self, memo: dict[Any, Any]) -> Any:
        return copying.deepcopy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return pickling.reduced(self)

    # Printing

    def __repr__(self) -> str:
        kind = type(self)
        shown = self._printed("tensor(" if kind is Tensor else f"{kind.__name__}(")
        return f"Parameter({shown})" if getattr(self, "_is_param", False) else shown

    def _printed(self, prefix: str) -> str:
        payload = self._payload
        if payload.__class__ not in (np.ndarray, Meta):
            return _described(payload, self._edge is not None)
        node = self.grad_fn
        return display.tensor_repr(
            None if payload.__class__ is Meta else bfloat16.widened(payload),
            shape=payload.shape,
            prefix=prefix,
            default_dtype=dtypes.get_default_dtype().name,
            dtype_name=self.dtype.name,
            requires_grad=self._edge is not None,
            grad_fn_name=None if node is None else type(node).__name__,
        )

    def __format__(self, spec: str) -> str:
        if type(self) is Tensor and not self.ndim and self._payload.__class__ is np.ndarray:
            return display.format_scalar(bfloat16.widened(self._payload), spec)
        return object.__format__(self, spec)


def _described(payload: Any, recorded: bool) -> str:
    while isinstance(payload, Recorded):
        payload = payload._payload
    if payload.__class__ is np.ndarray:
        return f"tensor({payload!r}, in a gradient transform)"
    return f"tensor({payload!r})"


register_tensor_type(Tensor)
overridable.own_methods(Tensor)
