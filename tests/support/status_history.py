"""Holds what a client was told of changes of status against the log of the chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.actions.holdings import find_stored
from ledger.formats.status_list import Status, get_status, word_index
from ledger.identifiers import CertificateId
from ledger.records import StatusChanged, WordChange
from ledger.workspace import Workspace
from tests.support.history_checker import MAY_ANSWER

_AFTER = {"suspend": Status.SUSPENDED, "restore": Status.VALID, "revoke": Status.REVOKED}


@dataclass(slots=True)
class StatusOrder:
    """One decision about one certificate, repeated until it was acknowledged.

    Attributes:
        statuses: of its answers, in their order.
        changed: certificates that its acknowledgement says to have changed now: one or none.
    """

    identifier: str
    act: str
    statuses: tuple[int, ...] = ()
    changed: int = 0

    @property
    def is_acknowledged(self) -> bool:
        return bool(self.statuses) and self.statuses[-1] == 200

    def answer(self, status: int, body: dict[str, Any]) -> None:
        """Notes an answer."""
        assert status in MAY_ANSWER, (self, status, body)
        self.statuses += (status,)
        if status == 200:
            self.changed = body["certificates"]
            assert body["certificates"] + body["already_done"] == 1


def check_orders(workspace: Workspace, orders: Sequence[StatusOrder]) -> None:
    """Each acknowledged order is on the chain once, in order, and nothing else is.

    Raises AssertionError. To be called when nobody has anything left to do.
    """
    workspace.sync_index()
    wanted: dict[str, list[Status]] = defaultdict(list)
    for order in orders:
        assert order.is_acknowledged
        assert order.changed == 1 or len(order.statuses) > 1, order
        wanted[order.identifier].append(_AFTER[order.act])
    for identifier, statuses in wanted.items():
        assert _read_statuses(workspace, identifier) == statuses, identifier
    statements = workspace.index.entries_of_kind(StatusChanged.TOPIC)
    assert len(statements) == sum(map(len, wanted.values()))


def _read_statuses(workspace: Workspace, identifier: str) -> list[Status]:
    """The statuses that a certificate was given, the first first."""
    stored = find_stored(workspace, CertificateId.parse(identifier))
    place = stored.position
    rows = workspace.index.status_entries(stored.batch.batch_key, word_index(place))
    decoded = [StatusChanged.decode_payload(row.payload or b"") for row in rows]
    changes: list[WordChange] = [
        change
        for event in decoded
        for change in event.statement.changes
        if change.index == word_index(place)
    ]
    pairs = [(get_status(c.word_before, place), get_status(c.word_after, place)) for c in changes]
    return [after for before, after in pairs if before is not after]
