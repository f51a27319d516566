"""Which samples a run draws: the environment's word, or the date's.

The seed rotates with the date, so that over time CI sees samples that one run leaves out.
`WENGERT_OPDB_SEED` repeats a run, `WENGERT_OPDB_ALL=1` takes every sample and the reference inputs.
"""

from __future__ import annotations

import datetime
import os

os.environ.setdefault("WENGERT_OPDB_SEED", datetime.datetime.now(datetime.UTC).strftime("%Y%m%d"))


def seed() -> int:
    """Return the run's seed, which processes that this one starts share."""
    return int(os.environ["WENGERT_OPDB_SEED"])


def all_wanted() -> bool:
    """Say whether the run takes every sample."""
    return os.environ.get("WENGERT_OPDB_ALL") == "1"
