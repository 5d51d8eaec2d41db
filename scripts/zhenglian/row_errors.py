"""Shows what is wrong with a clerk's file: the first rows on the screen, all of them in a CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import ConflictError
from zhenglian.files import write_whole
from zhenglian.language import Language
from zhenglian.session import Session

if TYPE_CHECKING:
    from ledger.actions.issuance.row_errors import RowError

SHOWN_ERRORS = 20
SHOWN_WARNINGS = 5


def find_report_place(file: Path, wanted: Path | None = None) -> Path:
    """Where to write what is wrong with a file: beside it, or where it is wanted.

    Raises:
        ConflictError: there is something that is no such report.
    """
    report = wanted or file.with_name(f"{file.name}.errors.csv")
    if report.exists() and not _is_report(report):
        raise ConflictError(
            f"{report} would be overwritten by the list of errors, and is none; name another "
            "file with --errors, or move it away",
            code="file_exists",
            field="errors",
        )
    return report


def tell_row_errors(
    session: Session, errors: Sequence[RowError], warnings: Sequence[RowError], report: Path
) -> None:
    """Prints the first errors and warnings, and writes all of them to `report`.

    Without any, the report of an earlier run is removed, for it is no longer true.
    """
    from ledger.actions.issuance.clerk_files import write_error_report

    problems = in_order_of_lines((*errors, *warnings))
    if not problems:
        _remove_old(session, report)
        return
    write_whole(report, lambda path: write_error_report(path, problems))
    if session.output.is_json:
        return
    print_row_errors(session, errors, SHOWN_ERRORS)
    print_row_errors(session, warnings, SHOWN_WARNINGS)
    session.output.line(
        session.language.pick(
            f"全部 {len(problems)} 条见 {report}，可用表格软件打开。",
            f"All of it ({len(problems)}) is in {report}, which a spreadsheet opens.",
        )
    )


def in_order_of_lines(problems: Iterable[RowError]) -> tuple[RowError, ...]:
    """Problems by line; those of one line stay as they are."""
    return tuple(sorted(problems, key=lambda problem: problem.line))


def print_row_errors(session: Session, problems: Sequence[RowError], most: int) -> None:
    """Prints the first problems as a table, in the order of their lines."""
    if not problems:
        return
    language = session.language
    columns = (
        ("行", "列", "填写内容", "问题")
        if language is Language.ZH
        else ("line", "column", "found", "problem")
    )
    session.output.table(
        columns,
        (
            (
                str(each.line),
                each.column,
                each.value,
                language.pick(each.expected_zh, each.expected_en),
            )
            for each in in_order_of_lines(problems)[:most]
        ),
        styles=("bold", "", "yellow" if problems[0].is_warning else "red"),
    )
    if len(problems) > most:
        rest = len(problems) - most
        session.output.line(language.pick(f"……还有 {rest} 条", f"… and {rest} more"))


def _remove_old(session: Session, report: Path) -> None:
    if not _is_report(report):
        return
    report.unlink()
    if not session.output.is_json:
        session.output.line(
            session.language.pick(
                f"此前的错误清单 {report} 已不适用，已移除。",
                f"Removed {report}: the errors of an earlier run, none of which is left.",
            )
        )


def _is_report(path: Path) -> bool:
    """Whether a file begins as the reports do that are written here."""
    from ledger.actions.issuance.clerk_files import REPORT_COLUMNS

    header = (",".join(REPORT_COLUMNS) + "\r\n").encode("utf-8-sig")
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(header)) == header
