"""Random tensors and generators: what they refuse and in which words, versions, views, states and traces."""

from __future__ import annotations

import copy
import pickle
import random

import numpy as np
import pytest

import wengert as torch
from wengert.trace import trace


class TestWrites:
    def test_count_as_a_version_and_reach_views(self) -> None:
        base = torch.zeros(2, 3)
        row = base[1]
        before = base._version
        row.uniform_(1, 2)
        assert base._version > before
        assert (base[1] >= 1).all() and (base[0] == 0).all()

    def test_a_saved_operand_is_not_forgotten(self) -> None:
        x = torch.ones(3, requires_grad=True)
        y = x * 1
        z = (y * y).sum()
        y.normal_()
        with pytest.raises(RuntimeError, match="normal_"):
            z.backward()

    def test_a_parameter_is_written_without_grad_alone(self) -> None:
        w = torch.ones(3, requires_grad=True)
        with pytest.raises(RuntimeError, match=r"uniform_: a leaf Variable that requires grad"):
            w.uniform_()
        with torch.no_grad():
            w.uniform_(2, 3)
        assert w.requires_grad and (w >= 2).all()

    def test_in_inference_mode(self) -> None:
        torch.manual_seed(0)
        expected = torch.empty(4, 5).t().normal_()
        torch.manual_seed(0)
        with torch.inference_mode():
            assert torch.empty(4, 5).t().normal_().tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda x: x.uniform_(2, 1), "uniform_ expects to return a .* Give from <= to, finite"),
        (lambda x: x.normal_(0, -1), "normal expects std >= 0.0, but found std -1.0. Use abs"),
        (lambda x: x.log_normal_(0, 0), "log_normal_ expects std > 0.0, but found std=0.0"),
        (lambda x: x.exponential_(0), "lambda > 0.0, but found lambda=0.0. The mean is 1 / lambda"),
        (lambda x: x.cauchy_(0, -1), "cauchy_ expects sigma > 0.0, .* half the width at half"),
        (lambda x: x.geometric_(1), r"p to be in \(0, 1\), but got p=1.0. Give the probability"),
        (lambda x: x.geometric_("a"), r"geometric_\(\): argument 'p' must be float, not str"),
        (lambda x: x.bernoulli_(-1), r"p to be in \[0, 1\], but got p=-1.0. .* with sigmoid first"),
        (lambda x: x.bernoulli_(x + 2), "but got a p outside. Turn scores into probabilities"),
        (lambda x: x.random_(5, 2), "got from=5 >= to=2. .* excluded: to draw 2 too, pass 3"),
        (lambda x: x.random_(1, 2, 3), r"Use `random_\(\)`, `random_\(to\)` or `random_\(from, to"),
        (lambda x: x.random_(0, 2**70), "argument 'to' is .*, which does not fit in int64"),
        (
            lambda x: x.to(torch.int8).random_(300),
            "to - 1 is out of bounds for torch.int8, got 299",
        ),
        (lambda x: x.to(torch.int8).random_(-(2**63), None), "all of int64 only into int64, float"),
        (lambda x: x.long().uniform_(), '"uniform_" not implemented for torch.int64 tensors. It'),
        (lambda x: x.bool().geometric_(0.5), "It draws integers and floats: convert the result"),
        (lambda x: torch.rand(), r"rand\(\) got no 'size'. Give the sizes, as in `rand\(2, 3\)`"),
        (lambda x: torch.rand(2, names=1), "got unexpected argument 'names'"),
        (lambda x: torch.rand(2, generator=3), "'generator' must be torch.Generator, not int"),
        (lambda x: torch.randint(0, 3), r"must be tuple of ints, not NoneType, as in `randint\(10"),
        (lambda x: torch.randperm(3000, dtype=torch.float16), "n=3000 is too large for torch.fl"),
        (lambda x: torch.normal(0.0, 1.0), r"needs a size, as in `torch.normal\(0.0, 1.0, \(2, 3"),
        (lambda x: torch.normal(x, 1.0, (3,)), "a size is for two numbers: tensors have their own"),
        (lambda x: torch.normal(x, -x - 1), r"all elements of std >= 0.0. Use `std.abs\(\)`"),
        (lambda x: torch.poisson(x - 9), "invalid Poisson rate, .* non-negative. Use `input.clamp"),
        (lambda x: torch.multinomial(x, 9), "got 9 > 3. Use fewer, or replacement=True"),
        (lambda x: torch.multinomial(x - 9, 2), "element < 0. Turn scores .* with softmax first"),
        (
            lambda x: torch.multinomial(x * 0, 2),
            "probabilities <= 0.* A row needs a weight above 0",
        ),
        (lambda x: torch.multinomial(x[None, None], 2), "1 or 2 dim, got 3. Use `reshape`"),
    ],
)
def test_errors_say_what_to_write(draw, words: str) -> None:
    before = torch.get_rng_state().tolist()
    with pytest.raises((RuntimeError, TypeError, ValueError), match=words):
        draw(torch.ones(3))
    assert torch.get_rng_state().tolist() == before


