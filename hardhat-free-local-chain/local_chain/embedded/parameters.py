"""JSON-RPC parameters to types (EIP-1474): quantities, data, block tags, calls, log filters."""

from __future__ import annotations

import binascii
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass

from local_chain.embedded.errors import RpcCode, RpcError
from local_chain.embedded.transactions import AccessList

MAX_TOPICS = 4
MAX_ALTERNATIVES = 1_000  # addresses, or topics for one position, of a filter

_QUANTITY = re.compile("0[xX][0-9a-fA-F]{1,64}")
_HEAD_TAGS = ("latest", "safe", "finalized")
_SHORTENED = reprlib.Repr()
_SHORTENED.maxstring = _SHORTENED.maxlong = _SHORTENED.maxother = 100


@dataclass(frozen=True, slots=True)
class BlockChoice:
    """Which block is meant: by number, by hash, the head, or the one being filled (`pending`)."""

    number: int | None = None
    block_hash: bytes | None = None
    is_pending: bool = False


LATEST = BlockChoice()


@dataclass(frozen=True, slots=True)
class CallRequest:
    """The transaction object of eth_call and eth_estimateGas; prices are left out: gas is free.

    Args:
        gas: the limit asked for, None for the chain's own.
        recipient: 20 bytes, empty to create a contract.
    """

    sender: bytes
    recipient: bytes
    gas: int | None
    value: int
    data: bytes
    access_list: AccessList


@dataclass(frozen=True, slots=True)
class LogRequest:
    """The filter object of eth_getLogs, its blocks still unresolved."""

    first_block: BlockChoice
    last_block: BlockChoice
    addresses: frozenset[bytes]
    topics: tuple[frozenset[bytes], ...]


def invalid(message: str) -> RpcError:
    """The error for parameters that make no sense."""
    return RpcError(RpcCode.INVALID_PARAMS, message)


def show(value: object) -> str:
    """What was found, for an error message: as Python writes it, and of moderate length."""
    return _SHORTENED.repr(value)


def parse_quantity(value: object) -> int:
    """`0x` and hex digits.

    Raises:
        RpcError: anything else.
    """
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return int(value, 16)
    raise invalid(f"expected a quantity in hex of at most 256 bits, found {show(value)}")


def parse_data(value: object, length: int | None = None) -> bytes:
    """`0x` and two hex digits a byte, `length` bytes if that is given.

    Raises:
        RpcError: anything else.
    """
    if isinstance(value, str) and value[:2] in ("0x", "0X"):
        try:
            data = binascii.unhexlify(value[2:])
        except ValueError:
            pass
        else:
            if length in (None, len(data)):
                return data
    wanted = "data in hex" if length is None else f"{length} bytes in hex"
    raise invalid(f"expected {wanted}, found {show(value)}")


def parse_address(value: object) -> bytes:
    """20 bytes in hex."""
    return parse_data(value, 20)


def parse_flag(value: object) -> bool:
    """A JSON boolean."""
    if not isinstance(value, bool):
        raise invalid(f"expected true or false, found {show(value)}")
    return value


def parse_block(value: object) -> BlockChoice:
    """A tag, a number, or an object naming either (EIP-1898)."""
    if isinstance(value, Mapping):
        if "blockHash" in value:
            return BlockChoice(block_hash=parse_data(value["blockHash"], 32))
        value = value.get("blockNumber")
    if value in _HEAD_TAGS:
        return LATEST
    if value == "pending":
        return BlockChoice(is_pending=True)
    if value == "earliest":
        return BlockChoice(number=0)
    return BlockChoice(number=parse_quantity(value))


def parse_call(value: object) -> CallRequest:
    """A transaction object; `data` and `input` are the same thing."""
    if not isinstance(value, Mapping):
        raise invalid(f"expected a transaction object, found {show(value)}")
    data = parse_data(value.get("input") or value.get("data") or "0x")
    recipient, sender, gas = value.get("to"), value.get("from"), value.get("gas")
    return CallRequest(
        sender=parse_address(sender) if sender else bytes(20),
        recipient=parse_address(recipient) if recipient else b"",
        gas=None if gas is None else parse_quantity(gas),
        value=parse_quantity(value.get("value") or "0x0"),
        data=data,
        access_list=_parse_access_list(value.get("accessList") or []),
    )


def _parse_access_list(value: object) -> AccessList:
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise invalid(f"expected an access list, found {show(value)}")
    return tuple(
        (
            parse_address(entry.get("address")),
            tuple(
                int.from_bytes(parse_data(slot, 32), "big") for slot in entry.get("storageKeys", [])
            ),
        )
        for entry in value
    )


def parse_log_request(value: object) -> LogRequest:
    """A filter object; without blocks it means the head."""
    if not isinstance(value, Mapping):
        raise invalid(f"expected a filter object, found {show(value)}")
    if value.get("blockHash") is not None:
        if value.get("fromBlock") is not None or value.get("toBlock") is not None:
            raise invalid("cannot combine blockHash with fromBlock or toBlock")
        first = last = BlockChoice(block_hash=parse_data(value["blockHash"], 32))
    else:
        first = parse_block(value.get("fromBlock") or "latest")
        last = parse_block(value.get("toBlock") or "latest")
    topics = value.get("topics") or []
    if not isinstance(topics, list | tuple) or len(topics) > MAX_TOPICS:
        raise invalid(f"expected at most {MAX_TOPICS} topics, found {show(topics)}")
    return LogRequest(
        first,
        last,
        frozenset(parse_address(one) for one in _as_list(value.get("address"))),
        tuple(frozenset(parse_data(one, 32) for one in _as_list(topic)) for topic in topics),
    )


def _as_list(value: object) -> list[object]:
    if value is None:
        return []
    alternatives = list(value) if isinstance(value, list | tuple) else [value]
    if len(alternatives) > MAX_ALTERNATIVES:
        raise invalid(
            f"expected at most {MAX_ALTERNATIVES} alternatives of an address or topic, "
            f"found {len(alternatives)}"
        )
    return alternatives
