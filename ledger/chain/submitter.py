"""How a signed act gets onto the chain: exactly once, whatever happens on the way.

The transaction is signed and stored in the outbox before it is sent, and sent again unchanged
until its receipt is seen; a nonce carries one transaction only. From the moment it is stored,
whatever goes wrong on the way means *unknown*: it may still be mined, and the next run finds out.
The account only carries: what authorises an act is the seal inside it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.abi import to_checksum_address
from ledger.chain.accounts import Call, OperatorAccount, load_account
from ledger.chain.artifacts import load_artifact
from ledger.chain.client import parse_data, parse_quantity, unusable
from ledger.chain.gateway import Gateway
from ledger.chain.log_reading import Log, parse_log, read_entry
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError, StorageError
from ledger.records import EntryAppended
from ledger.vault.outbox import NewTransaction, Outbox, OutboxRow

__all__ = ["MAX_TRANSACTION_GAS", "Receipt", "Submitter", "load_account"]

MAX_TRANSACTION_GAS = 16_777_216  # EIP-7825
EMPTY_TRANSACTION_GAS = 21_000  # Yellow Paper, appendix G: Gtransaction
GIVE_UP = "give up"
"""Purpose of an empty transaction that takes the number of one which the chain refuses."""
_ANSWERS = ("chain_refused", "contract_refused")  # of a node that answered, with an error
_POLL_FIRST_S = 0.01
_POLL_LONGEST_S = 0.5


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that was carried out.

    Attributes:
        time_unix: of its log entries; 0 if it appended none.
        entries: log entries it appended, in order, but for those of a member whose code is none.
        contract_address: of what it deployed, EIP-55, else None.
    """

    transaction_hash: bytes
    block_number: int
    time_unix: int
    gas_used: int
    entries: tuple[EntryAppended, ...]
    contract_address: str | None


