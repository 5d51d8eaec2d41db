"""Talking to an embedded chain through its JSON-RPC face, signing as a client would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from local_chain.embedded import EmbeddedChain
from tests.local_chain.embedded.contracts import NOTEBOOK_INITCODE, encode_note, word

GAS = 300_000


@dataclass(frozen=True, slots=True)
class Session:
    """An account at work on a chain."""

    chain: EmbeddedChain
    account: LocalAccount

    @classmethod
    def start(cls, chain: EmbeddedChain, secret: int = 1) -> Session:
        """The same secret is the same account in every session."""
        return cls(chain, Account.from_key(word(secret)))

    def ask(self, method: str, *params: Any) -> Any:
        """The result of a method; raises `RpcError`."""
        return self.chain.rpc.answer(method, params)

    def nonce(self, block: str = "pending") -> int:
        """The next nonce."""
        return int(self.ask("eth_getTransactionCount", self.account.address, block), 16)

    def sign(self, to: str | None, data: bytes, **fields: Any) -> str:
        """A raw transaction in hex."""
        transaction: dict[str, Any] = {
            "chainId": int(self.ask("eth_chainId"), 16),
            "nonce": fields.pop("nonce", None),
            "gas": fields.pop("gas", GAS),
            "value": 0,
            "to": to or b"",
            "data": data,
        }
        if transaction["nonce"] is None:
            transaction["nonce"] = self.nonce()
        if "gasPrice" not in fields:
            transaction |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
        signed = self.account.sign_transaction(transaction | fields)
        return "0x" + signed.raw_transaction.hex()

    def send(self, to: str | None, data: bytes, **fields: Any) -> str:
        """Send a transaction; its hash."""
        digest: str = self.ask("eth_sendRawTransaction", self.sign(to, data, **fields))
        return digest

    def receipt(self, digest: str) -> Any:
        """The receipt, None while there is none."""
        return self.ask("eth_getTransactionReceipt", digest)

    def deploy(self, initcode: bytes = NOTEBOOK_INITCODE, gas: int = 6_000_000) -> str:
        """Deploy and seal; the address, in the mixed case that signing wants."""
        digest = self.send(None, initcode, gas=gas)
        self.chain.seal()
        receipt = self.receipt(digest)
        assert receipt["status"] == "0x1", receipt
        return to_checksum(receipt["contractAddress"])

    def note(self, notebook: str, slot: int, value: int) -> str:
        """Keep a value; the hash of the transaction, not yet sealed for certain."""
        return self.send(notebook, encode_note(slot, value))

    def read(self, notebook: str, slot: int, block: str = "latest") -> int:
        """A kept value."""
        return int(self.ask("eth_call", {"to": notebook, "data": hex_of(word(slot))}, block), 16)


def hex_of(data: bytes) -> str:
    """JSON-RPC data."""
    return "0x" + data.hex()


def to_checksum(address: str) -> str:
    """The mixed-case form of an address (EIP-55)."""
    from eth_utils import to_checksum_address

    return str(to_checksum_address(address))
