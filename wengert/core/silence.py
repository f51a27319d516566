"""NumPy's floating-point warnings, kept silent: infinities and NaN are values that tensors show.

NumPy tells of them by what the current context's `numpy.errstate` says, and a user may have asked it for errors. An
`errstate` entered for each operation would cost half as much as the operation; a context that holds one costs 15 ns.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

_context = Context()
_context.run(np.seterr, all="ignore")

silent = _context.copy
"""``silent().run(function, *operands)`` calls a function of arrays, which must not be the user's.

The context is copied because none can be entered twice: by two threads, or by what a garbage collection calls.
"""

F = TypeVar("F", bound=Callable[..., Any])


def silently(function: F) -> F:
    """Let a function of numbers or arrays always be called so."""

    @wraps(function)
    def called(*args: Any, **named: Any) -> Any:
        return silent().run(function, *args, **named)

    return cast(F, called)
