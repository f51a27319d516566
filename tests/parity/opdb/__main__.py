"""The command line: `python -m tests.parity.opdb NAME`, `--summary` or `--update`."""

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
    parser.add_argument(
        "--update",
        action="store_true",
        help="take what is out of date from ops.txt, add what is new",
    )
    parser.add_argument("--all", action="store_true", help="every sample and reference input")
    parser.add_argument("--check", choices=CHECKS, action="append", help="only this check")
    parser.add_argument(
        "--strict", action="store_true", help="show what the list knows to differ as failures"
    )
    given = parser.parse_args(arguments)
    if given.all:
        os.environ["WENGERT_OPDB_ALL"] = "1"
    if not (given.names or given.summary or given.update):
        parser.error("name an operator, or ask for --summary or --update")
    checks = tuple(given.check or CHECKS)
    entries = read()
    from tests.parity.opdb import report

    if given.update:
        return report.update(checks)
    chosen = list(entries.values())
    if given.names:
        chosen = _chosen(given.names, entries, parser)
    if given.summary:
        return report.summary(chosen, checks, not given.strict)
    return report.details(chosen, checks, not given.strict)


def _chosen(
    names: list[str], entries: dict[str, Entry], parser: argparse.ArgumentParser
) -> list[Entry]:
    """Return the entries that names stand for, with an empty one for an operator off the list."""
    from tests.parity.opdb.samples import database

    found: dict[str, Entry] = {}
    for name in names:
        full_names = [full for full, op in database().items() if name in (full, op.name)]
        if not full_names:
            near = ", ".join(full for full in database() if name in full) or "nothing"
            parser.error(f"PyTorch's database has no {name}; near it: {near}")
        found |= {full: entries.get(full, Entry(full)) for full in full_names}
    return list(found.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
