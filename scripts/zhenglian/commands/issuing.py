"""`zhenglian issue`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.citing import Cited
from zhenglian.command import Needs, command
from zhenglian.door import LocalDoor, is_held_by_node
from zhenglian.failures import EXIT_FAILED
from zhenglian.files import require_free, write_whole
from zhenglian.options import ForceOption
from zhenglian.progress import show_progress
from zhenglian.row_errors import find_report_place, tell_row_errors
from zhenglian.session import Session
from zhenglian.times import format_time
from zhenglian.words import count_certificates

if TYPE_CHECKING:
    from ledger.actions.issuance.outcome import IssuanceReport
    from ledger.identifiers import Uscc

INTERRUPTED = (
    "已中断。没有丢失，也不会重复签发：重新运行同一命令即可继续。",
    (
        "Interrupted. Nothing is lost and nothing is issued twice: run the same command again to "
        "continue."
    ),
)
SHOWN_LINES = 50
_SHORT_KEY = 16


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "issue", Needs.KEYS, on_interrupt=INTERRUPTED)(issue)


def issue(
    session: Session,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="CSV or .xlsx whose columns are those of the template."
        ),
    ] = None,
    issuer: Annotated[
        str,
        typer.Option(
            "--issuer", metavar="USCC", help="Needed if the home has several departments."
        ),
    ] = "",
    certificate_type: Annotated[
        str,
        typer.Option("--type", metavar="TYPE", help="Needed if the issuer may issue several."),
    ] = "",
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Issue the good rows although others are wrong.")
    ] = False,
    errors: Annotated[
        Path | None,
        typer.Option("--errors", metavar="FILE", help="Where to write what is wrong as a CSV."),
    ] = None,
    case: Annotated[
        str,
        typer.Option(
            "--case",
            metavar="CASE",
            help="Of one row: the case whose result it is, which it cites.",
        ),
    ] = "",
    related: Annotated[
        str,
        typer.Option(
            "--related", metavar="IDENTIFIER", help="Of one row: the certificate it continues."
        ),
    ] = "",
    template: Annotated[
        str,
        typer.Option("--template", metavar="TYPE", help="Only write an empty file of that type."),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Name of the template, FILE.csv or FILE.xlsx."),
    ] = None,
    force: ForceOption = False,
) -> int | None:
    """Issues every row of a file as a certificate.

    They are sealed, kept encrypted, and anchored on the chain. Nothing is issued unless every
    row is right. Run again after an interruption, it continues; after success, it changes nothing.

    \b
    Example:
      zhenglian issue --template W011 --out new.xlsx
      zhenglian issue examples/W011-chongqing-2000.csv
      zhenglian issue new.csv --skip-invalid --errors wrong.csv
      zhenglian issue licence.csv --case 6e340b9c
    """
    if bool(template) == (file is not None):
        raise typer.BadParameter("give either a FILE to issue, or --template TYPE")
    if file is None:
        _write_template(session, template, out, force=force)
        return None
    if errors is not None and errors.resolve() == file.resolve():
        raise typer.BadParameter("--errors may not name the file that is issued")
    report_file = find_report_place(file, errors)
    cited = Cited(case.strip(), related.strip())
    return _issue_file(session, file, issuer, certificate_type, report_file, skip_invalid, cited)


def _write_template(session: Session, wanted: str, out: Path | None, *, force: bool) -> None:
    from ledger.actions.issuance.clerk_files import write_template
    from ledger.schemas import find_type, load_schema

    directory = session.home / "schemas"
    schema = load_schema(find_type(wanted, directory), directory=directory)
    path = out or Path(f"{schema.type}.csv")
    require_free(path, force=force)
    is_workbook = path.suffix.lower() == ".xlsx"
    write_whole(path, lambda beside: write_template(beside, schema, is_workbook=is_workbook))
    if session.output.is_json:
        session.output.document({"template": path, "columns": schema.columns()})
        return
    pick, count = session.language.pick, len(schema.fields)
    session.output.line(
        pick(
            f"已写出 {path}：{schema.name}，共 {count} 列。",
            f"Wrote {path}: {schema.name}, {count} columns.",
        )
    )
    session.output.line(
        pick(
            "每行填一张证照，然后运行：zhenglian issue 文件",
            "Fill it in, one certificate a row, then: zhenglian issue FILE",
        )
    )


def _issue_file(
    session: Session,
    file: Path,
    issuer: str,
    certificate_type: str,
    report_file: Path,
    skip_invalid: bool,
    cited: Cited,
) -> int | None:
    from ledger.actions.issuance.loop import issue_file
    from ledger.actions.issuers import choose_issuer, choose_type
    from ledger.identifiers import Uscc
    from ledger.schemas import find_type
    from ledger.vault.tables import RunState

    who = Uscc.parse(issuer) if issuer else None
    if is_held_by_node(session.home):
        return _issue_by_node(
            session, file, who, certificate_type, report_file, skip_invalid, cited
        )
    with session.unlock() as workspace, show_progress(session.output) as notify:
        who = who or choose_issuer(workspace)
        kind = (
            find_type(certificate_type, workspace.home / "schemas")
            if certificate_type
            else choose_type(workspace, who)
        )
        report = issue_file(
            workspace,
            file,
            who,
            kind,
            skip_invalid=skip_invalid,
            citation=cited.resolve(LocalDoor(workspace)),
            notify=notify,
        )
    tell_row_errors(session, report.errors, report.warnings, report_file)
    has_problems = bool(report.errors or report.warnings)
    if session.output.is_json:
        errors_file = report_file if has_problems else None
        session.output.document(report, errors_file=errors_file)
    else:
        print_report(session, report, skipped=skip_invalid)
    return EXIT_FAILED if report.state is RunState.FAILED else None


def _issue_by_node(
    session: Session,
    file: Path,
    issuer: Uscc | None,
    certificate_type: str,
    report_file: Path,
    skip_invalid: bool,
    cited: Cited,
) -> int | None:
    from ledger.schemas import find_type
    from zhenglian.issuing_by_node import FileToIssue, issue_by_node

    kind = find_type(certificate_type, session.home / "schemas") if certificate_type else None
    wanted = FileToIssue(file, issuer, kind, report_file, skip_invalid, cited)
    return None if issue_by_node(session, wanted) else EXIT_FAILED


def print_report(session: Session, report: IssuanceReport, *, skipped: bool) -> None:
    """Tells what became of a file."""
    from ledger.vault.tables import RunState

    output, pick = session.output, session.language.pick
    if report.is_cut:
        output.line(
            pick(
                f"错误过多，读到第 {report.rows} 行为止。",
                f"There are too many errors: reading stopped after {report.rows} rows.",
            )
        )
    if report.state is RunState.FAILED:
        _print_refusal(session, report, skipped=skipped)
        return
    if report.already_issued and not report.issued:
        output.line(
            pick(
                f"没有新的证照：{report.already_issued} 张此前已签发，内容相同，未作改动。",
                f"Nothing new: {report.already_issued} had been issued before with the same "
                "content; nothing was changed.",
            ),
            "bold",
        )
    else:
        output.line(
            pick(
                f"已签发 {report.issued} 张证照（共 {report.rows} 行）。",
                f"Issued {count_certificates(report.issued)}; rows read: {report.rows}.",
            ),
            "bold green",
        )
    if report.already_issued and report.issued:
        output.line(
            pick(
                f"另有 {report.already_issued} 张此前已签发，内容相同，未作改动。",
                f"{report.already_issued} had been issued before with the same content.",
            )
        )
    leftover = sum(batch.count for batch in report.batches) - report.issued
    if leftover:
        output.line(
            pick(
                f"此前中断的签发留下 {leftover} 张，现已上链。",
                f"{leftover} were left over by an interrupted run and are anchored now.",
            )
        )
    if report.errors:
        wrong = sorted({error.line for error in report.errors})
        lines = ", ".join(map(str, wrong[:SHOWN_LINES])) + (" …" if wrong[SHOWN_LINES:] else "")
        output.line(
            pick(
                f"跳过 {report.invalid_rows} 行有误的数据，行号：{lines}",
                f"Skipped {report.invalid_rows} rows that are wrong, lines {lines}",
            ),
            "yellow",
        )
    for batch in report.batches:
        output.pairs(
            [
                (pick("批次", "batch"), batch.batch_key.hex()[:_SHORT_KEY] + "…"),
                (pick("数量", "certificates"), str(batch.count)),
                (pick("上链时间", "anchored"), format_time(batch.anchored_at_unix)),
                (pick("日志序号", "log index"), str(batch.log_index)),
            ]
        )


def _print_refusal(session: Session, report: IssuanceReport, *, skipped: bool) -> None:
    pick, wrong = session.language.pick, report.invalid_rows
    session.output.line(
        pick(
            f"未签发任何证照：{wrong} 行有误，共 {len(report.errors)} 处。请改正后重试。",
            f"Nothing was issued. Lines that are wrong: {wrong}, problems: {len(report.errors)}. "
            "Correct them and run again.",
        ),
        "bold red",
    )
    if report.rows > wrong and not skipped:
        session.output.line(
            pick(
                f"也可用 --skip-invalid 先签发其余 {report.rows - wrong} 行。",
                f"Or issue the other {report.rows - wrong} rows with --skip-invalid.",
            )
        )
