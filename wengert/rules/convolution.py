"""Convolution in any number of spatial dimensions, and its two adjoints.

``convolution`` is linear in the image and in the kernel. Its transposes, with respect to the image
(`convolution_image`) and to the kernel (`convolution_kernel`), are such maps again, and the transposes of all three are
these three: so every order of derivative is a convolution.

Shapes: image ``(n, c, *s)``, kernel ``(m, c / groups, *k)``, result ``(n, m, *o)``, with
``o = (s + 2 padding - dilation (k - 1) - 1) // stride + 1``.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from wengert.core.carrier import Array
from wengert.core.primitive import linear
from wengert.core.shapes import Shape
from wengert.core.strides import hollow
from wengert.rules.blocks import widened
from wengert.rules.structural import broadcast_to, permute, reshape

_CACHED = 1 << 18
"""Elements of columns that are made at a time, so that the product finds them in the cache."""


class _Plan:
    """Where a convolution reads and writes: sizes, and how results lie while they are computed.

    With strides of 1 the places that one element of the kernel sees follow each other in the padded image: they are
    read as one long run (``flat``), in which the places beyond the end of a line mean nothing and are cut off.
    """

    def __init__(
        self,
        size: Shape,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        groups: int,
    ) -> None:
        self.size, self.kernel, self.groups = size, kernel, groups
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.framed = tuple(s + 2 * q for s, q in zip(size, padding, strict=True))
        self.out = tuple(
            (s - d * (k - 1) - 1) // step + 1
            for s, d, k, step in zip(self.framed, dilation, kernel, stride, strict=True)
        )
        self.flat = set(stride) == {1} and bool(math.prod(self.out))
        self.lines = (self.out[0], *self.framed[1:]) if self.flat else self.out
        self.inside = tuple(slice(q, q + s) for s, q in zip(size, padding, strict=True))
        self.kept = tuple(slice(0, n) for n in self.out)
        self.memory: Array | None = None
        # Past the last line a flat run reads a few elements more.
        self.beyond = sum(
            d * (k - 1) * math.prod(self.framed[i + 1 :])
            for i, (d, k) in enumerate(zip(dilation, kernel, strict=True))
        ) - (self.framed[0] - self.out[0]) * math.prod(self.framed[1:])

    def frame(self, n: int, channels: int, dtype: Any) -> tuple[Array, Array]:
        """Return zeros for ``n`` padded images: as runs, and shaped."""
        area = math.prod(self.framed)
        runs = np.zeros((n, channels, area + self.beyond * self.flat), dtype)
        return runs, runs[..., :area].reshape(n, channels, *self.framed)

    def seen(self, x: Array) -> Array:
        """Return a view of what each place of the kernel sees: ``(n, c, *kernel, places)``, places as in ``lines``."""
        runs, framed = self.frame(x.shape[0], x.shape[1], x.dtype)
        framed[(..., *self.inside)] = x
        steps = framed.strides[2:]
        shifts = (s * d for s, d in zip(steps, self.dilation, strict=True))
        places: Shape = self.out
        strides: Shape = tuple(s * d for s, d in zip(steps, self.stride, strict=True))
        if self.flat:
            places, strides = (math.prod(self.lines),), (x.itemsize,)
        shape = (*x.shape[:2], *self.kernel, *places)
        return np.ndarray(shape, x.dtype, runs, 0, (*runs.strides[:2], *shifts, *strides))

    def blocks(self, n: int, channels: int) -> list[slice]:
        """Cut ``n`` samples into runs whose columns fit the cache."""
        each = channels * math.prod(self.kernel) * math.prod(self.lines)
        step = max(1, _CACHED // max(1, each))
        return [slice(i, min(n, i + step)) for i in range(0, n, step)]

    def columns(self, part: Array) -> Array:
        """Copy a part of `seen` into matrices: ``(n, groups, c / groups * prod(kernel), places)``.

        They last until the next ones are made.
        """
        n, c = part.shape[:2]
        matrices = self.scratch(n, c, part.dtype)
        np.copyto(matrices.reshape(part.shape), part)
        return matrices

    def scratch(self, n: int, channels: int, dtype: Any) -> Array:
        """Return memory for the columns of ``n`` samples, the same for every block: fresh pages cost more than sums."""
        shape = (
            n, self.groups, channels // self.groups * math.prod(self.kernel), math.prod(self.lines)
        )  # fmt: skip
        count = math.prod(shape)
        if self.memory is None or self.memory.size < count:
            self.memory = np.empty(count, dtype)
        return self.memory[:count].reshape(shape)

    def grouped(self, y: Array) -> Array:
        """Return results by groups, in the layout of ``lines``: ``(n, groups, m / groups, places)``."""
        n, m = y.shape[:2]
        if self.lines != self.out:
            spread = np.zeros((n, m, *self.lines), y.dtype)
            spread[(..., *self.kept)] = y
            y = spread
        return y.reshape(n, self.groups, m // self.groups, math.prod(self.lines))


@widened
def _convolution(x: Array, y: Array, **p: Any) -> Array:
    plan = _Plan(x.shape[2:], y.shape[2:], **p)
    n, m = len(x), len(y)
    weights = y.reshape(plan.groups, m // plan.groups, -1)
    seen = plan.seen(x)
    out = np.empty((n, plan.groups, m // plan.groups, math.prod(plan.lines)), x.dtype)
    for some in plan.blocks(n, x.shape[1]):
        np.matmul(weights, plan.columns(seen[some]), out=out[some])
    return np.ascontiguousarray(out.reshape(n, m, *plan.lines)[(..., *plan.kept)])


@widened
def _convolution_image(x: Array, y: Array, *, size: Shape, **p: Any) -> Array:
    """Add what each place of a result saw back to where it was seen."""
    plan = _Plan(size, y.shape[2:], **p)
    n, m, c = len(x), len(y), y.shape[1] * plan.groups
    weights = y.reshape(plan.groups, m // plan.groups, -1).swapaxes(-1, -2)
    results = plan.grouped(x)
    runs, framed = plan.frame(n, c, x.dtype)
    length = math.prod(plan.lines)
    line = [s // x.itemsize for s in framed.strides[2:]]
    for some in plan.blocks(n, c):
        part_of = results[some]
        parts = np.matmul(weights, part_of, out=plan.scratch(len(part_of), c, x.dtype))
        parts = parts.reshape(-1, c, *plan.kernel, *plan.lines)
        for place in itertools.product(*map(range, plan.kernel)):
            part = parts[(slice(None), slice(None), *place)]
            if plan.flat:
                start = sum(i * d * s for i, d, s in zip(place, plan.dilation, line, strict=True))
                runs[some, :, start : start + length] += part.reshape(-1, c, length)
            else:
                framed[(some, slice(None), *_targets(place, plan))] += part
    return np.ascontiguousarray(framed[(..., *plan.inside)])


def _targets(place: Shape, plan: _Plan) -> tuple[slice, ...]:
    """Return where one element of the kernel looks at, in the padded image."""
    return tuple(
        slice(i * d, i * d + step * (o - 1) + 1, step)
        for i, d, step, o in zip(place, plan.dilation, plan.stride, plan.out, strict=True)
    )


@widened
def _convolution_kernel(x: Array, y: Array, *, size: Shape, **p: Any) -> Array:
    plan = _Plan(x.shape[2:], size, **p)
    n, m, c = len(x), y.shape[1], x.shape[1]
    seen, results = plan.seen(x), plan.grouped(y)
    total = np.zeros((plan.groups, m // plan.groups, c // plan.groups * math.prod(size)), x.dtype)
    for some in plan.blocks(n, c):
        total += np.add.reduce(
            np.matmul(results[some], plan.columns(seen[some]).swapaxes(-1, -2)), axis=0
        )
    return total.reshape(m, c // plan.groups, *size)


def _outline(x: Array, y: Array, **p: Any) -> Array:
    plan = _Plan(x.shape[2:], y.shape[2:], **p)
    return hollow((len(x), len(y), *plan.out), x.dtype)


def _image_outline(x: Array, y: Array, *, size: Shape, groups: int, **p: Any) -> Array:
    return hollow((len(x), y.shape[1] * groups, *size), x.dtype)


def _kernel_outline(x: Array, y: Array, *, size: Shape, groups: int, **p: Any) -> Array:
    return hollow((y.shape[1], x.shape[1] // groups, *size), x.dtype)


def _as_parameters(stride: Shape, padding: Shape, dilation: Shape, groups: int) -> dict[str, Any]:
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


def _tail(shape: Any) -> Shape:
    return tuple(shape[2:])


def _forward_image(
    ct: Any, y: Any, x_shape: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    p = _as_parameters(stride, padding, dilation, groups)
    return image_gradient(ct, y, size=_tail(x_shape), **p)


def _forward_kernel(
    ct: Any, x: Any, y_shape: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    p = _as_parameters(stride, padding, dilation, groups)
    return kernel_gradient(x, ct, size=_tail(y_shape), **p)


def _image_result(
    ct: Any, y: Any, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    return convolution(ct, y, **_as_parameters(stride, padding, dilation, groups))


def _image_kernel(
    ct: Any, x: Any, y_shape: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    p = _as_parameters(stride, padding, dilation, groups)
    return convolution_kernel(ct, x, size=_tail(y_shape), **p)


def _kernel_image(
    ct: Any, y: Any, x_shape: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    p = _as_parameters(stride, padding, dilation, groups)
    return convolution_image(y, ct, size=_tail(x_shape), **p)


def _kernel_result(
    ct: Any, x: Any, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    return convolution(x, ct, **_as_parameters(stride, padding, dilation, groups))


def _every(size: int, mapped: bool, x: Any) -> Any:
    return x if mapped else broadcast_to(x, shape=(size, *x.shape))


def _into_channels(x: Any) -> Any:
    """Merge the mapped axis with the channels: ``(b, n, c, *s) -> (n, b c, *s)``."""
    b, n, c, *rest = x.shape
    moved = permute(x, axes=(1, 0, *range(2, len(x.shape))))
    return reshape(moved, shape=(n, b * c, *rest))


def _out_of_channels(x: Any, b: int) -> Any:
    """Undo `_into_channels`."""
    n, c, *rest = x.shape
    apart = reshape(x, shape=(n, b, c // b, *rest))
    return permute(apart, axes=(1, 0, *range(2, len(x.shape) + 1)))


def _merged(x: Any) -> Any:
    """Merge the first two axes."""
    return reshape(x, shape=(x.shape[0] * x.shape[1], *x.shape[2:]))


def _image_batch(row: Any) -> Any:
    """Return the batching of a row whose result has the batch axis of its first operand."""

    def batch(size: int, mapped: Any, p: dict[str, Any], x: Any, y: Any) -> Any:
        if not mapped[1]:
            out = row()(_merged(x), y, **p)
            return reshape(out, shape=(size, out.shape[0] // size, *out.shape[1:]))
        x = _into_channels(_every(size, mapped[0], x))
        return _out_of_channels(row()(x, _merged(y), **{**p, "groups": p["groups"] * size}), size)

    return batch


def _kernel_batch(size: int, mapped: Any, p: dict[str, Any], x: Any, y: Any) -> Any:
    x, y = (_into_channels(_every(size, m, v)) for m, v in zip(mapped, (x, y), strict=True))
    out = convolution_kernel(x, y, **{**p, "groups": p["groups"] * size})
    return reshape(out, shape=(size, out.shape[0] // size, *out.shape[1:]))


convolution = linear(
    "convolution", _convolution, [_forward_image, _forward_kernel],
    joint=False, batch=_image_batch(lambda: convolution), outline=_outline,
)  # fmt: skip
"""``out[n, m, o] = sum over c, k of x[n, c, o stride + k dilation - padding] y[m, c, k]``, within each group."""

convolution_image = linear(
    "convolution_image", _convolution_image, [_image_result, _image_kernel],
    joint=False, batch=_image_batch(lambda: convolution_image), outline=_image_outline,
    backward_name="ConvolutionBackward0",
    spoken="backward of convolution",
)  # fmt: skip
"""The transpose of `convolution` with respect to an image of spatial ``size``: a transposed convolution of ``x``."""

convolution_kernel = linear(
    "convolution_kernel", _convolution_kernel, [_kernel_image, _kernel_result],
    joint=False, batch=_kernel_batch, outline=_kernel_outline, backward_name="ConvolutionBackward0",
    spoken="backward of convolution",
)  # fmt: skip
"""The transpose of `convolution` of an image ``x`` with respect to a kernel of spatial ``size``."""

image_gradient = convolution_image.named(
    "image_gradient", "ConvolutionBackwardBackward0", spoken="backward of convolution"
)
kernel_gradient = convolution_kernel.named(
    "kernel_gradient", "ConvolutionBackwardBackward0", spoken="backward of convolution"
)

__all__ = [
    "convolution", "convolution_image", "convolution_kernel", "image_gradient", "kernel_gradient",
]  # fmt: skip
