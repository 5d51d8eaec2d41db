"""Recursive length prefix encoding (Yellow Paper, appendix B), in its canonical form only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Item: TypeAlias = "bytes | Sequence[Item]"

_SHORT = 55
_MAX_DEPTH = 8


def encode(item: Item) -> bytes:
    """The encoding of a byte string or a list of items.

    >>> encode([b"cat", b"dog"]).hex()
    'c88363617483646f67'
    """
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    return wrap_list(b"".join(encode(one) for one in item))


def wrap_list(payload: bytes) -> bytes:
    """The encoding of a list whose items are encoded already."""
    return _prefix(len(payload), 0xC0) + payload


def encode_integer(value: int) -> bytes:
    """The byte string that stands for a non-negative integer: big-endian, as short as can be."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode_integer(item: Item) -> int:
    """The integer that a byte string stands for.

    Raises:
        ValueError: a list, more than 32 bytes, or leading zeros.
    """
    if not isinstance(item, bytes) or len(item) > 32 or item[:1] == b"\x00":
        raise ValueError("expected an integer without leading zeros")
    return int.from_bytes(item, "big")


def decode_list(encoded: bytes, length: int) -> list[Item]:
    """The items of an encoded list of known length, nested lists included.

    Raises:
        ValueError: not a list, of another length, not canonical, or followed by more bytes.
    """
    item, end = _decode(encoded, 0, _MAX_DEPTH)
    if end != len(encoded) or not isinstance(item, list) or len(item) != length:
        raise ValueError(f"expected a list of {length} items")
    return item


def _prefix(length: int, offset: int) -> bytes:
    if length <= _SHORT:
        return bytes([offset + length])
    size = encode_integer(length)
    return bytes([offset + _SHORT + len(size)]) + size


def _decode(encoded: bytes, at: int, depth: int) -> tuple[Item, int]:
    """The item that begins at `at`, and where the next begins."""
    if at >= len(encoded) or depth == 0:
        raise ValueError("truncated or nested too deeply")
    first = encoded[at]
    if first < 0x80:
        return encoded[at : at + 1], at + 1
    is_list = first >= 0xC0
    start, end = _measure(encoded, at, 0xC0 if is_list else 0x80)
    if not is_list:
        if end - start == 1 and encoded[start] < 0x80:
            raise ValueError("a small byte must stand for itself")
        return encoded[start:end], end
    items: list[Item] = []
    while start < end:
        item, start = _decode(encoded, start, depth - 1)
        items.append(item)
    if start != end:
        raise ValueError("a list ends inside an item")
    return items, end


def _measure(encoded: bytes, at: int, offset: int) -> tuple[int, int]:
    """Where the payload of the item at `at` begins and ends."""
    length, start = encoded[at] - offset, at + 1
    if length > _SHORT:
        size = encoded[start : start + length - _SHORT]
        start += length - _SHORT
        length = decode_integer(size)
        if length <= _SHORT:
            raise ValueError("a short length in the long form")
    if start + length > len(encoded):
        raise ValueError("truncated")
    return start, start + length
