from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import Issued, make_id, make_row, write_csv
from tests.support.consortium import PASSPHRASE

OLD = 7
REASON = "持证人申请"


@pytest.fixture
def erasable(issued: Issued, tmp_path: Path) -> Issued:
    """The six certificates, and one whose retention is over."""
    row = make_row(
        OLD,
        姓名="李四光",
        初次领证日期="2010-01-05",
        发证日期="2012-01-05",
        有效期起="2012-01-05",
        有效期止="2015-01-04",
    )
    issued.chongqing.run("issue", write_csv(tmp_path / "old.csv", [row]))
    return issued


def test_dry_run_shows_what_would_be_erased_and_erases_nothing(erasable: Issued) -> None:
    clerk = erasable.chongqing
    told = clerk.run("erase", make_id(OLD), "--reason", REASON, "--dry-run").stdout
    assert "李*光" in told
    assert "李四光" not in told
    assert "nothing was changed" in told
    plan = clerk.json("erase", make_id(OLD), "--reason", REASON, "--dry-run")
    assert (plan["dry_run"], plan["erasure"], plan["status"]) == (True, None, "valid")
    assert clerk.json("show", make_id(OLD))["is_erased"] is False


def test_erasure_is_confirmed_and_shown_everywhere(erasable: Issued, tmp_path: Path) -> None:
    clerk = erasable.chongqing
    clerk.run("erase", make_id(OLD), "--reason", REASON, code=1, answer="n\n")
    assert clerk.json("show", make_id(OLD))["is_erased"] is False
    told = clerk.run("erase", make_id(OLD), "--reason", REASON, answer="y\n")
    assert "Erased at" in told.stdout
    again = clerk.json("erase", make_id(OLD), "--reason", "other", "--yes")
    assert (again["was_erased"], again["erasure"]["reason"]) == (True, REASON)
    shown = clerk.json("show", make_id(OLD))
    assert (shown["is_erased"], shown["erasure_reason"], shown["status"]) == (True, REASON, "valid")
    assert "内容已删除" in clerk.run("show", make_id(OLD), "--lang", "zh").stdout
    out = tmp_path / "presented.json"
    error = clerk.json("present", make_id(OLD), "--out", out, code=1)["error"]
    assert error["code"] == "content_erased"
    assert clerk.json("audit", make_id(OLD))["steps"][-1]["act"] == "batch_anchored"
    assert clerk.json("fsck")["erased"] == 1


def test_revoking_an_erased_certificate_shows_it_as_erased(erasable: Issued) -> None:
    clerk = erasable.chongqing
    clerk.run("erase", make_id(OLD), "--reason", REASON, "--yes")
    arguments = ("revoke", make_id(OLD), "--reason", "03", "--legal-basis", "《某规定》")
    assert "(erased)" in clerk.run(*arguments, "--dry-run").stdout
    assert "内容已删除" in clerk.run(*arguments, "--dry-run", "--lang", "zh").stdout
    clerk.run(*arguments, "--yes")
    assert clerk.json("show", make_id(OLD))["status"] == "revoked"


def test_certificate_in_force_cannot_be_erased(issued_once: Issued) -> None:
    arguments = ("erase", issued_once.identifiers[0], "--reason", REASON, "--yes")
    error = issued_once.chongqing.json(*arguments, code=1)["error"]
    assert (error["code"], error["field"]) == ("certificate_retained", "identifier")


def test_hold_keeps_a_certificate_until_its_release(erasable: Issued) -> None:
    clerk = erasable.chongqing
    placed = clerk.json("hold", make_id(OLD), "--reason", "诉讼", "--officer", "丁一")
    assert (
        f"number {placed['number']}" in clerk.run("hold", make_id(OLD), "--reason", "诉讼").stdout
    )
    error = clerk.json("erase", make_id(OLD), "--reason", REASON, "--yes", code=1)["error"]
    assert error["code"] == "certificate_held"
    released = clerk.json("release", make_id(OLD), "--reason", "done")
    assert (released["number"], released["still_in_force"]) == (placed["number"], 0)
    error = clerk.json("release", make_id(OLD), "--reason", "done", code=1)["error"]
    assert error["code"] == "hold_missing"
    clerk.run("erase", make_id(OLD), "--reason", REASON, "--yes")


def test_register_of_erasures_is_listed_and_exported(erasable: Issued, tmp_path: Path) -> None:
    clerk, out = erasable.chongqing, tmp_path / "erasures.json"
    clerk.run("erase", make_id(OLD), "--reason", REASON, "--yes")
    told = clerk.run("erasures", "--out", out).stdout
    assert make_id(OLD) in told
    document = json.loads(out.read_bytes())
    assert [entry["identifier"] for entry in document["erasures"]] == [make_id(OLD)]
    assert clerk.json("erasures", "--out", out, code=1)["error"]["code"] == "file_exists"
    assert len(clerk.json("erasures", "--out", out, "--force")["erasures"]) == 1


def test_json_asks_nobody_before_erasing(issued_once: Issued) -> None:
    issued_once.chongqing.run(
        "erase", issued_once.identifiers[0], "--reason", REASON, "--json", code=2
    )


def test_passphrase_is_never_told(erasable: Issued) -> None:
    told = erasable.chongqing.run("erase", make_id(OLD), "--reason", REASON, "--yes")
    assert PASSPHRASE not in told.output
