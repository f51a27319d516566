"""PyTorch's ``torch.nn.parallel`` on one device: modules that would spread their batches run where they are."""

from wengert.errors import refuser
from wengert.nn.parallel.data_parallel import DataParallel as DataParallel
from wengert.nn.parallel.distributed import DistributedDataParallel as DistributedDataParallel

__getattr__ = refuser(__name__, "torch.nn.parallel")
