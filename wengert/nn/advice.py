"""What to do about memory that a module or function wrote to in place, and that the tape had saved; see `advise`."""

from typing import Final

INPLACE: Final = "`{name}` wrote into its input because of inplace=True. Use inplace=False, or give it a `clone()`."
MAX_NORM: Final = (
    "`{name}` shortened rows of its weight in place because of max_norm. Look them up before the weight is used "
    "elsewhere, or use a `clone()` of it there."
)
FILLED: Final = (
    "`{name}` filled it anew. Initialise before the forward, or compute the forward again after it."
)
LOADED: Final = (
    "`load_state_dict` of {name} wrote into it. Load before the forward, or after every `backward()` that needs what "
    "was there."
)
