"""Batches that the chain did not take at once: tried again until it does, or never can.

Also what an earlier process had closed: it is anchored as soon as the chain answers. And what the
vault did not say whether it is stored: it is asked until it answers.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

from ledger.actions.issuance.anchoring import AnchoredBatch, anchor_batch, is_final
from ledger.actions.issuance.group_books import GroupBooks
from ledger.actions.issuance.lanes import Lane
from ledger.actions.issuance.open_group import OpenGroup
from ledger.actions.issuance.tickets import deliver_all
from ledger.errors import ChainUnavailableError, LedgerError, StorageError
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace

SETTLED_LATER = ("superseded", "nonce_taken", "transaction_exists")
"""Refusals that say nothing of the batch."""
_ASKED_AGAIN_S = 0.5
_DOUBT_S = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Left:
    """A batch to be anchored. Attributes: lane, group: of this process's requests."""

    batch_key: bytes
    lane: Lane | None = None
    group: OpenGroup | None = None


class GroupSettler:
    """Anchors what is left, in a thread of its own.

    Args:
        retry_s: how often.
        in_flight: so many at once.
    """

    def __init__(
        self, workspace: Workspace, books: GroupBooks, retry_s: float, in_flight: int
    ) -> None:
        self._workspace = workspace
        self._books = books
        self._retry_s = retry_s
        self._lock = threading.Lock()
        self._left: list[_Left] = []
        self._stopping = threading.Event()
        self._executor = ThreadPoolExecutor(in_flight, "issuance-settling")
        self._thread = threading.Thread(target=self._run, name="issuance-settling", daemon=True)
        self.trouble: Exception | None = None
        """Why the chain or the vault did not do what was asked the last time."""

    @property
    def left(self) -> int:
        """Batches that are still to be anchored."""
        return len(self._left)

    def take_over(self) -> None:
        """Takes what earlier processes had closed."""
        closed = self._workspace.vault.batches.in_state(BatchState.CLOSED)
        self._left = [_Left(batch.batch_key) for batch in closed]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Waits until the thread has ended."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._executor.shutdown()

    def settle_later(self, lane: Lane, group: OpenGroup, error: Exception) -> None:
        """Takes a batch that the chain did not take; tells its requests why, if it was refused."""
        if isinstance(error, LedgerError) and _is_refusal(error):
            lane.refusal = error
            deliver_all(self._books.set_aside(group, error))
        else:
            self.trouble = error
        with self._lock:
            self._left.append(_Left(group.batch_key, lane, group))

    def find_out(self, group: OpenGroup, error: StorageError) -> bool:
        """Whether a batch is stored although the vault failed; if not, its requests are refused.

        Waits for a vault that does not answer: nothing can be stored meanwhile.
        """
        self.trouble = error
        while not self._stopping.is_set():
            try:
                stored = self._workspace.vault.batches.states([group.batch_key])
                if not stored:
                    break
                group.batch = self._workspace.vault.batches.get(group.batch_key)
            except LedgerError:
                self._stopping.wait(_ASKED_AGAIN_S)
            else:
                self.trouble = None
                return True
        deliver_all(self._books.refuse(group.tickets, error))
        return False

    def _run(self) -> None:
        while True:
            wait(self._executor.submit(self._try, left) for left in list(self._left))
            self._watch()
            if self._stopping.wait(self._retry_s):
                return

    def _try(self, left: _Left) -> None:
        if self._stopping.is_set():
            return
        vault = self._workspace.vault
        try:
            batch = vault.batches.get(left.batch_key)
            if batch.state is BatchState.ABANDONED:
                self._drop(left, None)
                return
            self._settle(left, anchor_batch(self._workspace, batch))
        except (ChainUnavailableError, StorageError) as error:
            self.trouble = error
        except LedgerError as refusal:
            self._note(left, refusal)
        except Exception as error:  # noqa: BLE001  # it must go on
            _log.exception("a batch could not be anchored; it is tried again")
            self.trouble = error

    def _note(self, left: _Left, refusal: LedgerError) -> None:
        if not is_final(refusal):
            if left.lane is not None and _is_refusal(refusal):
                left.lane.refusal = refusal
            return
        try:
            batch = self._workspace.vault.batches.get(left.batch_key)
            self._workspace.vault.batches.abandon(batch.pk)
        except LedgerError as error:
            self.trouble = error
        else:
            self._drop(left, refusal)

    def _settle(self, left: _Left, anchored: AnchoredBatch) -> None:
        self._remove(left)
        if left.lane is not None:
            left.lane.refusal = None
        if left.group is not None:
            deliver_all(self._books.acknowledge(left.group, anchored))

    def _drop(self, left: _Left, refusal: LedgerError | None) -> None:
        """Of a batch that can never be anchored any more."""
        self._remove(left)
        if left.lane is not None:
            left.lane.refusal = None
        if left.group is not None:
            error = refusal or StorageError("the batch was given up; ask again")
            deliver_all(self._books.refuse(left.group.tickets, error))

    def _remove(self, left: _Left) -> None:
        with self._lock:
            self._left.remove(left)
            if not self._left:
                self.trouble = None

    def _watch(self) -> None:
        try:
            self._books.settle_watched()
        except LedgerError as error:
            self.trouble = error


def _is_refusal(error: LedgerError) -> bool:
    """Whether the contract refuses the batch as it is now."""
    is_unknown = isinstance(error, ChainUnavailableError | StorageError)
    return not is_unknown and error.code not in SETTLED_LATER
