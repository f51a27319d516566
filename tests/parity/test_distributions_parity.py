"""Every distribution's answers, samples and gradients, from the same parameters and seeds."""

import pytest

from tests.parity.distribution_cases import CASES

QUESTIONS = (
    "batch_shape", "event_shape", "has_rsample", "has_enumerate_support", "mean", "mode", "variance", "stddev",
)  # fmt: skip


def made(torch, name, dtype=None, wants=False):
    case = CASES[name]
    kind = getattr(torch, dtype or case.dtype)
    given = [torch.tensor(p, dtype=kind, requires_grad=wants) for p in case.parameters]
    return case, given, case.make(torch.distributions, *given)


def asked(torch, case, d, caught):
    """What a distribution says of itself."""
    answers = [caught(lambda q=q: getattr(d, q)) for q in QUESTIONS if q not in case.unasked]
    answers += [caught(getattr(d, q)) for q in ("entropy", "perplexity") if q not in case.unasked]
    answers += [caught(lambda: repr(d.support)), repr(d)]
    answers += [caught(d.enumerate_support), caught(lambda: d.enumerate_support(False))]
    return with_its_digits(torch, case.coarse, answers)


def with_its_digits(torch, coarse, answers):
    """Answers in float32 where PyTorch's have no more digits."""
    return [a.float() if coarse and isinstance(a, torch.Tensor) else a for a in answers]


def values_of(torch, case, d):
    dtype = torch.int64 if isinstance(case.values[0], int) else None
    values = torch.tensor(case.values)
    if dtype is None and values.dtype != torch.int64:
        values = torch.tensor(case.values, dtype=getattr(torch, case.dtype))
    return values


@pytest.mark.parametrize("name", CASES)
def test_answers(torch, caught, name):
    case, _, d = made(torch, name)
    values = values_of(torch, case, d)
    told = [caught(lambda: d.log_prob(values)), caught(lambda: d.cdf(values))]
    ranks = torch.tensor([[0.25], [0.75]], dtype=getattr(torch, case.dtype))
    told += [caught(lambda: d.icdf(ranks)), caught(lambda: d.support.check(values))]
    return asked(torch, case, d, caught) + with_its_digits(torch, case.coarse, told)


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_densities(torch, caught, name):
    case, given, d = made(torch, name, wants=True)
    values = values_of(torch, case, d).requires_grad_(values_of(torch, case, d).is_floating_point())
    found = []
    for ask in (lambda: d.log_prob(values), d.entropy, lambda: d.mean, lambda: d.variance):
        answer = caught(ask)
        if isinstance(answer, Exception) or not answer.requires_grad:
            found.append(answer)
            continue
        wanted = [*given, values] if values.requires_grad else given
        found += torch.autograd.grad(answer.sum(), wanted, allow_unused=True, retain_graph=True)
    # PyTorch's `polygamma` has ten digits.
    return with_its_digits(torch, case.coarse or case.loose, found)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_samples(torch, caught, name, dtype):
    case, _, d = made(torch, name, dtype)
    torch.manual_seed(12)
    drawn = [d.sample(), d.sample((3,)), d.sample(torch.Size([2, 2])), torch.rand(2)]
    drawn += [caught(lambda: d.sample((40,))), torch.rand(1), torch.randn(1)]
    # A root of a small difference loses digits.
    return drawn[:4] if "many in float32" in case.unasked and dtype == "float32" else drawn


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_samples(torch, caught, name):
    case, given, d = made(torch, name, wants=True)
    torch.manual_seed(5)
    if "rsample" in case.unasked:
        return "nothing"
    drawn = caught(lambda: d.rsample((4,)))
    if isinstance(drawn, Exception):
        return drawn
    found = torch.autograd.grad((drawn * drawn).sum(), given, allow_unused=True)
    if case.loose:
        # What PyTorch approximates is compared with so many digits as it has.
        return drawn, [(g / g.abs().max() / case.loose).round().float() * 1e-6 for g in found]
    return drawn, found


@pytest.mark.parametrize("name", CASES)
def test_expanded(torch, caught, name):
    case, _, d = made(torch, name)
    wide = d.expand((4, *d.batch_shape))
    torch.manual_seed(1)
    again = wide.expand((2, *wide.batch_shape))
    return [
        *asked(torch, case, wide, caught),
        wide.sample((2,)),
        again.batch_shape,
        again.event_shape,
        repr(again),
    ]
