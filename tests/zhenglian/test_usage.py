from __future__ import annotations

import json

import pytest
import typer.main

from tests.support.command_line import CommandLine
from zhenglian.app import build_app


@pytest.fixture
def nobody() -> CommandLine:
    return CommandLine(home=None)  # type: ignore[arg-type]  # no home


@pytest.mark.parametrize(
    ("arguments", "field", "said"),
    [
        (("show",), "identifier", "Missing argument 'IDENTIFIER'"),
        (("verify", "file", "--nosuch"), None, "No such option: --nosuch"),
        (("nosuch",), None, "No such command 'nosuch'"),
        ((), None, "No such option: --json"),
        (("log",), None, "No such option: --json"),
        (("log", "proof", "x"), "index", "Invalid value for 'INDEX'"),
        (("audit",), None, "give an IDENTIFIER, a FILE, a CASE, or --since"),
        (("revoke", "x", "--reason", "07", "--legal-basis", "x"), None, "--json asks nobody"),
        (("show", "x", "--lang", "fr"), "lang", "Invalid value for '--lang'"),
    ],
)
def test_wrong_use_is_one_document_with_json(
    nobody: CommandLine, arguments: tuple[str, ...], field: str | None, said: str
) -> None:
    result = nobody.run(*arguments, "--json", code=2)
    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["field"]) == ("wrong_use", field)
    assert said in error["message"]
    assert result.stderr == ""


def test_wrong_use_without_json_tells_how_to_get_help(nobody: CommandLine) -> None:
    told = nobody.run("show", code=2).stderr
    assert "show -h' for help." in told
    assert "Missing argument 'IDENTIFIER'" in told


def test_help_and_results_end_as_without_json(nobody: CommandLine) -> None:
    assert "Example:" in nobody.run("show", "--json", "--help").stdout
    assert "zhenglian" in nobody.json("version")


def test_group_can_be_called_from_a_program() -> None:
    with pytest.raises(SystemExit) as caught:
        typer.main.get_command(build_app()).main(["show", "--json"], prog_name="zhenglian")
    assert caught.value.code == 2
