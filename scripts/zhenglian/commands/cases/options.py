"""What the commands of cases share: options, the question before what is final, results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.case_words import describe
from zhenglian.decisions import confirm, require_answer
from zhenglian.door import Door
from zhenglian.session import Session
from zhenglian.times import format_time

if TYPE_CHECKING:
    from ledger.actions.cases.acting import CaseResult

CaseArgument = Annotated[
    str, typer.Argument(metavar="CASE", help="The case's id, or its beginning.")
]
TextOption = Annotated[
    str, typer.Option("--text", metavar="TEXT", help="What it says. Kept in the vault, sealed.")
]
OfficerOption = Annotated[
    str,
    typer.Option("--officer", metavar="NAME", help="Who acts; kept in the vault, not on chain."),
]
BasisOption = Annotated[
    str,
    typer.Option("--legal-basis", metavar="TEXT", help="The rule it rests on. Public: no names."),
]
RemediesOption = Annotated[
    str,
    typer.Option(
        "--remedies", metavar="TEXT", help="行政复议, 行政诉讼: where and until when. Public."
    ),
]
MaterialOption = Annotated[
    list[str] | None,
    typer.Option("--material", metavar="NAME=FILE", help="A material; may be given several times."),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Where to write what is to be sent.")
]
INTERRUPTED = (
    "已中断。重新运行同一命令即可：无论运行几次，只办理一次。",
    "Interrupted. Run the same command again: however often it is run, it is done once.",
)
SHORT_ID = 16


@contextmanager
def open_case(session: Session, case: str) -> Iterator[tuple[Door, bytes]]:
    """Where acts are made, with keys, and the one case of the log that begins so.

    Raises:
        NotFoundError: case_unknown. ConflictError: case_ambiguous.
    """
    from ledger.actions.cases.papers import resolve_case

    with session.door() as door:
        yield door, door.call(resolve_case, case.strip())


def ask(session: Session, plan: tuple[str, str], *, yes: bool) -> None:
    """Goes on with what is final only after a yes.

    Args:
        plan: in Chinese and in English.
    """
    require_answer(session, dry_run=False, yes=yes)
    if not yes:
        confirm(session, session.language.pick(*plan), is_final=True)


def tell_result(session: Session, result: CaseResult, **more: object) -> None:
    """Tells what was done, where the case stands and what is due.

    Args:
        more: further members of the JSON document; of them files are told to people too.
    """
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(result, **more)
        return
    state = describe("state", result.state.name.lower(), session.language)
    output.line(
        pick(f"案件 {result.case_id.hex()}：{state}", f"Case {result.case_id.hex()}: {state}"),
        "bold green",
    )
    if result.was_done:
        output.line(pick("此前已办，未作改动。", "It had been done before; nothing was changed."))
    due = format_time(result.due_at_unix) if result.due_at_unix else ""
    files = [(name, str(value)) for name, value in more.items() if isinstance(value, Path)]
    output.pairs(
        [
            (pick("期限", "due"), due),
            (pick("记录时间", "recorded"), format_time(result.recorded_at_unix)),
            (pick("日志序号", "log index"), str(result.log_index)),
            *((pick(*_FILES.get(name, (name, name))), value) for name, value in files),
        ]
    )


_FILES = {"package": ("案件包", "package"), "receipt": ("回执", "receipt")}
