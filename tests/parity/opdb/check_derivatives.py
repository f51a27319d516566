"""The checks of derivatives: first, second and forward mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import wengert
from tests.parity.opdb import forms
from tests.parity.opdb.calls import Call, array_of, dtype_name, tensors_in
from tests.parity.opdb.check_values import both
from tests.parity.opdb.compare import RELATIVE, require_close, require_same
from tests.parity.opdb.outcome import Differs, NotApplicable, expected, found
from tests.parity.opdb.samples import Sample


@dataclass
class Side:
    """One library's call, and the function that it is a call of."""

    call: Call
    fn: Any
    sample: Sample

    def outputs(self, call: Call | None = None) -> list[Any]:
        """Run and return what of the result can be differentiated in principle."""
        library = self.call.library
        pick = forms.process(self.sample.given, library)
        result = pick((call or self.call).of(self.fn))
        return [t for t in tensors_in(result, library) if is_inexact(t)]


def is_inexact(tensor: Any) -> bool:
    """Say whether a tensor's dtype is floating or complex."""
    return bool(tensor.is_floating_point() or tensor.is_complex())


def sides(sample: Sample) -> tuple[Side, Side]:
    """Return both libraries' sides; raise NotApplicable where no input wants a gradient."""
    theirs, ours = both(sample)
    if not theirs.leaves():
        raise NotApplicable("no input takes a gradient")
    return Side(theirs, sample.op.op, sample), Side(ours, forms.function(sample.op), sample)


def random_like(tensors: list[Any], rng: np.random.Generator) -> list[np.ndarray]:
    """Return a normal array of the shape and dtype of each tensor."""
    made = []
    for tensor in tensors:
        shape, name = tuple(tensor.shape), dtype_name(tensor)
        values = rng.standard_normal(shape)
        if name.startswith("complex"):
            values = values + 1j * rng.standard_normal(shape)
        made.append(np.asarray(values, dtype=name))
    return made


def handed(arrays: list[np.ndarray], library: Any, requires_grad: bool = False) -> list[Any]:
    """Return arrays as tensors of a library."""
    made = [library.from_numpy(a.copy()) for a in arrays]
    return [t.requires_grad_() for t in made] if requires_grad else made


