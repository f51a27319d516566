"""PyTorch's ``torch.utils.benchmark``: timing statements, and tables of the times."""

from wengert.errors import only_imported as _only_imported
from wengert.errors import refuser
from wengert.utils.benchmark.compare import *
from wengert.utils.benchmark.measurement import *
from wengert.utils.benchmark.timer import *

_only_imported(__name__, "compare", "measurement")
__getattr__ = refuser(__name__, "torch.utils.benchmark")
