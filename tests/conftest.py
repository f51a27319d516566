"""What every test leaves behind as it found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wengert.tensor import asking


@pytest.fixture(autouse=True)
def _nothing_asks() -> Iterator[None]:
    """Functions ask their arguments only in the test that defines a subclass of `Tensor`."""
    yield
    asking.end()
