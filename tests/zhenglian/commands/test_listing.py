from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import GOOD_ROW, Issued, at, make_id, make_row, write_csv
from tests.support.consortium import Consortium

ALL = [make_id(number) for number in range(1, 7)]


def listed(told: str) -> list[str]:
    return [line.split()[0] for line in told.splitlines() if line.startswith("1.2.156")]


def test_certificates_are_listed_with_status_and_time(issued_once: Issued) -> None:
    told = issued_once.chongqing.run("list", "--lang", "zh").stdout
    assert listed(told) == ALL
    assert all(line.endswith("+08:00  有效") for line in told.splitlines())


def test_pages_lead_to_each_other_and_end(issued_once: Issued) -> None:
    clerk, seen, after = issued_once.chongqing, [], ()
    while True:
        page = clerk.json("list", "--limit", "4", *after)
        seen += [each["certificate_id"] for each in page["certificates"]]
        if page["next_after"] is None:
            break
        after = ("--after", page["next_after"])
    assert seen == ALL
    told = clerk.run("list", "--limit", "4").stdout
    assert (
        told.splitlines()[-1]
        == f"There are more; with the same filters: zhenglian list --after {ALL[3]}"
    )
    assert "There are more" not in clerk.run("list", "--limit", "6").stdout


def test_nothing_about_a_holder_is_listed(issued_once: Issued) -> None:
    clerk = issued_once.chongqing
    told = clerk.run("list").stdout + clerk.run("list", "--json").stdout
    assert not [value for value in GOOD_ROW.values() if value and value in told]
    assert set(clerk.json("list", "--limit", "1")["certificates"][0]) == {
        "certificate_id",
        "status",
        "is_erased",
        "batch_key",
        "position",
        "anchored_at_unix",
        "log_index",
    }


def test_filters_say_what_is_wanted(issued: Issued) -> None:
    clerk = issued.chongqing
    basis = ("--reason", "02", "--legal-basis", "《某条例》", "--yes")
    clerk.run("suspend", make_id(2), *basis)
    (found,) = clerk.json("list", "--status", "suspended", "--type", "W011")["certificates"]
    assert (found["certificate_id"], found["status"]) == (make_id(2), "suspended")
    assert len(clerk.json("list", "--batch", found["batch_key"][:9])["certificates"]) == 6
    assert len(clerk.json("list", "--since", "2026-01-01", "--limit", "0")["certificates"]) == 6
    assert clerk.json("list", "--until", "2026-01-01") == {"certificates": [], "next_after": None}
    assert "No certificate is like that" in clerk.run("list", "--status", "revoked").stdout


def test_erased_certificate_is_still_listed(consortium: Consortium, tmp_path: Path) -> None:
    clerk = at(consortium)
    ended = make_row(
        1,
        初次领证日期="2010-01-05",
        发证日期="2012-01-05",
        有效期起="2012-01-05",
        有效期止="2015-01-04",
    )
    clerk.run("issue", write_csv(tmp_path / "f.csv", [ended]))
    clerk.run("erase", make_id(1), "--reason", "持证人申请", "--yes")
    assert clerk.json("list")["certificates"][0]["is_erased"] is True
    assert clerk.run("list").stdout.endswith("valid (erased)\n")


def test_home_without_certificates_says_so(issued_once: Issued) -> None:
    assert "No certificate" in issued_once.sichuan.run("list").stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--batch", "zz"), "batch_unknown"),
        (("--after", make_id(99)), "certificate_unknown"),
        (("--after", "x"), "malformed_input"),
        (("--type", "W999"), "type_unknown"),
        (("--since", "yesterday"), "malformed_input"),
    ],
)
def test_what_cannot_be_found_is_one_error(
    issued_once: Issued, arguments: tuple[str, ...], code: str
) -> None:
    assert issued_once.chongqing.json("list", *arguments, code=1)["error"]["code"] == code