def test_a_float_that_cannot_hold_every_integer_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"to - 1 is out of bounds \[-\(2\^24\), 2\^24\]. Due to"):
        torch.empty(3).random_(0, 2**30)


class TestGenerators:
    def test_have_states_of_their_own(self) -> None:
        g = torch.Generator().manual_seed(3)
        before = torch.get_rng_state().tolist()
        drawn = torch.rand(5, generator=g)
        assert torch.get_rng_state().tolist() == before
        assert torch.rand(5, generator=g.manual_seed(3)).tolist() == drawn.tolist()
        assert g.device == torch.device("cpu")

    @pytest.mark.parametrize(
        "copied", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))]
    )
    def test_copies_continue_alike_and_apart(self, copied) -> None:
        g = torch.Generator().manual_seed(3)
        torch.randn(3, generator=g)
        other = copied(g)
        assert torch.randn(5, generator=other).tolist() == torch.randn(5, generator=g).tolist()
        torch.rand(1, generator=g)
        assert other.get_state().tolist() != g.get_state().tolist()

    def test_a_seed_of_the_system_leaves_other_generators_alone(self) -> None:
        np.random.seed(0)
        random.seed(0)
        states = str(np.random.get_state()), random.getstate()
        assert torch.Generator().seed() != torch.Generator().seed()
        assert (str(np.random.get_state()), random.getstate()) == states

    def test_words_of_refusals(self) -> None:
        g = torch.Generator()
        with pytest.raises(
            RuntimeError, match=r"manual_seed expected a long, .* Use `int\(seed\)`"
        ):
            g.manual_seed(3.5)
        with pytest.raises(TypeError, match="expected a torch.ByteTensor, but got int. Pass what"):
            g.set_state(5)
        with pytest.raises(
            RuntimeError, match="CPU Generator does not use offset. Use `get_state`"
        ):
            g.get_offset()


class TestFork:
    def test_puts_the_state_back_even_after_an_error(self) -> None:
        torch.manual_seed(1)
        torch.randn(3)
        before = torch.get_rng_state().tolist()
        with pytest.raises(KeyError), torch.random.fork_rng(devices=[]):
            torch.randn(7)
            raise KeyError
        assert torch.get_rng_state().tolist() == before

    def test_can_be_switched_off(self) -> None:
        before = torch.get_rng_state().tolist()
        with torch.random.fork_rng(enabled=False):
            torch.rand(1)
        assert torch.get_rng_state().tolist() != before

    def test_decorates(self) -> None:
        before = torch.get_rng_state().tolist()
        torch.random.fork_rng()(torch.rand)(3)
        assert torch.get_rng_state().tolist() == before


def test_the_module_has_what_pytorch_s_has() -> None:
    for name in (
        "fork_rng",
        "get_rng_state",
        "initial_seed",
        "manual_seed",
        "seed",
        "set_rng_state",
    ):
        assert hasattr(torch.random, name)
    assert torch.random.thread_safe_generator() is None


@pytest.mark.parametrize(
    "draw",
    [
        lambda x: x + torch.rand(3),
        lambda x: (x * 1).uniform_(),
        lambda x: torch.bernoulli(x),
        lambda x: torch.multinomial(x, 2),
        lambda x: torch.poisson(x),
    ],
)
def test_a_trace_refuses(draw) -> None:
    before = torch.get_rng_state().tolist()
    with pytest.raises(RuntimeError, match="random numbers under trace .*\n.*\n.*pass them as arg"):
        trace(draw, torch.full((3,), 0.5))
    assert torch.get_rng_state().tolist() == before


def test_inside_vmap_each_example_may_have_numbers_of_its_own() -> None:
    def noisy(x):
        return x + torch.empty_like(x).bernoulli_(0.5)

    out = torch.vmap(noisy, randomness="different")(torch.zeros(6, 20))
    assert len({tuple(row) for row in out.tolist()}) == 6
    out = torch.vmap(noisy, randomness="same")(torch.zeros(6, 20))
    assert len({tuple(row) for row in out.tolist()}) == 1
    with pytest.raises(RuntimeError, match="same randomness with a batched .* randomness='differe"):
        torch.vmap(torch.bernoulli, randomness="same")(torch.zeros(6, 20))
