"""Rows of random numbers: what drawing leaves on the tape, under PyTorch's names for it.

The numbers themselves are drawn elsewhere. They depend on nothing: a write gives zero to what it overwrote, and a
parameter such as a probability gets zero.
"""

from __future__ import annotations

from wengert.rules.memory import copy

uniform_ = copy.named("uniform_", "UniformBackward0")
normal_ = copy.named("normal_", "NormalBackward0")
log_normal_ = copy.named("log_normal_", "LogNormalBackward0")
exponential_ = copy.named("exponential_", "ExponentialBackward0")
cauchy_ = copy.named("cauchy_", "CauchyBackward0")
geometric_ = copy.named("geometric_", "GeometricBackward0")
random_between_ = copy.named("random_between_", "RandomBackward0")
random_below_ = copy.named("random_below_", "RandomBackward1")
random_ = copy.named("random_", "RandomBackward2")
bernoulli_ = copy.named("bernoulli_", "BernoulliBackward2")
bernoulli_each_ = copy.named("bernoulli_each_", "BernoulliBackward1")

bernoulli = copy.named("bernoulli", "BernoulliBackward0")
poisson = copy.named("poisson", "PoissonBackward0")
normal_by_mean = copy.named("normal_by_mean", "NormalBackward1")
normal_by_std = copy.named("normal_by_std", "NormalBackward2")
normal_by_both = copy.named("normal_by_both", "NormalBackward3")
