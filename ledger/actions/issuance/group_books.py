"""Which requests are being done, and what the vault says of those that are not.

Whoever asks is looked for among what is under way first, and in the vault then: what is under way
leaves these books only after the vault says that it is anchored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from ledger.actions.issuance.anchoring import AnchoredBatch
from ledger.actions.issuance.open_group import OpenGroup
from ledger.actions.issuance.request import IssuedCertificate, to_issued
from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.actions.issuance.tickets import Ticket, deliver_all
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError
from ledger.formats.civil_time import compute_civil_date
from ledger.vault.requests import CertificatePlace, NewRequest, RequestRow
from ledger.vault.store import Vault
from ledger.vault.tables import BatchState


class GroupBooks:
    """The books of one issuer. Safe for threads; one of them sorts."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._lock = threading.Lock()
        self._unsettled: dict[Ticket, None] = {}
        self._by_reference: dict[tuple[str, str], Ticket] = {}
        self._by_identifier: dict[str, Ticket] = {}
        self._watched: dict[Ticket, None] = {}
        self.issued = 0
        self.batches = 0

    def take(self, ticket: Ticket) -> None:
        """Counts a ticket among those that wait."""
        with self._lock:
            self._unsettled[ticket] = None

    def waiting(self) -> tuple[int, float]:
        """How many wait, and since how many seconds the oldest does."""
        with self._lock:
            oldest = next(iter(self._unsettled), None)
            since_s = 0.0 if oldest is None else time.monotonic() - oldest.handed_in_s
            return len(self._unsettled), since_s

    def unsettled(self) -> list[Ticket]:
        """All that wait."""
        with self._lock:
            return list(self._unsettled)

    def watched(self) -> list[Ticket]:
        """Those whose certificates somebody else is anchoring."""
        with self._lock:
            return list(self._watched)

    # Sorting.

    def sort(self, tickets: list[Ticket]) -> list[Ticket]:
        """Settles or attaches what is known, and returns what is new, which is under way from now.

        Raises:
            StorageError: the vault cannot be read; nothing was settled.
        """
        unknown = [ticket for ticket in tickets if not self._join(ticket)]
        if not unknown:
            return []
        rows = self._vault.requests.find_many({ticket.key for ticket in unknown})
        wanted = {ticket.identifier for ticket in unknown}
        places = self._vault.requests.places(wanted | {row.identifier for row in rows.values()})
        fresh, noted = [], []
        for ticket in unknown:
            if self._join(ticket):  # an earlier one of these
                continue
            row = rows.get(ticket.key)
            ticket.is_repeated = row is not None and row.batch_state is BatchState.ABANDONED
            is_free = row is None or ticket.is_repeated
            if is_free and self._join_certificate(ticket):
                continue
            try:
                found = _find_known(ticket, None if is_free else row, places)
            except LedgerError as error:
                deliver_all(self.refuse([ticket], self._explain(error, ticket)))
                continue
            if found is None:
                self._enter(ticket)
                fresh.append(ticket)
            else:
                noted.append((ticket, found, is_free))
        self._note(noted)
        return fresh

    def _join(self, ticket: Ticket) -> bool:
        """Lets a ticket follow the one that is under way with the same reference."""
        with self._lock:
            first = self._by_reference.get(ticket.key)
            if first is None or first is ticket:
                return first is ticket
            is_same = ticket.is_same(first)
            if is_same:
                self._follow(first, ticket)
        if not is_same:
            deliver_all(self.refuse([ticket], _reference_used(ticket)))
        return True

    def _join_certificate(self, ticket: Ticket) -> bool:
        """Lets a ticket with a free reference follow the one under way for its certificate."""
        with self._lock:
            first = self._by_identifier.get(ticket.identifier)
            if first is None:
                return False
            is_same = ticket.is_same(first)
            if is_same:
                self._follow(first, ticket)
                ticket.is_staged = False  # its own reference is not
                self._by_reference[ticket.key] = first
        if not is_same:
            deliver_all(self.refuse([ticket], _other_certificate(ticket)))
        return True

    def _follow(self, first: Ticket, ticket: Ticket) -> None:
        first.followers.append(ticket)
        ticket.is_staged = first.is_staged

    def _enter(self, ticket: Ticket) -> None:
        with self._lock:
            self._by_reference[ticket.key] = ticket
            self._by_identifier[ticket.identifier] = ticket

    def _note(self, known: list[tuple[Ticket, CertificatePlace, bool]]) -> None:
        """Keeps free references to certificates that the vault has, and answers."""
        new = {ticket.key: (ticket, place) for ticket, place, is_free in known if is_free}
        self._vault.requests.add(
            [
                NewRequest(*key, ticket.identifier, place.batch_pk)
                for key, (ticket, place) in new.items()
            ],
            [key for key, (ticket, _) in new.items() if ticket.is_repeated],
        )
        done = []
        for ticket, place, _ in known:
            ticket.is_staged = True
            if place.batch_state is BatchState.ANCHORED:
                ticket.issued = to_issued(ticket.request, ticket.read, place)
                done.append(ticket)
            else:
                with self._lock:
                    self._watched[ticket] = None
        self._leave(done)
        deliver_all(done)

    def _explain(self, error: LedgerError, ticket: Ticket) -> LedgerError:
        """Says of an erased certificate when it was erased."""
        if error.code != RowErrorCode.ERASED_CERTIFICATE:
            return error
        erasure = self._vault.certificates.find_erasure(ticket.identifier)
        on = "" if erasure is None else compute_civil_date(erasure.erased_at_unix).isoformat()
        return _refused_as(RowErrorCode.ERASED_CERTIFICATE, ticket, erased_on=on)

    # What becomes of them.

    def note_stored(self, group: OpenGroup) -> None:
        """From now on the requests of a batch can be asked for."""
        self.batches += 1
        with self._lock:
            for ticket in group.tickets:
                ticket.is_staged = True
                for follower in ticket.followers:
                    follower.is_staged = True

    def set_aside(self, group: OpenGroup, refusal: LedgerError) -> list[Ticket]:
        """Notes why a stored batch is refused for now; its requests keep nobody waiting."""
        tickets = [each for ticket in group.tickets for each in (ticket, *ticket.followers)]
        for ticket in tickets:
            ticket.waiting_for = refusal
        self._leave(tickets)
        return tickets

    def acknowledge(self, group: OpenGroup, anchored: AnchoredBatch) -> list[Ticket]:
        """Settles the requests of a batch that is on the chain, and returns them."""
        for ticket in group.tickets:
            request = ticket.request
            ticket.issued = IssuedCertificate(
                ticket.placed.draft.certificate_id,
                request.issuer,
                request.certificate_type,
                request.reference,
                group.batch_key,
                ticket.position,
                group.staged[ticket.position].leaf_hash,
                anchored.anchored_at_unix,
                anchored.log_index,
                warnings=ticket.read.warnings,
            )
        with self._lock:
            self.issued += len(group.tickets)
        return self._end(group.tickets)

    def refuse(self, tickets: Iterable[Ticket], error: Exception) -> list[Ticket]:
        """Settles requests of which nothing comes, and returns them with their followers."""
        listed = list(tickets)
        for ticket in listed:
            ticket.error = error
        return self._end(listed)

    def release(self, ticket: Ticket) -> list[Ticket]:
        """Takes a ticket out that is to be looked up again, and returns it with its followers."""
        with self._lock:
            self._remove(ticket)
            released = [ticket, *ticket.followers]
            ticket.followers = []
        ticket.group = None
        return released

    def settle_watched(self) -> None:
        """Settles those whose certificates somebody else has anchored, or given up."""
        watched = self.watched()
        if not watched:
            return
        places = self._vault.requests.places({ticket.identifier for ticket in watched})
        done = []
        for ticket in watched:
            place = places.get(ticket.identifier)
            if place is None:
                ticket.error = _given_up(ticket)
            elif place.batch_state is BatchState.ANCHORED:
                ticket.issued = to_issued(ticket.request, ticket.read, place)
            else:
                continue
            done.append(ticket)
        deliver_all(self._end(done))

    def _end(self, tickets: list[Ticket]) -> list[Ticket]:
        """Takes settled tickets out, and settles who follows them."""
        ended = list(tickets)
        with self._lock:  # from now on nobody follows them any more
            for ticket in tickets:
                self._remove(ticket)
        late = self._note_late(tickets)
        for ticket in tickets:
            for follower in ticket.followers:
                if follower in late:
                    follower.error = late[follower]
                elif ticket.issued is not None:
                    follower.settle_as(ticket.issued)
                else:
                    follower.error = ticket.error
                ended.append(follower)
            ticket.followers = []
        self._leave(ended)
        return ended

    def _note_late(self, tickets: list[Ticket]) -> dict[Ticket, LedgerError]:
        """Keeps the references of those who followed when the batch was stored already."""
        late = [
            (follower, NewRequest(*follower.key, follower.identifier, ticket.group.batch.pk))
            for ticket in tickets
            if ticket.issued is not None and ticket.group is not None and ticket.group.batch
            for follower in ticket.followers
            if follower.key != ticket.key and not follower.is_staged
        ]
        try:
            self._vault.requests.add(
                list({row[:2]: row for _, row in late}.values()),
                {follower.key for follower, _ in late if follower.is_repeated},
            )
        except LedgerError as error:
            return {follower: error for follower, _ in late}
        return {}

    def _remove(self, ticket: Ticket) -> None:
        for key in [ticket.key, *(follower.key for follower in ticket.followers)]:
            if self._by_reference.get(key) is ticket:
                del self._by_reference[key]
        if self._by_identifier.get(ticket.identifier) is ticket:
            del self._by_identifier[ticket.identifier]

    def _leave(self, tickets: list[Ticket]) -> None:
        with self._lock:
            for ticket in tickets:
                self._unsettled.pop(ticket, None)
                self._watched.pop(ticket, None)


