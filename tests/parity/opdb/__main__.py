"""The command line: `python -m tests.parity.opdb NAME [--all]`, or `--summary`."""

from __future__ import annotations

import argparse
import os
import sys

from tests.parity.opdb.listing import CHECKS, Entry, read


def main(arguments: list[str]) -> int:
    """Show how operators stand; return 1 if one fails in a way that the list does not know."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity.opdb", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="`max` or `max.binary`")
    parser.add_argument("--summary", action="store_true", help="a table of all operators")
    parser.add_argument("--all", action="store_true", help="every sample and reference input")
    parser.add_argument("--check", choices=CHECKS, action="append", help="only this check")
    parser.add_argument(
        "--strict", action="store_true", help="show what the list knows to differ as failures"
    )
    given = parser.parse_args(arguments)
    if given.all:
        os.environ["WENGERT_OPDB_ALL"] = "1"
    if not given.names and not given.summary:
        parser.error("name an operator, or ask for --summary")
    checks = tuple(given.check or CHECKS)
    entries = read()
    from tests.parity.opdb import report

    chosen = list(entries.values())
    if given.names:
        chosen = [entry for name in given.names for entry in _chosen(name, entries, parser)]
    if given.summary:
        return report.summary(chosen, checks, not given.strict)
    return report.details(chosen, checks, not given.strict)


def _chosen(name: str, entries: dict[str, Entry], parser: argparse.ArgumentParser) -> list[Entry]:
    """Return the entries that a name stands for; an unlisted operator counts as one without lines."""
    from tests.parity.opdb.samples import database

    found = [op.full_name for op in database().values() if name in (op.full_name, op.name)]
    if not found:
        near = [full for full in database() if name in full]
        parser.error(f"PyTorch's database has no {name}; near it: {', '.join(near) or 'nothing'}")
    return [entries.get(full, Entry(full)) for full in dict.fromkeys(found)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