def differentiable(theirs: list[Any], ours: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the outputs that require a gradient, which must be the same on both sides."""
    flags = [t.requires_grad for t in theirs], [t.requires_grad for t in ours]
    if flags[0] != flags[1]:
        raise Differs(f"requires_grad\n    expected {flags[0]}\n    found    {flags[1]}")
    if not any(flags[0]):
        raise NotApplicable("no output requires a gradient")
    return [t for t in theirs if t.requires_grad], [t for t in ours if t.requires_grad]


def compare_gradients(
    want: tuple[Any, ...], got: tuple[Any, ...], rtol: float | None, absent_is_zero: bool
) -> None:
    """Compare gradients one by one; an absent one may stand for zeros if `absent_is_zero`."""
    for number, (a, b) in enumerate(zip(want, got, strict=True)):
        at = f"gradient {number}"
        if a is None and b is None:
            continue
        if a is None or b is None:
            present = b if a is None else a
            if absent_is_zero and not array_of(present).any():
                continue
            shown = ["None" if g is None else str(array_of(g).tolist())[:200] for g in (a, b)]
            raise Differs(f"{at}\n    expected {shown[0]}\n    found    {shown[1]}")
        require_same(a, b, rtol, at)


def first(sample: Sample, rtol: float | None) -> None:
    """Compare the gradients of all outputs with respect to all inputs."""
    theirs, ours = sides(sample)
    wanted = expected(theirs.outputs)
    outs = differentiable(wanted, found(ours.outputs))
    cotangents = random_like(outs[0], sample.rng())
    want = expected(lambda: _gradients(theirs, outs[0], handed(cotangents, torch)), "backward")
    got = found(lambda: _gradients(ours, outs[1], handed(cotangents, wengert)), "backward")
    compare_gradients(want, got, rtol, absent_is_zero=False)


def _gradients(side: Side, outs: list[Any], cotangents: list[Any], **options: Any) -> Any:
    grad = side.call.library.autograd.grad
    return grad(outs, side.call.leaves(), cotangents, allow_unused=True, **options)


def second(sample: Sample, rtol: float | None) -> None:
    """Compare the gradients of a random linear function of the first gradients.

    They are taken with respect to the inputs and to the cotangents. Whether a derivative that is
    zero is absent is not compared.
    """
    theirs, ours = sides(sample)
    outs = differentiable(expected(theirs.outputs), found(ours.outputs))
    rng = sample.rng()
    cotangents = random_like(outs[0], rng)
    seed = int(rng.integers(2**32))
    want = expected(lambda: _second(theirs, outs[0], cotangents, seed), "the second backward")
    got = found(lambda: _second(ours, outs[1], cotangents, seed), "the second backward")
    compare_gradients(want, got, rtol, absent_is_zero=True)


def _second(side: Side, outs: list[Any], arrays: list[np.ndarray], seed: int) -> tuple[Any, ...]:
    """Return the second gradients of one side: of its inputs, then of the cotangents."""
    library = side.call.library
    cotangents = handed(arrays, library, requires_grad=True)
    leaves = [*side.call.leaves(), *cotangents]
    gradients = _gradients(side, outs, cotangents, create_graph=True)
    kept = [g for g in gradients if g is not None and g.requires_grad]
    if not kept:
        return (None,) * len(leaves)
    rngs = [np.random.default_rng([seed, k]) for k, g in enumerate(gradients) if _kept(g)]
    weights = [random_like([g], rng)[0] for g, rng in zip(kept, rngs, strict=True)]
    return library.autograd.grad(kept, leaves, handed(weights, library), allow_unused=True)


def _kept(gradient: Any) -> bool:
    return gradient is not None and gradient.requires_grad


def jvp(sample: Sample, rtol: float | None) -> None:
    """Compare forward mode; without PyTorch's, hold Wengert's to PyTorch's vjp.

    That is the dot-product law: Re <cotangent, J tangent> = Re <J^H cotangent, tangent>.
    """
    theirs, ours = sides(sample)
    tangents = random_like(theirs.call.leaves(), sample.rng())
    try:
        want = expected(lambda: _jvp(theirs, tangents), "forward mode")
    except NotApplicable:
        _require_dot_product_law(theirs, ours, tangents, rtol)
        return
    got = found(lambda: _jvp(ours, tangents), "jvp")
    require_same(want[0], got[0], rtol, "primal outputs")
    require_same(want[1], got[1], rtol, "tangents")


def _jvp(side: Side, tangents: list[np.ndarray]) -> tuple[Any, Any]:
    library = side.call.library
    leaves = side.call.leaves()
    primals = tuple(t.detach() for t in leaves)

    def of(*given: Any) -> tuple[Any, ...]:
        return tuple(side.outputs(side.call.replacing(leaves, list(given))))

    return library.func.jvp(of, primals, tuple(handed(tangents, library)))


def _require_dot_product_law(
    theirs: Side, ours: Side, tangents: list[np.ndarray], rtol: float | None
) -> None:
    outs = [t for t in expected(theirs.outputs) if t.requires_grad]
    if not outs:
        raise NotApplicable("no output requires a gradient")
    cotangents = random_like(outs, sample_rng(theirs))
    pulled = expected(lambda: _gradients(theirs, outs, handed(cotangents, torch)), "backward")
    pushed = [array_of(t) for t in found(lambda: _jvp(ours, tangents), "jvp")[1]]
    left = sum(np.vdot(c, t).real for c, t in zip(cotangents, pushed, strict=True))
    right = sum(
        np.vdot(array_of(g), t).real for g, t in zip(pulled, tangents, strict=True) if g is not None
    )
    rtol = RELATIVE[theirs.sample.dtype] if rtol is None else rtol
    require_close(np.asarray(right), np.asarray(left), 10 * rtol, "dot product with PyTorch's vjp")


def sample_rng(side: Side) -> np.random.Generator:
    """Return the generator of cotangents where tangents have used the sample's own."""
    return np.random.default_rng([side.sample.number, 1])
