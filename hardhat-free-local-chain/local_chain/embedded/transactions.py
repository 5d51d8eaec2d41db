"""Signed transactions: raw bytes to a checked type, with the sender recovered from the signature.

Accepts legacy transactions bound to the chain (EIP-155), access-list (EIP-2930) and dynamic-fee
ones (EIP-1559). Blobs and code delegation have no use on this chain and are refused. `Transaction`
carries the attribute names under which py-evm reads a transaction, so that it is executed as is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from coincurve import PublicKey

from local_chain.embedded import rlp
from local_chain.embedded.keccak import keccak

TRANSACTION_GAS_CAP = 1 << 24  # EIP-7825
MAX_TRANSACTION_BYTES = 128 << 10  # as other engines accept them over JSON-RPC
MAX_INITCODE_BYTES = 2 * 24576  # EIP-3860

_SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_GAS_TRANSACTION = 21_000
_GAS_CREATE = 32_000
_GAS_INITCODE_WORD = 2  # EIP-3860
_GAS_CALL_DATA_TOKEN = 4  # EIP-2028: a zero byte is one token, any other four
_GAS_FLOOR_TOKEN = 10  # EIP-7623
_GAS_ACCESS_ADDRESS = 2_400  # EIP-2930
_GAS_ACCESS_SLOT = 1_900

AccessList: TypeAlias = tuple[tuple[bytes, tuple[int, ...]], ...]


class Signature(NamedTuple):
    """An ECDSA signature on secp256k1, s low (EIP-2)."""

    y_parity: int
    r: int
    s: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """What the machine executes: a signed transaction, or a call that nobody signed.

    Args:
        type_id: EIP-2718 type: 0, 1 or 2.
        sender: 20 bytes, recovered from the signature, or the `from` of a call.
        to: 20 bytes, empty to create a contract.
        gas: limit, in gas.
        max_fee_per_gas, max_priority_fee_per_gas: wei; types 0 and 1 have their one price in both.
        y_parity, r, s: the signature; 0, 0, 1 for a call.
    """

    type_id: int
    sender: bytes
    nonce: int
    gas: int
    to: bytes
    value: int
    data: bytes
    max_fee_per_gas: int = 0
    max_priority_fee_per_gas: int = 0
    access_list: AccessList = ()
    y_parity: int = 0
    r: int = 0
    s: int = 1

    @property
    def gas_price(self) -> int:
        """The price paid where the base fee is 0, wei."""
        return min(self.max_fee_per_gas, self.max_priority_fee_per_gas)

    @property
    def intrinsic_gas(self) -> int:
        """Gas charged before execution; the words of an initcode are charged by py-evm itself."""
        gas = _GAS_TRANSACTION + _GAS_CALL_DATA_TOKEN * self._call_data_tokens
        gas += _GAS_ACCESS_ADDRESS * len(self.access_list)
        gas += _GAS_ACCESS_SLOT * sum(len(slots) for _, slots in self.access_list)
        return gas if self.to else gas + _GAS_CREATE

    @property
    def least_gas(self) -> int:
        """The smallest gas limit with which it may be included (EIP-3860, EIP-7623)."""
        initcode_words = 0 if self.to else (len(self.data) + 31) // 32
        return max(self.intrinsic_gas + _GAS_INITCODE_WORD * initcode_words, self.floor_gas)

    @property
    def floor_gas(self) -> int:
        """What is used at least, by the size of the call data (EIP-7623)."""
        return _GAS_TRANSACTION + _GAS_FLOOR_TOKEN * self._call_data_tokens

    @property
    def _call_data_tokens(self) -> int:
        zeros = self.data.count(0)
        return zeros + 4 * (len(self.data) - zeros)

    def validate(self) -> None:
        """Called by py-evm before execution; parsing has already done it."""


def parse_transaction(raw: bytes, chain_id: int) -> Transaction:
    """Read a raw signed transaction and recover its sender.

    Raises:
        ValueError: malformed, of an unsupported type, for another chain, or badly signed.
    """
    if len(raw) > MAX_TRANSACTION_BYTES:
        raise ValueError(f"oversized data: {len(raw)} bytes, limit {MAX_TRANSACTION_BYTES}")
    if raw[:1] >= b"\xc0":
        return _parse_legacy(raw, chain_id)
    if raw[:1] == b"\x01":
        return _parse_access_list_type(raw, chain_id)
    if raw[:1] == b"\x02":
        return _parse_dynamic_fee_type(raw, chain_id)
    raise ValueError(f"transaction type not supported: 0x{raw[:1].hex()}")


def _parse_legacy(raw: bytes, chain_id: int) -> Transaction:
    items = _decode(raw, 9)
    nonce, price, gas, to, value, data, v = items[:7]
    protection = rlp.decode_integer(v) - 35
    if protection < 0:
        raise ValueError("only replay-protected (EIP-155) transactions are accepted")
    _require_chain(chain_id, protection // 2)
    message = rlp.encode([*items[:6], rlp.encode_integer(chain_id), b"", b""])
    signature = _parse_signature([rlp.encode_integer(protection % 2), *items[7:]])
    return _build(0, message, signature, (nonce, gas, to, value, data, []), price, price)


def _parse_access_list_type(raw: bytes, chain_id: int) -> Transaction:
    items = _decode(raw[1:], 11)
    found_chain, nonce, price, gas, to, value, data, access_list = items[:8]
    _require_chain(chain_id, rlp.decode_integer(found_chain))
    message = raw[:1] + rlp.encode(items[:8])
    signature = _parse_signature(items[8:])
    return _build(1, message, signature, (nonce, gas, to, value, data, access_list), price, price)


def _parse_dynamic_fee_type(raw: bytes, chain_id: int) -> Transaction:
    items = _decode(raw[1:], 12)
    found_chain, nonce, tip, price, gas, to, value, data, access_list = items[:9]
    _require_chain(chain_id, rlp.decode_integer(found_chain))
    message = raw[:1] + rlp.encode(items[:9])
    signature = _parse_signature(items[9:])
    return _build(2, message, signature, (nonce, gas, to, value, data, access_list), price, tip)


def _build(
    type_id: int,
    message: bytes,
    signature: Signature,
    common: tuple[rlp.Item, ...],
    max_fee: rlp.Item,
    max_priority_fee: rlp.Item,
) -> Transaction:
    """Args: `common` is nonce, gas, to, value, data and access list, as decoded."""
    nonce, gas, to, value, data, access_list = common
    if rlp.decode_integer(max_priority_fee) > rlp.decode_integer(max_fee):
        raise ValueError("max priority fee per gas higher than max fee per gas")
    return Transaction(
        type_id=type_id,
        sender=_recover_sender(message, signature),
        nonce=rlp.decode_integer(nonce),
        gas=rlp.decode_integer(gas),
        to=_parse_bytes(to, 0, 20),
        value=rlp.decode_integer(value),
        data=_parse_bytes(data),
        max_fee_per_gas=rlp.decode_integer(max_fee),
        max_priority_fee_per_gas=rlp.decode_integer(max_priority_fee),
        access_list=_parse_access_list(access_list),
        y_parity=signature.y_parity,
        r=signature.r,
        s=signature.s,
    )


def _decode(encoded: bytes, length: int) -> list[rlp.Item]:
    try:
        return rlp.decode_list(encoded, length)
    except ValueError as problem:
        raise ValueError(f"malformed transaction: {problem}") from problem


def _require_chain(expected: int, found: int) -> None:
    if found != expected:
        raise ValueError(f"invalid chain id for signer: have {found} want {expected}")


def _parse_bytes(item: rlp.Item, *lengths: int) -> bytes:
    if not isinstance(item, bytes) or (lengths and len(item) not in lengths):
        raise ValueError("malformed transaction: bytes of the right length expected")
    return item


def _parse_access_list(items: rlp.Item) -> AccessList:
    if not isinstance(items, list):
        raise ValueError("malformed transaction: access list expected")  # noqa: TRY004
    return tuple(_parse_access_entry(entry) for entry in items)


def _parse_access_entry(entry: rlp.Item) -> tuple[bytes, tuple[int, ...]]:
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[1], list):
        raise ValueError("malformed transaction: access list entry expected")
    address, slots = entry
    words = tuple(int.from_bytes(_parse_bytes(slot, 32), "big") for slot in slots)
    return _parse_bytes(address, 20), words


def _parse_signature(items: Sequence[rlp.Item]) -> Signature:
    y_parity, r, s = (rlp.decode_integer(item) for item in items)
    if y_parity > 1 or not 0 < r < _SECP256K1_ORDER or not 0 < s <= _SECP256K1_ORDER // 2:
        raise ValueError("invalid transaction v, r, s values")  # s is low: EIP-2
    return Signature(y_parity, r, s)


def _recover_sender(message: bytes, signature: Signature) -> bytes:
    packed = signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big")
    packed += bytes([signature.y_parity])
    try:
        key = PublicKey.from_signature_and_message(packed, keccak(message), hasher=None)
    except Exception as problem:  # coincurve raises nothing narrower
        raise ValueError("invalid transaction signature") from problem
    return keccak(key.format(compressed=False)[1:])[12:]
