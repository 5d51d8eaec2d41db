"""Notices of changed status that go by themselves to the departments of other members (审管衔接).

Told of a change are: whom the certificate was delivered to; where the case was received whose
result it is; and whom this home's settings name for its type. All of this is read from the log, the
deliveries and the cases each time, and a department is told of an entry of the log once: whoever is
killed when, the next look queues what is missing and nothing twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ledger.actions.cases.history import read_standing
from ledger.actions.deliveries.limits import DEFAULT_LIMITS
from ledger.actions.deliveries.presented import list_presented
from ledger.actions.deliveries.queueing import queue_delivery
from ledger.errors import ChainUnavailableError, LedgerError, NotFoundError, StorageError
from ledger.formats.envelope import DeliveryKind
from ledger.formats.status_list import Status, changed_positions
from ledger.formats.status_notice import ChangedCertificate, StatusNotice
from ledger.identifiers import CertificateType, Uscc
from ledger.index.projector import EntryRow
from ledger.records import StatusChanged, StatusStatement
from ledger.vault.batches import BatchRow
from ledger.workspace import Workspace

Regulators = Mapping[CertificateType, Sequence[Uscc]]
"""Departments of other members that are told of every change of a type's certificates."""

CLOCKS_DIFFER_S: Final = 300
_READ_TOGETHER: Final = 500
_OWN: Final = "delivery_to_itself"


@dataclass(slots=True)
class NoticesQueued:
    """What one look came to.

    Attributes:
        looked_to: index of the log behind the last entry that was looked at.
        queued: ids of deliveries that are new.
        refused: departments that cannot be told, each with the code of why.
    """

    looked_to: int
    queued: list[bytes] = field(default_factory=list)
    refused: list[tuple[Uscc, str]] = field(default_factory=list)


def queue_status_notices(
    workspace: Workspace, regulators: Regulators, first: int | None = None
) -> NoticesQueued:
    """Queues what has not been queued of the changes in the own copy of the log.

    Args:
        first: index of the first entry to look at; None begins with what was recorded within the
            time for which a delivery is tried. What is older is not told.

    Raises:
        ChainUnavailableError, StorageError: look again; nothing is lost or told twice.
    """
    index, size = workspace.index, workspace.index.cursor().size
    if first is None:
        first = index.first_since(workspace.now_unix() - DEFAULT_LIMITS.give_up_s)
    done = NoticesQueued(first)
    own, audience = frozenset(workspace.keys.issuers()), None
    while done.looked_to < size:
        end = min(done.looked_to + _READ_TOGETHER, size)
        for row in index.entries_between(done.looked_to, end):
            statement = _read_own(row, own)
            if statement is not None:
                audience = audience or _Audience(workspace, regulators)
                _tell(workspace, row, statement, audience, done)
        done.looked_to = end
    return done


def _read_own(row: EntryRow, own: AbstractSet[Uscc]) -> StatusStatement | None:
    if row.kind != StatusChanged.TOPIC or row.payload is None:
        return None
    statement = StatusChanged.decode_payload(row.payload).statement
    return statement if statement.issuer in own else None


def _tell(
    workspace: Workspace,
    row: EntryRow,
    statement: StatusStatement,
    audience: _Audience,
    done: NoticesQueued,
) -> None:
    changes = {
        position: (before, after)
        for change in statement.changes
        for position, before, after in changed_positions(
            change.index, change.word_before, change.word_after
        )
    }
    try:
        batch = workspace.vault.batches.get(statement.batch_key)
    except NotFoundError:
        return  # of a batch that this vault has lost: nobody knows its certificates
    for receiver, positions in audience.find(row, batch, changes.keys()).items():
        try:
            notice = _make(workspace, row, statement, batch, positions, changes)
            queued = queue_delivery(
                workspace,
                DeliveryKind.STATUS_NOTICE,
                receiver,
                notice.to_json(),
                sender=statement.issuer,
                name=f"status-notice-{row.entry_index}.json",
                subject=f"log:{row.entry_index}",
                reference=f"log:{row.entry_index}",
            )
        except (ChainUnavailableError, StorageError):
            raise
        except LedgerError as error:  # one that cannot be told keeps no other from being told
            if error.code != _OWN:
                done.refused.append((receiver, error.code))
            continue
        if not queued.was_queued:
            done.queued.append(queued.delivery.delivery_id)


class _Audience:
    """Who is told; reads the deliveries once for one look."""

    def __init__(self, workspace: Workspace, regulators: Regulators) -> None:
        self._workspace = workspace
        self._regulators = regulators
        self._delivered: dict[bytes, list[tuple[int, Uscc, int]]] = defaultdict(list)
        presented = list_presented(workspace)
        places = {
            stored.identifier: (stored.batch.batch_key, stored.position)
            for stored in workspace.vault.certificates.fetch_many(
                sorted({each.certificate_id for each in presented})
            )
        }
        for each in presented:
            if each.certificate_id in places:
                batch_key, position = places[each.certificate_id]
                told = position, each.receiver, each.sent_at_unix
                self._delivered[batch_key].append(told)

    def find(
        self, row: EntryRow, batch: BatchRow, changed: AbstractSet[int]
    ) -> dict[Uscc, set[int]]:
        """The departments that an entry concerns, each with the positions that do."""
        found: dict[Uscc, set[int]] = defaultdict(set)
        for department in self._regulators.get(batch.certificate_type, ()):
            found[department] |= changed
        for position, receiver, sent_at_unix in self._delivered[batch.batch_key]:
            if position in changed and sent_at_unix <= row.time_unix + CLOCKS_DIFFER_S:
                found[receiver].add(position)
        for position, department in self._where_received(batch.batch_key):
            if position in changed:
                found[department].add(position)
        return found

    def _where_received(self, batch_key: bytes) -> Iterator[tuple[int, Uscc]]:
        """Results of cases, and the departments where their applicants asked for them."""
        for stored in self._workspace.vault.cases.references_to(batch_key):
            reference = stored.reference
            try:
                standing = read_standing(self._workspace.index, stored.case_id)
            except NotFoundError:
                continue
            if standing.result_commitment == reference.commitment:
                yield reference.position, standing.receiver


def _make(
    workspace: Workspace,
    row: EntryRow,
    statement: StatusStatement,
    batch: BatchRow,
    positions: AbstractSet[int],
    changes: Mapping[int, tuple[Status, Status]],
) -> StatusNotice:
    return StatusNotice(
        workspace.gateway.ledger_id,
        row.entry_index,
        row.time_unix,
        statement.issuer,
        batch.certificate_type,
        statement.batch_key,
        statement.reason_code,
        statement.legal_basis,
        datetime.strptime(str(statement.effective_date), "%Y%m%d").date(),  # noqa: DTZ007 - a civil date
        tuple(_name_certificates(workspace, batch, positions, changes)),
    )


def _name_certificates(
    workspace: Workspace,
    batch: BatchRow,
    positions: AbstractSet[int],
    changes: Mapping[int, tuple[Status, Status]],
) -> Iterator[ChangedCertificate]:
    last = max(positions)
    for place in workspace.vault.certificates.iterate_places(batch.pk, min(positions)):
        if place.position > last:
            return
        if place.position not in positions:
            continue
        before, after = changes[place.position]
        chosen = workspace.vault.successions.find(place.identifier)
        successor = chosen if chosen and after is Status.SUPERSEDED else ""
        yield ChangedCertificate(place.identifier, place.position, before, after, successor)
