"""`zhenglian audit`."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from zhenglian.command import command
from zhenglian.door import is_remote
from zhenglian.files import require_free, write_whole
from zhenglian.language import Language
from zhenglian.options import ForceOption
from zhenglian.session import Session
from zhenglian.times import parse_time

if TYPE_CHECKING:
    from ledger.actions.audit import AuditStep
    from ledger.actions.audit.exporting import Account
    from ledger.actions.audit.pages import AuditPage
    from zhenglian.door import Door

IDENTIFIER_BEGINS = "1.2.156."
_CASE = re.compile("[0-9a-fA-F]{4,64}")


class Format(StrEnum):
    """How a trail is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "audit")(audit)


def audit(
    session: Session,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="IDENTIFIER|FILE|CASE",
            help="A certificate of this home, a presented file of any province, or a case.",
        ),
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Instead: everything since then.")
    ] = "",
    region: Annotated[
        str, typer.Option("--region", metavar="CODE", help="With --since: of this member only.")
    ] = "",
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TABLE,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write JSON or CSV to a file.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Tells by the log what happened, step by step.

    Who, when, since when in effect, why, and whether its proof holds.

    Of a case also: at which place, in which round, what was due, and when the clock stood.

    Officers are named where this home keeps them; for a FILE, a CASE and --since only if the
    passphrase is given by file or environment.

    \b
    Example:
      ID=1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
      zhenglian audit $ID
      zhenglian audit 20250000495.zhenglian.json --format json --out trail.json
      zhenglian audit 6e340b9c
      zhenglian audit --since 2026-01-01 --region 500000 --format csv --out january.csv
    """
    if bool(subject) == bool(since) or (region and not since):
        raise typer.BadParameter(
            "give an IDENTIFIER, a FILE, a CASE, or --since (with --region or not)"
        )
    if session.output.is_json and not out:
        form = Format.JSON
    if out is not None:
        if form is Format.TABLE:
            raise typer.BadParameter("--out needs --format json or --format csv")
        require_free(out, force=force)
    is_identifier = subject.strip().startswith(IDENTIFIER_BEGINS) and not Path(subject).exists()
    with session.door(needs_keys=is_identifier) as door:
        if is_identifier:
            account = _of_certificate(door, subject)
        elif _is_case(subject):
            account = _of_case(session, door, subject.strip())
        elif subject:
            account = _of_file(session, door, Path(subject))
        else:
            account = _since(session, door, since, region)
        _write(session, account, form, out)


def _of_certificate(door: Door, identifier: str) -> Account:
    from ledger.actions.audit import audit_certificate
    from ledger.actions.audit.exporting import Account
    from ledger.identifiers import CertificateId

    certificate_id = CertificateId.parse(identifier.strip())
    trail = door.call(audit_certificate, certificate_id)
    return Account(trail.subject, certificate_id.type, trail.head, trail.steps)


def _of_file(session: Session, door: Door, file: Path) -> Account:
    from ledger.actions.audit.exporting import Account
    from ledger.actions.audit.pages import audit_document
    from ledger.actions.presentation import read_document
    from ledger.formats.evidence import parse_evidence

    document = read_document(file)
    kind = parse_evidence(document).certificate.type
    shows = session.passphrase.is_given and not is_remote(door)
    trail = door.call(audit_document, document.decode(), show_officers=shows)
    return Account(trail.subject, kind, trail.head, trail.steps)


def _is_case(subject: str) -> bool:
    """Whether it looks like a case's id or its beginning, and no file is called so."""
    return bool(_CASE.fullmatch(subject.strip())) and not Path(subject).exists()


def _of_case(session: Session, door: Door, case: str) -> Account:
    from ledger.actions.audit import audit_case
    from ledger.actions.audit.exporting import Account
    from ledger.actions.cases.papers import resolve_case

    case_id = door.call(resolve_case, case)
    shows = session.passphrase.is_given or is_remote(door)
    trail = door.call(audit_case, case_id, show_officers=shows)
    return Account(trail.subject, None, trail.head, trail.steps)


def _since(session: Session, door: Door, since: str, region: str) -> Account:
    from ledger.actions.audit.exporting import Account
    from ledger.actions.audit.pages import page_audit
    from ledger.actions.pages import MAX_LIMIT
    from ledger.identifiers import MemberId

    since_unix = parse_time(since, "since")
    member = MemberId.parse(region) if region else None
    shows = session.passphrase.is_given or is_remote(door)

    def read(after: int | None, log_size: int | None) -> AuditPage:
        return door.call(
            page_audit,
            since_unix=since_unix,
            after=after,
            region=member,
            log_size=log_size,
            limit=MAX_LIMIT,
            show_officers=shows,
        )

    first = read(None, None)

    def steps() -> Iterator[AuditStep]:
        page = first
        while True:
            yield from page.items
            if page.next is None:
                return
            page = read(page.next, first.head.size)

    return Account("", None, first.head, steps())


def _write(session: Session, account: Account, form: Format, out: Path | None) -> None:
    from zhenglian.audit_formats import print_table

    if form is Format.TABLE:
        print_table(session, account)
        return
    if out is None:
        with _open_stdout() as stream:
            _write_to(stream, session, account, form)
        return
    count = 0

    def write(path: Path) -> None:
        nonlocal count
        # A spreadsheet knows UTF-8 by its mark; JSON has none (RFC 8259 §8.1).
        encoding = "utf-8-sig" if form is Format.CSV else "utf-8"
        with path.open("w", encoding=encoding, newline="") as stream:
            count = _write_to(stream, session, account, form)

    write_whole(out, write)
    if session.output.is_json:
        session.output.document({"file": out, "steps": count})
    else:
        told = session.language.pick(f"已写出 {out}：{count} 步。", f"Wrote {out}: {count} steps.")
        session.output.line(told, "bold green")


def _write_to(stream: TextIO, session: Session, account: Account, form: Format) -> int:
    """Writes it as it is read, and gives how many steps it has."""
    from ledger.actions.audit.exporting import ReasonWords, write_csv, write_json

    count = 0

    def counted() -> Iterator[AuditStep]:
        nonlocal count
        for step in account.steps:
            count += 1
            yield step

    told = replace(account, steps=counted())
    words = ReasonWords(session.schemas, is_chinese=session.language is Language.ZH)
    stream.writelines(write_csv(told, words) if form is Format.CSV else write_json(told))
    return count


@contextmanager
def _open_stdout() -> Iterator[TextIO]:
    """Standard output in UTF-8, whatever the terminal's encoding is."""
    stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield stream
    finally:
        stream.detach()
