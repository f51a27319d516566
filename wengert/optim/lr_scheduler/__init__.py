"""Schedules of learning rates. This file only names what is public; each theme has its own."""

from wengert.errors import refuser
from wengert.optim.lr_scheduler.composed import ChainedScheduler, ReduceLROnPlateau, SequentialLR
from wengert.optim.lr_scheduler.cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from wengert.optim.lr_scheduler.decay import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from wengert.optim.lr_scheduler.given import LambdaLR, MultiplicativeLR
from wengert.optim.lr_scheduler.scheduler import LRScheduler
from wengert.optim.lr_scheduler.scheduler import _LRScheduler as _LRScheduler

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip

__getattr__ = refuser(__name__, "torch.optim.lr_scheduler")
