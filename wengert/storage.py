"""`torch.storage`: the memory of tensors as objects."""

from wengert.tensor.memory import TypedStorage as TypedStorage
from wengert.tensor.memory import UntypedStorage as UntypedStorage
