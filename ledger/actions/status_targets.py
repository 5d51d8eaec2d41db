"""Certificates whose status is to change, with the words they are in, read from the chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.actions.holdings import find_stored
from ledger.errors import NotFoundError
from ledger.formats.status_list import Status, get_status, set_status, word_index
from ledger.identifiers import CertificateId
from ledger.records import WordChange
from ledger.vault.batches import BatchRow
from ledger.vault.certificates import StoredCertificate
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StatusTarget:
    """Certificates of one batch, as the chain had them when it was asked.

    Attributes:
        sequence: number of the batch's last status change.
        words: the status words they are in, by index.
    """

    batch: BatchRow
    sequence: int
    certificates: tuple[StoredCertificate, ...]
    words: Mapping[int, bytes]

    def status(self, stored: StoredCertificate) -> Status:
        return get_status(self.words[word_index(stored.position)], stored.position)

    def only(self, indexes: Collection[int]) -> StatusTarget:
        """The part of it in these words."""
        kept = tuple(s for s in self.certificates if word_index(s.position) in indexes)
        return replace(
            self, certificates=kept, words={index: self.words[index] for index in sorted(indexes)}
        )

    def changes(self, status: Status) -> tuple[WordChange, ...]:
        """Its words with the certificates in another status. Raises ConflictError where final."""
        after = dict(self.words)
        for stored in self.certificates:
            index = word_index(stored.position)
            after[index] = set_status(after[index], stored.position, status)
        return tuple(WordChange(i, self.words[i], after[i]) for i in sorted(after))


def read_targets(
    workspace: Workspace, certificate_ids: Sequence[CertificateId]
) -> list[StatusTarget]:
    """Certificates by batch, each batch and word being asked for once.

    Raises:
        NotFoundError: a certificate is not this home's.
    """
    by_batch: dict[int, list[StoredCertificate]] = defaultdict(list)
    for certificate_id in dict.fromkeys(certificate_ids):
        stored = find_stored(workspace, certificate_id)
        by_batch[stored.batch.pk].append(stored)
    return [_read_target(workspace, group) for group in by_batch.values()]


def fetch_status(workspace: Workspace, stored: StoredCertificate) -> Status:
    """The status of a certificate as the chain has it now."""
    index = word_index(stored.position)
    word = workspace.gateway.status_word(stored.batch.batch_key, index)
    return get_status(word, stored.position)


def _read_target(workspace: Workspace, group: list[StoredCertificate]) -> StatusTarget:
    batch, gateway = group[0].batch, workspace.gateway
    record = gateway.batch(batch.batch_key)
    if record is None:
        raise NotFoundError(f"the chain has no batch {batch.batch_key.hex()}")
    indexes = sorted({word_index(stored.position) for stored in group})
    words = {index: gateway.status_word(batch.batch_key, index) for index in indexes}
    return StatusTarget(batch, record.status_sequence, tuple(group), words)
