"""PyTorch's ``torch.backends``: which libraries compute. Here NumPy and SciPy do, so each of these is not available."""

from wengert.backends import cuda as cuda
from wengert.backends import cudnn as cudnn
from wengert.backends import mkl as mkl
from wengert.backends import mkldnn as mkldnn
from wengert.backends import mps as mps
from wengert.backends import openmp as openmp
from wengert.backends import opt_einsum as opt_einsum
from wengert.errors import refuser

__getattr__ = refuser(__name__, "torch.backends")
