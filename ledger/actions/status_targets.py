"""Certificates whose status is to change, with the words they are in, read from the chain."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.actions.holdings import find_stored
from ledger.actions.named_certificates import NamedCertificates
from ledger.actions.standings import find_place_status
from ledger.errors import ChainUnavailableError, NotFoundError
from ledger.formats.status_list import Status, get_status, set_status, word_index
from ledger.identifiers import CertificateId, Uscc
from ledger.records import WordChange
from ledger.vault.batches import BatchRow
from ledger.vault.certificates import StoredCertificate
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StatusTarget:
    """Certificates of one batch, as the chain had them when it was asked.

    Attributes:
        batch_key: 32 bytes.
        sequence: number of the batch's last status change.
        places: their positions in the batch, rising.
        words: the status words they are in, by index.
    """

    issuer: Uscc
    batch_key: bytes
    sequence: int
    places: Sequence[int]
    words: Mapping[int, bytes]

    def status(self, place: int) -> Status:
        return get_status(self.words[word_index(place)], place)

    def without(self, left_out: Collection[int]) -> StatusTarget:
        """The part of it without these places, and with the words of the others only."""
        kept = array("I", (place for place in self.places if place not in left_out))
        indexes = {word_index(place) for place in kept}
        words = {index: word for index, word in self.words.items() if index in indexes}
        return replace(self, places=kept, words=words)

    def only(self, indexes: Collection[int]) -> StatusTarget:
        """The part of it in these words."""
        kept = array("I", (place for place in self.places if word_index(place) in indexes))
        words = {index: self.words[index] for index in sorted(indexes)}
        return replace(self, places=kept, words=words)

    def changes(self, status: Status) -> tuple[WordChange, ...]:
        """Its words with the certificates in another status. Raises ConflictError where final."""
        after = dict(self.words)
        for place in self.places:
            index = word_index(place)
            after[index] = set_status(after[index], place, status)
        return tuple(WordChange(i, self.words[i], after[i]) for i in sorted(after))


def read_targets(
    workspace: Workspace, certificate_ids: Iterable[CertificateId] | NamedCertificates
) -> list[StatusTarget]:
    """Certificates by batch, each batch and word being asked for once.

    Of a million certificates positions are kept, four bytes each.

    Raises:
        NotFoundError: a certificate is not this home's.
    """
    by_batch: dict[int, array[int]] = {}
    batches: dict[int, BatchRow] = {}
    for chunk in NamedCertificates.of(certificate_ids).chunks():
        known = workspace.vault.certificates.find_many(chunk)
        for identifier in chunk:
            found = known.get(identifier)
            if found is None or found.batch_pk not in batches:
                stored = find_stored(workspace, CertificateId.parse(identifier))  # or refuses
                batches[stored.batch.pk] = stored.batch
                by_batch.setdefault(stored.batch.pk, array("I"))
                found = known[identifier]
            by_batch[found.batch_pk].append(found.position)
    return [
        read_target(workspace, batches[pk].issuer, batches[pk].batch_key, places)
        for pk, places in by_batch.items()
    ]


def fetch_status(workspace: Workspace, stored: StoredCertificate) -> Status:
    """The status of a certificate as the chain has it now; in a read, if it is away, as was known.

    Raises:
        ChainUnavailableError: nothing was known.
    """
    batch_key, position = stored.batch.batch_key, stored.position
    return workspace.ask_chain(
        lambda gateway: get_status(gateway.status_word(batch_key, word_index(position)), position),
        lambda _: _find_known_status(workspace, batch_key, position),
    )


def _find_known_status(workspace: Workspace, batch_key: bytes, position: int) -> Status:
    try:
        return find_place_status(workspace.index, batch_key, position).status
    except NotFoundError as error:  # anchored, and not read from the log yet
        raise ChainUnavailableError(
            f"the chain does not answer, and the own copy of its log is older than batch "
            f"{batch_key.hex()}"
        ) from error


def read_target(
    workspace: Workspace, issuer: Uscc, batch_key: bytes, places: Iterable[int]
) -> StatusTarget:
    """Places of one batch, each once, with their words.

    Raises:
        NotFoundError: the chain has no such batch.
    """
    record = workspace.gateway.batch(batch_key)
    if record is None:
        raise NotFoundError(f"the chain has no batch {batch_key.hex()}")
    rising = array("I", sorted(set(places)))
    indexes = sorted({word_index(place) for place in rising})
    words = {index: workspace.gateway.status_word(batch_key, index) for index in indexes}
    return StatusTarget(issuer, batch_key, record.status_sequence, rising, words)
