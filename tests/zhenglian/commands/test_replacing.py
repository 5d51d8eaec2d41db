from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuance.outcome import Citation
from ledger.errors import ConflictError
from ledger.identifiers import CertificateId
from tests.support.command_line import Issued, make_id, make_row, write_csv
from tests.support.consortium import ISSUER, SAFETY_STAFF

WHY = ("--reason", "04", "--legal-basis", "变更企业名称")
SUCCESSOR = make_id(1, "002")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "new.csv", [make_row(1, 证照标识=SUCCESSOR, 企业名称="新企业")])


def test_successor_cites_the_old_certificate_which_is_superseded(
    issued: Issued, file: Path
) -> None:
    clerk, old = issued.chongqing, issued.identifiers[0]
    done = clerk.json("replace", old, file, *WHY, "--yes")
    assert done["issuance"]["issued"] == 1
    assert done["change"]["certificates"] == 1
    assert clerk.json("show", old)["status"] == "superseded"
    shown = clerk.json("show", SUCCESSOR)
    assert (shown["status"], shown["related_certificate_id"]) == ("valid", old)


def test_dry_run_issues_nothing_and_changes_nothing(issued: Issued, file: Path) -> None:
    clerk, old = issued.chongqing, issued.identifiers[0]
    plan = clerk.json("replace", old, file, *WHY, "--dry-run")
    assert (plan["successor"], plan["is_issued"], plan["is_superseded"]) == (
        SUCCESSOR,
        False,
        False,
    )
    assert (
        "Dry run: nothing was changed" in clerk.run("replace", old, file, *WHY, "--dry-run").stdout
    )
    clerk.run("show", SUCCESSOR, code=1)
    assert clerk.json("show", old)["status"] == "valid"


def test_replacement_interrupted_in_between_does_what_is_left(issued: Issued, file: Path) -> None:
    clerk, old = issued.chongqing, issued.identifiers[0]
    with issued.consortium.open() as workspace:  # what the first half of the command does
        citation = Citation(CertificateId.parse(old), expected=CertificateId.parse(SUCCESSOR))
        workspace.vault.successions.choose(old, SUCCESSOR)
        issue_file(workspace, file, ISSUER, SAFETY_STAFF, citation=citation)
    assert clerk.json("show", SUCCESSOR)["status"] == "valid"
    assert clerk.json("show", old)["status"] == "valid"
    done = clerk.json("replace", old, file, *WHY, "--yes")
    assert (done["plan"]["is_issued"], done["issuance"]["already_issued"]) == (True, 1)
    assert clerk.json("show", old)["status"] == "superseded"


def test_replacing_again_changes_nothing(issued: Issued, file: Path) -> None:
    clerk, old = issued.chongqing, issued.identifiers[0]
    clerk.run("replace", old, file, *WHY, "--yes")
    size = clerk.json("log", "root")["size"]
    assert "All had been done before" in clerk.run("replace", old, file, *WHY, "--yes").stdout
    assert clerk.json("log", "root")["size"] == size


def test_superseded_certificate_has_no_second_successor(
    issued: Issued, file: Path, tmp_path: Path
) -> None:
    clerk, old = issued.chongqing, issued.identifiers[0]
    clerk.run("replace", old, file, *WHY, "--yes")
    third = make_id(1, "003")
    other = write_csv(tmp_path / "other.csv", [make_row(1, 证照标识=third)])
    error = clerk.json("replace", old, other, *WHY, "--yes", code=1)["error"]
    assert error["code"] == "status_not_allowed"
    clerk.run("show", third, code=1)


def test_row_errors_are_told_as_those_of_an_issuance(issued_once: Issued, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "new.csv", [make_row(1, 证照标识=SUCCESSOR, 性别="M")])
    old = issued_once.identifiers[0]
    result = issued_once.chongqing.run("replace", old, file, *WHY, "--yes", code=1)
    assert "Should be one of: 男、女" in result.stdout
    assert (tmp_path / "new.csv.errors.csv").exists()
    plan = issued_once.chongqing.json("replace", old, file, *WHY, "--yes", code=1)
    assert [error["code"] for error in plan["errors"]] == ["not_allowed_value"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([make_row(1, 证照标识=SUCCESSOR), make_row(2)], "replacement_rows"),
        ([make_row(1)], "successor_is_replaced"),
    ],
)
def test_file_with_more_than_the_new_certificate_is_refused(
    issued_once: Issued, tmp_path: Path, rows: list[dict[str, str]], code: str
) -> None:
    file = write_csv(tmp_path / "new.csv", rows)
    old = issued_once.identifiers[0]
    error = issued_once.chongqing.json("replace", old, file, *WHY, "--yes", code=1)["error"]
    assert error["code"] == code


def interrupt_replacement(issued: Issued, file: Path, successor: str) -> None:
    """The successor is issued, and the process ends."""
    old = issued.identifiers[0]
    with issued.consortium.open() as workspace:
        citation = Citation(CertificateId.parse(old), expected=CertificateId.parse(successor))
        workspace.vault.successions.choose(old, successor)
        issue_file(workspace, file, ISSUER, SAFETY_STAFF, citation=citation)


def test_interrupted_replacement_is_finished_before_another_begins(
    issued: Issued, file: Path, tmp_path: Path
) -> None:
    clerk, old, third = issued.chongqing, issued.identifiers[0], make_id(1, "003")
    interrupt_replacement(issued, file, SUCCESSOR)
    other = write_csv(tmp_path / "other.csv", [make_row(1, 证照标识=third)])
    error = clerk.json("replace", old, other, *WHY, "--yes", code=1)["error"]
    assert error["code"] == "replacement_unfinished"
    assert SUCCESSOR in error["message"]
    clerk.run("show", third, code=1)
    clerk.run("replace", old, file, *WHY, "--yes")
    assert clerk.json("show", old)["status"] == "superseded"


def test_revoked_successor_makes_room_for_another(
    issued: Issued, file: Path, tmp_path: Path
) -> None:
    clerk, old, third = issued.chongqing, issued.identifiers[0], make_id(1, "003")
    interrupt_replacement(issued, file, SUCCESSOR)
    clerk.run("revoke", SUCCESSOR, "--reason", "07", "--legal-basis", "签发有误", "--yes")
    other = write_csv(tmp_path / "other.csv", [make_row(1, 证照标识=third)])
    clerk.run("replace", old, other, *WHY, "--yes")
    assert clerk.json("show", third)["related_certificate_id"] == old


def test_row_that_is_not_the_successor_is_not_issued_in_its_place(
    issued: Issued, tmp_path: Path
) -> None:
    old, third = issued.identifiers[0], make_id(1, "003")
    rows = [make_row(1, 证照标识=SUCCESSOR, 企业名称="新企业"), make_row(1, 证照标识=third)]
    two = write_csv(tmp_path / "two.csv", rows)
    citation = Citation(CertificateId.parse(old), expected=CertificateId.parse(SUCCESSOR))
    with (
        issued.consortium.open() as workspace,
        pytest.raises(ConflictError, match=third) as refusal,
    ):
        issue_file(workspace, two, ISSUER, SAFETY_STAFF, citation=citation)
    assert refusal.value.code == "not_the_successor"
    for successor in (SUCCESSOR, third):
        issued.chongqing.run("show", successor, code=1)
