from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from tests.support.command_line import CommandLine, make_row, write_csv
from tests.support.consortium import ISSUER, SAFETY_STAFF
from zhenglian.demo.source import EXAMPLE, read_source

TODAY = date(2026, 11, 22)
BAD = Path(__file__).parents[3] / "examples" / "bad"


def test_file_says_who_issues_what(tmp_path: Path) -> None:
    rows = [
        make_row(1, 有效期止="2026-11-21"),
        make_row(2),
        make_row(3, 有效期起="2026-11-23"),
        make_row(4, 有效期止="2026-11-22"),
        make_row(5),
    ]
    source = read_source(write_csv(tmp_path / "own.csv", rows), TODAY)
    assert (source.rows, source.issuer, source.certificate_type) == (5, ISSUER, SAFETY_STAFF)
    assert [str(each) for each in source.chosen] == [rows[1]["证照标识"], rows[3]["证照标识"]]


def test_committed_example_can_be_played() -> None:
    assert read_source(EXAMPLE, TODAY).rows == 2_000


def test_file_without_two_valid_certificates_is_refused(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "own.csv", [make_row(1), make_row(2, 有效期止="2025-01-04")])
    with pytest.raises(LedgerError, match="needs 2 certificates that are valid on 2026-11-22") as e:
        read_source(file, TODAY)
    assert e.value.code == "none_in_validity"


def test_wrong_row_is_told_with_line_and_column_before_anything_is_made(tmp_path: Path) -> None:
    rows = [make_row(1), make_row(2), make_row(3, 性别="M"), make_row(4, 姓名="")]
    file, work = write_csv(tmp_path / "own.csv", rows), tmp_path / "demo"
    nobody = CommandLine(tmp_path / "no-home")
    result = nobody.run("demo", "--input", file, "--work", work, code=1)
    assert "line 4, column 性别: Should be one of: 男、女 (and 1 more)" in result.stderr
    assert [line.split()[:2] for line in result.stdout.splitlines()[2:]] == [
        ["4", "性别"],
        ["5", "姓名"],
    ]
    error = nobody.json("demo", "--input", file, "--work", work, code=1)["error"]
    assert (error["code"], error["field"]) == ("rows_refused", "input")
    assert not work.exists()


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.glob("*.csv")))
def test_no_bad_example_is_played(name: str) -> None:
    with pytest.raises(LedgerError, match=r"cannot be issued, and nothing was played; line \d+"):
        read_source(BAD / name, TODAY)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"no file .*nowhere\.csv"):
        read_source(tmp_path / "nowhere.csv", TODAY)
