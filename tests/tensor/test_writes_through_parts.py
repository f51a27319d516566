"""Writes through views of a part of the elements, and through tensors turned into views, under every carrier.

As in `test_writes_under_carriers`, each program is written twice: with writes, and as a formula without any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch
from tests.tensor.test_writes_under_carriers import CARRIERS, flat, point

Program = Callable[[Any], Any]


def diagonal_written(x):
    y = x * 1
    y.diagonal().mul_(x[0, :2])
    y.diagonal(1).copy_(x[1, 1:])
    return y * y


def diagonal_written_pure(x):
    top = torch.stack([x[0, 0] * x[0, 0], x[1, 1], x[0, 2]])
    return torch.stack([top, torch.stack([x[1, 0], x[1, 1] * x[0, 1], x[1, 2]])]) ** 2


def diagonal_read(x):
    y = x * 1
    seen = y.t().diagonal()
    y[1].mul_(x[0])
    return seen * x[:, 2]


def diagonal_read_pure(x):
    return torch.stack([x[0, 0], x[1, 1] * x[0, 1]]) * x[:, 2]


def windows_written(x):
    y = x.reshape(-1) * 1
    windows = y.unfold(0, 2, 3)
    windows[1].mul_(x[0, 0])
    y.unfold(0, 1, 2)[:, 0].add_(x[1])
    return y * windows.sum()


def windows_written_pure(x):
    a, b = x[0], x[1]
    middle = b[:2] * a[0]
    y = torch.stack([a[0] + b[0], a[1], a[2] + b[1], middle[0], middle[1] + b[2], b[2]])
    return y * (y[0] + y[1] + y[3] + y[4])


def overlapping_windows_read(x):
    y = x * 1
    windows = y.unfold(1, 2, 1)
    y[0].mul_(x[1])
    return windows * windows


def overlapping_windows_read_pure(x):
    y = torch.stack([x[0] * x[1], x[1]])
    return torch.stack([y[:, :2], y[:, 1:]], 1) ** 2


def strides_written(x):
    y = x * 1
    part = y[1:].as_strided((2, 2), (2, 1), 2)
    part.mul_(x[0, 0])
    part[0].add_(x[1, :2])
    return y * y


def strides_written_pure(x):
    a, b = x[0], x[1]
    return (
        torch.stack(
            [
                a[0], a[1], a[2] * a[0] + b[0],
                b[0] * a[0] + b[1], b[1] * a[0], b[2] * a[0],
            ]
        ).reshape(2, 3) ** 2
    )  # fmt: skip


def moved_and_narrowed(x):
    y = x * 1
    part = y.movedim(0, 1).narrow(0, 1, 2).unflatten(1, (2, 1))
    part.select(0, 0).mul_(x[1, :2, None])
    y.swapaxes(0, 1).select(0, -1).ravel().add_(x[:, 0])
    return y * part.sum()


def moved_and_narrowed_pure(x):
    columns = [x[:, 0], x[:, 1] * x[1, :2], x[:, 2]]
    # `ravel` of a column, which does not lie in one piece, is a copy.
    return torch.stack(columns, 1) * (columns[1] + columns[2]).sum()


def turned(x):
    y = x * 1
    row = y[0]
    y.t_()
    y.unsqueeze_(0)
    y.mul_(x.t())
    y.squeeze_(0)[1].mul_(2)
    row.add_(x[1])
    return y + row.sum()


def turned_pure(x):
    scale = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype)
    y = x * x * scale
    row = y[0] + x[1]
    return torch.stack([row, y[1]]).t() + row.sum()


def expanded_row_written(x):
    y = x * 1
    seen = y[0].expand(4, 3)[2]
    seen.mul_(x[1])
    y[1].expand(2, 3)[0, 1:] = x[0, :2]
    y.unsqueeze(0).expand(2, 2, 3)[1].t()[0].add_(x[:, 2])
    return y * y + seen.sum()


def expanded_row_written_pure(x):
    first = x[0] * x[1]
    top = torch.cat([first[:1] + x[0, 2], first[1:]])
    bottom = torch.cat([x[1, :1] + x[1, 2], x[0, :2]])
    y = torch.stack([top, bottom])
    return y * y + top.sum()


def one_window_written(x):
    y = x * 1
    y.unfold(1, 2, 1)[1, 1].mul_(x[0, :2])
    y.view(6).as_strided((3, 2), (1, 1))[0] = x[1, :2]
    return y * y


def one_window_written_pure(x):
    top = torch.cat([x[1, :2], x[0, 2:]])
    return torch.stack([top, torch.cat([x[1, :1], x[1, 1:] * x[0, :2]])]) ** 2


def bits_written(x):
    y = x * 2
    bits = y.view(torch.int64)
    bits[0].zero_()
    return y


def bits_written_pure(x):
    first = (x[0] * 2).detach()
    return torch.stack([x[0] * 2 - first, x[1] * 2])


def replaced(x):
    y = x.diagonal_scatter(x[1, :2] * 2).select_scatter(x[:, 0] * x[:, 1], 1, 2)
    y = y.slice_scatter(x[:1] * 3, 0, 1)
    y.tril_(1).triu_(-1)
    return y.as_strided_scatter(x[0, :2] ** 2, (2,), (4,))


def replaced_pure(x):
    zero = torch.zeros((), dtype=x.dtype)
    first = torch.stack([x[0, 0] ** 2, x[0, 1], zero])
    return torch.stack([first, torch.stack([x[0, 0] * 3, x[0, 1] ** 2, x[0, 2] * 3])])


PROGRAMS: dict[str, tuple[Program, Program]] = {
    "diagonal written": (diagonal_written, diagonal_written_pure),
    "diagonal read": (diagonal_read, diagonal_read_pure),
    "windows written": (windows_written, windows_written_pure),
    "overlapping windows read": (overlapping_windows_read, overlapping_windows_read_pure),
    "strides written": (strides_written, strides_written_pure),
    "moved and narrowed": (moved_and_narrowed, moved_and_narrowed_pure),
    "turned": (turned, turned_pure),
    "expanded row written": (expanded_row_written, expanded_row_written_pure),
    "one window written": (one_window_written, one_window_written_pure),
    "bits written": (bits_written, bits_written_pure),
    "replaced": (replaced, replaced_pure),
}


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


OVERLAPPING: dict[str, Callable[[Any], Any]] = {
    "windows": lambda y: y.unfold(1, 2, 1).mul_(2),
    "a view of windows": lambda y: y.unfold(1, 2, 1)[0].fill_(1.0),
    "strides": lambda y: y.as_strided((2, 3), (1, 1)).zero_(),
    "assigned": lambda y: y.unfold(0, 2, 1).__setitem__(slice(0, 2), 1.0),
}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("write", OVERLAPPING)
def test_writes_into_overlapping_views_are_refused(write: str, carrier: str) -> None:
    def program(x):
        y = torch.cat([x, x]) * 1
        OVERLAPPING[write](y)
        return y

    with pytest.raises(RuntimeError, match=r"single memory location. Please clone\(\)"):
        CARRIERS[carrier](program, *point())


def test_windows_apart_and_strides_apart_are_written() -> None:
    x = torch.zeros(6)
    x.unfold(0, 2, 2)[1].fill_(1.0)
    x.as_strided((2, 1), (5, 1)).fill_(2.0)
    assert x.tolist() == [2.0, 0.0, 1.0, 1.0, 0.0, 2.0]


def test_resize_keeps_memory_where_it_can() -> None:
    x = torch.arange(6.0)
    memory = x.data_ptr()
    assert x.resize_(2, 2).tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert x.data_ptr() == memory
    assert x.resize_((2, 4)).flatten()[:6].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert x.resize_as_(torch.ones(3)).shape == (3,)


@pytest.mark.parametrize(
    ("resize", "words"),
    [
        (lambda: torch.ones(2, requires_grad=True).resize_(3), "cannot resize variables that require grad"),
        (lambda: torch.func.vmap(lambda z: z.resize_(1))(torch.ones(2, 2)), "inside a transform"),
        (lambda: _with_a_view().resize_(3), "other tensors are views of this one"),
    ],
)  # fmt: skip
def test_resize_is_refused(resize: Callable[[], Any], words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        resize()


def _with_a_view() -> Any:
    x = torch.ones(4)
    x.__dict__["kept"] = x[1:]
    return x


def test_a_leaf_is_turned_only_without_recording() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="t_: a leaf Variable that requires grad"):
        x.t_()
    with torch.no_grad():
        x.t_()
    (x * torch.arange(6.0).reshape(3, 2)).sum().backward()
    assert x.is_leaf and x.grad.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]


def test_as_strided_needs_memory_in_one_piece() -> None:
    array = np.arange(12.0).reshape(3, 4)[:, ::2]
    with pytest.raises(RuntimeError, match=r"as_strided: .* one piece of memory .*contiguous\(\)"):
        torch.from_numpy(array).as_strided((2,), (1,))


@pytest.mark.parametrize(
    "view", [lambda x: x.unfold(0, 2, 1), lambda x: x.as_strided((3,), (1,)), lambda x: x[None].diagonal()]
)  # fmt: skip
def test_an_array_of_a_part_that_is_written_corrupts_no_gradient(
    view: Callable[[Any], Any],
) -> None:
    leaf = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    x = (leaf * 1).detach()
    array = view(x).numpy()
    out = (leaf * x).sum()
    array[...] = 100.0
    out.backward()
    assert leaf.grad.tolist() == [1.0, 2.0, 3.0, 4.0]


BY_NAME = {
    "shape": lambda x: torch.reshape(x, shape=(6,)),
    "size": lambda x: x.expand(size=(4, 2, 3)),
    "dims": lambda x: torch.permute(x, dims=(1, 0)),
    "repeats": lambda x: x.repeat(repeats=(1, 2)),
    "dims of tile": lambda x: torch.tile(x, dims=(2,)),
    "dims of flip": lambda x: torch.flip(x, dims=(0,)),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_sizes_by_name(name: str) -> None:
    assert BY_NAME[name](torch.ones(2, 3)).numel() in (6, 12, 24)


def imaginary_after_its_base(y):
    v = y.imag
    y.mul_(2.0)
    return v


def imaginary_of_an_element_after_its_base(y):
    v = y[0].imag
    y.mul_(2.0)
    return v


def both_parts_after_their_base(y):
    v = torch.view_as_real(y)
    y.mul_(2.0)
    return v


def imaginary_after_the_real_part(y):
    v, w = y.real, y.imag
    v.mul_(2.0)
    return w


@pytest.mark.parametrize(
    ("part", "slope"),
    [
        (imaginary_after_its_base, 4),
        (imaginary_of_an_element_after_its_base, 4),
        (both_parts_after_their_base, 6),
        (imaginary_after_the_real_part, 2),
    ],
)
@pytest.mark.parametrize("create_graph", [False, True])
def test_parts_of_a_complex_tensor_follow_a_write(part, slope, create_graph):
    x = torch.ones(1, requires_grad=True)
    (g,) = torch.autograd.grad(part(x * (1 + 2j)).sum(), x, create_graph=create_graph)
    assert g.tolist() == [slope]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (lambda y: y.diagonal(), [1, 0, 0, 1]),
        (lambda y: y.as_strided((2,), (2,)), [1, 0, 1, 0]),
        (lambda y: y.view(4).unfold(0, 2, 2), [1, 1, 1, 1]),
        (lambda y: y.view(4).unfold(0, 3, 1), [1, 2, 2, 1]),
    ],
)
def test_a_mask_reaches_a_view_after_a_write_to_its_base(view, expected):
    x = torch.ones(2, 2, requires_grad=True)
    y = x.sin()
    v = view(y)
    y.mul_(2)
    v.relu().sum().backward()
    np.testing.assert_allclose(x.grad.reshape(-1), 2 * np.cos(1) * np.array(expected), rtol=1e-6)
