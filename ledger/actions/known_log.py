"""The log as an index has it, for whoever asks thousands of times a second and syncs nothing.

Only what was compared with the chain is known: entries that a sync has read and not yet compared
are passed over. What was gathered about a certificate is kept for as long as no later entry
belongs to it; the log only grows, so that nothing else can make it another. An index that was
rebuilt, damaged or put in the place of another is noticed before the next answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from time import monotonic

from ledger.actions.facts import Gathered, LogSubject, gather_facts
from ledger.errors import NotFoundError, StorageError
from ledger.formats.evidence import LogHead
from ledger.formats.status_list import word_index
from ledger.identifiers import CertificateType, RegionCode, Uscc
from ledger.index.questions import NotedQuestions, are_answered_anew
from ledger.index.store import Cursor, IndexStore
from ledger.index.watching import IndexWatch, Mark

CACHED_SUBJECTS = 2048
_MAX_LATER = 2_000
_ATTEMPTS = 3

_Key = tuple[Uscc, CertificateType, bytes, int, bytes, tuple[RegionCode, ...]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """Answers, and which later entries would belong to them."""

    gathered: Gathered
    subjects: frozenset[bytes]
    kinds: frozenset[bytes]


class KnownLog:
    """One index, asked without syncing it. Safe for threads.

    Args:
        path: the index file; it may come, go and be replaced meanwhile.
        hold_s: for so long the file is not looked at again.

    Attributes:
        cursor: how far the index was at the head that was found last; None before.
    """

    def __init__(self, path: Path, hold_s: float = 0.0) -> None:
        self._path = path
        self._opened: IndexStore | None = None
        self._watch = IndexWatch(path)
        self._hold_s = hold_s
        self._looked_at = -hold_s
        self._mark: Mark | None = None
        self._head: LogHead | None = None
        self.cursor: Cursor | None = None
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._lock = RLock()

    def close(self) -> None:
        """Ends the connections to the file."""
        with self._lock:
            self._watch.close()
            self._close_index()

    @property
    def index(self) -> IndexStore:
        """The index itself, for questions about entries up to the size of `head`.

        Raises:
            NotFoundError, StorageError: as `head`.
        """
        if self._opened is None:
            self._opened = IndexStore.open(self._path, read_only=True)
        return self._opened

    def head(self) -> LogHead:
        """The log up to where index and chain were last seen to be equal.

        Raises:
            NotFoundError: code `index_missing`, or the index is being made.
            StorageError: code `index_unproved`, nothing was compared with the chain yet;
                `index_root_mismatch`; or the index is damaged.
        """
        with self._lock:
            now = monotonic()
            if self._head is not None and now - self._looked_at < self._hold_s:
                return self._head
            mark = self._watch.mark()
            self._looked_at = now
            if mark != self._mark or self._head is None:
                self._head = self._look(mark)
                self._mark = mark
            return self._head

    def gather(
        self, subject: LogSubject, relying_regions: Collection[RegionCode] = ()
    ) -> tuple[LogHead, Gathered]:
        """What the known log says about a certificate, and the log it is of.

        Raises:
            NotFoundError, StorageError: as `head`.
        """
        key = _make_key(subject, relying_regions)
        with self._lock:
            for _ in range(_ATTEMPTS):
                head = self.head()
                kept = self._kept.get(key)
                if kept is not None:
                    self._kept.move_to_end(key)
                    return head, kept.gathered
                kept = self._ask(subject, relying_regions, head)
                if self.head() == head:  # else it was asked of two states of the file
                    self._keep(key, kept)
                    return head, kept.gathered
            return head, self._ask(subject, relying_regions, head).gathered

    def _look(self, mark: Mark) -> LogHead:
        """Sees how far the index is proved now, and forgets what is not so any more."""
        if self._mark is None or self._mark[:2] != mark[:2]:
            self._close_index()  # its connections may be to a file that is no more
        before, self._head, self._mark = self._head, None, None
        try:
            cursor = self.index.cursor()
            if before is not None and not self._continues(before, cursor.ledger_id):
                before = None
            head = self._find_head(cursor, before)
            self._forget(before, head)
        except (StorageError, NotFoundError):
            self._kept.clear()
            raise
        return head

    def _find_head(self, cursor: Cursor, before: LogHead | None) -> LogHead:
        if cursor.proved_root:
            if self.index.root(cursor.size) == cursor.proved_root:
                time_unix, self.cursor = cursor.synced_to_unix, cursor
                return LogHead(cursor.ledger_id, cursor.size, cursor.proved_root, time_unix)
            raise StorageError(
                f"{self._path} is not what was compared with the chain; run "
                "`zhenglian index rebuild`",
                code="index_root_mismatch",
            )
        if before is not None:
            return before  # a sync has read entries and not yet compared them
        raise StorageError(
            f"{self._path} has not been compared with the chain yet: sync it",
            code="index_unproved",
        )

    def _close_index(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _continues(self, before: LogHead, ledger_id: bytes) -> bool:
        """Whether the index is that of the same log, grown or not."""
        if before.ledger_id != ledger_id:
            return False
        try:
            return self.index.root(before.size) == before.root
        except NotFoundError:
            return False

    def _forget(self, before: LogHead | None, head: LogHead) -> None:
        """Drops what entries after `before` belong to; without it, everything."""
        later = None if before is None else self.index.topics_since(before.size, _MAX_LATER)
        if before is None or later is None or head.size < before.size:
            self._kept.clear()
            return
        if not later:
            return
        touched = [
            key
            for key, kept in self._kept.items()
            if are_answered_anew(kept.subjects, kept.kinds, later)
        ]
        for key in touched:
            del self._kept[key]

    def _ask(
        self, subject: LogSubject, relying_regions: Collection[RegionCode], head: LogHead
    ) -> _Kept:
        noted = NotedQuestions(self.index)
        found = gather_facts(noted, subject, relying_regions=relying_regions)
        return _Kept(found.until(head), frozenset(noted.subjects), frozenset(noted.kinds))

    def _keep(self, key: _Key, kept: _Kept) -> None:
        self._kept[key] = kept
        if len(self._kept) > CACHED_SUBJECTS:
            self._kept.popitem(last=False)


def _make_key(subject: LogSubject, relying_regions: Collection[RegionCode]) -> _Key:
    placement = subject.placement
    return (
        subject.issuer,
        subject.certificate_type,
        placement.batch_key,
        word_index(placement.position),
        subject.key_id,
        tuple(relying_regions),
    )
