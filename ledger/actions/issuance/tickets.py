"""What group commit gives for a request that it has taken, and the limits within which it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Condition
from typing import Protocol

from ledger.actions.issuance.open_group import OpenGroup
from ledger.actions.issuance.request import (
    IssuanceRequest,
    IssuedCertificate,
    ReadRequest,
)
from ledger.actions.issuance.sealing import PlacedDraft
from ledger.errors import LedgerError


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """How requests are gathered.

    Attributes:
        batch_age_s: how long a batch takes requests.
        crowded_age_s: how long it does while as many batches as may are on their way.
        batch_rows: after which it takes no more, however young.
        in_flight: batches on their way to the chain at once.
        gather_s: how long arrivals are gathered before they are looked up and sealed together.
        waiting: requests taken and not anchored yet; beyond, none is taken.
        longest_wait_s: how long the oldest of them may have waited; beyond, none is taken.
        standing_s: how often it is asked whether departments may issue.
        retry_s: how often what the chain did not take is tried again.
        seals_in_workers: for a machine with cores to spare.
    """

    batch_age_s: float = 0.2
    crowded_age_s: float = 1.0
    batch_rows: int = 4_096
    in_flight: int = 4
    gather_s: float = 0.01
    waiting: int = 4_000
    longest_wait_s: float = 10.0
    standing_s: float = 1.0
    retry_s: float = 1.0
    seals_in_workers: bool = False


DEFAULT_GROUP_LIMITS = GroupLimits()


class OverloadedError(LedgerError):
    """More is asked for than can be done in time. Attributes: retry_after_s: when to ask again."""

    default_code = "overloaded"

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Mailbox(Protocol):
    """Where it is told that something has become of tickets."""

    def deliver(self, tickets: Sequence[Ticket]) -> None:
        """Called by a thread of the issuer's, once for many."""


class Ticket:
    """A request that was taken.

    Attributes:
        mailbox: told when it is settled, or waits for something that may take long.
        is_repeated: its reference is known, and what it had stood for was given up.
        is_staged: stored durably: it will be anchored, whatever ends.
        issued, error: what it came to; both None while it is not settled.
        waiting_for: why its batch is refused for now.
    """

    __slots__ = (
        "error",
        "followers",
        "group",
        "handed_in_s",
        "identifier",
        "is_repeated",
        "is_staged",
        "issued",
        "mailbox",
        "placed",
        "position",
        "read",
        "request",
        "waiting_for",
    )

    def __init__(
        self, request: IssuanceRequest, read: ReadRequest, placed: PlacedDraft, mailbox: Mailbox
    ) -> None:
        self.request = request
        self.read = read
        self.placed = placed
        self.identifier = str(placed.draft.certificate_id)
        self.mailbox = mailbox
        self.handed_in_s = time.monotonic()
        self.is_repeated = False
        self.is_staged = False
        self.issued: IssuedCertificate | None = None
        self.error: Exception | None = None
        self.waiting_for: LedgerError | None = None
        self.group: OpenGroup | None = None
        self.position = -1
        self.followers: list[Ticket] = []

    @property
    def key(self) -> tuple[str, str]:
        """Issuer and reference."""
        return str(self.request.issuer), self.request.reference

    @property
    def is_settled(self) -> bool:
        return self.issued is not None or self.error is not None

    def is_same(self, other: Ticket) -> bool:
        """Whether it asks for the same certificate with the same content."""
        is_same_content = self.placed.content_mac == other.placed.content_mac
        return is_same_content and self.identifier == other.identifier

    def settle_as(self, issued: IssuedCertificate) -> None:
        """Settles a ticket that asked for what another was given."""
        self.issued = replace(
            issued,
            reference=self.request.reference,
            was_issued_before=True,
            warnings=self.read.warnings,
        )


class WaitingRoom:
    """A mailbox for threads: each waits for its own ticket."""

    def __init__(self) -> None:
        self._changed = Condition()

    def deliver(self, tickets: Sequence[Ticket]) -> None:
        """Wakes everybody."""
        del tickets
        with self._changed:
            self._changed.notify_all()

    def wait(self, is_over: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until something is true, which only a delivery can make true."""
        with self._changed:
            return self._changed.wait_for(is_over, timeout_s)


def deliver_all(tickets: Iterable[Ticket]) -> None:
    """Tells each mailbox once of all of its tickets."""
    by_mailbox: dict[int, list[Ticket]] = {}
    for ticket in tickets:
        by_mailbox.setdefault(id(ticket.mailbox), []).append(ticket)
    for group in by_mailbox.values():
        group[0].mailbox.deliver(group)
