"""A batch that is being filled by requests: in memory, until it is stored whole with one fsync.

Sealed on arrival, since a place in the batch is known at once; nothing of it is promised to anybody
before it is stored, and then it is closed already. So no crash leaves a batch half filled.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.actions.issuance.anchoring import seal_batch
from ledger.actions.issuance.sealing import PlacedDraft, seal_chunk
from ledger.actions.issuance.standing import Standing
from ledger.formats.certificate import compute_batch_key
from ledger.vault.batches import BatchRow, NewBatch
from ledger.vault.requests import NewRequest
from ledger.vault.staged import StagedCertificate
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.actions.issuance.tickets import Ticket


class OpenGroup:
    """Requests of one department for one type that will share a batch.

    Args:
        standing: of the department, with the key that seals.
        executor: runs `seal_chunk`.

    Attributes:
        tickets: by position.
        batch: once it is stored.
    """

    def __init__(self, standing: Standing, executor: Executor) -> None:
        self.standing = standing
        self._executor = executor
        self.opened_s = time.monotonic()
        self.tickets: list[Ticket] = []
        self.batch: BatchRow | None = None
        self.staged: list[StagedCertificate] = []
        self._begin()

    def _begin(self) -> None:
        self._batch_id = secrets.token_bytes(32)
        self.batch_key = compute_batch_key(self.standing.issuer, self._batch_id)
        self._sealed: list[Future[list[StagedCertificate]]] = []

    def add(self, tickets: Sequence[Ticket], now_unix: int) -> None:
        """Places requests and has them sealed."""
        first = len(self.tickets)
        for position, ticket in enumerate(tickets, first):
            ticket.group, ticket.position = self, position
        self.tickets += tickets
        self._seal([ticket.placed for ticket in tickets], first, now_unix)

    def seal_with(self, standing: Standing, now_unix: int) -> None:
        """Seals all of it anew with another key, before it is stored."""
        self.standing = standing
        self._begin()
        self._seal([ticket.placed for ticket in self.tickets], 0, now_unix)

    def store(self, workspace: Workspace, run_id: int, latest_unix: int) -> BatchRow:
        """Stores and closes the batch in one transaction, or does nothing.

        Raises:
            ConflictError: code `certificate_exists`, somebody else has issued one meanwhile.
            StorageError: perhaps it is stored all the same: look for `batch_key`.
        """
        standing, vault = self.standing, workspace.vault
        self.staged = [each for part in self._sealed for each in part.result()]
        with vault.transaction():
            opened = vault.batches.open(
                NewBatch(
                    self._batch_id,
                    self.batch_key,
                    standing.issuer,
                    standing.key.key_id,
                    standing.certificate_type,
                    standing.header,
                    run_id,
                )
            )
            vault.certificates.stage(opened.pk, self.staged)
            requests = self._requests()
            vault.requests.add(
                [NewRequest(*key, each.identifier, opened.pk) for key, each in requests.items()],
                [key for key, each in requests.items() if each.is_repeated],
            )
            self.batch = seal_batch(
                workspace,
                replace(opened, count=len(self.staged)),
                standing.key,
                [certificate.leaf_hash for certificate in self.staged],
                latest_unix=latest_unix,
            )
        return self.batch

    def _requests(self) -> dict[tuple[str, str], Ticket]:
        """A ticket for every reference under which one of the certificates was asked for."""
        return {each.key: each for ticket in self.tickets for each in (ticket, *ticket.followers)}

    def _seal(self, drafts: list[PlacedDraft], first: int, now_unix: int) -> None:
        order = self.standing.order
        self._sealed.append(
            self._executor.submit(seal_chunk, order, drafts, self.batch_key, first, now_unix)
        )
