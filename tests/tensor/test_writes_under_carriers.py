"""Writes in place, through views and views of views, under every carrier and in nests of them.

Each program is written twice: once with writes, and once as a formula without any. Whatever carries the values, both
must give the same numbers and derivatives. Nothing here depends on PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from wengert.errors import LeakError
from wengert.trace import trace

Program = Callable[[Any], Any]
grad, jvp, vjp, vmap = torch.func.grad, torch.func.jvp, torch.func.vjp, torch.func.vmap


def base_then_view(x):
    y = x.clone()
    row = y[0]
    y.mul_(3)
    return row * x[1]


def view_then_base(x):
    y = x.clone()
    y[0].mul_(3)
    return y * y


def view_of_a_view(x):
    y = x.clone()
    part = y.view(6)[2:][1:]
    part.mul_(x[0])
    return y * y


def view_of_a_view_pure(x):
    return torch.stack([x[0], x[1] * x[0]]) ** 2


def siblings(x):
    y = x.clone()
    row, column = y[0], y[:, 0]
    first = row[:2]
    column.add_(x[:, 1])
    first.mul_(2)
    return row * column[0] + first.sum()


def siblings_pure(x):
    corner = (x[0, 0] + x[0, 1]) * 2
    row = torch.stack([corner, x[0, 1] * 2, x[0, 2]])
    return row * corner + row[0] + row[1]


def transposed(x):
    y = x * 1
    flipped = y.t()
    flipped[1].copy_(x[:, 0] * x[:, 2])
    flipped.permute(1, 0)[0, 2] = 7.0
    return y + flipped.t()


def transposed_pure(x):
    middle = x[:, 0] * x[:, 2]
    last = torch.stack([torch.tensor(7.0, dtype=x.dtype), x[1, 2]])
    return 2 * torch.stack([x[:, 0], middle, last], 1)


def assigned(x):
    y = x * 2
    y[:, ::2] = x[:, 1:] * x[:, :2]
    y[1, None, 1] = x[0, :1]
    return y


def assigned_pure(x):
    p = x[:, 1:] * x[:, :2]
    top = torch.stack([p[0, 0], x[0, 1] * 2, p[0, 1]])
    return torch.stack([top, torch.stack([p[1, 0], x[0, 0], p[1, 1]])])


def augmented(x):
    y = x * 2
    y[1:] += x[:1]
    y[0] *= x[1]
    y[:, 0] -= x[0, 1]
    y[..., 2] /= x[1, 1]
    return y


def augmented_pure(x):
    y = torch.stack([x[0] * 2 * x[1], x[1] * 2 + x[0]])
    return torch.stack([y[:, 0] - x[0, 1], y[:, 1], y[:, 2] / x[1, 1]], 1)


def filled_in_a_loop(x):
    out = torch.zeros(3, dtype=x.dtype)
    whole = out.view(3, 1)
    for k in range(3):
        out[k] = x[0, k] ** (k + 1)
    return whole.squeeze(1) + out


def filled_in_a_loop_pure(x):
    return 2 * torch.stack([x[0, 0], x[0, 1] ** 2, x[0, 2] ** 3])


def plain_buffer(x):
    buffer = torch.zeros(2, 3, dtype=x.dtype)
    row, corner = buffer[0], buffer[0][2:]
    buffer[0] = x[1]
    corner.mul_(x[0, 0])
    return row * row + buffer[1]


def plain_buffer_pure(x):
    return torch.cat([x[1, :2], x[1, 2:] * x[0, 0]]) ** 2


def emptied(x):
    y = x.sin()
    y[0].zero_()
    y[:, 1].fill_(x[0, 2])
    y[:, 2:].fill_(0.5)
    return y * x


def emptied_pure(x):
    zero, half = torch.zeros((), dtype=x.dtype), torch.full((), 0.5, dtype=x.dtype)
    first = torch.stack([zero, x[0, 2], half])
    return x * torch.stack([first, torch.stack([x[1, 0].sin(), x[0, 2], half])])


def several_kinds(x):
    y = x * 1
    y.pow_(2)
    y[0].neg_()
    y[1].sub_(x[0]).div_(x[0])
    y.view(-1)[:2].pow_(3)
    return y


def several_kinds_pure(x):
    top = -(x[0] ** 2)
    return torch.stack([torch.cat([top[:2] ** 3, top[2:]]), (x[1] ** 2 - x[0]) / x[0]])


def scattered(x):
    y = x * 1
    row = y[1]
    y[[0, 1], [2, 0]] = x[0, :2] * 3
    y[:, [1]] *= x[1, 2]
    return y * row


def scattered_pure(x):
    middle = x[:, 1] * x[1, 2]
    y = (
        torch.stack([x[0, 0], middle[0], x[0, 0] * 3]),
        torch.stack([x[0, 1] * 3, middle[1], x[1, 2]]),
    )
    return torch.stack(y) * y[1]


def detached_alias_written(x):
    y = x * 2
    y.detach().mul_(3)
    y[0].detach()[:2].add_(1)
    return y


def detached_alias_written_pure(x):
    step = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]], dtype=x.dtype)
    return x * 2 + (x * 4).detach() + step


def data_alias_written(x):
    y = x * 2
    part = y[1]
    y.data[1] *= 3
    return y + part


def data_alias_written_pure(x):
    more = (x[1] * 4).detach()
    return 2 * (x * 2 + torch.stack([more * 0, more])) + torch.stack(
        [x[1] * 2 + more - x[0] * 2, more * 0]
    )


def detached_alias_read(x):
    y = x * 2
    seen, raw = y.detach(), y[0].data
    y.mul_(x)
    y[0].add_(1)
    return y + seen + raw


def detached_alias_read_pure(x):
    first = torch.tensor([[1.0], [0.0]], dtype=x.dtype)
    y = 2 * x * x + first
    return y + y.detach() + y[0].detach()


def copying_reshape(x):
    y = x.clone()
    copied = y.t().reshape(-1)
    copied.mul_(5)
    shared = y.t().unsqueeze(0).reshape(3, 2)
    shared[0].mul_(x[0, 1])
    return y * copied[0]


def copying_reshape_pure(x):
    y = torch.stack([x[:, 0] * x[0, 1], x[:, 1], x[:, 2]], 1)
    return y * (x[0, 0] * 5)


def copied_from_itself(x):
    y = x * 1
    y[0], y[1] = y[1].clone(), y[0].clone()
    y[:, 1:] = y[:, :2].clone() * 2
    y.mul_(y.clone())
    return y


def copied_from_itself_pure(x):
    swapped = torch.stack([x[1], x[0]])
    return torch.cat([swapped[:, :1], swapped[:, :2] * 2], 1) ** 2


PROGRAMS: dict[str, tuple[Program, Program]] = {
    "base written, view read": (base_then_view, lambda x: 3 * x[0] * x[1]),
    "view written, base read": (
        view_then_base,
        lambda x: torch.stack([x[0] * 3, x[1]]) ** 2,
    ),
    "view of a view": (view_of_a_view, view_of_a_view_pure),
    "siblings": (siblings, siblings_pure),
    "transposed": (transposed, transposed_pure),
    "assigned": (assigned, assigned_pure),
    "augmented": (augmented, augmented_pure),
    "filled in a loop": (filled_in_a_loop, filled_in_a_loop_pure),
    "plain buffer": (plain_buffer, plain_buffer_pure),
    "emptied": (emptied, emptied_pure),
    "several kinds": (several_kinds, several_kinds_pure),
    "scattered": (scattered, scattered_pure),
    "detached alias written": (detached_alias_written, detached_alias_written_pure),
    "data alias written": (data_alias_written, data_alias_written_pure),
    "detached alias read": (detached_alias_read, detached_alias_read_pure),
    "reshape that copies": (copying_reshape, copying_reshape_pure),
    "copied from itself": (copied_from_itself, copied_from_itself_pure),
}


def scalar(f: Program) -> Program:
    """`f`, weighted and summed, so that every element counts differently."""

    def total(x):
        out = f(x)
        weights = torch.arange(1.0, out.numel() + 1, dtype=out.dtype).reshape(out.shape)
        return (out * weights).sum()

    return total


def taped(f: Program, x: Any, dx: Any) -> list[Any]:
    leaf = x.clone().requires_grad_()
    out = f(leaf)
    if not out.requires_grad:
        return [out]
    (first,) = torch.autograd.grad(scalar(lambda _: out)(leaf), leaf, create_graph=True)
    if not first.requires_grad:
        return [out, first, torch.zeros_like(leaf)]
    again = torch.autograd.grad((first * dx).sum(), leaf, allow_unused=True, materialize_grads=True)
    return [out, first, *again]


def replayed(f: Program, x: Any, dx: Any) -> list[Any]:
    """The recorded graph, called on elements that it has not seen."""
    recorded = trace(f, x)
    return [recorded(x), recorded(x + dx)]


CARRIERS: dict[str, Callable[[Program, Any, Any], Any]] = {
    "raw": lambda f, x, dx: f(x),
    "tape": taped,
    "Dual": lambda f, x, dx: jvp(f, (x,), (dx,)),
    "Batched": lambda f, x, dx: vmap(f)(torch.stack([x, dx, x * dx])),
    "Symbolic": replayed,
    "grad": lambda f, x, dx: grad(scalar(f))(x),
    "vjp": lambda f, x, dx: vjp(scalar(f), x)[1](torch.tensor(2.0, dtype=x.dtype)),
    "grad of grad": lambda f, x, dx: grad(lambda z: (grad(scalar(f))(z) * dx).sum())(x),
    "jvp of grad": lambda f, x, dx: jvp(grad(scalar(f)), (x,), (dx,)),
    "grad of jvp": lambda f, x, dx: grad(lambda z: jvp(scalar(f), (z,), (dx,))[1])(x),
    "jvp of jvp": lambda f, x, dx: jvp(lambda z: jvp(f, (z,), (dx,))[1], (x,), (x,)),
    "vmap of grad": lambda f, x, dx: vmap(grad(scalar(f)))(torch.stack([x, dx])),
    "grad of vmap": lambda f, x, dx: grad(lambda z: vmap(scalar(f))(z).prod())(
        torch.stack([x, dx])
    ),
    "vmap of jvp": lambda f, x, dx: vmap(lambda z: jvp(f, (z,), (x,)))(torch.stack([x, dx])),
    "jvp of vmap": lambda f, x, dx: jvp(
        vmap(f), (torch.stack([x, dx]),), (torch.stack([dx, x * x]),)
    ),
    "vmap of vmap": lambda f, x, dx: vmap(vmap(f))(torch.stack([torch.stack([x, dx])] * 2)),
    "tape outside of vmap": lambda f, x, dx: taped(
        lambda z: vmap(f)(torch.stack([z, z * dx])), x, dx
    ),
    "tape outside of vmap of grad": lambda f, x, dx: taped(
        lambda z: vmap(grad(scalar(f)))(torch.stack([z, z * dx])), x, dx
    ),
    "trace of grad": lambda f, x, dx: replayed(grad(scalar(f)), x, dx),
    "trace of jvp": lambda f, x, dx: replayed(lambda z: jvp(f, (z,), (z,))[1], x, dx),
    "trace of vmap": lambda f, x, dx: replayed(lambda z: vmap(f)(torch.stack([z, z * z])), x, dx),
    "trace of vmap of grad": lambda f, x, dx: replayed(
        lambda z: vmap(grad(scalar(f)))(torch.stack([z, z * z])), x, dx
    ),
}


def point() -> tuple[Any, Any]:
    x = torch.tensor([[0.5, -1.25, 2.0], [1.5, 0.75, -0.5]], dtype=torch.float64)
    dx = torch.tensor([[0.25, 1.0, -0.5], [-1.5, 2.0, 0.75]], dtype=torch.float64)
    return x, dx


def flat(value: Any) -> list[Any]:
    """The tensors of a nest as arrays, read so that no memory becomes shared."""
    if isinstance(value, list | tuple):
        return [array for part in value for array in flat(part)]
    return [np.array(value.detach().tolist()).reshape(value.shape)]


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_writes_agree_with_the_formula(name: str, carrier: str) -> None:
    written, pure = PROGRAMS[name]
    x, dx = point()
    actual, expected = flat(CARRIERS[carrier](written, x, dx)), flat(CARRIERS[carrier](pure, x, dx))
    assert len(actual) == len(expected) > 0
    for found, wanted in zip(actual, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(flat(x)[0], flat(point()[0])[0])


OUTSIDE = {
    "Dual": (lambda f, x, dx: jvp(f, (x,), (dx,)), LeakError),
    "Batched": (lambda f, x, dx: vmap(f)(torch.stack([x, dx])), LeakError),
    "grad": (lambda f, x, dx: grad(lambda z: f(z).sum())(x), LeakError),
    "vmap of grad": (lambda f, x, dx: vmap(grad(lambda z: f(z).sum()))(x[None]), LeakError),
}
WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "add_": lambda outer, x: outer.add_(x),
    "copy_": lambda outer, x: outer.copy_(x),
    "view": lambda outer, x: outer[0].mul_(x[0]),
    "view of a view": lambda outer, x: outer.view(6)[1:][0].add_(x[0, 0]),
    "assignment": lambda outer, x: outer.__setitem__(1, x[0]),
    "index arrays": lambda outer, x: outer.__setitem__([0], x[:1]),
    "detach": lambda outer, x: outer.detach().add_(x),
    "data": lambda outer, x: outer.data.add_(x),
}


@pytest.mark.parametrize("carrier", OUTSIDE)
@pytest.mark.parametrize("write", WRITES)
def test_a_write_into_a_tensor_from_outside_is_refused(carrier: str, write: str) -> None:
    x, dx = point()
    outer = torch.ones(2, 3, dtype=torch.float64)
    view = outer[0]
    run, error = OUTSIDE[carrier]

    def body(z):
        WRITES[write](outer, z)
        return z * outer

    with pytest.raises(error, match="transform|outside"):
        run(body, x, dx)
    assert outer.tolist() == [[1.0] * 3] * 2
    assert view.tolist() == [1.0] * 3
    assert outer._version == 0 and not outer.requires_grad


@pytest.mark.parametrize("write", WRITES)
def test_a_traced_write_into_a_tensor_from_outside_happens_at_each_call(write: str) -> None:
    x, dx = point()
    outer, eager = torch.ones(2, 3, dtype=torch.float64), torch.ones(2, 3, dtype=torch.float64)

    def body(target, z):
        WRITES[write](target, z)
        return target * z

    recorded = trace(lambda z: body(outer, z), x)
    assert outer.tolist() == [[1.0] * 3] * 2
    for point_ in (x, dx, x):
        expected = body(eager, point_)
        np.testing.assert_array_equal(flat(recorded(point_))[0], flat(expected)[0])
        np.testing.assert_array_equal(flat(outer)[0], flat(eager)[0])


EXPANDED: dict[str, Callable[[Any], Any]] = {
    "expanded": lambda y: y[:1].expand(4, 3).mul_(2),
    "assigned": lambda y: y[0].expand(2, 3).__setitem__(slice(None), 1.0),
    "view of it": lambda y: y[:, :1].expand(2, 3)[0].add_(y[0]),
    "transposed": lambda y: y[:1].expand(4, 3).t().copy_(y.t()[:, :1]),
}


@pytest.mark.parametrize(
    "carrier", [c for c in CARRIERS if c not in ("raw", "tape outside of vmap")]
)
@pytest.mark.parametrize("write", EXPANDED)
def test_writes_into_expanded_views_are_refused(write: str, carrier: str) -> None:
    def program(x):
        y = x * 1
        EXPANDED[write](y)
        return y

    with pytest.raises(RuntimeError, match=r"clone\(\)"):
        CARRIERS[carrier](program, *point())


def test_expanded_memory_is_refused_without_a_tape() -> None:
    x, _ = point()
    with pytest.raises(RuntimeError, match="single memory location"):
        x[:1].expand(4, 3).mul_(2)
    x.expand(1, 2, 3).mul_(2)
    assert x[0, 0].item() == 1.0
