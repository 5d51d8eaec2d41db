"""How a signed act gets onto the chain: exactly once, whatever happens on the way.

The transaction is signed and stored in the outbox before it is sent, and sent again unchanged
until its receipt is seen; a nonce carries one transaction only. A time-out means *unknown*: the
transaction may still be mined, and the next run finds out. The account only carries: what
authorises an act is the seal inside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3.exceptions import TransactionNotFound

from ledger.chain.gateway import Gateway
from ledger.chain.refusals import translate_errors
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError
from ledger.records import EntryAppended
from ledger.vault.outbox import NewTransaction, Outbox, OutboxRow

MAX_TRANSACTION_GAS = 16_777_216  # EIP-7825
_POLL_FIRST_S = 0.01
_POLL_LONGEST_S = 0.5


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that was carried out.

    Attributes:
        entries: log entries it appended, in order.
        contract_address: of what it deployed, else None.
    """

    transaction_hash: bytes
    block_number: int
    time_unix: int
    gas_used: int
    entries: tuple[EntryAppended, ...]
    contract_address: str | None


class Submitter:
    """Sends transactions of one operator account.

    Args:
        gateway: the chain.
        account: the operator account's private key.
        outbox: durable; one writer at a time.
        timeout_s: how long to wait for a receipt before the outcome is reported as unknown.
    """

    def __init__(
        self,
        gateway: Gateway,
        account: LocalAccount,
        outbox: Outbox,
        *,
        timeout_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._account = account
        self._outbox = outbox
        self._timeout_s = timeout_s
        self._clock = clock

    @property
    def address(self) -> str:
        return str(self._account.address)

    def submit(
        self, module: str, function: str, *args: Any, purpose: str, reference: str = ""
    ) -> Receipt:
        """Calls a module's function in a transaction and waits until it is final.

        Args:
            purpose: what for, in the outbox ("anchor", "status", "vote", …).
            reference: key of what it is about, for whoever reads the outbox.

        Raises:
            LedgerError: the contract's refusal; nothing was changed.
            ChainUnavailableError: code `outcome_unknown` when no receipt came in time.
        """
        contract = self._gateway.module(module)
        with translate_errors(f"trying {function}"):
            # Tried before it is sent: a refusal costs no nonce and names its reason.
            bound = contract.functions[function](*args)
            bound.call({"from": self.address, "gas": MAX_TRANSACTION_GAS})
            data = contract.encode_abi(function, args=list(args))
        return self.send({"to": contract.address, "data": data}, purpose, reference)

    def deploy(self, bytecode: bytes, purpose: str) -> Receipt:
        """Deploys a contract from its creation code with arguments appended."""
        return self.send({"data": "0x" + bytecode.hex()}, purpose, "")

    def send(self, call: dict[str, Any], purpose: str, reference: str) -> Receipt:
        """Signs, stores, sends and follows one transaction."""
        self.resolve_unfinished()
        transaction = call | {
            "nonce": self.next_nonce(),
            "gas": MAX_TRANSACTION_GAS,
            "gasPrice": 0,
            "value": 0,
            "chainId": self._gateway.chain_id,
        }
        signed = self._account.sign_transaction(transaction)
        row = self._outbox.add(
            NewTransaction(
                purpose,
                reference,
                bytes.fromhex(self.address[2:]),
                int(transaction["nonce"]),
                bytes(signed.raw_transaction),
                bytes(signed.hash),
            )
        )
        return self._follow(row)

    def resolve_unfinished(self) -> list[Receipt]:
        """Settles what an interrupted run left in the outbox, by sending it again."""
        receipts = []
        for row in self._outbox.unresolved(bytes.fromhex(self.address[2:])):
            try:
                receipts.append(self._follow(row))
            except ChainUnavailableError:
                raise
            except LedgerError:
                continue  # refused, and marked so in the outbox
        return receipts

    def next_nonce(self) -> int:
        with translate_errors("asking for the account's next nonce"):
            return self._gateway.web3.eth.get_transaction_count(self._account.address, "pending")

    def _follow(self, row: OutboxRow) -> Receipt:
        transaction_hash = row.transaction_hash
        found = self._find_receipt(transaction_hash)
        if found is None:
            self._require_unused_nonce(row)
            self._send_raw(row.raw_transaction, transaction_hash)
            self._outbox.mark_sent(row.pk)
            found = self._wait(transaction_hash)
        if found["status"] != 1:
            refusal = self._explain(transaction_hash, found["blockNumber"])
            self._outbox.mark_reverted(row.pk, f"{refusal.code}: {refusal.message}")
            raise refusal
        self._outbox.mark_mined(row.pk)
        return self._to_receipt(found)

    def _require_unused_nonce(self, row: OutboxRow) -> None:
        """Another transaction of the account took this one's number: it can never be mined."""
        with translate_errors("asking for the account's nonce"):
            mined = self._gateway.web3.eth.get_transaction_count(self._account.address, "latest")
        if mined > row.nonce and self._find_receipt(row.transaction_hash) is None:
            detail = f"nonce {row.nonce} was used by another transaction"
            self._outbox.mark_superseded(row.pk, detail)
            raise ConflictError(f"{row.purpose}: {detail}; nothing was changed", code="superseded")

    def _send_raw(self, raw: bytes, transaction_hash: bytes) -> None:
        """Sends; that the node knows the transaction already is as good as sent."""
        try:
            with translate_errors("sending a transaction"):
                self._gateway.web3.eth.send_raw_transaction(raw)
        except ChainUnavailableError:
            if not self._is_known(transaction_hash):
                raise

    def _is_known(self, transaction_hash: bytes) -> bool:
        try:
            with translate_errors("looking for a transaction"):
                self._gateway.web3.eth.get_transaction(transaction_hash)  # type: ignore[arg-type]  # bytes are a hash
        except ChainUnavailableError:
            return False
        return True

    def _find_receipt(self, transaction_hash: bytes) -> Any:
        with translate_errors("asking for a receipt"):
            try:
                return self._gateway.web3.eth.get_transaction_receipt(transaction_hash)  # type: ignore[arg-type]  # bytes are a hash
            except TransactionNotFound:
                return None

    def _wait(self, transaction_hash: bytes) -> Any:
        deadline = self._clock() + self._timeout_s
        pause_s = _POLL_FIRST_S
        while (found := self._find_receipt(transaction_hash)) is None:
            if self._clock() >= deadline:
                raise ChainUnavailableError(
                    f"no receipt of transaction 0x{transaction_hash.hex()} within "
                    f"{self._timeout_s:g} s: its outcome is unknown, not failed; run the command "
                    "again to find out",
                    code="outcome_unknown",
                )
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _POLL_LONGEST_S)
        return found

    def _explain(self, transaction_hash: bytes, block_number: int) -> LedgerError:
        """Why a mined transaction was refused, by asking again what it asked."""
        web3 = self._gateway.web3
        try:
            with translate_errors("asking why a transaction was refused"):
                sent = web3.eth.get_transaction(transaction_hash)  # type: ignore[arg-type]  # bytes are a hash
                web3.eth.call(
                    {
                        "from": sent["from"],
                        "to": sent["to"],
                        "data": sent["input"],
                        "gas": sent["gas"],
                    },
                    block_number - 1,
                )
        except ChainUnavailableError as error:
            return LedgerError(f"refused; {error.message}", code="contract_refused")
        except LedgerError as refusal:
            return refusal
        return LedgerError(
            f"transaction 0x{transaction_hash.hex()} was refused in block {block_number}; asked "
            "again it would pass",
            code="contract_refused",
        )

    def _to_receipt(self, found: Any) -> Receipt:
        log_address = None
        if found.get("contractAddress") is None:
            log_address = self._gateway.log.address
        entries = tuple(
            EntryAppended.decode_log([bytes(word) for word in log["topics"]], bytes(log["data"]))
            for log in found["logs"]
            if log["address"] == log_address and bytes(log["topics"][0]) == EntryAppended.TOPIC
        )
        time_unix = entries[0].entry.time_unix if entries else 0
        return Receipt(
            bytes(found["transactionHash"]),
            found["blockNumber"],
            time_unix,
            found["gasUsed"],
            entries,
            found.get("contractAddress"),
        )


def load_account(private_key: bytes) -> LocalAccount:
    """The account of a 32-byte secp256k1 private key."""
    account: LocalAccount = Account.from_key(private_key)
    return account
