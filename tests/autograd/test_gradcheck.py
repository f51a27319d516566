"""gradcheck: the words of what disagrees and of what is not checked."""

from __future__ import annotations

import pytest

import wengert as torch


def test_the_imaginary_part_is_named():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(
        RuntimeError, match=r"Jacobian mismatch for output 0 \(its imaginary part\)"
    ):
        torch.autograd.gradcheck(lambda x: torch.complex(x * x, x.detach() * x), x)


def test_jacobians_are_shown_as_tensors():
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    with pytest.raises(RuntimeError) as caught:
        torch.autograd.gradcheck(lambda x: x.detach() + x * x, x)
    shown = "tensor([[{0}, 0.0000],\n        [0.0000, {0}]], dtype=torch.float64)"
    assert f"numerical:{shown.format('3.0000')}\n" in str(caught.value)
    assert "analytical:tensor([[2., 0.],\n        [0., 2.]], dtype=torch.float64)\n" in str(
        caught.value
    )


class Doubled(torch.autograd.Function):
    """Twice its argument; subclasses are wrong in one way each."""

    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return None if g is None else g * 2

    @staticmethod
    def jvp(ctx, t):
        return t * 2


class Raising(Doubled):
    @staticmethod
    def backward(ctx, g):
        if g is None:
            raise RuntimeError("nothing there")
        return g * 2


class Inventive(Doubled):
    @staticmethod
    def backward(ctx, g):
        return torch.ones(2, dtype=torch.float64) if g is None else g * 2


class Constant(Doubled):
    @staticmethod
    def backward(ctx, g):
        return None if g is None else torch.full_like(g, 1e-9) + g * 2


class Backwards(Doubled):
    @staticmethod
    def jvp(ctx, t):
        return -t


class Branching(Doubled):
    @staticmethod
    def backward(ctx, g):
        return None if g is None else g * (2 if g.sum().item() < 1e9 else 3)


class Mapped(torch.autograd.Function):
    """Twice its argument, and three times that of a batch."""

    @staticmethod
    def forward(x):
        return x * 2

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def vmap(info, in_dims, x):
        return x * 3, 0


class Batching(Doubled):
    @staticmethod
    def jvp(ctx, t):
        return Mapped.apply(t)


