"""What a node says of one account and its transactions."""

from __future__ import annotations

from typing import Any

from ledger.chain.client import ChainClient


class AccountState:
    """Asks about one account.

    Args:
        address: EIP-55.
    """

    def __init__(self, client: ChainClient, address: str) -> None:
        self._client = client
        self._address = address

    def count_transactions(self, at: str) -> int:
        """How many transactions the account has sent: its next nonce.

        Args:
            at: "latest", "pending", another tag, or a block's number in hexadecimal.
        """
        return self._client.request_quantity(
            "asking for the account's nonce", "eth_getTransactionCount", self._address, at
        )

    def find_transaction(self, transaction_hash: bytes) -> Any:
        """As the node has it, mined or not; None if it does not know it."""
        return self._client.request(
            "looking for a transaction", "eth_getTransactionByHash", f"0x{transaction_hash.hex()}"
        )

    def find_receipt(self, transaction_hash: bytes) -> Any:
        """As the node has it; None if the transaction is not mined."""
        return self._client.request(
            "asking for a receipt", "eth_getTransactionReceipt", f"0x{transaction_hash.hex()}"
        )

    def newest_block(self) -> int:
        """Its number."""
        return self._client.request_quantity("asking for the newest block", "eth_blockNumber")

    def send(self, raw: bytes) -> None:
        """Offers a signed transaction to the node. Raises as `ChainClient.request`."""
        self._client.request("sending a transaction", "eth_sendRawTransaction", f"0x{raw.hex()}")
