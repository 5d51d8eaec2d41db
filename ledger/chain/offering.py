"""Having a node take the stored transactions of one account, in the order of their numbers.

Nothing is sent here that is not in the outbox. What a node refuses is believed only as far as it is
evidence: whether it has the transaction, and whether another took its number, is asked for.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from ledger.chain.account_state import AccountState
from ledger.chain.following import Flight, Following
from ledger.chain.gateway import Gateway
from ledger.chain.outcomes import telling_unknown, to_busy, to_refused
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError, StorageError
from ledger.vault.outbox import Outbox

_ANSWERS = ("chain_refused", "contract_refused")  # of a node that answered, with an error
_BUSY_PAUSE_S = 0.2
_BUSY = re.compile(
    r"(pool|queue)\b.*\bfull|\bbusy\b|overload|too many|rate limit|HTTP (429|502|503|504)\b",
    re.IGNORECASE,
)
"""Words with which engines ("txpool is full: 5120") and what stands before them ask to wait. A
hint only: whether the transaction was taken is asked for separately."""


class Offering:
    """For one thread at a time: what is sent leaves in the order of its nonces.

    Args:
        following: keeps what is offered here; waits for it.
        clock: seconds, for the waiting alone.
    """

    def __init__(
        self,
        gateway: Gateway,
        state: AccountState,
        outbox: Outbox,
        following: Following,
        clock: Callable[[], float],
    ) -> None:
        self._gateway = gateway
        self._state = state
        self._outbox = outbox
        self._following = following
        self._clock = clock
        self._counted: int | None = None

    def next_nonce(self) -> int:
        """The account's next nonce, what the node has taken but not mined included."""
        if self._counted is None or not self._following.count():
            self._counted = self._state.count_transactions("pending")
        return self._following.next_free(self._counted)

    def forget_count(self) -> None:
        """Has the chain asked anew for the next number."""
        self._counted = None

    def offer_doubtful(self, deadline: float | None = None) -> None:
        """In order of nonce, what no node is known to have."""
        for flight in self._following.flights():
            if not flight.is_taken:
                self.offer_again(flight, deadline)

    def offer_again(
        self, flight: Flight, deadline: float | None = None, *, may_resend: bool = True
    ) -> None:
        """Offers what may have been sent before. That it is superseded by now is no error."""
        if flight.is_taken or flight.outcome is not None:
            return
        try:
            with telling_unknown(flight.row):
                if self._state.find_receipt(flight.row.transaction_hash):
                    flight.is_taken = True
                    return
                self._require_unused_nonce(flight)
            self.offer(flight, deadline, may_resend=may_resend)
        except ConflictError:
            return

    def offer(
        self, flight: Flight, deadline: float | None = None, *, may_resend: bool = True
    ) -> None:
        """Has the node take a stored transaction.

        Args:
            deadline: until when a busy chain is asked again; None asks once.
            may_resend: whether a refusal may come from the node's having lost those before it.
        """
        while (refusal := self._try(flight)) is not None:
            if may_resend and self.resend_lost(flight.row.nonce):
                may_resend = False
            elif not _BUSY.search(refusal.message):
                self.forget_count()
                raise to_refused(flight.row, refusal.message) from refusal
            elif deadline is None or self._clock() + _BUSY_PAUSE_S >= deadline:
                raise to_busy(refusal.message, flight.row) from refusal
            else:
                time.sleep(_BUSY_PAUSE_S)
        flight.is_taken = True

    def _try(self, flight: Flight) -> LedgerError | None:
        """Sends once; why the node does not take it, None if it has it.

        That the node knows the transaction already is as good as sent. Engines word their refusals
        differently ("already known", "Known transaction", "nonce too low"), so that the chain is
        asked what is true instead of reading the words.
        """
        with telling_unknown(flight.row):
            try:
                self._state.send(flight.row.raw_transaction)
            except StorageError:
                raise
            except LedgerError as error:
                self._require_unused_nonce(flight)
                if self._is_known(flight):
                    return None
                if error.code not in _ANSWERS:
                    raise ChainUnavailableError(error.message, code=error.code) from error
                return error
        return None

    def _require_unused_nonce(self, flight: Flight) -> None:
        """Another transaction of the account took this one's number: it can never be mined.

        Said only on positive evidence, all of it of one node: the number is used in a final block,
        and the node knows neither this transaction nor a receipt of it.
        """
        row = flight.row
        with self._gateway.client.pinned():
            used = self._state.count_transactions(self._gateway.final_tag())
            if used <= row.nonce or self._is_known(flight):
                return
        detail = f"nonce {row.nonce} was used by another transaction"
        self._outbox.mark_superseded(row.pk, detail)
        told = ConflictError(f"{row.purpose}: {detail}; nothing was changed", code="superseded")
        self.forget_count()
        self._following.settle(flight, told)
        raise told

    def _is_known(self, flight: Flight) -> bool:
        """Whether the node that is asked has the transaction."""
        return self._state.find_transaction(flight.row.transaction_hash) is not None

    def resend_lost(self, below: int | None) -> bool:
        """Sends again, in order, what the node has forgotten; whether there was anything.

        A node that knows the first has not forgotten the others.
        """
        flights = [
            flight
            for flight in self._following.flights()
            if below is None or flight.row.nonce < below
        ]
        if not flights or self._is_known(flights[0]):
            return False
        for flight in flights:
            if not self._is_known(flight):
                flight.is_taken = False
                self.offer_again(flight, may_resend=False)
        return True
