"""Certificates whose status is to change, with the words they are in, read from the chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.actions.holdings import find_stored
from ledger.errors import NotFoundError
from ledger.formats.status_list import Status, get_status, set_status, word_index
from ledger.identifiers import CertificateId, Uscc
from ledger.records import WordChange
from ledger.vault.batches import BatchRow
from ledger.vault.certificates import StoredCertificate
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Place:
    """A certificate's identifier and its place in its batch."""

    identifier: str
    position: int


@dataclass(frozen=True, slots=True)
class StatusTarget:
    """Certificates of one batch, as the chain had them when it was asked.

    Attributes:
        batch_key: 32 bytes.
        sequence: number of the batch's last status change.
        words: the status words they are in, by index.
    """

    issuer: Uscc
    batch_key: bytes
    sequence: int
    places: tuple[Place, ...]
    words: Mapping[int, bytes]

    def status(self, place: Place) -> Status:
        return get_status(self.words[word_index(place.position)], place.position)

    def without(self, left_out: Collection[Place]) -> StatusTarget:
        """The part of it without these places, and with the words of the others only."""
        kept = tuple(place for place in self.places if place not in left_out)
        indexes = {word_index(place.position) for place in kept}
        words = {index: word for index, word in self.words.items() if index in indexes}
        return replace(self, places=kept, words=words)

    def only(self, indexes: Collection[int]) -> StatusTarget:
        """The part of it in these words."""
        kept = tuple(place for place in self.places if word_index(place.position) in indexes)
        words = {index: self.words[index] for index in sorted(indexes)}
        return replace(self, places=kept, words=words)

    def changes(self, status: Status) -> tuple[WordChange, ...]:
        """Its words with the certificates in another status. Raises ConflictError where final."""
        after = dict(self.words)
        for place in self.places:
            index = word_index(place.position)
            after[index] = set_status(after[index], place.position, status)
        return tuple(WordChange(i, self.words[i], after[i]) for i in sorted(after))


def read_targets(
    workspace: Workspace, certificate_ids: Sequence[CertificateId]
) -> list[StatusTarget]:
    """Certificates by batch, each batch and word being asked for once.

    Raises:
        NotFoundError: a certificate is not this home's.
    """
    identifiers = {str(certificate_id): certificate_id for certificate_id in certificate_ids}
    known = workspace.vault.certificates.find_many(list(identifiers))
    by_batch: dict[int, list[Place]] = defaultdict(list)
    batches: dict[int, BatchRow] = {}
    for identifier, certificate_id in identifiers.items():
        found = known.get(identifier)
        if found is None or found.batch_pk not in batches:
            stored = find_stored(workspace, certificate_id)  # or refuses
            batches[stored.batch.pk] = stored.batch
            found = known[identifier]
        by_batch[found.batch_pk].append(Place(identifier, found.position))
    return [
        read_target(workspace, batches[pk].issuer, batches[pk].batch_key, places)
        for pk, places in by_batch.items()
    ]


def fetch_status(workspace: Workspace, stored: StoredCertificate) -> Status:
    """The status of a certificate as the chain has it now."""
    index = word_index(stored.position)
    word = workspace.gateway.status_word(stored.batch.batch_key, index)
    return get_status(word, stored.position)


def read_target(
    workspace: Workspace, issuer: Uscc, batch_key: bytes, places: Sequence[Place]
) -> StatusTarget:
    """Places of one batch with their words. Raises NotFoundError: the chain has no such batch."""
    record = workspace.gateway.batch(batch_key)
    if record is None:
        raise NotFoundError(f"the chain has no batch {batch_key.hex()}")
    indexes = sorted({word_index(place.position) for place in places})
    words = {index: workspace.gateway.status_word(batch_key, index) for index in indexes}
    return StatusTarget(issuer, batch_key, record.status_sequence, tuple(places), words)
