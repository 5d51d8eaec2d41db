"""What the pages refer to exists: files, headings and tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, fragment = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), target
        if fragment:
            assert fragment in find_anchors(file.read_text("utf-8")), target


def test_every_test_that_an_invariant_names_exists() -> None:
    text = (ROOT / "docs/spec/invariants.md").read_text("utf-8")
    named = set(re.findall(r"`((?:test|invariant)\w+)`", text))
    sources = [*ROOT.glob("contracts/test/*.sol"), *ROOT.glob("tests/**/test_*.py")]
    written = set()
    for source in sources:
        written |= set(re.findall(r"(?:function|def) (\w+)\(", source.read_text("utf-8")))
    assert len(named) > 80
    assert named <= written, named - written


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs/adr/README.md").read_text("utf-8")
    pages = sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
    assert re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", listed) == pages


def find_anchors(text: str) -> set[str]:
    """The fragments under which a page's headings are found."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
