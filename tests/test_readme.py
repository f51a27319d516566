"""The documents tell the truth: each Python block runs and prints the text block that follows it."""

from __future__ import annotations

import contextlib
import io
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    "README.md", "README.zh-CN.md", "docs/architecture.md", "docs/quick-start.md", "docs/quick-start.zh-CN.md",
    "docs/coming-from-pytorch.md", "docs/coming-from-pytorch.zh-CN.md",
)  # fmt: skip
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str) -> list[tuple[str, str]]:
    """The fenced blocks of a document, each with its language."""
    return FENCE.findall((ROOT / document).read_text(encoding="utf-8"))


def programs() -> list[tuple[str, str, str]]:
    """Each Python block with its document and the text that is said to come out."""
    found = []
    for document in DOCUMENTS:
        fenced = blocks(document)
        for (language, code), (following, text) in zip(
            fenced, [*fenced[1:], ("", "")], strict=True
        ):
            if language == "python":
                assert following == "text", f"{document}: say what this block prints:\n{code}"
                found.append((document, code, text))
    return found


@pytest.mark.parametrize(("document", "code", "text"), programs())
def test_a_block_prints_what_the_document_says(document, code, text, tmp_path):
    program = tmp_path / "tour.py"
    program.write_text(code, encoding="utf-8")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(program), run_name="__main__")
    assert printed.getvalue() == text


@pytest.mark.parametrize("document", ["README", "docs/quick-start", "docs/coming-from-pytorch"])
def test_both_languages_show_the_same_programs(document):
    english, chinese = blocks(f"{document}.md"), blocks(f"{document}.zh-CN.md")
    assert english == chinese
    assert any(language == "python" for language, _ in english)


def test_the_two_commands_are_single_lines():
    commands = [code for language, code in blocks("README.md") if language == "sh"]
    lines = "".join(commands).splitlines()
    for ending in ("-m pytest", "wengert run examples/linear_fit.py"):
        (line,) = [line for line in lines if line.endswith(ending)]
        assert line.startswith("python3 -m venv .venv && .venv/bin/")


@pytest.mark.parametrize("document", [*DOCUMENTS, "CONTRIBUTING.md", "examples/README.md"])
def test_links_lead_somewhere(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in t]
    folder = (ROOT / document).parent
    assert [target for target in targets if not (folder / target).exists()] == []
