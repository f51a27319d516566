"""The named methods of `Tensor`: each spells a function of this layer as a method, and adds nothing to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import Size, axis_of, size_argument
from wengert.rules import structural as rows
from wengert.tape.storage import Recorded
from wengert.tensor import (
    arithmetic,
    contraction,
    creation,
    indexing,
    inplace,
    reductions,
    views,
)
from wengert.tensor.device import device as _device
from wengert.tensor.device import require_cpu
from wengert.tensor.promotion import cast_to, dtype_of, require_tensor

_bool, _float, _int, _type = bool, float, int, type


class Methods(Recorded):
    """PyTorch's methods on tensors; see the functions of the same names for what they do."""

    __slots__ = ()

    add = arithmetic.add
    sub = subtract = arithmetic.sub
    mul = multiply = arithmetic.mul
    div = divide = true_divide = arithmetic.div
    remainder = arithmetic.remainder
    pow = arithmetic.pow
    neg = negative = arithmetic.neg
    reciprocal = arithmetic.reciprocal
    exp = arithmetic.exp
    log = arithmetic.log
    sqrt = arithmetic.sqrt
    sin = arithmetic.sin
    cos = arithmetic.cos
    tanh = arithmetic.tanh
    sigmoid = arithmetic.sigmoid
    relu = arithmetic.relu
    abs = absolute = arithmetic.abs
    sign = arithmetic.sign
    maximum = arithmetic.maximum
    minimum = arithmetic.minimum
    eq = arithmetic.eq
    ne = arithmetic.ne
    lt = arithmetic.lt
    le = arithmetic.le
    gt = arithmetic.gt
    ge = arithmetic.ge
    isnan = arithmetic.isnan
    isfinite = arithmetic.isfinite
    floor_divide = arithmetic.floor_divide
    matmul = contraction.matmul
    mm = contraction.mm
    mv = contraction.mv
    dot = contraction.dot
    bmm = contraction.bmm
    sum = reductions.sum
    mean = reductions.mean
    prod = reductions.prod
    max = reductions.max
    min = reductions.min
    amax = reductions.amax
    amin = reductions.amin
    argmax = reductions.argmax
    argmin = reductions.argmin
    any = reductions.any
    all = reductions.all
    logsumexp = reductions.logsumexp
    softmax = reductions.softmax
    log_softmax = reductions.log_softmax
    equal = reductions.equal

    def reshape(self, *shape: Any) -> Any:
        """Same as `torch.reshape`."""
        return views.reshape(self, *shape)

    def view(self, *shape: Any) -> Any:
        """Same as `torch.Tensor.view`: other sizes for the same memory."""
        return views.view(self, *shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Any:
        """Same as `torch.flatten`."""
        return views.flatten(self, start_dim, end_dim)

    def transpose(self, dim0: int, dim1: int) -> Any:
        """Same as `torch.transpose`."""
        return views.transpose(self, dim0, dim1)

    def t(self) -> Any:
        """Same as `torch.t`."""
        return views.t(self)

    def permute(self, *dims: Any) -> Any:
        """Same as `torch.permute`."""
        return views.permute(self, *dims)

    def expand(self, *sizes: Any) -> Any:
        """Same as `torch.expand`."""
        return views.expand(self, *sizes)

    def broadcast_to(self, *shape: Any) -> Any:
        """Same as `torch.broadcast_to`."""
        return views.broadcast_to(self, size_argument("broadcast_to", shape))

    def unsqueeze(self, dim: Any) -> Any:
        """Same as `torch.unsqueeze`."""
        return views.unsqueeze(self, dim)

    def squeeze(self, dim: Any = None) -> Any:
        """Same as `torch.squeeze`."""
        return views.squeeze(self, dim)

    def split(self, split_size: Any, dim: Any = 0) -> Any:
        """Same as `torch.split`."""
        return views.split(self, split_size, dim)

    def chunk(self, chunks: int, dim: Any = 0) -> Any:
        """Same as `torch.chunk`."""
        return views.chunk(self, chunks, dim)

    def unbind(self, dim: Any = 0) -> Any:
        """Same as `torch.unbind`."""
        return views.unbind(self, dim)

    def gather(self, dim: Any, index: Any) -> Any:
        """Same as `torch.gather`."""
        return indexing.gather(self, dim, index)

    def scatter_add(self, dim: Any, index: Any, src: Any) -> Any:
        """Same as `torch.scatter_add`."""
        return indexing.scatter_add(self, dim, index, src)

    def index_select(self, dim: Any, index: Any) -> Any:
        """Same as `torch.index_select`."""
        return indexing.index_select(self, dim, index)

    def add_(self, other: Any, *, alpha: complex = 1) -> Any:
        """`add`, in place. Returns the tensor."""
        return inplace.add_(self, other, alpha=alpha)

    def sub_(self, other: Any, *, alpha: complex = 1) -> Any:
        """`sub`, in place. Returns the tensor."""
        return inplace.sub_(self, other, alpha=alpha)

    def mul_(self, other: Any) -> Any:
        """`mul`, in place. Returns the tensor."""
        return inplace.mul_(self, other)

    def div_(self, other: Any) -> Any:
        """`div`, in place. Returns the tensor."""
        return inplace.div_(self, other)

    def pow_(self, exponent: Any) -> Any:
        """`pow`, in place. Returns the tensor."""
        return inplace.pow_(self, exponent)

    def neg_(self) -> Any:
        """`neg`, in place. Returns the tensor."""
        return inplace.neg_(self)

    def zero_(self) -> Any:
        """`zero`, in place. Returns the tensor."""
        return inplace.zero_(self)

    def fill_(self, value: Any) -> Any:
        """`fill`, in place. Returns the tensor."""
        return inplace.fill_(self, value)

    def copy_(self, source: Any) -> Any:
        """`copy`, in place. Returns the tensor."""
        return inplace.copy_(self, source)

    def expand_as(self, other: Any) -> Any:
        """Expand to another tensor's shape."""
        return views.expand(self, tuple(other.shape))

    def view_as(self, other: Any) -> Any:
        """View in another tensor's shape."""
        return views.view(self, tuple(other.shape))

    def reshape_as(self, other: Any) -> Any:
        """Reshape to another tensor's shape."""
        return views.reshape(self, tuple(other.shape))

    def where(self, condition: Any, other: Any) -> Any:
        """This tensor where ``condition`` is true, else ``other``."""
        return arithmetic.where(condition, self, other)

    def clone(self) -> Any:
        """Copy into new memory; gradients flow through."""
        return rows.clone(self)

    def contiguous(self) -> Any:
        """Return the tensor with its elements in one piece of memory in order: itself if they are."""
        return self if self.is_contiguous() else rows.clone(self)

    def is_contiguous(self) -> bool:
        """Say whether the elements lie in one piece of memory in order."""
        return views.is_contiguous(self)

    def stride(self, dim: int | None = None) -> Any:
        """Return how many elements apart neighbours along each dimension are."""
        payload = self.payload
        strides = tuple(s // payload.itemsize for s in payload.strides)
        return strides if dim is None else strides[axis_of("stride", dim, len(strides))]

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the size of one dimension."""
        shape = tuple(self.payload.shape)
        return Size(shape) if dim is None else shape[axis_of("size", dim, len(shape))]

    def dim(self) -> int:
        """Return the number of dimensions."""
        return len(self.payload.shape)

    def numel(self) -> int:
        """Return the number of elements."""
        count = 1
        for n in self.payload.shape:
            count *= n
        return count

    nelement = numel

    def element_size(self) -> int:
        """Return the size of one element in bytes."""
        return dtype_of(self).itemsize

    def is_floating_point(self) -> bool:
        """Say whether the dtype is a floating one."""
        return dtype_of(self).kind == "f"

    def is_complex(self) -> bool:
        """Say whether the dtype is a complex one."""
        return dtype_of(self).kind == "c"

    def to(
        self,
        *args: Any,
        dtype: Any = None,
        device: Any = None,
        copy: bool = False,
        non_blocking: bool = False,
        memory_format: Any = None,
    ) -> Any:
        """Convert to a dtype, or to the dtype of another tensor; itself when nothing changes.

        There is one device and one memory format, so these arguments change nothing.
        """
        for arg in args:
            if isinstance(arg, dtypes.dtype) or arg in (_float, _int, complex, _bool):
                dtype = arg
            elif isinstance(arg, Recorded):
                dtype = dtypes.public(dtype_of(arg))
            elif isinstance(arg, _bool):
                pass  # non_blocking and copy, by position; a conversion copies anyway
            elif arg is None or isinstance(arg, str | _device):
                device = arg
            else:
                raise TypeError(
                    f"to(): expected a dtype, a tensor or a device, got {_type(arg).__name__}. "
                    f"Write the dtype, as in `x.to(torch.float64)`."
                )
        require_cpu(device)
        out = self if dtype is None else cast_to(self, dtypes.to_numpy(dtype))
        return rows.clone(out) if copy and out is self else out

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """Convert to a dtype or to one of PyTorch's type names; without argument, return the type name.

        >>> import wengert as torch
        >>> torch.tensor([1.]).type(), torch.tensor([1.]).type(torch.int64)
        ('torch.FloatTensor', tensor([1]))
        """
        if dtype is None:
            return f"torch.{_TYPE_NAMES[dtype_of(self).name]}Tensor"
        if isinstance(dtype, str):
            found = [d for d, name in _TYPE_NAMES.items() if dtype == f"torch.{name}Tensor"]
            if not found:
                raise ValueError(f"invalid type: {dtype!r}. Use a dtype, as in `torch.float64`.")
            return cast_to(self, np.dtype(found[0]))
        return cast_to(self, dtypes.to_numpy(dtype))

    def type_as(self, other: Any) -> Any:
        """Convert to the dtype of another tensor."""
        require_tensor("type_as", other, "other")
        return cast_to(self, dtype_of(other))

    def float(self) -> Any:
        """Convert to float32."""
        return cast_to(self, dtypes.float32.numpy)

    def double(self) -> Any:
        """Convert to float64."""
        return cast_to(self, dtypes.float64.numpy)

    def half(self) -> Any:
        """Convert to float16."""
        return cast_to(self, dtypes.float16.numpy)

    def long(self) -> Any:
        """Convert to int64."""
        return cast_to(self, dtypes.int64.numpy)

    def int(self) -> Any:
        """Convert to int32."""
        return cast_to(self, dtypes.int32.numpy)

    def short(self) -> Any:
        """Convert to int16."""
        return cast_to(self, dtypes.int16.numpy)

    def char(self) -> Any:
        """Convert to int8."""
        return cast_to(self, dtypes.int8.numpy)

    def byte(self) -> Any:
        """Convert to uint8."""
        return cast_to(self, dtypes.uint8.numpy)

    def bool(self) -> Any:
        """Convert to bool."""
        return cast_to(self, dtypes.bool_.numpy)

    def cpu(self) -> Any:
        """Return the tensor, which is on the CPU."""
        return self

    def new_zeros(self, *size: Any, dtype: Any = None) -> Any:
        """Zeros of a shape, of this tensor's dtype."""
        return creation.zeros(*size, dtype=dtype or dtypes.public(dtype_of(self)))

    def new_ones(self, *size: Any, dtype: Any = None) -> Any:
        """Ones of a shape, of this tensor's dtype."""
        return creation.ones(*size, dtype=dtype or dtypes.public(dtype_of(self)))

    def new_tensor(self, data: Any, dtype: Any = None) -> Any:
        """A tensor of data, of this tensor's dtype."""
        return creation.tensor(data, dtype=dtype or dtypes.public(dtype_of(self)))

    def new_full(self, size: Any, fill_value: Any, dtype: Any = None) -> Any:
        """A tensor of a shape with one value everywhere, of this tensor's dtype."""
        if not isinstance(size, list | tuple):
            raise TypeError(
                f"new_full(): argument 'size' must be tuple of ints, not {_type(size).__name__}."
            )
        return creation.full(size, fill_value, dtype=dtype or dtypes.public(dtype_of(self)))


_TYPE_NAMES = {
    "bool": "Bool",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "float16": "Half",
    "float32": "Float",
    "float64": "Double",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}
