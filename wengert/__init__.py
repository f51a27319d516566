"""Wengert: PyTorch's autograd, written in Python on NumPy, small enough to read.

``import wengert as torch`` runs PyTorch autograd programs. This file only names what is
public: each module below lists its own names in ``__all__``.
"""

from __future__ import annotations

import builtins as _builtins
import math as _math

# Loaded before the function `trace`, whose name it would take if it were loaded later.
import wengert.trace as _trace
from wengert import _C as _C
from wengert import __config__ as __config__
from wengert import accelerator as accelerator
from wengert import amp as amp
from wengert import autograd as autograd
from wengert import backends as backends
from wengert import compiler as compiler
from wengert import cpu as cpu
from wengert import cuda as cuda
from wengert import distributed as distributed
from wengert import distributions as distributions
from wengert import fft as fft
from wengert import func as func
from wengert import functional as functional
from wengert import futures as futures
from wengert import fx as fx
from wengert import jit as jit
from wengert import linalg as linalg
from wengert import mps as mps
from wengert import multiprocessing as multiprocessing
from wengert import nn as nn
from wengert import ops as ops
from wengert import optim as optim
from wengert import overrides as overrides
from wengert import profiler as profiler
from wengert import quasirandom as quasirandom
from wengert import return_types as return_types
from wengert import serialization as serialization
from wengert import signal as signal
from wengert import special as special
from wengert import storage as storage
from wengert import testing as testing
from wengert import types as types
from wengert import utils as utils
from wengert import version as version
from wengert import xpu as xpu
from wengert.amp.autocast_mode import *
from wengert.amp.grad_scaler import *
from wengert.as_torch import install_as_torch as install_as_torch
from wengert.assertions import *
from wengert.assertions import _assert as _assert
from wengert.assertions import _assert_async as _assert_async
from wengert.assertions import _check as _check
from wengert.assertions import _check_index as _check_index
from wengert.assertions import _check_is_size as _check_is_size
from wengert.assertions import _check_not_implemented as _check_not_implemented
from wengert.assertions import _check_tensor_all as _check_tensor_all
from wengert.assertions import _check_tensor_all_with as _check_tensor_all_with
from wengert.assertions import _check_type as _check_type
from wengert.assertions import _check_value as _check_value
from wengert.assertions import _check_with as _check_with
from wengert.autograd import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled
from wengert.autograd import is_anomaly_enabled as is_anomaly_enabled
from wengert.autograd.anomaly import set_anomaly_enabled as set_anomaly_enabled
from wengert.core.dtypes import *
from wengert.core.dtypes import bool_ as bool
from wengert.core.limits import *
from wengert.core.shapes import Size as Size
from wengert.errors import AcceleratorError as AcceleratorError
from wengert.errors import OutOfMemoryError as OutOfMemoryError
from wengert.errors import refuser as _refuser
from wengert.func import vmap as vmap
from wengert.nn.functional.recurrent import *
from wengert.nn.functional.top_level import *
from wengert.random import Generator as Generator
from wengert.random import default_generator as default_generator
from wengert.random import get_rng_state as get_rng_state
from wengert.random import initial_seed as initial_seed
from wengert.random import manual_seed as manual_seed
from wengert.random import seed as seed
from wengert.random import set_rng_state as set_rng_state
from wengert.random import thread_safe_generator as thread_safe_generator
from wengert.serialization import load as load
from wengert.serialization import save as save
from wengert.settings import *
from wengert.tape.mode import *
from wengert.tensor.arithmetic import *
from wengert.tensor.as_functions import *
from wengert.tensor.as_functions import _weight_norm as _weight_norm
from wengert.tensor.bounds import *
from wengert.tensor.comparison import *
from wengert.tensor.complex_numbers import *
from wengert.tensor.contraction import *
from wengert.tensor.copies import *
from wengert.tensor.creation import *
from wengert.tensor.device import *
from wengert.tensor.differences import *
from wengert.tensor.display import set_printoptions as set_printoptions
from wengert.tensor.einsum import *
from wengert.tensor.elementary import *
from wengert.tensor.filled import *
from wengert.tensor.foreign import *
from wengert.tensor.gammas import *
from wengert.tensor.grids import *
from wengert.tensor.histograms import *
from wengert.tensor.inplace import zero_ as zero_
from wengert.tensor.joining import *
from wengert.tensor.legacy import *
from wengert.tensor.logic import *
from wengert.tensor.lowrank import *
from wengert.tensor.masking import *
from wengert.tensor.matrices import *
from wengert.tensor.measures import *
from wengert.tensor.memory import *
from wengert.tensor.norms import *
from wengert.tensor.ordering import *
from wengert.tensor.overridable import take_stock as _take_stock
from wengert.tensor.parts import *
from wengert.tensor.picking import *
from wengert.tensor.products import *
from wengert.tensor.quantiles import *
from wengert.tensor.ranges import *
from wengert.tensor.rearranging import *
from wengert.tensor.reductions import *
from wengert.tensor.rounding import *
from wengert.tensor.sampling import *
from wengert.tensor.scans import *
from wengert.tensor.scattering import *
from wengert.tensor.segments import *
from wengert.tensor.special_functions import *
from wengert.tensor.spectrograms import *
from wengert.tensor.splitting import *
from wengert.tensor.statistics import *
from wengert.tensor.tapering import *
from wengert.tensor.tensor import Tensor as Tensor
from wengert.tensor.transcendental import *
from wengert.tensor.turning import *
from wengert.tensor.types import *
from wengert.tensor.views import *
from wengert.tensor.writing import *
from wengert.version import __version__ as __version__

long, int, short, half, float, double = int64, int32, int16, float16, float32, float64
cfloat, cdouble = complex64, complex128
inf, nan, pi, e = _math.inf, _math.nan, _math.pi, _math.e
newaxis = None


def is_tensor(obj: object) -> _builtins.bool:
    """Say whether an object is a tensor."""
    return isinstance(obj, Tensor)


_take_stock()
__getattr__ = _refuser(__name__, "torch")


def __dir__() -> list[str]:
    hidden = {"annotations", "as_torch", "cli", "core", "errors", "rules", "tape", "torch_metadata"}
    return sorted(name for name in globals() if name not in hidden)
