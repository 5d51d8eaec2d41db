"""The transactions in flight, and how many threads wait for their receipts by one thread's asking.

Whoever waits first asks for all; the others sleep until it has news, or until it is done and one of
them goes on. A block holds an account's transactions in the order of their nonces, so that it is
enough to ask for the lowest until it is there: however many wait, a look costs one request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from ledger.chain.account_state import AccountState
from ledger.chain.gateway import Gateway
from ledger.chain.receipts import Receipt, block_of, explain_refusal, has_succeeded, read_receipt
from ledger.errors import ChainUnavailableError, LedgerError
from ledger.vault.outbox import Outbox, OutboxRow

PAUSE_FIRST_S = 0.01
PAUSE_LONGEST_S = 0.5
CARE_S = 2.0
"""After so long without any receipt it is asked whether the node still knows what waits."""
_WAKE_S = 1.0


@dataclass(slots=True, eq=False)
class Flight:
    """One stored transaction whose fate is not known yet.

    Attributes:
        is_taken: a node has said that it has it, and nothing has put that in doubt since.
        is_marked: the outbox says that it was sent.
        outcome: its receipt, or why it was not carried out.
    """

    row: OutboxRow
    since: float
    is_taken: bool = False
    is_marked: bool = False
    outcome: Receipt | LedgerError | None = None


class Following:
    """Keeps the flights of one account by nonce, and waits for them. Safe for threads.

    Args:
        care: called by whoever waits, when nothing has come for a while: sends again what the node
            has lost.
        outage_s: for how long a chain that does not answer is asked again before the waiting ends.
    """

    def __init__(
        self,
        gateway: Gateway,
        state: AccountState,
        outbox: Outbox,
        clock: Callable[[], float],
        care: Callable[[], None],
        *,
        outage_s: float,
    ) -> None:
        self.outage_s = outage_s
        self._gateway = gateway
        self._state = state
        self._outbox = outbox
        self._clock = clock
        self._care = care
        self._changed = threading.Condition()
        self._flights: dict[int, Flight] = {}
        self._is_led = False
        self._floor = 0
        self._pause_s = PAUSE_FIRST_S
        self._progress_at = 0.0
        self._began_at_block: int | None = None
        self._failing_since = self._failed_at = -float("inf")

    def add(self, row: OutboxRow) -> Flight:
        """A stored transaction to be followed; the same flight if it is already."""
        with self._changed:
            known = self._flights.get(row.nonce)
            if known is not None and known.row.pk == row.pk:
                return known
            if not self._flights:
                self._pause_s, self._progress_at = PAUSE_FIRST_S, self._clock()
                self._began_at_block = None
            flight = self._flights[row.nonce] = Flight(row, self._clock())
            return flight

    def flights(self) -> list[Flight]:
        """In order of nonce."""
        with self._changed:
            return [self._flights[nonce] for nonce in sorted(self._flights)]

    def count(self) -> int:
        return len(self._flights)

    def oldest_wait_s(self) -> float:
        """For how long the one that waits longest has been waiting."""
        with self._changed:
            began = min((flight.since for flight in self._flights.values()), default=None)
            return 0.0 if began is None else max(0.0, self._clock() - began)

    def next_free(self, counted: int) -> int:
        """The lowest nonce that carries nothing.

        Args:
            counted: what a node said. One that lags behind may count less than was seen mined.
        """
        with self._changed:
            nonce = max(counted, self._floor)
            while nonce in self._flights:
                nonce += 1
            return nonce

    def recount(self) -> None:
        """Forgets which numbers were used: the chain is another one."""
        with self._changed:
            self._floor = 0
            for flight in self._flights.values():
                flight.is_taken = False

    def settle(
        self, flight: Flight, outcome: Receipt | LedgerError, *, is_nonce_used: bool = True
    ) -> None:
        """Its fate is known, and the outbox has it already."""
        with self._changed:
            if self._flights.get(flight.row.nonce) is flight:
                del self._flights[flight.row.nonce]
            if is_nonce_used:
                self._floor = max(self._floor, flight.row.nonce + 1)
            flight.outcome = outcome
            self._progress_at = self._clock()
            self._began_at_block = None
            self._changed.notify_all()

    def doubt(self) -> None:
        """The chain was away: whether it still has what it took is to be asked."""
        with self._changed:
            for flight in self._flights.values():
                flight.is_taken = False

    def wait(
        self, own: Collection[Flight], deadline: float, until: Callable[[], bool] | None = None
    ) -> bool:
        """Waits until all of these are settled, or until something else is so.

        Returns:
            False if the time was up before.

        Raises:
            ChainUnavailableError: the chain did not answer this thread's asking.
            StorageError: code `chain_storage`.
        """

        def is_over() -> bool:
            return until() if until else all(flight.outcome is not None for flight in own)

        while True:
            with self._changed:
                while not is_over() and self._is_led:
                    left_s = deadline - self._clock()
                    if left_s <= 0:
                        return False
                    self._changed.wait(min(left_s, _WAKE_S))
                if is_over():
                    return True
                self._is_led = True
            try:
                return self._lead(own, deadline, is_over)
            finally:
                with self._changed:
                    self._is_led = False
                    self._changed.notify_all()

    def blocks_since(self) -> int | None:
        """Blocks made since nothing has come; None if that was not asked yet."""
        began = self._began_at_block
        return None if began is None else self._state.newest_block() - began

    def _lead(self, own: Collection[Flight], deadline: float, is_over: Callable[[], bool]) -> bool:
        while True:
            self._look_patiently(own)
            if is_over():
                return True
            if self._clock() >= deadline:
                return False
            time.sleep(self._pause_s)

    def _look_patiently(self, own: Collection[Flight]) -> None:
        try:
            self._look(own)
        except ChainUnavailableError:
            if self._has_failed_for_long():
                raise
            self._pause_s = min(self._pause_s * 1.5, PAUSE_LONGEST_S)
        else:
            self._failed_at = -float("inf")

    def _has_failed_for_long(self) -> bool:
        """Threads that ask one after the other share one outage."""
        now = self._clock()
        if now - self._failed_at > self.outage_s + _WAKE_S:
            self._failing_since = now
        self._failed_at = now
        return now - self._failing_since >= self.outage_s

    def _look(self, own: Collection[Flight]) -> None:
        """Asks for receipts, in order of nonce, and settles what has one."""
        is_late = self._clock() - self._progress_at >= CARE_S
        final = self._gateway.final_block_number()  # before the receipts: what it covers stays
        landed: list[tuple[Flight, Receipt | LedgerError]] = []
        try:
            for flight in self.flights():
                outcome = self._find_outcome(flight, final, own)
                if outcome is not None:
                    landed.append((flight, outcome))
                elif not is_late:
                    break
        finally:
            self._conclude(landed)
        if landed:
            self._pause_s = max(self._pause_s / 2, PAUSE_FIRST_S)
            return
        self._pause_s = min(self._pause_s * 1.5, PAUSE_LONGEST_S)
        self._mark_sent()
        if self._began_at_block is None:
            self._began_at_block = self._state.newest_block()
        if is_late and self._flights:
            self._progress_at = self._clock()
            self._care()

    def _find_outcome(
        self, flight: Flight, final: int | None, own: Collection[Flight]
    ) -> Receipt | LedgerError | None:
        hashed = flight.row.transaction_hash
        try:
            found = self._state.find_receipt(hashed)
            if not found:
                return None
            is_done = has_succeeded(found, hashed)
            if final is not None and block_of(found) > final:
                return None
            if not is_done:
                return explain_refusal(self._gateway.client, hashed, found)
            # What deploys the log itself comes before there is one to read entries of.
            is_creation = bool(found.get("contractAddress"))
            return read_receipt(found, "" if is_creation else self._gateway.log.address)
        except ChainUnavailableError as error:
            if error.code != "chain_answer_unusable" or flight in own:
                raise
            return None  # told to whoever waits for it, when that one asks

    def _conclude(self, landed: list[tuple[Flight, Receipt | LedgerError]]) -> None:
        mined = [flight.row.pk for flight, outcome in landed if isinstance(outcome, Receipt)]
        if mined:
            self._outbox.mark_all_mined(mined)
        for flight, outcome in landed:
            if isinstance(outcome, LedgerError):
                self._outbox.mark_reverted(flight.row.pk, f"{outcome.code}: {outcome.message}")
        for flight, outcome in landed:
            self.settle(flight, outcome)

    def _mark_sent(self) -> None:
        """In one write for all, and not at all for what was mined at once."""
        new = [flight for flight in self.flights() if flight.is_taken and not flight.is_marked]
        if new:
            self._outbox.mark_all_sent([flight.row.pk for flight in new])
        for flight in new:
            flight.is_marked = True


def unsettled(flights: Collection[Flight]) -> Iterator[Flight]:
    """Those whose fate is not known."""
    return (flight for flight in flights if flight.outcome is None)
