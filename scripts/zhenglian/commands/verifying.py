"""`zhenglian verify`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.door import is_held_by_node
from zhenglian.error_words import describe_error
from zhenglian.language import Language
from zhenglian.session import Session
from zhenglian.times import parse_time

if TYPE_CHECKING:
    from ledger.errors import LedgerError
    from ledger.identifiers import RegionCode
    from ledger.verification.report import Report

NOBODY = "none"
EXIT_CODES = {"PASSED": 0, "FAILED": 10, "INDETERMINATE": 11}


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "verify", Needs.HOME)(verify)


def verify(
    session: Session,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A .zhenglian.json file, or a bare SD-JWT.")
    ],
    relying_region: Annotated[
        str,
        typer.Option(
            "--relying-region",
            metavar="CODE",
            help="Who is to recognise it; by default this home's province; or: none.",
        ),
    ] = "",
    as_of: Annotated[
        str, typer.Option("--as-of", metavar="TIME", help="Judge as of then; by default now.")
    ] = "",
    nonce: Annotated[
        str, typer.Option("--nonce", help="What the presentation must repeat, if it is bound.")
    ] = "",
) -> int:
    """Judges a presented certificate.

    By this home's own copy of the log, without asking who issued it, and without a passphrase.
    Whether it is authentic and whether this region may rely on it are told apart.
    Exit code: 0 passed, 10 failed, 11 indeterminate; 1 and 2 mean that there is no verdict.

    \b
    Example:
      zhenglian verify 20250000495.zhenglian.json
      zhenglian verify 20250000495.zhenglian.json --as-of 2026-01-05T10:00 --lang zh
      zhenglian verify 20250000495.zhenglian.json --relying-region 510104
    """
    from ledger.actions.presentation import field_titles, read_document, verify_document
    from zhenglian.report_view import print_report

    as_of_unix = parse_time(as_of, "as-of") if as_of else None
    unavailable: list[LedgerError] = []
    region = _choose_region(session, relying_region)
    if is_held_by_node(session.home):
        report, titles, found = _ask_index(
            session, read_document(file), region, as_of_unix, nonce or None
        )
        unavailable += found
    else:
        with session.open() as workspace:
            report = verify_document(
                workspace,
                read_document(file),
                relying_region=region,
                as_of_unix=as_of_unix,
                nonce=nonce or None,
                on_unavailable=unavailable.append,
            )
            shown = report.certificate
            titles = field_titles(workspace, shown) if shown is not None else {}
    for error in unavailable:
        told = f"{error.message} [{error.code}]"
        if session.language is Language.ZH:
            session.output.note(f"无法查询账本：{describe_error([error.code])}")
            session.output.note(f"  {told}")
        else:
            session.output.note(f"The ledger could not be asked: {told}")
    if session.output.is_json:
        session.output.document(report.to_json())
    else:
        print_report(session, report, titles)
    return EXIT_CODES[report.outcome]


def _ask_index(
    session: Session,
    document: bytes,
    region: RegionCode | None,
    as_of_unix: int | None,
    nonce: str | None,
) -> tuple[Report, Mapping[str, str], list[LedgerError]]:
    """Judges by the index that the node keeps in step with the chain; the node is not asked."""
    from ledger.actions.verifying import VerificationQuestion, Verifier
    from ledger.identifiers import RegionCode

    own = session.member.value
    opened = Verifier.open(session.home, own if isinstance(own, RegionCode) else None)
    with closing(opened) as verifier:
        verdict = verifier.verify(document, VerificationQuestion(region, as_of_unix, nonce))
    return (
        verdict.report,
        verdict.titles,
        [] if verdict.unavailable is None else [verdict.unavailable],
    )


def _choose_region(session: Session, text: str) -> RegionCode | None:
    from ledger.identifiers import RegionCode

    if text == NOBODY:
        return None
    if text:
        return RegionCode.parse(text)
    own = session.member.value
    return own if isinstance(own, RegionCode) else None
