"""What the architecture tests read: the text of the package, never the running package."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """One module of the package: its dotted name, its file below the root and its parsed text."""

    name: str
    file: str
    tree: ast.Module


def parsed(file: Path) -> Source:
    """Read one file of the package."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = file.read_text(encoding="utf-8")
    return Source(name, str(file.relative_to(ROOT)), ast.parse(text, filename=str(file)))


@pytest.fixture(scope="session")
def package() -> list[Source]:
    """Every module of the package."""
    sources = [parsed(file) for file in sorted((ROOT / "wengert").rglob("*.py"))]
    assert len(sources) > 20, "the package was not found"
    return sources
