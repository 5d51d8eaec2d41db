"""The access log's rows for requests that plain handlers answer."""

from __future__ import annotations

import asyncio

from ledger.vault.access_log import NewRecord, RecordKind
from node_api.auth.journal import AccessJournal
from node_api.auth.principals import Principal
from node_api.doors import Scope, request_id_of


def make_record(
    scope: Scope,
    principal: Principal,
    operation: str,
    kind: str,
    identifier: str,
    *,
    purpose: str = "",
    outcome: str = "allowed",
) -> NewRecord:
    """The row of one request. Args: kind, identifier: of what it was about."""
    return NewRecord(
        RecordKind.ACCESS,
        operation,
        principal.subject,
        ",".join(sorted(principal.roles)),
        kind,
        identifier,
        purpose,
        outcome,
        request_id_of(scope),
    )


async def remember(journal: AccessJournal | None, record: NewRecord) -> None:
    """Has a row on the disk. Raises StorageError."""
    if journal is not None:
        await asyncio.wrap_future(journal.record_later(record))
