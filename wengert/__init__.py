"""Wengert: PyTorch's autograd, written in Python on NumPy, small enough to read.

``import wengert as torch`` runs PyTorch autograd programs. This file only names what is public.
"""

from __future__ import annotations

import builtins as _builtins
import warnings as _warnings

# NumPy's floating-point warnings are about values that tensors show anyway (inf, nan); PyTorch gives none.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"wengert(\.|$)")

from wengert import autograd as autograd
from wengert import func as func
from wengert import nn as nn
from wengert import optim as optim
from wengert.autograd import (
    enable_grad as enable_grad,
)
from wengert.autograd import (
    inference_mode as inference_mode,
)
from wengert.autograd import (
    is_anomaly_enabled as is_anomaly_enabled,
)
from wengert.autograd import (
    is_grad_enabled as is_grad_enabled,
)
from wengert.autograd import (
    is_inference_mode_enabled as is_inference_mode_enabled,
)
from wengert.autograd import (
    no_grad as no_grad,
)
from wengert.autograd import (
    set_grad_enabled as set_grad_enabled,
)
from wengert.core.dtypes import (
    bool_ as bool,
)
from wengert.core.dtypes import (
    complex64 as complex64,
)
from wengert.core.dtypes import (
    complex128 as complex128,
)
from wengert.core.dtypes import (
    dtype as dtype,
)
from wengert.core.dtypes import (
    float16 as float16,
)
from wengert.core.dtypes import (
    float32 as float32,
)
from wengert.core.dtypes import (
    float64 as float64,
)
from wengert.core.dtypes import (
    get_default_dtype as get_default_dtype,
)
from wengert.core.dtypes import (
    int8 as int8,
)
from wengert.core.dtypes import (
    int16 as int16,
)
from wengert.core.dtypes import (
    int32 as int32,
)
from wengert.core.dtypes import (
    int64 as int64,
)
from wengert.core.dtypes import (
    set_default_dtype as set_default_dtype,
)
from wengert.core.dtypes import (
    uint8 as uint8,
)
from wengert.core.shapes import Size as Size
from wengert.errors import refuser as _refuser
from wengert.func import vmap as vmap
from wengert.random import (
    Generator as Generator,
)
from wengert.random import (
    default_generator as default_generator,
)
from wengert.random import (
    get_rng_state as get_rng_state,
)
from wengert.random import (
    initial_seed as initial_seed,
)
from wengert.random import (
    manual_seed as manual_seed,
)
from wengert.random import (
    rand as rand,
)
from wengert.random import (
    rand_like as rand_like,
)
from wengert.random import (
    randint as randint,
)
from wengert.random import (
    randn as randn,
)
from wengert.random import (
    randn_like as randn_like,
)
from wengert.random import (
    randperm as randperm,
)
from wengert.random import (
    seed as seed,
)
from wengert.random import (
    set_rng_state as set_rng_state,
)
from wengert.tensor.arithmetic import (
    abs as abs,
)
from wengert.tensor.arithmetic import (
    abs as absolute,
)
from wengert.tensor.arithmetic import (
    add as add,
)
from wengert.tensor.arithmetic import (
    cos as cos,
)
from wengert.tensor.arithmetic import (
    div as div,
)
from wengert.tensor.arithmetic import (
    div as divide,
)
from wengert.tensor.arithmetic import (
    div as true_divide,
)
from wengert.tensor.arithmetic import (
    eq as eq,
)
from wengert.tensor.arithmetic import (
    exp as exp,
)
from wengert.tensor.arithmetic import (
    floor_divide as floor_divide,
)
from wengert.tensor.arithmetic import (
    ge as ge,
)
from wengert.tensor.arithmetic import (
    gt as gt,
)
from wengert.tensor.arithmetic import (
    invert as bitwise_not,
)
from wengert.tensor.arithmetic import (
    isfinite as isfinite,
)
from wengert.tensor.arithmetic import (
    isnan as isnan,
)
from wengert.tensor.arithmetic import (
    le as le,
)
from wengert.tensor.arithmetic import (
    log as log,
)
from wengert.tensor.arithmetic import (
    lt as lt,
)
from wengert.tensor.arithmetic import (
    maximum as maximum,
)
from wengert.tensor.arithmetic import (
    minimum as minimum,
)
from wengert.tensor.arithmetic import (
    mul as mul,
)
from wengert.tensor.arithmetic import (
    mul as multiply,
)
from wengert.tensor.arithmetic import (
    ne as ne,
)
from wengert.tensor.arithmetic import (
    neg as neg,
)
from wengert.tensor.arithmetic import (
    neg as negative,
)
from wengert.tensor.arithmetic import (
    pow as pow,
)
from wengert.tensor.arithmetic import (
    reciprocal as reciprocal,
)
from wengert.tensor.arithmetic import (
    relu as relu,
)
from wengert.tensor.arithmetic import (
    remainder as remainder,
)
from wengert.tensor.arithmetic import (
    rsub as rsub,
)
from wengert.tensor.arithmetic import (
    sigmoid as sigmoid,
)
from wengert.tensor.arithmetic import (
    sign as sign,
)
from wengert.tensor.arithmetic import (
    sin as sin,
)
from wengert.tensor.arithmetic import (
    sqrt as sqrt,
)
from wengert.tensor.arithmetic import (
    sub as sub,
)
from wengert.tensor.arithmetic import (
    sub as subtract,
)
from wengert.tensor.arithmetic import (
    tanh as tanh,
)
from wengert.tensor.arithmetic import (
    where as where,
)
from wengert.tensor.contraction import (
    bmm as bmm,
)
from wengert.tensor.contraction import (
    dot as dot,
)
from wengert.tensor.contraction import (
    matmul as matmul,
)
from wengert.tensor.contraction import (
    mm as mm,
)
from wengert.tensor.contraction import (
    mv as mv,
)
from wengert.tensor.creation import (
    arange as arange,
)
from wengert.tensor.creation import (
    as_tensor as as_tensor,
)
from wengert.tensor.creation import (
    empty as empty,
)
from wengert.tensor.creation import (
    empty_like as empty_like,
)
from wengert.tensor.creation import (
    eye as eye,
)
from wengert.tensor.creation import (
    from_numpy as from_numpy,
)
from wengert.tensor.creation import (
    full as full,
)
from wengert.tensor.creation import (
    full_like as full_like,
)
from wengert.tensor.creation import (
    linspace as linspace,
)
from wengert.tensor.creation import (
    ones as ones,
)
from wengert.tensor.creation import (
    ones_like as ones_like,
)
from wengert.tensor.creation import (
    tensor as tensor,
)
from wengert.tensor.creation import (
    zeros as zeros,
)
from wengert.tensor.creation import (
    zeros_like as zeros_like,
)
from wengert.tensor.device import device as device
from wengert.tensor.display import set_printoptions as set_printoptions
from wengert.tensor.indexing import (
    gather as gather,
)
from wengert.tensor.indexing import (
    index_select as index_select,
)
from wengert.tensor.indexing import (
    scatter_add as scatter_add,
)
from wengert.tensor.joining import cat as cat
from wengert.tensor.joining import stack as stack
from wengert.tensor.reductions import (
    all as all,
)
from wengert.tensor.reductions import (
    amax as amax,
)
from wengert.tensor.reductions import (
    amin as amin,
)
from wengert.tensor.reductions import (
    any as any,
)
from wengert.tensor.reductions import (
    argmax as argmax,
)
from wengert.tensor.reductions import (
    argmin as argmin,
)
from wengert.tensor.reductions import (
    equal as equal,
)
from wengert.tensor.reductions import (
    log_softmax as log_softmax,
)
from wengert.tensor.reductions import (
    logsumexp as logsumexp,
)
from wengert.tensor.reductions import (
    max as max,
)
from wengert.tensor.reductions import (
    mean as mean,
)
from wengert.tensor.reductions import (
    min as min,
)
from wengert.tensor.reductions import (
    numel as numel,
)
from wengert.tensor.reductions import (
    prod as prod,
)
from wengert.tensor.reductions import (
    softmax as softmax,
)
from wengert.tensor.reductions import (
    sum as sum,
)
from wengert.tensor.tensor import Tensor as Tensor
from wengert.tensor.views import (
    broadcast_to as broadcast_to,
)
from wengert.tensor.views import (
    chunk as chunk,
)
from wengert.tensor.views import (
    flatten as flatten,
)
from wengert.tensor.views import (
    permute as permute,
)
from wengert.tensor.views import (
    reshape as reshape,
)
from wengert.tensor.views import (
    split as split,
)
from wengert.tensor.views import (
    squeeze as squeeze,
)
from wengert.tensor.views import (
    t as t,
)
from wengert.tensor.views import (
    transpose as transpose,
)
from wengert.tensor.views import (
    unbind as unbind,
)
from wengert.tensor.views import (
    unsqueeze as unsqueeze,
)

long, int, short, half, float, double = int64, int32, int16, float16, float32, float64
strided = "torch.strided"
__version__ = "0.1.0"


def is_tensor(obj: object) -> _builtins.bool:
    """Say whether an object is a tensor."""
    return isinstance(obj, Tensor)


__getattr__ = _refuser(__name__, "torch")


def __dir__() -> list[str]:
    hidden = {"annotations", "as_torch", "cli", "core", "errors", "rules", "tape"}
    return sorted(name for name in globals() if name not in hidden)
