"""Wengert: PyTorch's autograd, written in Python on NumPy, small enough to read.

``import wengert as torch`` runs PyTorch autograd programs. This file only names what is public.
"""

from __future__ import annotations

import builtins as _builtins
import warnings as _warnings

# NumPy's floating-point warnings are about values that tensors show anyway (inf, nan); PyTorch gives none.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"wengert(\.|$)")

from wengert import autograd as autograd, func as func, nn as nn, optim as optim
from wengert.func import vmap as vmap
from wengert.autograd import (
    enable_grad as enable_grad,
    inference_mode as inference_mode,
    is_grad_enabled as is_grad_enabled,
    is_inference_mode_enabled as is_inference_mode_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from wengert.core.dtypes import (
    bool_ as bool,
    complex64 as complex64,
    complex128 as complex128,
    dtype as dtype,
    float16 as float16,
    float32 as float32,
    float64 as float64,
    get_default_dtype as get_default_dtype,
    int8 as int8,
    int16 as int16,
    int32 as int32,
    int64 as int64,
    set_default_dtype as set_default_dtype,
    uint8 as uint8,
)
from wengert.errors import MissingFeatureError as _MissingFeatureError
from wengert.core.shapes import Size as Size
from wengert.random import (
    Generator as Generator,
    default_generator as default_generator,
    get_rng_state as get_rng_state,
    initial_seed as initial_seed,
    manual_seed as manual_seed,
    rand as rand,
    rand_like as rand_like,
    randint as randint,
    randn as randn,
    randn_like as randn_like,
    randperm as randperm,
    seed as seed,
    set_rng_state as set_rng_state,
)
from wengert.tensor.arithmetic import (
    abs as abs,
    add as add,
    cos as cos,
    div as div,
    eq as eq,
    exp as exp,
    floor_divide as floor_divide,
    ge as ge,
    gt as gt,
    invert as bitwise_not,
    isfinite as isfinite,
    isnan as isnan,
    le as le,
    log as log,
    lt as lt,
    maximum as maximum,
    minimum as minimum,
    mul as mul,
    ne as ne,
    neg as neg,
    pow as pow,
    reciprocal as reciprocal,
    relu as relu,
    rsub as rsub,
    sigmoid as sigmoid,
    sign as sign,
    sin as sin,
    sqrt as sqrt,
    sub as sub,
    tanh as tanh,
    where as where,
)
from wengert.tensor.contraction import (
    bmm as bmm,
    dot as dot,
    matmul as matmul,
    mm as mm,
    mv as mv,
)
from wengert.tensor.creation import (
    arange as arange,
    as_tensor as as_tensor,
    empty as empty,
    empty_like as empty_like,
    eye as eye,
    from_numpy as from_numpy,
    full as full,
    full_like as full_like,
    linspace as linspace,
    ones as ones,
    ones_like as ones_like,
    tensor as tensor,
    zeros as zeros,
    zeros_like as zeros_like,
)
from wengert.tensor.display import set_printoptions as set_printoptions
from wengert.tensor.indexing import (
    gather as gather,
    index_select as index_select,
    scatter_add as scatter_add,
)
from wengert.tensor.joining import cat as cat, stack as stack
from wengert.tensor.reductions import (
    all as all,
    amax as amax,
    amin as amin,
    any as any,
    argmax as argmax,
    argmin as argmin,
    log_softmax as log_softmax,
    logsumexp as logsumexp,
    max as max,
    mean as mean,
    min as min,
    prod as prod,
    softmax as softmax,
    sum as sum,
)
from wengert.tensor.tensor import Tensor as Tensor
from wengert.tensor.views import (
    broadcast_to as broadcast_to,
    chunk as chunk,
    flatten as flatten,
    permute as permute,
    reshape as reshape,
    split as split,
    squeeze as squeeze,
    t as t,
    transpose as transpose,
    unbind as unbind,
    unsqueeze as unsqueeze,
)

long, int, short, half, float, double = int64, int32, int16, float16, float32, float64
strided = "torch.strided"
__version__ = "0.1.0"


def is_tensor(obj: object) -> _builtins.bool:
    """Say whether an object is a tensor."""
    return isinstance(obj, Tensor)


def __getattr__(name: str) -> object:
    raise _MissingFeatureError(
        f"Wengert has no `torch.{name}` yet. What it has is listed by `dir(wengert)`."
    )
