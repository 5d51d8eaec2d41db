"""Writes the access log: many requests' rows in one transaction, each waited for or not.

An access to personal data is answered only once its row is on the disk; a failed login is noted
without anybody waiting. One thread writes whatever has gathered while it wrote before.
"""

from __future__ import annotations

import logging
import queue
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Self

from ledger.errors import LedgerError, StorageError
from ledger.vault.access_log import AccessLog, NewRecord, RecordKind

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 10_000
MAX_AT_ONCE: Final = 500

_Item = tuple[NewRecord, "Future[None] | None"]


class AccessJournal:
    """The one writer of an access log. Use as a context manager.

    Args:
        log: of the vault.
    """

    def __init__(self, log: AccessLog) -> None:
        self._log = log
        self._waiting: queue.Queue[_Item | None] = queue.Queue(MAX_WAITING)
        self._dropped = 0
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Writes what waits, and ends."""
        if not self._is_closed:
            self._is_closed = True
            self._waiting.put(None)
            self._thread.join()

    def record(self, record: NewRecord) -> None:
        """Remembers an access, durably. Blocks for about one write to the disk.

        Raises:
            StorageError: access_log_closed, and whatever the disk refuses.
        """
        self.record_later(record).result()

    def record_later(self, record: NewRecord) -> Future[None]:
        """As `record`, for who waits in another way. Raises StorageError, access_log_closed."""
        if self._is_closed:
            raise StorageError("the node is stopping", code="access_log_closed")
        done: Future[None] = Future()
        self._waiting.put((record, done))
        return done

    def note(self, record: NewRecord) -> None:
        """Remembers an event soon, without waiting; what is too much at once is only counted."""
        try:
            if not self._is_closed:
                self._waiting.put_nowait((record, None))
        except queue.Full:
            self._dropped += 1

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            if first is None:
                break
            items, is_last = [first], False
            while len(items) < MAX_AT_ONCE:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    is_last = True
                    break
                items.append(more)
            self._write(items)
            if is_last:
                break

    def _write(self, items: list[_Item]) -> None:
        records = [record for record, _ in items]
        dropped, self._dropped = self._dropped, 0
        if dropped:
            records.append(
                NewRecord(
                    RecordKind.SECURITY,
                    "events_not_recorded",
                    "node",
                    object_kind="events",
                    object_id=str(dropped),
                )
            )
        # From here on nobody can cancel them; who has gone away meanwhile needs no answer.
        waiting = [
            done for _, done in items if done is not None and done.set_running_or_notify_cancel()
        ]
        try:
            self._log.append(records)
        except Exception as error:  # without this thread nobody would ever be answered again
            self._dropped += dropped + sum(done is None for _, done in items)
            told = {"code": getattr(error, "code", "unexpected"), "rows": len(records)}
            is_ours = isinstance(error, LedgerError)
            logger.exception("access_log_failed", exc_info=not is_ours, extra=told)
            for done in waiting:
                done.set_exception(error)
        else:
            for done in waiting:
                done.set_result(None)
