"""Which certificates this home has issued, and how they stand: no field of a holder is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from ledger.actions.batch_history import iterate_status_changes
from ledger.actions.departments import read_department
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.pages import DEFAULT_LIMIT, require_limit
from ledger.actions.viewers import EVERYTHING, Viewer
from ledger.errors import NotFoundError, StorageError
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


READ_FOR_A_PAGE = 1_000
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


@dataclass(frozen=True, slots=True)
class OwnCertificates:
    """A holder's certificates. Attributes: next: to go on behind; None at the end."""

    items: tuple[ListedCertificate, ...]
    next: str | None


def page_certificates(
    workspace: Workspace,
    wanted: ListFilter = EVERY_CERTIFICATE,
    *,
    issuer: Uscc | None = None,
    after: CertificateId | None = None,
    limit: int = DEFAULT_LIMIT,
    viewer: Viewer = EVERYTHING,
) -> CertificatePage:
    """Some of the certificates that this home has issued, oldest first.

    Without anything about their holders.

    Args:
        wanted: which ones; by default all.
        issuer: only of this department.
        after: go on behind this certificate: `next` of the page before.
        limit: at most so many, up to 1000.
        viewer: who is told, of the departments within their limits.

    Raises:
        NotFoundError: batch_unknown; of `after` certificate_unknown, not_anchored.
        MalformedInputError: limit_out_of_range.
    """
    require_limit(limit)
    workspace.sync_index()
    found = list_certificates(workspace, wanted, issuer=issuer, after=after, viewer=viewer)
    items = tuple(islice(found, limit))
    has_more = len(items) == limit and next(found, None) is not None
    return CertificatePage(items, items[-1].certificate_id if has_more else None)


def list_certificates(
    workspace: Workspace,
    wanted: ListFilter,
    *,
    issuer: Uscc | None = None,
    after: CertificateId | None = None,
    viewer: Viewer = EVERYTHING,
) -> Iterator[ListedCertificate]:
    """The certificates that this home has issued, in the order of the log and of their batches.

    Reads the index as it is, and the vault a thousand rows at a time.

    Args:
        issuer: only of this department.
        after: go on behind this one.
        viewer: who is told.

    Raises:
        NotFoundError: batch_unknown; of `after` certificate_unknown, not_anchored.
    """
    anchored = workspace.vault.batches.in_state(BatchState.ANCHORED)
    issuers = {each.issuer for each in anchored if issuer in (None, each.issuer)}
    if viewer.is_limited:
        issuers = {each for each in issuers if _is_seen(workspace, viewer, each)}
    batches = sorted((each for each in anchored if each.issuer in issuers), key=_order)
    if wanted.batch and not any(ListFilter(batch=wanted.batch).has_batch(b) for b in batches):
        raise NotFoundError(
            f"this home has anchored no batch whose key begins with {wanted.batch}",
            code="batch_unknown",
            field="batch",
        )
    last = None if after is None else find_stored(workspace, after)
    chosen = filter(wanted.has_batch, batches)
    return _list_batches(workspace, chosen, wanted.status, last)


def page_own_certificates(
    workspace: Workspace,
    *,
    after: CertificateId | None = None,
    limit: int = DEFAULT_LIMIT,
    viewer: Viewer = EVERYTHING,
) -> OwnCertificates:
    """A holder's own certificates of this home, oldest first.

    Reads contents to find them, a thousand at most for a page, so that a page may be empty before
    the end.

    Args:
        after: go on behind this certificate: `next` of the page before.
        limit: at most so many, up to 1000.
        viewer: the holder; whoever is none has none.

    Raises:
        NotFoundError: of `after`, certificate_unknown.
        MalformedInputError: limit_out_of_range.
    """
    require_limit(limit)
    if viewer.holder_code is None:
        return OwnCertificates((), None)
    workspace.sync_index()
    found: list[ListedCertificate] = []
    read, last = 0, None
    for each in list_certificates(workspace, EVERY_CERTIFICATE, after=after):
        if len(found) == limit or read == READ_FOR_A_PAGE:
            return OwnCertificates(tuple(found), last)
        read, last = read + 1, each.certificate_id
        if not each.is_erased and _is_of(workspace, each, viewer.holder_code):
            found.append(each)
    return OwnCertificates(tuple(found), None)


def _is_of(workspace: Workspace, listed: ListedCertificate, holder_code: str) -> bool:
    stored = workspace.vault.certificates.by_position(listed.batch_key, listed.position)
    if stored is None:
        return False
    try:
        return str(read_certificate(workspace, stored).fields.get("holder_code")) == holder_code
    except (NotFoundError, StorageError):  # erased meanwhile, or damaged
        return False


def _is_seen(workspace: Workspace, viewer: Viewer, issuer: Uscc) -> bool:
    try:
        department = read_department(workspace.index, issuer)
    except NotFoundError:
        return False
    return viewer.includes(issuer, department.region)


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
