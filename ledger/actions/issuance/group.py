"""Group commit: single requests that arrive together share a batch.

One thread takes what has arrived, looks it up, seals it for its place in the open batch of its
department and type, and stores the batch, closed, with one fsync. Others carry batches to the
chain, several at once. A ticket is settled once its certificate is sealed, stored, anchored and
final, or refused; nothing that is stored is ever given up for want of a chain.

The same reference, or the same identifier, with the same content is the same certificate, whether
it is being issued, was issued before or came with a file.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self

from ledger.actions.issuance.anchoring import AnchoredBatch, anchor_new_batch
from ledger.actions.issuance.group_books import GroupBooks
from ledger.actions.issuance.group_settling import GroupSettler
from ledger.actions.issuance.lanes import Lane, LaneKeeper
from ledger.actions.issuance.open_group import OpenGroup
from ledger.actions.issuance.outcome import STREAM_DIGEST, STREAM_NAME
from ledger.actions.issuance.request import (
    IssuanceRequest,
    IssuedCertificate,
    RequestReader,
    RequestStatus,
    find_request,
    parse_reference,
)
from ledger.actions.issuance.sealing import PlacedDraft, compute_content_mac, open_executor
from ledger.actions.issuance.tickets import (
    DEFAULT_GROUP_LIMITS,
    GroupLimits,
    Mailbox,
    OverloadedError,
    Ticket,
    WaitingRoom,
    deliver_all,
)
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError, StorageError
from ledger.formats.civil_time import compute_civil_date
from ledger.vault.tables import RunState
from ledger.workspace import Workspace

_MOST_AT_ONCE = 1_000
_IDLE_S = 0.5
_log = logging.getLogger(__name__)


class GroupIssuer:
    """Issues single requests of any department of this home. Use as a context manager.

    Safe for threads. While it runs, nobody else writes the vault but through this process.

    Args:
        workspace: open as long as this is in use.
    """

    def __init__(self, workspace: Workspace, limits: GroupLimits = DEFAULT_GROUP_LIMITS) -> None:
        self._workspace = workspace
        self._limits = limits
        self._arrived: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._books = GroupBooks(workspace.vault)
        self._keeper = LaneKeeper(workspace, limits.standing_s, self._take_again, self._refuse)
        self._settler = GroupSettler(workspace, self._books, limits.retry_s, limits.in_flight)
        self._readers: dict[tuple[str, str], RequestReader] = {}
        self._room = WaitingRoom()
        self._stack = ExitStack()
        self._executor: Executor
        self._anchoring: ThreadPoolExecutor
        self._pump = threading.Thread(target=self._run, name="issuance-groups", daemon=True)
        self._is_stopping = False
        self._run_id = 0
        self._lock = threading.Lock()
        self._in_flight = 0

    def __enter__(self) -> Self:
        runs = self._workspace.vault.runs
        for earlier in runs.unfinished():
            if earlier.source_digest == STREAM_DIGEST:  # what it stored is closed, and settled now
                runs.finish(earlier.id, RunState.COMPLETED, earlier.counts)
        self._run_id = runs.begin(STREAM_NAME, STREAM_DIGEST).id
        self._settler.take_over()
        self._stack.enter_context(runs.live(self._run_id))
        workers = self._limits.seals_in_workers
        self._executor = self._stack.enter_context(open_executor(in_workers=workers))
        self._anchoring = ThreadPoolExecutor(self._limits.in_flight, "issuance-anchoring")
        self._keeper.start()
        self._settler.start()
        self._pump.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stores and anchors what was taken, if the chain takes it; what is left is for the next
        start."""
        self._is_stopping = True
        self._keeper.stop()
        self._arrived.put(None)
        self._pump.join()
        self._anchoring.shutdown(cancel_futures=self._settler.trouble is not None)
        self._settler.stop()
        deliver_all(self._books.unsettled())
        counts = {"issued": self._books.issued}
        self._workspace.vault.runs.finish(self._run_id, RunState.COMPLETED, counts)
        self._stack.close()

    # Handing in.

    def hand_in(self, request: IssuanceRequest, mailbox: Mailbox) -> Ticket:
        """Takes a request, or refuses it at once. Asks neither chain nor vault.

        Args:
            mailbox: told when something has become of the ticket.

        Raises:
            MalformedInputError: `reference_malformed`; FieldsMalformedError.
            NotFoundError: no such type.
            LedgerError: why the department may not issue the type now, if that is known.
            OverloadedError: more waits than can be done in time.
            ChainUnavailableError: `chain_stalled`, as much waits for the chain as may;
                `node_stopping`.
        """
        self.require_room()
        parse_reference(request.reference)
        lane = self._keeper.lane(request.issuer, request.certificate_type)
        read = self._reader(lane).read(request.fields)
        cipher = self._workspace.vault.row_cipher
        related, case_id = request.related_certificate_id, request.case_id
        mac = compute_content_mac(cipher, read.draft, related, case_id)
        ticket = Ticket(request, read, PlacedDraft(read.draft, mac, related, case_id), mailbox)
        self._books.take(ticket)
        self._arrived.put(ticket)
        return ticket

    def issue(
        self, request: IssuanceRequest, timeout_s: float = 30.0
    ) -> IssuedCertificate | RequestStatus:
        """Hands in and waits: the certificate, or how far it is when the time is up.

        Raises:
            As `hand_in`; whatever refuses the request; ChainUnavailableError, code
            `outcome_unknown`, when it is not known yet whether it is stored: ask again with the
            same reference.
        """
        ticket = self.hand_in(request, self._room)
        self._room.wait(lambda: ticket.is_settled or ticket.waiting_for is not None, timeout_s)
        if ticket.error is not None:
            raise ticket.error
        if ticket.issued is not None:
            return ticket.issued
        if not ticket.is_staged:
            raise unknown_outcome(request)
        return find_request(self._workspace, request.issuer, request.reference)

    def require_room(self) -> None:
        """Whether another request would be taken now. Raises as `hand_in`."""
        if self._is_stopping:
            raise ChainUnavailableError("this node is about to stop", code="node_stopping")
        waiting, oldest_s = self._books.waiting()
        if waiting < self._limits.waiting and oldest_s < self._limits.longest_wait_s:
            return
        trouble = self._settler.trouble or self._keeper.trouble
        if trouble is not None:
            raise ChainUnavailableError(
                f"{waiting} requests wait for the chain, the oldest since {oldest_s:.0f} s: "
                f"{trouble}",
                code="chain_stalled",
            )
        raise OverloadedError(
            f"{waiting} requests are being done, the oldest since {oldest_s:.1f} s; ask again",
            retry_after_s=max(1.0, min(oldest_s, 5.0)),
        )

    @property
    def figures(self) -> dict[str, float]:
        """How it is doing, for metrics."""
        waiting, oldest_s = self._books.waiting()
        return {
            "waiting": waiting,
            "oldest_s": oldest_s,
            "issued": self._books.issued,
            "batches": self._books.batches,
            "left": self._settler.left,
        }

    def _reader(self, lane: Lane) -> RequestReader:
        key = (lane.issuer.code, lane.certificate_type.code)
        today = compute_civil_date(self._workspace.now_unix())
        found = self._readers.get(key)
        standing = lane.standing
        if (
            found is None
            or found.today != today
            or (standing is not None and standing.schema is not found.schema)
        ):
            schema = (
                self._workspace.schema(lane.certificate_type)
                if standing is None
                else standing.schema
            )
            found = self._readers[key] = RequestReader(schema, lane.issuer, today)
        return found

    # The thread that looks up, seals and stores.

    def _run(self) -> None:
        is_over = False
        while not is_over:
            tickets, is_over = self._gather()
            try:
                self._sort(tickets)
            except Exception as error:  # noqa: BLE001  # told to whoever waits
                if not isinstance(error, LedgerError):
                    _log.exception("requests could not be looked up")
                self._refuse([each for each in tickets if not each.is_settled], error)
            for lane in self._keeper.lanes():
                if lane.group is not None and (is_over or self._is_due(lane.group)):
                    self._store(lane, lane.group)

    def _gather(self) -> tuple[list[Ticket], bool]:
        """What has arrived by the time at which something is to be done."""
        try:
            first = self._arrived.get(timeout=self._time_left_s())
        except queue.Empty:
            return [], False
        if first is None:
            return self._drain(), True
        time.sleep(self._limits.gather_s)
        tickets = [first]
        while len(tickets) < _MOST_AT_ONCE:
            try:
                ticket = self._arrived.get_nowait()
            except queue.Empty:
                break
            if ticket is None:
                return tickets + self._drain(), True
            tickets.append(ticket)
        return tickets, False

    def _drain(self) -> list[Ticket]:
        tickets = []
        while not self._arrived.empty():
            if (ticket := self._arrived.get()) is not None:
                tickets.append(ticket)
        return tickets

    def _time_left_s(self) -> float:
        groups = [lane.group for lane in self._keeper.lanes() if lane.group is not None]
        if not groups:
            return _IDLE_S
        due_s = min(group.opened_s for group in groups) + self._limits.batch_age_s
        return min(max(due_s - time.monotonic(), self._limits.gather_s), _IDLE_S)

    def _is_due(self, group: OpenGroup) -> bool:
        """Batches are not multiplied while as many as may are on their way."""
        is_crowded = self._in_flight >= self._limits.in_flight
        age_s = self._limits.crowded_age_s if is_crowded else self._limits.batch_age_s
        is_old = time.monotonic() - group.opened_s >= age_s
        return is_old or len(group.tickets) >= self._limits.batch_rows

    def _sort(self, tickets: list[Ticket]) -> None:
        """Settles what is known, and places what is new."""
        fresh: dict[int, tuple[Lane, list[Ticket]]] = {}
        for ticket in self._books.sort(tickets):
            lane = self._keeper.lane(ticket.request.issuer, ticket.request.certificate_type)
            if (obstacle := lane.obstacle) is not None:
                self._refuse([ticket], obstacle)
            elif lane.standing is None:
                if self._is_stopping:
                    self._refuse([ticket], _stopping())
                else:
                    self._keeper.park(lane, self._books.release(ticket))
            else:
                fresh.setdefault(id(lane), (lane, []))[1].append(ticket)
        for lane, new in fresh.values():
            self._place(lane, new)

    def _place(self, lane: Lane, tickets: list[Ticket]) -> None:
        standing, now_unix = lane.standing, self._workspace.now_unix()
        while tickets and standing is not None:
            if lane.group is None:
                lane.group = OpenGroup(standing, self._executor)
            room = self._limits.batch_rows - len(lane.group.tickets)
            lane.group.add(tickets[:room], now_unix)
            tickets = tickets[room:]
            if tickets:
                self._store(lane, lane.group)

    def _store(self, lane: Lane, group: OpenGroup) -> None:
        """Stores a batch and hands it on; if it cannot be stored, all of it is refused."""
        lane.group = None
        try:
            standing, now_unix = lane.standing, self._workspace.now_unix()
            if standing is not None and standing.key.key_id != group.standing.key.key_id:
                group.seal_with(standing, now_unix)
            group.store(self._workspace, self._run_id, max(now_unix, self._keeper.chain_unix))
        except ConflictError as error:
            self._place_anew(group, error)
        except StorageError as error:
            if self._settler.find_out(group, error):
                self._hand_on(lane, group)
        except Exception as error:  # noqa: BLE001  # told to whoever waits
            _log.exception("a batch of requests could not be sealed")
            self._refuse(group.tickets, error)
        else:
            self._hand_on(lane, group)

    def _place_anew(self, group: OpenGroup, error: ConflictError) -> None:
        """Somebody else has issued one of these meanwhile: they are looked up again."""
        if error.code != "certificate_exists":
            self._refuse(group.tickets, error)
            return
        for ticket in group.tickets:
            self._take_again(self._books.release(ticket))

    def _hand_on(self, lane: Lane, group: OpenGroup) -> None:
        self._books.note_stored(group)
        with self._lock:
            self._in_flight += 1
        self._anchoring.submit(self._anchor, lane, group)

    def _take_again(self, tickets: list[Ticket]) -> None:
        for ticket in tickets:
            self._arrived.put(ticket)

    def _refuse(self, tickets: list[Ticket], error: Exception) -> None:
        deliver_all(self._books.refuse(tickets, error))

    # The threads that carry batches to the chain.

    def _anchor(self, lane: Lane, group: OpenGroup) -> None:
        try:
            batch = group.batch
            assert batch is not None  # noqa: S101 - for the type checker: it was stored
            anchored = anchor_new_batch(self._workspace, batch)
        except LedgerError as error:
            self._settler.settle_later(lane, group, error)
        except Exception as error:  # noqa: BLE001  # told to whoever waits
            _log.exception("a batch could not be anchored; it is tried again")
            self._settler.settle_later(lane, group, error)
        else:
            self._acknowledge(lane, group, anchored)
        finally:
            with self._lock:
                self._in_flight -= 1

    def _acknowledge(self, lane: Lane, group: OpenGroup, anchored: AnchoredBatch) -> None:
        if self._settler.left == 0:
            self._settler.trouble = None
        lane.refusal = None
        deliver_all(self._books.acknowledge(group, anchored))


def unknown_outcome(request: IssuanceRequest) -> ChainUnavailableError:
    """What is said when the time is up and it is not known whether a request is stored."""
    return ChainUnavailableError(
        f"request {request.reference} is being done, and it is not known yet whether it is stored; "
        "ask again with the same reference",
        code="outcome_unknown",
    )


def _stopping() -> ChainUnavailableError:
    return ChainUnavailableError("this node is about to stop", code="node_stopping")
