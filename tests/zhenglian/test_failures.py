from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer

from ledger.errors import ChainUnavailableError, MalformedInputError
from zhenglian.failures import DEBUG_VARIABLE, run_guarded
from zhenglian.output import Output


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def fail(error: BaseException, *, is_json: bool = False) -> int:
    return run_guarded(Output(is_json=is_json), raising(error), "Interrupted; run it again.")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            MalformedInputError("expected 6 digits, got 5", field="region"),
            "Error: region: expected 6 digits, got 5 [malformed_input]",
        ),
        (
            MalformedInputError("legal-basis: expected text", field="legal_basis"),
            "Error: legal-basis: expected text [malformed_input]",
        ),
        (
            ChainUnavailableError("no answer\nfor\x1b[2J 30 s", code="outcome_unknown"),
            "Error: no answer for\ufffd[2J 30 s [outcome_unknown]",
        ),
        (FileNotFoundError(2, "No such file", "a.csv"), "Error: a.csv: No such file [os_error]"),
        (OSError("the disk is gone"), "Error: the disk is gone [os_error]"),
    ],
)
def test_error_is_one_line_on_standard_error(
    capsys: pytest.CaptureFixture[str], error: Exception, line: str
) -> None:
    assert fail(error) == 1
    assert capsys.readouterr() == ("", line + "\n")


def test_error_is_one_document_on_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fail(MalformedInputError("expected a number", field="size"), is_json=True) == 1
    printed, noted = capsys.readouterr()
    assert noted == ""
    assert json.loads(printed) == {
        "error": {"code": "malformed_input", "field": "size", "message": "expected a number"}
    }


def test_unexpected_error_tells_how_to_see_where(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DEBUG_VARIABLE, raising=False)
    assert fail(ZeroDivisionError("by zero")) == 1
    noted = capsys.readouterr().err
    assert "unexpected ZeroDivisionError: by zero" in noted
    assert DEBUG_VARIABLE in noted
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    with pytest.raises(ZeroDivisionError):
        fail(ZeroDivisionError())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_interruption_tells_how_to_go_on(
    capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    assert fail(error) == 130
    assert capsys.readouterr().err == "Interrupted; run it again.\n"


def test_wrong_use_is_left_to_the_parser() -> None:
    with pytest.raises(typer.BadParameter):
        fail(typer.BadParameter("give a file"))


def test_code_of_a_command_is_passed_on() -> None:
    output = Output(is_json=False)
    assert run_guarded(output, lambda: 11, "") == 11
    assert run_guarded(output, lambda: None, "") == 0