def _find_known(
    ticket: Ticket, row: RequestRow | None, places: dict[str, CertificatePlace]
) -> CertificatePlace | None:
    """The certificate that was issued, or is being issued, for this very request; None if new.

    Args:
        row: what its reference stands for; None while that is free.

    Raises:
        ConflictError: reference_used, conflicting_certificate, erased_certificate.
        ChainUnavailableError: code `certificate_under_way`, a file is issuing it.
    """
    if row is not None and row.identifier != ticket.identifier:
        raise _reference_used(ticket)
    place = places.get(ticket.identifier)
    if place is None:
        return None
    if place.content_mac is None:
        raise ConflictError("erased", code=RowErrorCode.ERASED_CERTIFICATE)
    if place.content_mac != ticket.placed.content_mac:
        raise _other_certificate(ticket) if row is None else _reference_used(ticket)
    if place.batch_state is BatchState.OPEN:
        raise ChainUnavailableError(
            f"{ticket.identifier} is being issued with a file; ask again. If that file was "
            "interrupted, issue it again",
            code="certificate_under_way",
        )
    return place


def _reference_used(ticket: Ticket) -> ConflictError:
    return ConflictError(
        f"reference {ticket.request.reference} of {ticket.request.issuer} stands for another "
        "certificate, or for other content; use a new one",
        code="reference_used",
        field="reference",
    )


def _other_certificate(ticket: Ticket) -> ConflictError:
    return _refused_as(RowErrorCode.CONFLICTING_CERTIFICATE, ticket)


def _refused_as(code: RowErrorCode, ticket: Ticket, **details: object) -> ConflictError:
    error = RowError.of(code, 1, "证照标识", ticket.identifier, **details)
    return ConflictError(
        f"{ticket.identifier}: {error.expected_en} / {error.expected_zh}",
        code=code,
        field="certificate_id",
    )


def _given_up(ticket: Ticket) -> ConflictError:
    return ConflictError(
        f"the batch with {ticket.identifier} was given up before it was anchored; ask again",
        code="batch_given_up",
    )
