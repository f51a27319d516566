"""PyTorch's ``torch.utils.data``: sets of samples, orders to visit them in, and loaders that make batches."""

from wengert.errors import refuser
from wengert.utils.data.collate import default_collate as default_collate
from wengert.utils.data.collate import default_convert as default_convert
from wengert.utils.data.dataloader import DataLoader as DataLoader
from wengert.utils.data.dataset import *
from wengert.utils.data.distributed import DistributedSampler as DistributedSampler
from wengert.utils.data.sampler import *
from wengert.utils.data.worker import get_worker_info as get_worker_info

__getattr__ = refuser(__name__, "torch.utils.data")
