"""`torch.distributions.Distribution`, as a base of one's own distributions."""


def spread(torch):
    class Positive:
        is_dependent = False

        def check(self, value):
            return value > 0

        def __repr__(self):
            return "Positive()"

    class Exponential(torch.distributions.Distribution):
        arg_constraints = {"rate": Positive()}
        support = Positive()
        has_rsample = True

        def __init__(self, rate, validate_args=None):
            self.rate = rate
            super().__init__(rate.shape, validate_args=validate_args)

        @property
        def variance(self):
            return self.rate**-2

        def rsample(self, sample_shape=()):
            return -torch.rand(self._extended_shape(sample_shape)).log() / self.rate

        def log_prob(self, value):
            if self._validate_args:
                self._validate_sample(value)
            return self.rate.log() - self.rate * value

        def entropy(self):
            return 1 - self.rate.log()

    return Exponential


def test_a_subclass(torch):
    rate = torch.tensor([1.0, 2.0], requires_grad=True)
    made = spread(torch)(rate)
    torch.manual_seed(0)
    drawn = made.rsample((3,))
    drawn.sum().backward()
    return [
        made.sample((2,)), drawn, rate.grad, made.batch_shape, made.event_shape, made.stddev, made.perplexity(),
        made.log_prob(torch.tensor(1.5)), repr(made), made.has_rsample, made.has_enumerate_support,
    ]  # fmt: skip


def test_refusals(torch, caught, warned):
    Exponential = spread(torch)
    made = Exponential(torch.tensor([1.0, 2.0]))
    plain = torch.distributions.Distribution(validate_args=False)
    calls = [
        lambda: Exponential(torch.tensor([1.0, -2.0])),
        lambda: made.log_prob(1.0),
        lambda: made.log_prob(torch.tensor([1.0, 2.0, 3.0])),
        lambda: made.log_prob(torch.tensor(-1.0)),
        lambda: torch.distributions.Distribution.set_default_validate_args(3),
        lambda: plain.mean, lambda: plain.mode, lambda: plain.variance, lambda: plain.support, lambda: plain.sample(),
        lambda: plain.log_prob(1), lambda: plain.cdf(1), lambda: plain.icdf(1), lambda: plain.enumerate_support(),
        lambda: plain.entropy(), lambda: plain.expand((1,)), lambda: plain.arg_constraints,
        lambda: made._get_checked_instance(torch.distributions.Distribution),
    ]  # fmt: skip
    unchecked = Exponential(torch.tensor(-1.0), validate_args=False)
    return (
        [caught(call) for call in calls],
        unchecked.log_prob(torch.tensor(2.0)),
        warned(lambda: torch.distributions.Distribution()),
    )
