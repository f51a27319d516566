"""The named tuples that functions with several results return. They print as PyTorch's, which has them by these names.

`wengert.return_types` is this module.
"""

from __future__ import annotations

import collections
from typing import Any

__all__ = [
    "aminmax", "cummax", "cummin", "histogram", "kthvalue", "max", "median", "min", "mode", "nanmedian", "sort", "topk",
]  # fmt: skip


def named_result(name: str, *fields: str) -> Any:
    """Make the named tuple that ``torch.return_types`` has as ``name``."""

    def show(self: Any) -> str:
        lines = ",\n".join(f"{f}={v!r}" for f, v in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n{lines})"

    make: Any = collections.namedtuple
    base = make(name, fields)
    body = {"__slots__": (), "__repr__": show, "__module__": __name__}
    return type(
        name, (base,), {**body, "__doc__": f"What ``{name}`` returns: {', '.join(fields)}."}
    )


aminmax = named_result("aminmax", "min", "max")
cummax = named_result("cummax", "values", "indices")
cummin = named_result("cummin", "values", "indices")
histogram = named_result("histogram", "hist", "bin_edges")
kthvalue = named_result("kthvalue", "values", "indices")
max = named_result("max", "values", "indices")
median = named_result("median", "values", "indices")
min = named_result("min", "values", "indices")
mode = named_result("mode", "values", "indices")
nanmedian = named_result("nanmedian", "values", "indices")
sort = named_result("sort", "values", "indices")
topk = named_result("topk", "values", "indices")
