"""Which certificates this home has issued, and how they stand: no field of a holder is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from ledger.actions.batch_history import iterate_status_changes
from ledger.actions.holdings import find_stored
from ledger.actions.pages import DEFAULT_LIMIT, require_limit
from ledger.errors import NotFoundError
from ledger.formats.status_list import EMPTY_WORD, Status, get_status, word_index
from ledger.identifiers import CertificateId, CertificateType, Uscc
from ledger.vault.batches import BatchRow
from ledger.vault.certificates import StoredCertificate
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which certificates are wanted; what is None does not matter.

    Attributes:
        batch: the beginning of a batch key, in hex.
        since_unix: anchored then or later.
        before_unix: anchored before.
    """

    status: Status | None = None
    certificate_type: CertificateType | None = None
    batch: str = ""
    since_unix: int | None = None
    before_unix: int | None = None

    def has_batch(self, batch: BatchRow) -> bool:
        """Whether certificates of a batch may be wanted."""
        anchored = batch.anchored_at_unix or 0
        return (
            batch.batch_key.hex().startswith(self.batch.lower())
            and self.certificate_type in (None, batch.certificate_type)
            and (self.since_unix is None or anchored >= self.since_unix)
            and (self.before_unix is None or anchored < self.before_unix)
        )


EVERY_CERTIFICATE = ListFilter()


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """A certificate's identifier and where it stands.

    Attributes:
        is_erased: whether its content was erased.
        anchored_at_unix: when it was issued, by the chain.
        log_index: of the entry that anchored its batch.
    """

    certificate_id: str
    status: Status
    is_erased: bool
    batch_key: bytes
    position: int
    anchored_at_unix: int
    log_index: int


@dataclass(frozen=True, slots=True)
class CertificatePage:
    """Certificates in order. Attributes: next: the last one, to go on behind; None at the end."""

    items: tuple[ListedCertificate, ...]
    next: str | None


def page_certificates(
    workspace: Workspace,
    wanted: ListFilter = EVERY_CERTIFICATE,
    *,
    issuer: Uscc | None = None,
    after: CertificateId | None = None,
    limit: int = DEFAULT_LIMIT,
) -> CertificatePage:
    """Some of the certificates that this home has issued, oldest first.

    Without anything about their holders.

    Args:
        wanted: which ones; by default all.
        issuer: only of this department.
        after: go on behind this certificate: `next` of the page before.
        limit: at most so many, up to 1000.

    Raises:
        NotFoundError: batch_unknown; of `after` certificate_unknown, not_anchored.
        MalformedInputError: limit_out_of_range.
    """
    require_limit(limit)
    workspace.sync_index()
    found = list_certificates(workspace, wanted, issuer=issuer, after=after)
    items = tuple(islice(found, limit))
    has_more = len(items) == limit and next(found, None) is not None
    return CertificatePage(items, items[-1].certificate_id if has_more else None)


def list_certificates(
    workspace: Workspace,
    wanted: ListFilter,
    *,
    issuer: Uscc | None = None,
    after: CertificateId | None = None,
) -> Iterator[ListedCertificate]:
    """The certificates that this home has issued, in the order of the log and of their batches.

    Reads the index as it is, and the vault a thousand rows at a time.

    Args:
        issuer: only of this department.
        after: go on behind this one.

    Raises:
        NotFoundError: batch_unknown; of `after` certificate_unknown, not_anchored.
    """
    anchored = workspace.vault.batches.in_state(BatchState.ANCHORED)
    batches = sorted((b for b in anchored if issuer in (None, b.issuer)), key=_order)
    if wanted.batch and not any(ListFilter(batch=wanted.batch).has_batch(b) for b in batches):
        raise NotFoundError(
            f"this home has anchored no batch whose key begins with {wanted.batch}",
            code="batch_unknown",
            field="batch",
        )
    last = None if after is None else find_stored(workspace, after)
    chosen = filter(wanted.has_batch, batches)
    return _list_batches(workspace, chosen, wanted.status, last)


def _list_batches(
    workspace: Workspace,
    batches: Iterable[BatchRow],
    status: Status | None,
    last: StoredCertificate | None,
) -> Iterator[ListedCertificate]:
    for batch in batches:
        if last is None or _order(batch) > _order(last.batch):
            yield from _list_batch(workspace, batch, status, 0)
        elif batch.pk == last.batch.pk:
            yield from _list_batch(workspace, batch, status, last.position + 1)


def _list_batch(
    workspace: Workspace, batch: BatchRow, status: Status | None, first: int
) -> Iterator[ListedCertificate]:
    words = _read_words(workspace, batch)
    for place in workspace.vault.certificates.iterate_places(batch.pk, first):
        word = words.get(word_index(place.position), EMPTY_WORD)
        found = get_status(word, place.position)
        if status in (None, found):
            yield ListedCertificate(
                place.identifier,
                found,
                place.is_erased,
                batch.batch_key,
                place.position,
                batch.anchored_at_unix or 0,
                batch.log_index or 0,
            )


def _read_words(workspace: Workspace, batch: BatchRow) -> Mapping[int, bytes]:
    """The words of a batch that were ever changed, as the log has them last."""
    return {
        change.index: change.word_after
        for _, statement in iterate_status_changes(workspace.index, batch.batch_key)
        for change in statement.changes
    }


def _order(batch: BatchRow) -> tuple[int, int]:
    return batch.log_index or 0, batch.pk
