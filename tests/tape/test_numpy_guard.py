"""Memory shared with NumPy: a write from outside is found out or does no harm. A gradient is never wrong for it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wengert as torch

SMALL, LARGE = 8, 20_000
SIZES = pytest.mark.parametrize("n", [SMALL, LARGE])


def numbers(n: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).uniform(0.5, 2.0, n)


def leaf(n: int) -> Any:
    return torch.tensor(numbers(n, seed=1)).requires_grad_()


def right_or_raises(backward: Callable[[], Any], read: Callable[[], Any], expected: Any) -> bool:
    """Say whether `backward` gave the right gradient; fail if it gave a wrong one."""
    try:
        backward()
    except RuntimeError as error:
        assert "NumPy" in str(error)
        assert read() is None
        return False
    np.testing.assert_allclose(read().tolist(), expected)
    return True


@SIZES
@pytest.mark.parametrize("when", ["before saving", "after saving"])
def test_write_through_numpy(n: int, when: str) -> None:
    w, x = leaf(n), torch.tensor(numbers(n))
    if when == "before saving":
        array = x.numpy()
        loss = (w * x).sum()
    else:
        loss = (w * x).sum()
        array = x.numpy()
    before = array.copy()
    array[3] = 100.0
    assert right_or_raises(loss.backward, lambda: w.grad, before) is (n == SMALL)


@SIZES
@pytest.mark.parametrize("when", ["before saving", "after saving"])
def test_no_write_is_no_error(n: int, when: str) -> None:
    w, x = leaf(n), torch.tensor(numbers(n))
    if when == "before saving":
        array = x.numpy()
    loss = (w * x).sum()
    if when == "after saving":
        array = x.numpy()
    assert array.sum() > 0
    loss.backward()
    np.testing.assert_array_equal(w.grad.tolist(), numbers(n))


@SIZES
def test_write_before_saving_counts(n: int) -> None:
    w, x = leaf(n), torch.tensor(numbers(n))
    array = x.numpy()
    array[3] = 100.0
    (w * x).sum().backward()
    assert w.grad[3].item() == 100.0


@SIZES
def test_write_between_two_uses(n: int) -> None:
    """Each use has the value of its own time, or nothing at all."""
    w, x = leaf(n), torch.tensor(numbers(n))
    array = x.numpy()
    first = (w * x).sum()
    before = array.copy()
    array *= 2
    second = (w * x).sum()
    second.backward()
    np.testing.assert_array_equal(w.grad.tolist(), array)
    w.grad = None
    assert right_or_raises(first.backward, lambda: w.grad, before) is (n == SMALL)


@SIZES
def test_from_numpy(n: int) -> None:
    w, array = leaf(n), numbers(n)
    x = torch.from_numpy(array)
    loss = (w * x).sum()
    array[3] = 100.0
    assert right_or_raises(loss.backward, lambda: w.grad, numbers(n)) is (n == SMALL)


@SIZES
@pytest.mark.parametrize(
    "view",
    [
        "x[2:6]",
        "x.view(2, -1)[1]",
        "x.view(2, -1).t()",
        "x[::2]",
        "x[1:].detach()[1:]",
        "x.data[1:]",
    ],
)
@pytest.mark.parametrize("origin", ["from_numpy", "numpy before", "numpy after"])
def test_views_of_shared_memory(n: int, view: str, origin: str) -> None:
    array = numbers(n)
    x = torch.from_numpy(array) if origin == "from_numpy" else torch.tensor(array)
    if origin == "numpy before":
        array = x.numpy()
    part = eval(view, {"x": x})
    w = torch.ones_like(part).requires_grad_()
    loss = (w * part).sum()
    if origin == "numpy after":
        array = x.numpy()
    before = part.tolist()
    array[...] = -1.0
    right_or_raises(loss.backward, lambda: w.grad, before)


@SIZES
def test_numpy_of_a_view_reaches_its_base(n: int) -> None:
    w, x = leaf(n), torch.tensor(numbers(n))
    loss = (w * x).sum()
    array = x[2:5].numpy()
    array[...] = -1.0
    right_or_raises(loss.backward, lambda: w.grad, numbers(n))


@SIZES
def test_numpy_of_a_detached_result(n: int) -> None:
    w = leaf(n)
    h = w * 2
    loss = (h * h).sum()
    h.detach().numpy()[0] = 50.0
    right_or_raises(loss.backward, lambda: w.grad, 8 * numbers(n, seed=1))


@SIZES
@pytest.mark.parametrize(
    "alias", ["x.data", "x.data.data", "x.data[1:]", "x[1:].data", "x.detach().data"]
)
def test_numpy_of_a_data_alias(n: int, alias: str) -> None:
    w, x = leaf(n), torch.tensor(numbers(n))
    loss = (w * x).sum()
    array = eval(alias, {"x": x}).numpy()
    array[...] = -1.0
    right_or_raises(loss.backward, lambda: w.grad, numbers(n))
    again = torch.ones_like(x).requires_grad_()
    loss = (again * x).sum()
    before = x.tolist()
    array[...] = 5.0
    right_or_raises(loss.backward, lambda: again.grad, before)


@SIZES
def test_saved_result(n: int) -> None:
    w = leaf(n)
    out = w.exp()
    out.detach().numpy()[0] = 50.0
    right_or_raises(out.sum().backward, lambda: w.grad, np.exp(numbers(n, seed=1)))


@SIZES
def test_asarray_and_the_parameter_itself(n: int) -> None:
    w = leaf(n)
    loss = (w * w).sum()
    np.asarray(w.detach())[:2] = 0.0
    right_or_raises(loss.backward, lambda: w.grad, 2 * numbers(n, seed=1))


@SIZES
def test_one_array_behind_two_tensors(n: int) -> None:
    w, array = leaf(n), numbers(n)
    x, other = torch.from_numpy(array), torch.from_numpy(array)
    loss = (w * x).sum()
    other[3] = 100.0
    right_or_raises(loss.backward, lambda: w.grad, numbers(n))


@SIZES
def test_array_that_is_a_part_of_another(n: int) -> None:
    whole = numbers(2 * n)
    w, x = leaf(n), torch.from_numpy(whole[n:])
    loss = (w * x).sum()
    whole[...] = 7.0
    right_or_raises(loss.backward, lambda: w.grad, numbers(2 * n)[n:])


@SIZES
def test_second_derivative(n: int) -> None:
    w, x = leaf(n), torch.tensor(numbers(n))
    array = x.numpy()
    loss = (w * w * x).sum()
    before = array.copy()
    array[0] = 100.0
    try:
        (g,) = torch.autograd.grad(loss, w, create_graph=True)
        (gg,) = torch.autograd.grad(g.sum(), w)
    except RuntimeError as error:
        assert n == LARGE and "NumPy" in str(error)
    else:
        np.testing.assert_allclose(g.tolist(), 2 * numbers(n, seed=1) * before)
        np.testing.assert_allclose(gg.tolist(), 2 * before)


@SIZES
def test_a_counted_write_is_still_an_error(n: int) -> None:
    w, x = leaf(n), torch.tensor(numbers(n))
    x.numpy()
    loss = (w * x).sum()
    x.add_(1)
    if n == LARGE:
        with pytest.raises(RuntimeError, match="changed before backward|NumPy"):
            loss.backward()
    else:
        right_or_raises(loss.backward, lambda: w.grad, numbers(n))


def test_nan_and_negative_zero_are_told_apart() -> None:
    n = LARGE
    w, x = leaf(n), torch.tensor(numbers(n))
    x[0], x[1] = float("nan"), 0.0
    array = x.numpy()
    loss = (w * x).sum()
    array[1] = -0.0
    with pytest.raises(RuntimeError, match="NumPy"):
        loss.backward()


def test_words_of_the_error() -> None:
    w, array = leaf(LARGE), numbers(LARGE)
    x = torch.from_numpy(array)
    loss = (w * x).sum()  # the line that saves
    array[0] = 9.0
    with pytest.raises(RuntimeError) as caught:
        loss.backward()
    text = str(caught.value)
    assert "mul" in text and "float64" in text and f"({LARGE},)" in text
    assert "loss = (w * x).sum()  # the line that saves" in text and "test_numpy_guard.py" in text
    assert "torch.tensor(array)" in text
    assert w.grad is None


def test_no_copy_without_numpy() -> None:
    """What NumPy cannot reach is saved as it is."""
    x = torch.tensor(numbers(SMALL))
    w = leaf(SMALL)
    node = (w * x).grad_fn
    assert any(saved is x for saved in node.saved)


def test_data_write_warns_and_uses_the_new_value() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    w.data += 1
    with pytest.warns(UserWarning, match=r"`\.data`") as given:
        loss.backward()
    assert w.grad.tolist() == [4.0, 6.0] and len(given) >= 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (w * w).sum().backward()


def test_a_rule_that_looks_at_parts_of_large_shared_memory() -> None:
    """A saved operand has a fingerprint of all of it; a part that a second derivative saves has one of its own."""
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.normal(size=(1, 2, 4, 20, 20))).requires_grad_()
    grid = torch.from_numpy(rng.uniform(-1, 1, size=(1, 12, 11, 20, 3))).requires_grad_()
    out = torch.nn.functional.grid_sample(image, grid, align_corners=False)
    first = torch.autograd.grad((out * out).sum(), (image, grid), create_graph=True)
    (first[0].sum() + first[1].sum()).backward()
    assert image.grad is not None and grid.grad is not None
    assert bool(torch.isfinite(grid.grad).all())
