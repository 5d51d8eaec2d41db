"""Drafts in, staged certificates out: place → seal → stage, in the order of the rows.

Some chunks are always out for sealing while others are being read or staged, so that every core has
work and memory stays flat.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from ledger.actions.issuance.outcome import IssuanceLimits
from ledger.actions.issuance.sealing import PlacedDraft, SealingOrder, make_sealer, seal_chunk
from ledger.errors import StorageError
from ledger.formats.certificate import compute_batch_key
from ledger.identifiers import CertificateType
from ledger.vault.batches import NewBatch
from ledger.vault.staged import StagedCertificate
from ledger.vault.store import Vault
from ledger.vault.tables import BatchState


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What the batches of a run have in common. `key_id` is 32 bytes, of the order's seal key."""

    run_id: int
    key_id: bytes
    certificate_type: CertificateType
    sealed_at_unix: int


@dataclass(slots=True)
class _OpenBatch:
    """A batch that takes rows, up to `taken` so far."""

    pk: int
    batch_key: bytes
    taken: int
    opened_s: float


@dataclass(frozen=True, slots=True)
class _Chunk:
    batch_pk: int
    sealed: Future[list[StagedCertificate]]


class SealingPipeline:
    """The batches of one run and what is on its way into them.

    Args:
        vault: where they are staged.
        order: what sealing takes.
        terms: what the batches have in common.
        executor: runs `seal_chunk`.
    """

    def __init__(
        self,
        vault: Vault,
        order: SealingOrder,
        terms: BatchTerms,
        executor: Executor,
        limits: IssuanceLimits,
    ) -> None:
        self._vault = vault
        self._order = order
        self._terms = terms
        self._executor = executor
        self._limits = limits
        self._header = make_sealer(order).header
        self._batch: _OpenBatch | None = None
        self._pending: deque[_Chunk] = deque()
        self._full: list[int] = []
        self.staged = 0
        """Certificates staged so far by this pipeline."""

    def take_up(self) -> None:
        """Continues the batch that an interrupted run over the same source was filling."""
        terms = self._terms
        for batch in self._vault.batches.of_run(terms.run_id):
            if batch.state is not BatchState.OPEN:
                continue
            if (batch.key_id, batch.certificate_type) != (terms.key_id, terms.certificate_type):
                self._vault.batches.abandon(batch.pk)
            elif batch.count < self._limits.batch_rows:
                self._batch = _OpenBatch(batch.pk, batch.batch_key, batch.count, time.monotonic())

    def put(self, drafts: Sequence[PlacedDraft]) -> None:
        """Gives the next drafts their places and hands them out.

        Raises:
            StorageError: the vault cannot be written, or a sealing worker was ended.
        """
        while drafts:
            batch = self._open_batch()
            room = self._limits.batch_rows - batch.taken
            part, drafts = drafts[:room], drafts[room:]
            sealed = self._executor.submit(
                seal_chunk,
                self._order,
                part,
                batch.batch_key,
                batch.taken,
                self._terms.sealed_at_unix,
            )
            batch.taken += len(part)
            self._pending.append(_Chunk(batch.pk, sealed))
            if len(self._pending) >= self._limits.chunks_in_flight:
                self._stage(self._limits.chunks_staged_together)

    def drain(self) -> None:
        """Stages all that is out. Raises as `put`."""
        while self._pending:
            self._stage(self._limits.chunks_staged_together)

    def close_old(self) -> None:
        """Lets a batch of some age take no more rows."""
        batch = self._batch
        if batch and time.monotonic() - batch.opened_s >= self._limits.batch_age_s:
            self._end(batch)

    def pop_full(self) -> list[int]:
        """Numbers of the batches that take no more rows and are staged whole, each told once."""
        unfinished = {chunk.batch_pk for chunk in self._pending}
        ready = [pk for pk in self._full if pk not in unfinished]
        self._full = [pk for pk in self._full if pk in unfinished]
        return ready

    def _open_batch(self) -> _OpenBatch:
        if self._batch is not None and self._batch.taken >= self._limits.batch_rows:
            self._end(self._batch)
        if self._batch is None:
            batch_id, issuer = secrets.token_bytes(32), self._order.issuer
            opened = self._vault.batches.open(
                NewBatch(
                    batch_id,
                    compute_batch_key(issuer, batch_id),
                    issuer,
                    self._terms.key_id,
                    self._terms.certificate_type,
                    self._header,
                    self._terms.run_id,
                )
            )
            self._batch = _OpenBatch(opened.pk, opened.batch_key, 0, time.monotonic())
        return self._batch

    def _end(self, batch: _OpenBatch) -> None:
        self._full.append(batch.pk)
        self._batch = None

    def _stage(self, chunks: int) -> None:
        """Stages the oldest chunks, in one transaction."""
        oldest = [self._pending.popleft() for _ in range(min(chunks, len(self._pending)))]
        sealed = [(chunk.batch_pk, _await(chunk.sealed)) for chunk in oldest]
        with self._vault.transaction():
            for batch_pk, certificates in sealed:
                self._vault.certificates.stage(batch_pk, certificates)
        self.staged += sum(len(certificates) for _, certificates in sealed)


def _await(sealed: Future[list[StagedCertificate]]) -> list[StagedCertificate]:
    try:
        return sealed.result()
    except BrokenProcessPool as error:
        raise StorageError(
            "a sealing worker was ended, perhaps for want of memory; run the command again: "
            "nothing is lost or done twice",
            code="sealing_interrupted",
        ) from error
