from __future__ import annotations

import doctest
import importlib
import pkgutil
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import pytest
import typer.main

import zhenglian
from tests.support.command_line import CommandLine
from zhenglian.app import build_app

EXIT_WRONG_USE = 2
HEAVY = ("web3", "eth", "eth_account", "sqlalchemy", "rich", "jsonschema", "ledger.identifiers")


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, below in command.commands.items():
        yield from walk(below, (*path, name))


def find_examples(command: Any) -> list[str]:
    """The lines below "Example:"."""
    _, _, below = (command.help or "").partition("Example:\n")
    return [line.strip() for line in below.splitlines() if line.strip()]


COMMANDS = list(walk(typer.main.get_command(build_app())))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(p) for p, _ in COMMANDS])
def test_command_has_json_and_a_help_with_an_example(path: tuple[str, ...], command: Any) -> None:
    options = {name for parameter in command.params for name in parameter.opts}
    assert {"--json", "--lang"} <= options
    told = CommandLine(home=None).run(*path, "--help").stdout  # type: ignore[arg-type]  # no home
    assert "Example:\n" in told
    assert f"zhenglian {' '.join(path)}" in told


EXAMPLES = [
    (" ".join(path), line, lines)
    for path, command in COMMANDS
    for lines in [find_examples(command)]
    for line in lines
    if line.startswith("zhenglian ") and path != ("demo",)  # which would be played
]


@pytest.mark.parametrize(
    ("path", "line", "lines"),
    EXAMPLES,
    ids=[f"{path}-{i}" for i, (path, *_) in enumerate(EXAMPLES)],
)
def test_example_is_a_right_use_of_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, line: str, lines: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    variables = dict(each.split("=", 1) for each in lines if not each.startswith("zhenglian "))
    words = [Template(word).substitute(variables) for word in shlex.split(line)[1:]]
    assert line.startswith(f"zhenglian {path}")
    result = CommandLine(tmp_path / "no-home").run(*words, code=None)
    assert result.exit_code != EXIT_WRONG_USE, result.stderr
    assert "certificate_id" not in result.stderr, result.stderr  # identifiers are whole and right


def test_commands_that_were_promised_are_there() -> None:
    paths = {" ".join(path) for path, _ in COMMANDS}
    assert paths >= {
        "init",
        "govern propose admit",
        "govern propose remove",
        "govern propose freeze",
        "govern propose unfreeze",
        "govern propose install",
        "govern vote",
        "govern execute",
        "govern list",
        "govern members",
        "issuer register",
        "issuer mandate",
        "issuer rotate",
        "issuer compromise",
        "issuer list",
        "issue",
        "list",
        "show",
        "present",
        "holder-key new",
        "verify",
        "recognise policy",
        "recognise end",
        "recognise group",
        "recognise leave",
        "recognise pact draft",
        "recognise pact sign",
        "recognise pact show",
        "recognise list",
        "recognise explain",
        "suspend",
        "restore",
        "revoke",
        "replace",
        "audit",
        "log root",
        "log proof",
        "log consistency",
        "index rebuild",
        "index sync",
        "fsck",
        "version",
        "demo",
    }


def test_passphrase_is_never_an_argument() -> None:
    options = {name for _, each in COMMANDS for one in each.params for name in one.opts}
    about = {name for name in options if "pass" in name or "secret" in name}
    assert "--passphrase-file" in about
    assert all(name.endswith("-file") for name in about)


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from zhenglian.app import build_app\n"
        "try: build_app()(['--help'])\n"
        "except SystemExit: pass\n"
        f"sys.stderr.write(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "verify" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "name",
    [
        each.name
        for each in pkgutil.walk_packages(zhenglian.__path__, "zhenglian.")
        if not each.ispkg
    ],
)
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
