"""`torch.save` and `torch.load`: PyTorch's own files, read and written.

`writing` and `reading` are the two ways; `names` says what PyTorch's names in a file mean, `trust` which others may be
followed, `recognition` what a file is that `torch.save` did not write.
"""

from wengert.errors import refuser
from wengert.serialization.names import StorageType as StorageType
from wengert.serialization.places import default_restore_location as default_restore_location
from wengert.serialization.places import location_tag as location_tag
from wengert.serialization.places import register_package as register_package
from wengert.serialization.preferences import LoadEndianness as LoadEndianness
from wengert.serialization.preferences import (
    get_default_load_endianness as get_default_load_endianness,
)
from wengert.serialization.preferences import get_default_mmap_options as get_default_mmap_options
from wengert.serialization.preferences import (
    set_default_load_endianness as set_default_load_endianness,
)
from wengert.serialization.preferences import set_default_mmap_options as set_default_mmap_options
from wengert.serialization.reading import (
    get_unsafe_globals_in_checkpoint as get_unsafe_globals_in_checkpoint,
)
from wengert.serialization.reading import load as load
from wengert.serialization.trust import add_safe_globals as add_safe_globals
from wengert.serialization.trust import clear_safe_globals as clear_safe_globals
from wengert.serialization.trust import get_safe_globals as get_safe_globals
from wengert.serialization.trust import safe_globals as safe_globals
from wengert.serialization.writing import save as save

__all__ = [
    "LoadEndianness",
    "StorageType",
    "add_safe_globals",
    "clear_safe_globals",
    "default_restore_location",
    "get_default_load_endianness",
    "get_default_mmap_options",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "location_tag",
    "register_package",
    "safe_globals",
    "save",
    "set_default_load_endianness",
    "set_default_mmap_options",
]

__getattr__ = refuser(__name__, "torch.serialization")
