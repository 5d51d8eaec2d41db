"""What the pages refer to exists: files, headings and tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ledger.actions.founding import MIN_PASSPHRASE_CHARACTERS
from zhenglian.app import build_app

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


def test_first_own_steps_run_as_they_are_printed(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", read_steps("README.md")],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Everything is as it must be" in done.stdout


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_passphrase_of_the_steps_is_long_enough(page: str) -> None:
    (passphrase,) = re.findall(r"ZHENGLIAN_PASSPHRASE='([^']*)'", read_steps(page))
    assert len(passphrase) >= MIN_PASSPHRASE_CHARACTERS


def test_both_readmes_have_the_same_steps() -> None:
    steps = [
        [line.split("  #")[0] for line in read_steps(page).splitlines()[1:]]
        for page in ("README.md", "README.zh-CN.md")
    ]
    assert steps[0] == steps[1]


def test_every_command_that_is_printed_exists() -> None:
    application = typer.main.get_command(build_app())
    text = "\n".join((ROOT / page).read_text("utf-8") for page in PAGES)
    for words in re.findall(r"(?:^|[`/ ])zhenglian((?: [a-z][a-z-]*)+)", text, re.MULTILINE):
        command = application
        for word in words.split():
            if not isinstance(command, typer.core.TyperGroup):
                break
            assert word in command.commands, f"zhenglian{words}"
            command = command.commands[word]


def test_every_route_that_is_printed_exists() -> None:
    document = json.loads((ROOT / "docs/interfaces/openapi.json").read_bytes())
    served = {
        f"{method.upper()} {re.sub(r'{.*?}', '{}', path)}"
        for path, item in document["paths"].items()
        for method in item
    }
    text = "\n".join((ROOT / page).read_text("utf-8") for page in PAGES)
    printed = re.findall(r"`(GET|POST|HEAD|PATCH|DELETE) (/v1/[^`?\s]+)", text)
    assert len(printed) > 10
    for method, path in printed:
        assert f"{method} {re.sub(r'{.*?}', '{}', path)}" in served, f"{method} {path}"


def read_steps(page: str) -> str:
    """The commands of the block that begins with setting the environment."""
    text = (ROOT / page).read_text("utf-8")
    (steps,) = re.findall(r"^```sh\n(export .*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(steps)


def find_anchors(text: str) -> set[str]:
    """The fragments under which a page's headings are found."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
