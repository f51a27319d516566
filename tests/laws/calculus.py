"""What the laws compare: pullbacks, pushforwards, finite differences, inner products over a sample's moving operands.

Functions take and return raw arrays, so that a law reads as its formula; tensors stay inside. Where an operand's
cotangent is absent it counts as zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import wengert as torch
from tests.laws.samples import Array, Sample
from wengert.rules.structural import cast

Arrays = list[Array]


def array(tensor: Any) -> Array:
    """Return a tensor's value as a raw array."""
    return np.asarray(tensor.detach().numpy())


def arrays(tensors: Sequence[Any]) -> Arrays:
    """Return several tensors' values."""
    return [array(t) for t in tensors]


def tensors(values: Sequence[Array], requires_grad: bool = False) -> list[Any]:
    """Return copies of arrays as tensors."""
    return [torch.tensor(v, requires_grad=requires_grad) for v in values]


def like(values: Sequence[Array], seed: int) -> Arrays:
    """Return normal random numbers of the same shapes and dtypes."""
    rng = np.random.default_rng(seed)
    found = []
    for v in values:
        noise = rng.standard_normal(v.shape)
        if v.dtype.kind == "c":
            noise = noise + 1j * rng.standard_normal(v.shape)
        found.append(np.asarray(noise, v.dtype))
    return found


def raw(sample: Sample, points: Sequence[Array]) -> Arrays:
    """Return the sample's floating outputs, computed on raw arrays."""
    return [np.asarray(o) for o in sample(*points)]


def inner(left: Sequence[Array], right: Sequence[Array]) -> float:
    """Return the real inner product, the sum of Re(conj(a) * b)."""
    return float(sum(np.sum(np.conj(a) * b).real for a, b in zip(left, right, strict=True)))


def weighed(outputs: Sequence[Any], weights: Sequence[Array]) -> Any:
    """Return the inner product Re sum conj(w) * out as a real tensor."""
    total: Any = 0.0
    for out, w in zip(outputs, weights, strict=True):
        total = total + real((out * torch.tensor(np.conj(w))).sum())
    return total


def real(x: Any) -> Any:
    """Return the real part of a tensor."""
    dtype = x.dtype.numpy
    return cast(x, dtype=dtype.type(0).real.dtype, source=dtype) if dtype.kind == "c" else x


def gradients(
    outputs: Sequence[Any], inputs: Sequence[Any], cts: Sequence[Any], create_graph: bool = False
) -> list[Any]:
    """Return the inputs' cotangents as tensors, zeros where none arrived."""
    live = [(o, c) for o, c in zip(outputs, cts, strict=True) if o.requires_grad]
    if not live:
        return [torch.zeros_like(x) for x in inputs]
    return list(
        torch.autograd.grad(
            [o for o, _ in live],
            inputs,
            grad_outputs=[c for _, c in live],
            create_graph=create_graph,
            allow_unused=True,
            materialize_grads=True,
        )
    )


def pullback(
    sample: Sample, points: Sequence[Array], cts: Sequence[Array], create_graph: bool = False
) -> Arrays:
    """Return J^T ct through the tape, on raw arrays or (``create_graph``) on tensors."""
    inputs = tensors(points, True)
    return arrays(gradients(sample(*inputs), inputs, tensors(cts), create_graph))


def pushforward(sample: Sample, points: Sequence[Array], tangents: Sequence[Array]) -> Arrays:
    """Return J v in forward mode."""
    _, moved = torch.func.jvp(sample, tuple(tensors(points)), tuple(tensors(tangents)))
    return arrays(moved)


def second(
    sample: Sample, points: Sequence[Array], cts: Sequence[Array], tangents: Sequence[Array]
) -> tuple[Arrays, Arrays]:
    """Return the gradient of <J^T ct, v>, by reverse over reverse, in the points and in the cotangents."""
    inputs, given = tensors(points, True), tensors(cts, True)
    first = gradients(sample(*inputs), inputs, given, create_graph=True)
    product = weighed(first, tangents)
    found = gradients([product], [*inputs, *given], [torch.ones_like(product)])
    return arrays(found[: len(inputs)]), arrays(found[len(inputs) :])


def differences(
    f: Callable[[Arrays], Arrays], points: Sequence[Array], v: Sequence[Array], step: float = 1e-4
) -> Arrays:
    """Return the derivative of ``f`` in the direction ``v`` by fourth-order central differences.

    f'(x) v = (8 f(x + h v) - 8 f(x - h v) - f(x + 2 h v) + f(x - 2 h v)) / 12 h.
    """

    def at(h: float) -> Arrays:
        return f([x + h * d for x, d in zip(points, v, strict=True)])

    ahead, behind, far, back = at(step), at(-step), at(2 * step), at(-2 * step)
    return [
        (8 * (a - b) - (c - d)) / (12 * step)
        for a, b, c, d in zip(ahead, behind, far, back, strict=True)
    ]


def close(
    found: Sequence[Array], expected: Sequence[Array], tolerance: float = 1e-9, what: str = ""
) -> None:
    """Assert that arrays have equal shapes and agree to ``tolerance``, relative to the largest element."""
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape, f"{what}: {a.shape} is not {b.shape}"
        scale = max(1.0, float(np.max(np.abs(b), initial=0.0)))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale, err_msg=what)


def scalar_loss(sample: Sample, seed: int = 5) -> Callable[..., Any]:
    """Return a scalar function of the moving operands: a weighted sum of squares of the outputs.

    The squares give linear rows second derivatives too.
    """
    weights = like(raw(sample, sample.points), seed)

    return lambda *points: weighed([out * out for out in sample(*points)], weights)


__all__ = [
    "array", "arrays", "close", "differences", "gradients", "inner", "like", "pullback", "pushforward", "raw",
    "scalar_loss", "second", "tensors", "weighed",
]  # fmt: skip
