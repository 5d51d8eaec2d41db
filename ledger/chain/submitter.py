"""How a signed act gets onto the chain: exactly once, whatever happens on the way.

The transaction is signed and stored in the outbox before it is sent, and sent again unchanged
until its receipt is seen; a nonce carries one transaction only. From the moment it is stored,
whatever goes wrong on the way means *unknown*: it may still be mined, and the next run finds out.
The account only carries: what authorises an act is the seal inside it.

Many threads may submit at once. One after the other they take a nonce, store and send, under a
lock; then they wait for their receipts together, so that their transactions share blocks. As long
as the node has not taken a transaction, none after it is sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ledger.chain.account_state import AccountState
from ledger.chain.accounts import Call, OperatorAccount, load_account
from ledger.chain.artifacts import load_artifact
from ledger.chain.following import Flight, Following
from ledger.chain.gateway import Gateway
from ledger.chain.offering import Offering
from ledger.chain.outcomes import NAMED, to_busy, to_unknown
from ledger.chain.receipts import Receipt
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError, StorageError
from ledger.vault.outbox import NewTransaction, Outbox, OutboxRow

__all__ = ["MAX_TRANSACTION_GAS", "Receipt", "Submitter", "load_account"]

MAX_TRANSACTION_GAS = 16_777_216  # EIP-7825
EMPTY_TRANSACTION_GAS = 21_000  # Yellow Paper, appendix G: Gtransaction
GIVE_UP = "give up"
"""Purpose of an empty transaction that takes the number of one which the chain refuses."""
MAX_IN_FLIGHT = 64
_CARE_LOCK_S = 0.05


class Submitter:
    """Sends transactions of one operator account. Safe for threads.

    Args:
        gateway: the chain.
        account: the operator account.
        outbox: durable; of one process.
        timeout_s: how long to wait for a receipt before the outcome is reported as unknown, and
            how long to wait for a busy chain.
        outage_s: how long a chain that does not answer is asked again for the receipts; with 0 the
            first question without an answer makes the outcome unknown.
        in_flight: how many transactions may wait for their receipts at once.
        clock: seconds, for the waiting alone.
        require_chain: refuses where nothing may be sent to this chain now.
    """

    def __init__(
        self,
        gateway: Gateway,
        account: OperatorAccount,
        outbox: Outbox,
        *,
        timeout_s: float = 60.0,
        outage_s: float = 0.0,
        in_flight: int = MAX_IN_FLIGHT,
        clock: Callable[[], float] = time.monotonic,
        require_chain: Callable[[], None] = lambda: None,
    ) -> None:
        self._gateway = gateway
        self._require_chain = require_chain
        self._client = gateway.client
        self._account = account
        self._outbox = outbox
        self._timeout_s = timeout_s
        self._most = in_flight
        self._clock = clock
        self._lock = threading.RLock()
        self._state = AccountState(gateway.client, account.address)
        self._following = Following(
            gateway, self._state, outbox, clock, self._care, outage_s=outage_s
        )
        self._offering = Offering(gateway, self._state, outbox, self._following, clock)

    @property
    def address(self) -> str:
        """Of the operator account, EIP-55."""
        return self._account.address

    @property
    def account(self) -> bytes:
        """The same address as the outbox keeps it, 20 bytes."""
        return self._account.address_bytes

    @property
    def in_flight(self) -> int:
        """Transactions that wait for their receipts now."""
        return self._following.count()

    @property
    def oldest_wait_s(self) -> float:
        """For how long the one that waits longest has been waiting; 0 if none does."""
        return self._following.oldest_wait_s()

    def be_patient(self, outage_s: float) -> None:
        """From now on ask a chain that does not answer for so long; see `outage_s`."""
        self._following.outage_s = outage_s

    def submit(
        self, module: str, function: str, *args: Any, purpose: str, reference: str = ""
    ) -> Receipt:
        """Calls a module's function in a transaction and waits for its receipt.

        Args:
            args: plain values, as `to_abi` and `to_chain` give them.
            purpose: what for, in the outbox ("anchor", "status", "vote", …).
            reference: key of what it is about, for whoever reads the outbox.

        Raises:
            LedgerError: the contract's refusal; nothing was changed.
            ConflictError: code `superseded`, another process used the account's nonce; nothing
                was changed.
            ChainUnavailableError: code `outcome_unknown` once the transaction is stored;
                `transaction_refused` where the node does not take it or one before it;
                `chain_busy` where it has no room for so long, or too many transactions wait; any
                other code before that, when nothing was sent.
            StorageError: code `chain_storage`, the chain's disk is full; the outcome is unknown.
        """
        contract = self._gateway.module(module)
        data = load_artifact(contract.name).encode_call(function, args)
        # Tried before it is sent: a refusal costs no nonce and names its reason.
        attempt = {
            "from": self.address,
            "to": contract.address,
            "data": "0x" + data.hex(),
            "gas": hex(MAX_TRANSACTION_GAS),
        }
        self._client.request(f"trying {function}", "eth_call", attempt, "latest")
        return self.send(Call(contract.address, data), purpose, reference)

    def deploy(self, creation: bytes, purpose: str) -> Receipt:
        """Deploys a contract from its creation code with arguments appended. Raises as `submit`."""
        return self.send(Call(None, creation), purpose, "")

    def send(self, call: Call, purpose: str, reference: str) -> Receipt:
        """Signs, stores, sends and follows one transaction. Raises as `submit` does."""
        flight = self._launch(call, purpose, reference)
        self._wait_for([flight])
        if isinstance(flight.outcome, Receipt):
            return flight.outcome
        raise flight.outcome or to_unknown(flight.row, "it was not followed to its end")

    def resolve_unfinished(self) -> list[Receipt]:
        """Settles what is in the outbox, by sending again what an interrupted run left there.

        What other threads have in flight is waited for, too.

        Returns:
            Receipts of what was carried out. What was refused or superseded is marked so in the
            outbox and is not an error here.

        Raises:
            ChainUnavailableError: code `outcome_unknown`, as before; `transaction_refused`, the
                node does not take one, and none after it can be sent: see `give_up_refused`.
        """
        problem: LedgerError | None = None
        with self._sending():
            self._adopt()
            flights = self._following.flights()
            try:
                self._offering.offer_doubtful()
            except (ChainUnavailableError, StorageError) as error:
                problem = error
        if problem is None:
            self._wait_for(flights)
        elif problem.code in NAMED:
            self._wait_for([flight for flight in flights if flight.is_taken])
            raise problem
        else:
            raise problem
        return [flight.outcome for flight in flights if isinstance(flight.outcome, Receipt)]

    def give_up_refused(self) -> list[OutboxRow]:
        """Settles the outbox as `resolve_unfinished` does, and gives up what the chain refuses.

        An empty transaction takes the number of one that is refused, so that this can never be
        carried out any more. One whose number the chain has not come to is left out; should it
        turn up later, it is the same act by its batch key or sequence number, which no contract
        carries out twice.

        Returns:
            What was given up, marked superseded: whether its act is to be done is decided anew.

        Raises:
            ChainUnavailableError: code `transaction_refused`, the empty one is refused as well;
                else as `resolve_unfinished`.
        """
        given_up = []
        with self._sending():
            self._adopt()
            for flight in self._following.flights():
                try:
                    self._offering.offer_again(flight, may_resend=False)
                except ChainUnavailableError as error:
                    if error.code != "transaction_refused" or flight.row.purpose == GIVE_UP:
                        raise
                    self._give_up(flight)
                    given_up.append(flight.row)
            left = self._following.flights()
        self._wait_for(left)
        return given_up

    def _give_up(self, flight: Flight) -> None:
        row = flight.row
        gone = ConflictError(
            f"{row.purpose}: the chain refused it; it was given up", code="superseded"
        )
        if row.nonce > self._state.count_transactions("pending"):
            self._outbox.mark_superseded(row.pk, f"the chain has not come to nonce {row.nonce}")
            self._following.settle(flight, gone, is_nonce_used=False)
            return
        signed = self._account.sign(
            Call(self.address, b""),
            nonce=row.nonce,
            gas=EMPTY_TRANSACTION_GAS,
            chain_id=self._gateway.chain_id,
        )
        empty = NewTransaction(
            GIVE_UP,
            row.transaction_hash.hex(),
            row.account,
            row.nonce,
            signed.raw,
            signed.transaction_hash,
        )
        replacing = self._outbox.replace(row.pk, empty, "the chain refused it; it was given up")
        self._following.settle(flight, gone, is_nonce_used=False)
        self._offering.offer(self._following.add(replacing))

    def next_nonce(self) -> int:
        """The account's next nonce, what the node has taken but not mined included."""
        with self._lock:
            return self._offering.next_nonce()

    def recount(self) -> None:
        """Asks the chain anew which numbers of the account are used: it is another chain now."""
        with self._lock:
            self._offering.forget_count()
            self._following.recount()

    def _launch(self, call: Call, purpose: str, reference: str) -> Flight:
        self._require_chain()
        deadline = self._clock() + self._timeout_s
        while True:
            self._wait_for_room(deadline)
            with self._sending(deadline):
                if not self._following.count():
                    self._adopt()
                self._catch_up(deadline)
                if self._following.count() >= self._most:
                    continue
                flight = self._store(call, purpose, reference)
                self._offering.offer(flight, deadline)
                return flight

    def _store(self, call: Call, purpose: str, reference: str) -> Flight:
        nonce = self.next_nonce()
        signed = self._account.sign(
            call, nonce=nonce, gas=MAX_TRANSACTION_GAS, chain_id=self._gateway.chain_id
        )
        row = self._outbox.add(
            NewTransaction(
                purpose,
                reference,
                self._account.address_bytes,
                nonce,
                signed.raw,
                signed.transaction_hash,
            )
        )
        return self._following.add(row)

    def _wait_for_room(self, deadline: float) -> None:
        if self._following.count() < self._most:
            return
        if not self._following.wait([], deadline, lambda: self._following.count() < self._most):
            raise to_busy(f"{self._most} transactions wait for their receipts")

    @contextmanager
    def _sending(self, deadline: float | None = None) -> Iterator[None]:
        """One thread at a time: what is sent leaves in the order of its nonces."""
        left_s = self._timeout_s if deadline is None else deadline - self._clock()
        if not self._lock.acquire(timeout=min(max(left_s, 0.0), threading.TIMEOUT_MAX)):
            raise to_busy("another transaction could not be sent in this time")
        try:
            yield
        finally:
            self._lock.release()

    def _adopt(self) -> None:
        """What is unresolved in the outbox is followed from now on."""
        for row in self._outbox.unresolved(self._account.address_bytes):
            self._following.add(row)

    def _catch_up(self, deadline: float) -> None:
        """What is to be sent next comes after all that is stored."""
        try:
            self._offering.offer_doubtful(deadline)
        except ChainUnavailableError as error:
            if error.code in NAMED:
                raise
            raise ChainUnavailableError(error.message) from error  # nothing new was stored

    def _care(self) -> None:
        """Nothing was mined for a while: a node that was restarted may have lost what waits."""
        if not self._lock.acquire(timeout=_CARE_LOCK_S):
            return  # whoever sends finds out
        try:
            self._offering.resend_lost(None)
        except ChainUnavailableError as error:
            if error.code not in NAMED:
                raise
        finally:
            self._lock.release()

    def _wait_for(self, flights: list[Flight]) -> None:
        """Until all are settled. Raises ChainUnavailableError, code `outcome_unknown`."""
        deadline = self._clock() + self._timeout_s
        try:
            if self._following.wait(flights, deadline):
                return
            why = self._explain_delay()
        except ChainUnavailableError as error:
            self._following.doubt()
            why = error.message
        for flight in flights:
            if flight.outcome is None:
                raise to_unknown(flight.row, why)

    def _explain_delay(self) -> str:
        blocks = self._following.blocks_since()
        told = f"no receipt within {self._timeout_s:g} s"
        if blocks is None:
            return told
        stalled = "" if blocks else ": it is stalled"
        return f"{told}, in which the chain made {blocks} blocks{stalled}"
