"""The operator account: secp256k1, and it only carries. Signs the same bytes for the same call.

Source: EIP-155 (replay-protected legacy transactions), EIP-2 (low s), RFC 6979; Yellow Paper,
section 7 and appendix F.
"""

from __future__ import annotations

from dataclasses import dataclass

from coincurve import PrivateKey
from eth_hash.backends.pysha3 import keccak256

from ledger.abi import parse_address, to_checksum_address
from local_chain.embedded import rlp

_EIP155_BASE = 35


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction is to do.

    Attributes:
        to: contract called, EIP-55; None to create one.
        data: call data, or creation code with its arguments.
    """

    to: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Attributes: raw: as it is sent; transaction_hash: Keccak-256 of that, 32 bytes."""

    raw: bytes
    transaction_hash: bytes


class OperatorAccount:
    """An account and its private key, 32 bytes."""

    def __init__(self, private_key: bytes) -> None:
        self._key = PrivateKey(private_key)
        point = self._key.public_key.format(compressed=False)[1:]
        self.address_bytes = keccak256(point)[12:]
        self.address = to_checksum_address(self.address_bytes)

    def sign(self, call: Call, *, nonce: int, gas: int, chain_id: int) -> SignedTransaction:
        """A legacy transaction, gas price 0, that this chain alone accepts."""
        fields = [
            *(rlp.encode_integer(number) for number in (nonce, 0, gas)),
            parse_address(call.to) if call.to is not None else b"",
            b"",
            call.data,
        ]
        bound = [*fields, rlp.encode_integer(chain_id), b"", b""]
        signature = self._key.sign_recoverable(keccak256(rlp.encode(bound)), hasher=None)
        r, s, parity = signature[:32], signature[32:64], signature[64]
        numbers = (_EIP155_BASE + 2 * chain_id + parity, int.from_bytes(r), int.from_bytes(s))
        raw = rlp.encode([*fields, *(rlp.encode_integer(number) for number in numbers)])
        return SignedTransaction(raw, keccak256(raw))


def load_account(private_key: bytes) -> OperatorAccount:
    """The account of a 32-byte secp256k1 private key."""
    return OperatorAccount(private_key)


def compute_contract_address(deployer: str, nonce: int) -> str:
    """Address, EIP-55, of the contract that an account deploys with this nonce."""
    encoded = rlp.encode([parse_address(deployer), rlp.encode_integer(nonce)])
    return to_checksum_address(keccak256(encoded)[12:])