class Submitter:
    """Sends transactions of one operator account, one after the other. Safe for threads.

    Args:
        gateway: the chain.
        account: the operator account.
        outbox: durable; of one process.
        timeout_s: how long to wait for a receipt before the outcome is reported as unknown.
        clock: seconds, for the waiting alone.
    """

    def __init__(
        self,
        gateway: Gateway,
        account: OperatorAccount,
        outbox: Outbox,
        *,
        timeout_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._client = gateway.client
        self._account = account
        self._outbox = outbox
        self._timeout_s = timeout_s
        self._clock = clock
        self._lock = threading.RLock()

    @property
    def address(self) -> str:
        """Of the operator account, EIP-55."""
        return self._account.address

    @property
    def account(self) -> bytes:
        """The same address as the outbox keeps it, 20 bytes."""
        return self._account.address_bytes

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
            ChainUnavailableError: code `outcome_unknown` once the transaction is stored, or
                `transaction_refused` where the node does not take it or one before it; any other
                code before that, when nothing was sent.
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
        with self._lock:
            self.resolve_unfinished()
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
            return self._follow(row)

    def resolve_unfinished(self) -> list[Receipt]:
        """Settles what an interrupted run left in the outbox, by sending it again.

        Returns:
            Receipts of what was carried out. What was refused or superseded is marked so in the
            outbox and is not an error here.

        Raises:
            ChainUnavailableError: code `outcome_unknown`, as before; `transaction_refused`, the
                node does not take one, and none after it can be sent: see `give_up_refused`.
        """
        receipts = []
        with self._lock:
            for row in self._outbox.unresolved(self._account.address_bytes):
                try:
                    receipts.append(self._follow(row))
                except (ChainUnavailableError, StorageError):
                    raise
                except LedgerError:
                    continue
        return receipts

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
        with self._lock:
            for row in self._outbox.unresolved(self._account.address_bytes):
                try:
                    self._follow(row)
                except ChainUnavailableError as error:
                    if error.code != "transaction_refused" or row.purpose == GIVE_UP:
                        raise
                    self._give_up(row)
                    given_up.append(row)
                except StorageError:
                    raise
                except LedgerError:
                    continue
        return given_up

    def _give_up(self, row: OutboxRow) -> None:
        if row.nonce > self.next_nonce():
            self._outbox.mark_superseded(row.pk, f"the chain has not come to nonce {row.nonce}")
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
        self._follow(self._outbox.replace(row.pk, empty, "the chain refused it; it was given up"))

    def next_nonce(self) -> int:
        """The account's next nonce, what the node has taken but not mined included."""
        return self._count_transactions("pending")

    def _follow(self, row: OutboxRow) -> Receipt:
        try:
            found = self._find_receipt(row.transaction_hash) or self._send_and_wait(row)
            failed = _status(found) != 1
            refusal = self._explain(row.transaction_hash, found) if failed else None
        except ChainUnavailableError as error:
            if error.code == "transaction_refused":
                raise
            raise _unknown(row, error.message) from error
        if refusal is not None:
            self._outbox.mark_reverted(row.pk, f"{refusal.code}: {refusal.message}")
            raise refusal
        self._outbox.mark_mined(row.pk)
        return self._to_receipt(found)

    def _send_and_wait(self, row: OutboxRow) -> Any:
        self._require_unused_nonce(row)
        self._send_raw(row)
        self._outbox.mark_sent(row.pk)
        return self._wait(row.transaction_hash)

    def _require_unused_nonce(self, row: OutboxRow) -> None:
        """Another transaction of the account took this one's number: it can never be mined.

        Said only on positive evidence: the number is used, and the node knows neither this
        transaction nor a receipt of it.
        """
        if self._count_transactions("latest") <= row.nonce or self._is_known(row):
            return
        detail = f"nonce {row.nonce} was used by another transaction"
        self._outbox.mark_superseded(row.pk, detail)
        raise ConflictError(f"{row.purpose}: {detail}; nothing was changed", code="superseded")

    def _send_raw(self, row: OutboxRow) -> None:
        """Sends; that the node knows the transaction already is as good as sent.

        Engines word their refusals differently ("already known", "Known transaction", "nonce too
        low"), so that the chain is asked what is true instead of reading the words.
        """
        raw = f"0x{row.raw_transaction.hex()}"
        try:
            self._client.request("sending a transaction", "eth_sendRawTransaction", raw)
        except StorageError:
            raise
        except LedgerError as error:
            self._require_unused_nonce(row)
            if self._is_known(row):
                return
            if error.code in _ANSWERS:
                raise _refused(row, error.message) from error
            raise ChainUnavailableError(error.message, code=error.code) from error

    def _is_known(self, row: OutboxRow) -> bool:
        return self._find_transaction(row.transaction_hash) is not None

    def _find_transaction(self, transaction_hash: bytes) -> Any:
        return self._client.request(
            "looking for a transaction", "eth_getTransactionByHash", f"0x{transaction_hash.hex()}"
        )

    def _find_receipt(self, transaction_hash: bytes) -> Any:
        return self._client.request(
            "asking for a receipt", "eth_getTransactionReceipt", f"0x{transaction_hash.hex()}"
        )

    def _count_transactions(self, tag: str) -> int:
        return self._client.request_quantity(
            "asking for the account's nonce", "eth_getTransactionCount", self.address, tag
        )

    def _wait(self, transaction_hash: bytes) -> Any:
        deadline = self._clock() + self._timeout_s
        pause_s = _POLL_FIRST_S
        began_at: int | None = None
        while not (found := self._find_receipt(transaction_hash)):
            if began_at is None:
                began_at = self._newest_block()
            if self._clock() >= deadline:
                blocks = self._newest_block() - began_at
                raise ChainUnavailableError(
                    f"no receipt within {self._timeout_s:g} s, in which the chain made {blocks} "
                    f"blocks{'' if blocks else ': it is stalled'}"
                )
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _POLL_LONGEST_S)
        return found

    def _newest_block(self) -> int:
        return self._client.request_quantity("asking for the newest block", "eth_blockNumber")

    def _explain(self, transaction_hash: bytes, found: dict[str, Any]) -> LedgerError:
        """Why a mined transaction was refused, by asking again what it asked."""
        doing = "asking why a transaction was refused"
        block_number = parse_quantity(found.get("blockNumber"), doing)
        sent = self._find_transaction(transaction_hash)
        if not isinstance(sent, dict):
            raise unusable(doing, sent)
        again = {"from": sent["from"], "data": sent["input"], "gas": sent["gas"]}
        if sent.get("to"):
            again["to"] = sent["to"]
        try:
            self._client.request(doing, "eth_call", again, hex(block_number - 1))
        except ChainUnavailableError as error:
            return LedgerError(f"refused; {error.message}", code="contract_refused")
        except LedgerError as refusal:
            return refusal
        return LedgerError(
            f"transaction 0x{transaction_hash.hex()} was refused in block {block_number}; asked "
            "again it would pass",
            code="contract_refused",
        )

    def _to_receipt(self, found: dict[str, Any]) -> Receipt:
        doing = "reading a receipt"
        created = found.get("contractAddress")
        logs = [parse_log(log, doing) for log in found.get("logs", ())]
        entries = () if created else self._read_entries(logs)
        return Receipt(
            parse_data(found.get("transactionHash"), doing),
            parse_quantity(found.get("blockNumber"), doing),
            entries[0].entry.time_unix if entries else 0,
            parse_quantity(found.get("gasUsed"), doing),
            entries,
            to_checksum_address(parse_data(created, doing)) if created else None,
        )

    def _read_entries(self, logs: list[Log]) -> tuple[EntryAppended, ...]:
        log_address = self._gateway.log.address.lower()
        entries = (
            read_entry(log)
            for log in logs
            if log.address == log_address and log.topics[:1] == (EntryAppended.TOPIC,)
        )
        return tuple(entry for entry in entries if isinstance(entry, EntryAppended))


def _status(found: object) -> int:
    if not isinstance(found, dict):
        raise unusable("reading a receipt", found)
    return parse_quantity(found.get("status"), "reading a receipt")


def _refused(row: OutboxRow, what: str) -> ChainUnavailableError:
    return ChainUnavailableError(
        f"{row.purpose}: the node does not take transaction 0x{row.transaction_hash.hex()}, number "
        f"{row.nonce} of the account: {what}; nothing after it can be sent. If that passes (a full "
        "pool, an account without funds), run the command again. If the node refuses it for ever, "
        "`zhenglian fsck --repair` gives it up, and its act can be decided anew",
        code="transaction_refused",
    )


def _unknown(row: OutboxRow, what: str) -> ChainUnavailableError:
    return ChainUnavailableError(
        f"{row.purpose}: the outcome of transaction 0x{row.transaction_hash.hex()} is unknown, not "
        f"failed: {what}; run the command again to find out",
        code="outcome_unknown",
    )
