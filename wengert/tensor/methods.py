"""The named methods of `Tensor`: each spells a function of this layer as a method, and adds nothing to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.core import dtypes
from wengert.core.shapes import Size, axis_of
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
from wengert.tensor.promotion import cast_to, dtype_of


class Methods(Recorded):
    """PyTorch's methods on tensors; see the functions of the same names for what they do."""

    __slots__ = ()

    def add(self, other: Any, *, alpha: complex = 1) -> Any:
        """Same as `torch.add`."""
        return arithmetic.add(self, other, alpha=alpha)

    def sub(self, other: Any, *, alpha: complex = 1) -> Any:
        """Same as `torch.sub`."""
        return arithmetic.sub(self, other, alpha=alpha)

    def mul(self, other: Any) -> Any:
        """Same as `torch.mul`."""
        return arithmetic.mul(self, other)

    def div(self, other: Any) -> Any:
        """Same as `torch.div`."""
        return arithmetic.div(self, other)

    def pow(self, exponent: Any) -> Any:
        """Same as `torch.pow`."""
        return arithmetic.pow(self, exponent)

    def neg(self) -> Any:
        """Same as `torch.neg`."""
        return arithmetic.neg(self)

    def reciprocal(self) -> Any:
        """Same as `torch.reciprocal`."""
        return arithmetic.reciprocal(self)

    def exp(self) -> Any:
        """Same as `torch.exp`."""
        return arithmetic.exp(self)

    def log(self) -> Any:
        """Same as `torch.log`."""
        return arithmetic.log(self)

    def sqrt(self) -> Any:
        """Same as `torch.sqrt`."""
        return arithmetic.sqrt(self)

    def sin(self) -> Any:
        """Same as `torch.sin`."""
        return arithmetic.sin(self)

    def cos(self) -> Any:
        """Same as `torch.cos`."""
        return arithmetic.cos(self)

    def tanh(self) -> Any:
        """Same as `torch.tanh`."""
        return arithmetic.tanh(self)

    def sigmoid(self) -> Any:
        """Same as `torch.sigmoid`."""
        return arithmetic.sigmoid(self)

    def relu(self) -> Any:
        """Same as `torch.relu`."""
        return arithmetic.relu(self)

    def abs(self) -> Any:
        """Same as `torch.abs`."""
        return arithmetic.abs(self)

    def sign(self) -> Any:
        """Same as `torch.sign`."""
        return arithmetic.sign(self)

    def maximum(self, other: Any) -> Any:
        """Same as `torch.maximum`."""
        return arithmetic.maximum(self, other)

    def minimum(self, other: Any) -> Any:
        """Same as `torch.minimum`."""
        return arithmetic.minimum(self, other)

    def eq(self, other: Any) -> Any:
        """Same as `torch.eq`."""
        return arithmetic.eq(self, other)

    def ne(self, other: Any) -> Any:
        """Same as `torch.ne`."""
        return arithmetic.ne(self, other)

    def lt(self, other: Any) -> Any:
        """Same as `torch.lt`."""
        return arithmetic.lt(self, other)

    def le(self, other: Any) -> Any:
        """Same as `torch.le`."""
        return arithmetic.le(self, other)

    def gt(self, other: Any) -> Any:
        """Same as `torch.gt`."""
        return arithmetic.gt(self, other)

    def ge(self, other: Any) -> Any:
        """Same as `torch.ge`."""
        return arithmetic.ge(self, other)

    def isnan(self) -> Any:
        """Same as `torch.isnan`."""
        return arithmetic.isnan(self)

    def isfinite(self) -> Any:
        """Same as `torch.isfinite`."""
        return arithmetic.isfinite(self)

    def floor_divide(self, other: Any) -> Any:
        """Same as `torch.floor_divide`."""
        return arithmetic.floor_divide(self, other)

    def matmul(self, other: Any) -> Any:
        """Same as `torch.matmul`."""
        return contraction.matmul(self, other)

    def mm(self, mat2: Any) -> Any:
        """Same as `torch.mm`."""
        return contraction.mm(self, mat2)

    def mv(self, vec: Any) -> Any:
        """Same as `torch.mv`."""
        return contraction.mv(self, vec)

    def dot(self, tensor: Any) -> Any:
        """Same as `torch.dot`."""
        return contraction.dot(self, tensor)

    def bmm(self, mat2: Any) -> Any:
        """Same as `torch.bmm`."""
        return contraction.bmm(self, mat2)

    def sum(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """Same as `torch.sum`."""
        return reductions.sum(self, dim, keepdim, dtype=dtype)

    def mean(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """Same as `torch.mean`."""
        return reductions.mean(self, dim, keepdim, dtype=dtype)

    def prod(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """Same as `torch.prod`."""
        return reductions.prod(self, dim, keepdim, dtype=dtype)

    def max(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Same as `torch.max`."""
        return reductions.max(self, dim, keepdim)

    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Same as `torch.min`."""
        return reductions.min(self, dim, keepdim)

    def amax(self, dim: Any = (), keepdim: bool = False) -> Any:
        """Same as `torch.amax`."""
        return reductions.amax(self, dim, keepdim)

    def amin(self, dim: Any = (), keepdim: bool = False) -> Any:
        """Same as `torch.amin`."""
        return reductions.amin(self, dim, keepdim)

    def argmax(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Same as `torch.argmax`."""
        return reductions.argmax(self, dim, keepdim)

    def argmin(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Same as `torch.argmin`."""
        return reductions.argmin(self, dim, keepdim)

    def any(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Same as `torch.any`."""
        return reductions.any(self, dim, keepdim)

    def all(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Same as `torch.all`."""
        return reductions.all(self, dim, keepdim)

    def logsumexp(self, dim: Any, keepdim: bool = False) -> Any:
        """Same as `torch.logsumexp`."""
        return reductions.logsumexp(self, dim, keepdim)

    def softmax(self, dim: Any = None, *, dtype: Any = None) -> Any:
        """Same as `torch.softmax`."""
        return reductions.softmax(self, dim, dtype=dtype)

    def log_softmax(self, dim: Any = None, *, dtype: Any = None) -> Any:
        """Same as `torch.log_softmax`."""
        return reductions.log_softmax(self, dim, dtype=dtype)

    def reshape(self, *shape: Any) -> Any:
        """Same as `torch.reshape`."""
        return views.reshape(self, *shape)

    def view(self, *shape: Any) -> Any:
        """Same as `torch.origin`."""
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
        payload = self.payload
        return payload.__class__ is not np.ndarray or bool(payload.flags.c_contiguous)

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

    def to(
        self, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, **_: Any
    ) -> Any:
        """Convert to a dtype, or to the dtype of another tensor; itself when nothing changes."""
        for arg in args:
            if isinstance(arg, dtypes.dtype):
                dtype = arg
            elif isinstance(arg, Recorded):
                dtype = dtypes.public(dtype_of(arg))
            elif isinstance(arg, bool):
                copy = arg
            else:
                device = arg
        creation.require_cpu(device)
        out = self if dtype is None else cast_to(self, dtypes.to_numpy(dtype))
        return rows.clone(out) if copy and out is self else out

    def type_as(self, other: Any) -> Any:
        """Convert to the dtype of another tensor."""
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
