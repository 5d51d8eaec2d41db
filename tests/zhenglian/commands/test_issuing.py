from __future__ import annotations

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.support.command_line import CommandLine, Issued, at, make_id, make_row, write_csv
from tests.support.consortium import ISSUER, SAFETY_STAFF, Consortium
from tests.support.workbooks import make_workbook, save


def test_issuing_again_changes_nothing(issued: Issued, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "again.csv", [make_row(number) for number in range(1, 7)])
    report = issued.chongqing.json("issue", file)
    assert (report["issued"], report["already_issued"], report["batches"]) == (0, 6, [])
    assert "Nothing new" in issued.chongqing.run("issue", file).stdout


def test_report_of_an_issuance_as_json(consortium: Consortium, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "two.csv", [make_row(1), make_row(2)])
    report = at(consortium).json("issue", file, "--issuer", ISSUER, "--type", "W011")
    assert (report["state"], report["rows"], report["issued"]) == ("completed", 2, 2)
    assert report["errors_file"] is None
    (batch,) = report["batches"]
    assert (batch["count"], len(batch["batch_key"]), len(batch["root"])) == (2, 64, 64)


def test_nothing_is_issued_when_one_row_is_wrong(consortium: Consortium, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "f.csv", [make_row(1), make_row(2, 性别="M")])
    result = at(consortium).run("issue", file, code=1)
    assert "Should be one of: 男、女" in result.stdout
    assert "Nothing was issued" in result.stdout
    assert "the other 1 rows with --skip-invalid" in result.stdout
    at(consortium).run("show", make_id(1), code=1)


def test_wrong_row_beside_issued_ones_fails(issued: Issued, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "f.csv", [make_row(1), make_row(7, 性别="M")])
    assert "Nothing was issued" in issued.chongqing.run("issue", file, code=1).stdout
    assert issued.chongqing.json("issue", file, code=1)["state"] == "failed"
    assert issued.chongqing.json("issue", file, "--skip-invalid")["state"] == "completed"


def test_all_problems_are_in_a_file_that_a_spreadsheet_opens(
    consortium: Consortium, tmp_path: Path
) -> None:
    rows = [make_row(number, 姓名="=1+1", 性别="M") for number in range(1, 31)]
    file = write_csv(tmp_path / "f.csv", rows)
    result = at(consortium).run("issue", file, "--lang", "zh", code=1)
    assert "还有 40 条" in result.stdout
    assert "30 行有误，共 60 处" in result.stdout
    content = (tmp_path / "f.csv.errors.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    assert len(lines) == 61
    assert lines[1][2] == "'=1+1"


def test_error_file_has_the_name_that_is_given(consortium: Consortium, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "f.csv", [make_row(1, 性别="M")])
    wrong = tmp_path / "wrong.csv"
    report = at(consortium).json("issue", file, "--errors", wrong, code=1)
    assert report["errors_file"] == str(wrong)
    assert [error["code"] for error in report["errors"]] == ["not_allowed_value"]
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["f.csv", "wrong.csv"]


def test_error_file_may_not_be_the_clerks_own_file(consortium: Consortium, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "f.csv", [make_row(1, 性别="M")])
    before = file.read_bytes()
    at(consortium).run("issue", file, "--errors", file, code=2)
    assert file.read_bytes() == before


def test_errors_of_an_earlier_run_are_removed_once_there_are_none(
    consortium: Consortium, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "f.csv", [make_row(1, 性别="M")])
    at(consortium).run("issue", file, code=1)
    report = tmp_path / "f.csv.errors.csv"
    assert report.exists()
    write_csv(file, [make_row(1)])
    assert f"Removed {report}" in at(consortium).run("issue", file).stdout
    assert not report.exists()


@pytest.mark.parametrize("rows", [[make_row(1)], [make_row(1, 性别="M")]])
def test_file_that_is_no_list_of_errors_is_neither_removed_nor_overwritten(
    consortium: Consortium, tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    file = write_csv(tmp_path / "f.csv", rows)
    notes = tmp_path / "f.csv.errors.csv"
    notes.write_text("my own notes")
    error = at(consortium).json("issue", file, code=1)["error"]
    assert (error["code"], error["field"]) == ("file_exists", "errors")
    assert notes.read_text() == "my own notes"
    at(consortium).run("show", make_id(1), code=1)


def test_errors_are_in_the_order_of_their_lines(issued: Issued, tmp_path: Path) -> None:
    rows = [make_row(1, 姓名="王大明"), make_row(7, 性别="M"), make_row(2, 姓名="王大明")]
    file = write_csv(tmp_path / "f.csv", rows)
    report = issued.chongqing.json("issue", file, code=1)
    assert [(error["line"], error["code"]) for error in report["errors"]] == [
        (2, "conflicting_certificate"),
        (3, "not_allowed_value"),
        (4, "conflicting_certificate"),
    ]


def test_skip_invalid_issues_the_others_and_says_what_it_skipped(
    consortium: Consortium, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "f.csv", [make_row(1), make_row(2, 性别="M"), make_row(3)])
    result = at(consortium).run("issue", file, "--skip-invalid")
    assert "Issued 2 certificates" in result.stdout
    assert "Skipped 1 rows that are wrong, lines 3" in result.stdout


def test_skip_invalid_fails_when_nothing_is_left(consortium: Consortium, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "f.csv", [make_row(1, 性别="M")])
    result = at(consortium).run("issue", file, "--skip-invalid", code=1)
    assert "Nothing was issued" in result.stdout
    assert "--skip-invalid" not in result.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("empty.csv", "The file is empty"),
        ("header-only.csv", "no row below it"),
        ("old-workbook.xls", "save it as .xlsx"),
        ("columns.csv", "did you mean “身份证号”"),
    ],
)
def test_file_that_is_no_clerks_file_is_explained(
    founded_consortium: Consortium, tmp_path: Path, name: str, said: str
) -> None:
    example = Path(__file__).parents[3] / "examples" / "bad" / name
    file = tmp_path / name
    file.write_bytes(example.read_bytes())
    assert said in at(founded_consortium).run("issue", file, code=1).stdout


