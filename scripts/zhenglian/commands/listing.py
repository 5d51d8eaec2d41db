"""`zhenglian list`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import command
from zhenglian.session import Session
from zhenglian.times import format_time, parse_end_of_day, parse_first_moment
from zhenglian.words import describe_status

if TYPE_CHECKING:
    from ledger.actions.listing import CertificatePage, ListedCertificate, ListFilter
    from ledger.identifiers import CertificateId
    from zhenglian.door import Door

DEFAULT_LIMIT = 50


class Standing(StrEnum):
    """Statuses by the names that a person types."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "list")(list_issued)


def list_issued(
    session: Session,
    status: Annotated[
        Standing | None, typer.Option("--status", help="Only those that stand so now.")
    ] = None,
    certificate_type: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="Only of this type; its end suffices.")
    ] = "",
    batch: Annotated[
        str, typer.Option("--batch", metavar="KEY", help="Only of this batch; its beginning does.")
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="DATE", help="Only those issued on that day or later.")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="Only those issued up to that day.")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="At most so many; 0 lists all.")
    ] = DEFAULT_LIMIT,
    after: Annotated[
        str, typer.Option("--after", metavar="IDENTIFIER", help="Go on behind this certificate.")
    ] = "",
) -> None:
    """Lists the certificates that this home has issued, oldest first.

    With their status, and without anything about their holders: `zhenglian show` shows one.

    \b
    Example:
      zhenglian list --status suspended
      zhenglian list --type W011 --since 2026-01-01 --until 2026-01-31 --limit 0 --json
    """
    from ledger.identifiers import CertificateId

    behind = CertificateId.parse(after.strip()) if after else None
    wanted = _make_filter(session, status, certificate_type, batch, since, until)
    with session.door() as door:
        found = _Pages(door, wanted, behind, limit)
        if session.output.is_json:
            _write_json(found)
        else:
            _print(session, found)


class _Pages:
    """Certificates read page by page as they are asked for: there may be millions.

    Attributes:
        next: once all were read, the last of them if there are more.
    """

    def __init__(
        self, door: Door, wanted: ListFilter, after: CertificateId | None, limit: int
    ) -> None:
        self._door = door
        self._wanted = wanted
        self._limit = limit
        self._page = self._read(after, limit)  # what is refused is refused before all output
        self.next: str | None = None

    def __iter__(self) -> Iterator[ListedCertificate]:
        from ledger.identifiers import CertificateId

        page, left = self._page, self._limit
        while True:
            yield from page.items
            self.next = page.next
            left -= len(page.items) if self._limit else 0
            if page.next is None or (self._limit and not left):
                return
            page = self._read(CertificateId.parse(page.next), left)

    def _read(self, after: CertificateId | None, left: int) -> CertificatePage:
        from ledger.actions.listing import page_certificates
        from ledger.actions.pages import MAX_LIMIT

        size = min(left or MAX_LIMIT, MAX_LIMIT)
        return self._door.call(page_certificates, self._wanted, after=after, limit=size)


def _make_filter(
    session: Session,
    status: Standing | None,
    certificate_type: str,
    batch: str,
    since: str,
    until: str,
) -> ListFilter:
    from ledger.actions.listing import ListFilter
    from ledger.formats.status_list import Status
    from ledger.schemas import find_type

    return ListFilter(
        None if status is None else Status[status.name],
        find_type(certificate_type, session.schemas) if certificate_type else None,
        batch.strip().removeprefix("0x"),
        parse_first_moment(since, "since") if since else None,
        parse_end_of_day(until, "until") if until else None,
    )


def _print(session: Session, found: _Pages) -> None:
    """One line each, as they are read: there may be millions."""
    output, pick, last = session.output, session.language.pick, None
    for each in found:
        last = each
        told = describe_status(each.status.name.lower(), session.language)
        erased = pick("（内容已删除）", " (erased)") if each.is_erased else ""
        output.line(f"{each.certificate_id}  {format_time(each.anchored_at_unix)}  {told}{erased}")
    if last is None:
        output.line(pick("没有符合条件的证照。", "No certificate is like that."))
    elif found.next is not None:
        more = f"zhenglian list --after {found.next}"
        output.line(
            pick(
                f"还有更多，加上相同条件：{more}", f"There are more; with the same filters: {more}"
            ),
            "bold",
        )


def _write_json(found: _Pages) -> None:
    """One document {certificates, next_after}, written as it is read."""
    import orjson

    from zhenglian.plain import to_plain

    separator, write = "", sys.stdout.write
    write('{"certificates":[')
    for each in found:
        write(separator + "\n" + orjson.dumps(to_plain(each)).decode())
        separator = ","
    write("\n]," + orjson.dumps({"next_after": found.next}).decode()[1:] + "\n")
