from __future__ import annotations

import pytest

from tests.support.command_line import Issued, make_id


def test_certificate_is_shown_with_titles_status_and_place(issued_once: Issued) -> None:
    shown = issued_once.chongqing.json("show", issued_once.identifiers[2])
    assert (shown["status"], shown["position"]) == ("valid", 2)
    assert shown["valid_until_unix"] is None
    titles = {field["title"]: field["value"] for field in shown["fields"]}
    assert titles["姓名"] == "王小明"
    told = issued_once.chongqing.run(
        "show", f" {issued_once.identifiers[2]} ", "--lang", "zh"
    ).stdout
    for text in ("状态        有效", "有效期      2024-01-05 – 长期", "姓名 (holder_name)"):
        assert text in told


@pytest.mark.parametrize(
    ("identifier", "code"),
    [
        (make_id(99), "certificate_unknown"),
        (make_id(1)[:-1] + "#", "malformed_input"),
        ("abc", "malformed_input"),
    ],
)
def test_identifier_nobody_issued_is_refused(
    issued_once: Issued, identifier: str, code: str
) -> None:
    assert issued_once.chongqing.json("show", identifier, code=1)["error"]["code"] == code


def test_wrong_check_character_tells_the_right_one(issued_once: Issued) -> None:
    wrong = make_id(1)[:-1] + ("0" if make_id(1)[-1] != "0" else "1")
    error = issued_once.chongqing.json("show", wrong, code=1)["error"]
    assert error["code"] == "wrong_check_character"
    assert f"expected check character {make_id(1)[-1]}" in error["message"]
