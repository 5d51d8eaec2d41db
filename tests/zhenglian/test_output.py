from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from zhenglian.output import Output, clean


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("证照 ✓ ‘a’", "证照 ✓ ‘a’"),
        ("a\x1b]0;title\x07b", "a\ufffd]0;title\ufffdb"),
        ("abc\u202egnp.exe", "abc\ufffdgnp.exe"),
        ("one\r\ntwo\tthree", "one  two three"),
        ("\u200bx\x9b", "\ufffdx\ufffd"),
    ],
)
def test_characters_that_steer_a_terminal_are_not_passed_on(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_markup_in_a_value_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(is_json=False)
    output.line("[red]x[/red] :smile:")
    output.pairs([("[b]name[/b]", "[link=http://x]y[/link]"), ("empty", "")])
    output.table(("a",), [("[bold]b[/bold]",)])
    printed = capsys.readouterr().out
    assert "[red]x[/red] :smile:" in printed
    assert "[b]name[/b]  [link=http://x]y[/link]" in printed
    assert "[bold]b[/bold]" in printed
    assert "empty" not in printed


def test_values_stand_below_each_other_though_names_are_chinese(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output(is_json=False).pairs([("证照", "A"), ("abcdef", "B")])
    assert capsys.readouterr().out == "  证照    A\n  abcdef  B\n"


def test_document_takes_further_members(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    @dataclass(frozen=True)
    class Thing:
        key: bytes

    Output(is_json=True).document(Thing(b"\x01"), more="证")
    assert json.loads(capfdbinary.readouterr().out) == {"key": "01", "more": "证"}


def test_notes_go_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    Output(is_json=False).note("look")
    assert capsys.readouterr() == ("", "look\n")
