"""Shows what is wrong with a clerk's file: the first rows on the screen, all of them in a CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zhenglian.files import write_whole
from zhenglian.language import Language
from zhenglian.session import Session

if TYPE_CHECKING:
    from ledger.actions.issuance.row_errors import RowError

SHOWN_ERRORS = 20
SHOWN_WARNINGS = 5


def tell_row_errors(
    session: Session, errors: Sequence[RowError], warnings: Sequence[RowError], report: Path
) -> None:
    """Prints the first errors and warnings, and writes all of them to `report`."""
    from ledger.actions.issuance.clerk_files import write_error_report

    problems = sorted((*errors, *warnings), key=lambda problem: problem.line)
    if not problems:
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
    ordered = sorted(problems, key=lambda problem: problem.line)
    session.output.table(
        columns,
        (
            (
                str(each.line),
                each.column,
                each.value,
                language.pick(each.expected_zh, each.expected_en),
            )
            for each in ordered[:most]
        ),
        styles=("bold", "", "yellow" if problems[0].is_warning else "red"),
    )
    if len(problems) > most:
        rest = len(problems) - most
        session.output.line(language.pick(f"……还有 {rest} 条", f"… and {rest} more"))