def test_conflict_with_an_issued_certificate_is_a_row_error(issued: Issued, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "f.csv", [make_row(1, 姓名="王大明")])
    report = issued.chongqing.json("issue", file, code=1)
    assert [error["code"] for error in report["errors"]] == ["conflicting_certificate"]


def test_missing_file_is_one_line(founded_consortium: Consortium) -> None:
    result = at(founded_consortium).run("issue", "nowhere.csv", code=1)
    assert result.stderr == "Error: no file nowhere.csv [not_found]\n"


def test_several_departments_must_be_told_apart(consortium: Consortium, tmp_path: Path) -> None:
    clerk = at(consortium)
    clerk.run("issuer", "register", "11500000000000002K", "--name", "另一部门")
    file = write_csv(tmp_path / "f.csv", [make_row(1)])
    error = clerk.json("issue", file, code=1)["error"]
    assert (error["code"], error["field"]) == ("issuer_ambiguous", "issuer")
    error = clerk.json("issue", file, "--issuer", "11500000000000002K", code=1)["error"]
    assert (error["code"], error["field"]) == ("mandate_missing", "type")
    refused = clerk.json("issue", file, "--issuer", "11500000000000002K", "--type", "W011", code=1)
    assert refused["error"]["code"] == "issuer_not_mandated"


def test_template_has_the_columns_of_the_type(tmp_path: Path) -> None:
    nobody = CommandLine(tmp_path / "no-home", {"ZHENGLIAN_PASSPHRASE": None})
    out = tmp_path / "t.csv"
    told = nobody.json("issue", "--template", "W011", "--out", out)
    header = out.read_text("utf-8-sig").strip().split(",")
    assert header == told["columns"]
    assert header[:3] == ["证照标识", "证书编号", "姓名"]


def test_template_may_be_a_workbook_that_is_filled_in_and_issued(
    consortium: Consortium, tmp_path: Path
) -> None:
    out = tmp_path / "t.xlsx"
    clerk = at(consortium)
    columns = clerk.json("issue", "--template", "W011", "--out", out)["columns"]
    workbook = load_workbook(out)
    for number in range(1, 4):
        workbook.active.append([make_row(number).get(column) for column in columns])
    workbook.save(out)
    report = clerk.json("issue", out)
    assert (report["rows"], report["issued"]) == (3, 3)
    file = write_csv(tmp_path / "same.csv", [make_row(number) for number in range(1, 4)])
    report = clerk.json("issue", file)
    assert (report["issued"], report["already_issued"]) == (0, 3)


def test_wrong_cells_of_a_workbook_are_told_by_column_and_line(
    consortium: Consortium, tmp_path: Path
) -> None:
    file = tmp_path / "f.xlsx"
    rows = [make_row(1), make_row(2, 姓名="=A1", 身份证号=160101199003071232)]
    file.write_bytes(save(make_workbook([list(rows[0]), *(row.values() for row in rows)])))
    report = at(consortium).json("issue", file, code=1)
    assert report["errors_file"] == f"{file}.errors.csv"
    found = [(error["line"], error["column"], error["code"]) for error in report["errors"]]
    assert found == [(3, "姓名", "formula_cell"), (3, "身份证号", "scientific_notation")]


def test_template_never_overwrites_a_file_by_accident(
    founded_consortium: Consortium, tmp_path: Path
) -> None:
    out = tmp_path / "t.csv"
    out.write_text("precious")
    clerk = at(founded_consortium)
    clerk.run("issue", "--template", SAFETY_STAFF, "--out", out, code=1)
    assert out.read_text() == "precious"
    clerk.run("issue", "--template", SAFETY_STAFF, "--out", out, "--force")
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("arguments", [(), ("f.csv", "--template", "W011")])
def test_file_and_template_exclude_each_other(
    founded_consortium: Consortium, arguments: tuple[str, ...]
) -> None:
    at(founded_consortium).run("issue", *arguments, code=2)


@pytest.mark.parametrize("option", ["--related", "--case"])
def test_what_a_certificate_is_to_cite_must_be_right(
    consortium: Consortium, tmp_path: Path, option: str
) -> None:
    file = write_csv(tmp_path / "f.csv", [make_row(1)])
    error = at(consortium).json("issue", file, option, "00000000", code=1)["error"]
    assert error["code"] == ("case_unknown" if option == "--case" else "malformed_input")
    at(consortium).run("show", make_id(1), code=1)


def test_only_one_certificate_cites_another(consortium: Consortium, tmp_path: Path) -> None:
    two = write_csv(tmp_path / "two.csv", [make_row(1), make_row(2)])
    error = at(consortium).json("issue", two, "--related", make_id(9), code=1)["error"]
    assert (error["code"], error["field"]) == ("not_one_row", "file")
    at(consortium).run("show", make_id(1), code=1)
    one = write_csv(tmp_path / "one.csv", [make_row(1)])
    assert at(consortium).json("issue", one, "--related", make_id(9))["issued"] == 1
    shown = at(consortium).json("show", make_id(1))
    assert (shown["related_certificate_id"], shown["case_id"]) == (make_id(9), None)


def test_a_certificate_that_cites_another_is_not_the_same(issued: Issued, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "one.csv", [make_row(1)])
    told = issued.chongqing.json("issue", file, "--related", make_id(9), code=1)
    assert [error["code"] for error in told["errors"]] == ["conflicting_certificate"]