WRONG = {
    "a gradient that is not there": (
        Raising,
        {},
        "backward of Raising without any gradient raised .*nothing there",
    ),
    "one for it": (
        Inventive,
        {},
        r"undefined or zero: backward of Inventive without any gradient returned tensor\(\[1",
    ),
    "zero": (Constant, {}, "backward not multiplied by grad_output.*input 0"),
    "forward mode": (
        Backwards,
        {"check_forward_ad": True},
        "(?s)forward mode mismatch for output 0 with respect to input 0.*numerical",
    ),
    "batches": (
        Branching,
        {"check_batched_grad": True},
        "(?s)While computing batched gradients, got.*gradients of output 0 .*not under vmap",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_check_finds_its_fault(name):
    function, options, words = WRONG[name]
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    check = torch.autograd.gradcheck
    with pytest.raises(torch.autograd.gradcheck.__globals__["GradcheckError"], match=words):
        check(function.apply, x, **options)
    assert not check(function.apply, x, raise_exception=False, **options)
    assert check(Doubled.apply, x, **options)
    if not options:
        calm = check(function.apply, x, check_undefined_grad=False, raise_exception=False)
        assert calm is (name != "zero")


def test_masked_lets_zero_be_about_zero():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Constant.apply, x, masked=True, check_undefined_grad=False)


class Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.set_materialize_grads(False)
        return x + y, x * 2

    @staticmethod
    def backward(ctx, g, h):
        if g is None and h is None:
            return None, None
        g, h = (torch.zeros(2, dtype=torch.float64) if c is None else c for c in (g, h))
        return g + h * 2, g

    @staticmethod
    def jvp(ctx, s, t):
        s = 0 * t if s is None else s
        return s * 3 if t is None else s + t, s * 2


def test_a_tangent_that_is_not_there():
    x, y = (torch.tensor([n, 2.0], dtype=torch.float64, requires_grad=True) for n in (1.0, 3.0))
    assert torch.autograd.gradcheck(Sum.apply, (x, y))
    options = {"check_forward_ad": True, "check_backward_ad": False}
    assert torch.autograd.gradcheck(torch.mul, (x, y), **options)
    with pytest.raises(
        RuntimeError, match="(?s)Mismatch in tangent values for output 0 when input 1"
    ):
        torch.autograd.gradcheck(Sum.apply, (x, y), **options)
    assert torch.autograd.gradcheck(Sum.apply, (x, y), check_undefined_grad=False, **options)


def test_forward_mode_in_batches_is_compared():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    options = {"check_forward_ad": True, "check_batched_forward_grad": True}
    assert torch.autograd.gradcheck(Doubled.apply, x, **options)
    with pytest.raises(
        RuntimeError,
        match="(?s)forward gradients of input 0, computing them under vmap gives other",
    ):
        torch.autograd.gradcheck(Batching.apply, x, **options)


def test_refusals_in_words():
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    check, second = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    with pytest.raises(AttributeError, match="the function returned a NoneType, where a tensor"):
        check(lambda x: None, x)
    with pytest.raises(RuntimeError, match="0th input has a dimension with stride 0"):
        check(lambda x: x, torch.ones(1, dtype=torch.float64).expand(2).requires_grad_())
    for options, words in (
        ({"check_backward_ad": False}, "at least one of check_forward_ad or check_backward_ad"),
        (
            {"check_batched_grad": True, "check_backward_ad": False, "check_forward_ad": True},
            "check_batched_grad=True requires check_backward_ad",
        ),
        ({"check_batched_forward_grad": True}, "check_batched_forward_grad=True requires check_forward_ad"),
    ):  # fmt: skip
        with pytest.raises(AssertionError, match=words):
            check(lambda x: x, x, **options)
    with pytest.raises(
        AssertionError, match="check_undefined_grad=True requires check_rev_over_rev"
    ):
        second(lambda x: x, x, check_fwd_over_rev=True, check_rev_over_rev=False)
    with pytest.raises(
        AssertionError, match="at least one of check_fwd_over_rev or check_rev_over_rev"
    ):
        second(lambda x: x, x, check_rev_over_rev=False)
    with pytest.raises(RuntimeError, match="Call gradcheck outside of it"):
        torch.func.vmap(lambda x: check(lambda y: y, x.requires_grad_()))(
            torch.ones(2, 2, dtype=torch.float64)
        )


def test_the_inputs_stay_what_they_are_when_the_function_raises():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    calls = []

    def fails_late(x):
        calls.append(x)
        if len(calls) == 3:
            raise KeyError("late")
        return x * x

    with pytest.raises(KeyError):
        torch.autograd.gradcheck(fails_late, x)
    assert x.tolist() == [1.0, 2.0]


def test_second_derivatives_forward_over_reverse():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    options = {
        "check_fwd_over_rev": True,
        "check_rev_over_rev": False,
        "check_undefined_grad": False,
    }
    assert torch.autograd.gradgradcheck(lambda x: (x**3, x.sin().prod()), x, **options)
    with pytest.raises(RuntimeError, match="forward mode mismatch for output 0"):
        torch.autograd.gradgradcheck(Bent.apply, x, **options)


@pytest.mark.parametrize("how", ["draws random numbers", "changes its inputs"])
def test_a_forward_that_would_run_twice_is_refused(how):
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            if how == "draws random numbers":
                torch.rand(1)
                return x * 2
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, ct):
            return ct * 2

        @staticmethod
        def jvp(ctx, tangent):
            return tangent.mul_(2)

    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match=f"takes ctx and {how}, and forward mode through a"):
        torch.autograd.gradgradcheck(
            lambda x: Once.apply(x * 1) ** 2, x, check_fwd_over_rev=True, check_rev_over_rev=False,
            check_undefined_grad=False,
        )  # fmt: skip


class Bent(torch.autograd.Function):
    """A cube whose first derivative is right and has a wrong derivative itself."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x.detach() * x * g

    @staticmethod
    def jvp(ctx, t):
        (x,) = ctx.saved_tensors
        return 3 * x * x * t
