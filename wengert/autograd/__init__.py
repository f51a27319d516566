"""PyTorch's ``torch.autograd``: gradients on request, custom Functions, grad modes, hooks on saved tensors, checks."""

from wengert.autograd import forward_ad as forward_ad
from wengert.autograd import function as function
from wengert.autograd import functional as functional
from wengert.autograd import graph as graph
from wengert.autograd import profiler as profiler
from wengert.autograd import profiler_util as profiler_util
from wengert.autograd import variable as variable
from wengert.autograd.anomaly import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from wengert.autograd.backward import backward, grad
from wengert.autograd.function import Function
from wengert.autograd.gradcheck import gradcheck, gradgradcheck
from wengert.autograd.variable import Variable
from wengert.errors import refuser
from wengert.tape.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]

__getattr__ = refuser(__name__, "torch.autograd")
