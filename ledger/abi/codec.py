"""Solidity's ABI encoding between bytes and typed values, in its canonical form only.

`abi.encode` has one encoding for each value; decoding here accepts that one and no other: dirty
padding, gaps, overlaps and trailing bytes are refused, so that equal hashes mean equal values.
Built by hand because whole indexes are decoded through it (a generic codec takes ten times as
long); the tests compare it with eth_abi.

How Solidity types appear in Python: uintN as int, bool as bool, bytesN and bytes as bytes, string
as str, address as its EIP-55 text, arrays as tuples, enums as IntEnum, user-defined value types as
the classes of `ledger.identifiers`. What the bytes mean is left to `ledger.records`.

Source: Solidity documentation, "Contract ABI Specification"; EIP-712 encodeData; EIP-55.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Any, Generic, Protocol, Self, TypeVar

from eth_hash.backends.pysha3 import keccak256

from ledger.errors import MalformedInputError

WORD = 32
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_OFFSET = 1 << 63  # no offset or length of an honest payload comes near

T = TypeVar("T")


class Identifier(Protocol):
    """What user-defined value types become: fixed ASCII bytes on the chain, a class here."""

    @classmethod
    def from_chain(cls, value: bytes) -> Self: ...

    def to_chain(self) -> bytes: ...


I = TypeVar("I", bound=Identifier)  # noqa: E741
E = TypeVar("E", bound=IntEnum)


class AbiType(ABC, Generic[T]):
    """One Solidity type.

    Attributes:
        name: canonical ABI name, as in function signatures.
        eip712_name: name in EIP-712 type strings.
        is_dynamic: whether the head holds an offset to the content.
        head_size: bytes in the head; 32 where dynamic.
    """

    name: str
    eip712_name: str
    is_dynamic: bool = False
    head_size: int = WORD

    @abstractmethod
    def encode(self, value: T) -> bytes:
        """The content, without an offset in front. Raises MalformedInputError."""

    @abstractmethod
    def decode(self, data: bytes, start: int) -> tuple[T, int]:
        """Read the content at `start`; answers value and end. Raises MalformedInputError."""

    @abstractmethod
    def hash_word(self, value: T) -> bytes:
        """The 32 bytes that stand for the value in EIP-712 encodeData."""

    @abstractmethod
    def to_abi(self, value: T) -> object:
        """The plain value web3 takes for a contract call."""

    @abstractmethod
    def from_abi(self, plain: Any) -> T:
        """The value behind a plain one that web3 answered."""


class Word(AbiType[T]):
    """A type that takes one word: the pairs of functions turn values into 32 bytes and back."""

    def __init__(
        self,
        name: str,
        word: tuple[Callable[[T], bytes], Callable[[bytes], T]],
        plain: tuple[Callable[[T], object], Callable[[Any], T]],
    ) -> None:
        self.name = self.eip712_name = name
        self.to_word, self.from_word = word
        self._to_abi, self._from_abi = plain

    def encode(self, value: T) -> bytes:
        return self.to_word(value)

    def decode(self, data: bytes, start: int) -> tuple[T, int]:
        return self.from_word(take(data, start, WORD)), start + WORD

    def hash_word(self, value: T) -> bytes:
        return self.to_word(value)

    def to_abi(self, value: T) -> object:
        return self._to_abi(value)

    def from_abi(self, plain: Any) -> T:
        return self._from_abi(plain)


class Blob(AbiType[T]):
    """`bytes` or `string`: a length, the content, zeros up to a whole word."""

    is_dynamic = True

    def __init__(
        self, name: str, to_bytes: Callable[[T], bytes], from_bytes: Callable[[bytes], T]
    ) -> None:
        self.name = self.eip712_name = name
        self._to_bytes, self._from_bytes = to_bytes, from_bytes

    def encode(self, value: T) -> bytes:
        content = self._to_bytes(value)
        return len(content).to_bytes(WORD, "big") + content + bytes(-len(content) % WORD)

    def decode(self, data: bytes, start: int) -> tuple[T, int]:
        length = _read_size(data, start)
        end = start + WORD + length
        padding = -length % WORD
        content = take(data, start + WORD, length)
        if any(take(data, end, padding)):
            raise MalformedInputError(f"{self.name}: expected zeros after its {length} bytes")
        return self._from_bytes(content), end + padding

    def hash_word(self, value: T) -> bytes:
        return keccak256(self._to_bytes(value))

    def to_abi(self, value: T) -> object:
        return value

    def from_abi(self, plain: Any) -> T:
        return self._from_bytes(self._to_bytes(plain))


class Array(AbiType[tuple[T, ...]]):
    """`T[]`: a length, then the elements as a sequence."""

    is_dynamic = True

    def __init__(self, element: AbiType[T]) -> None:
        self.element = element
        self.name = f"{element.name}[]"
        self.eip712_name = f"{element.eip712_name}[]"

    def encode(self, value: tuple[T, ...]) -> bytes:
        return len(value).to_bytes(WORD, "big") + encode_sequence(
            [self.element] * len(value), value, self._label
        )

    def decode(self, data: bytes, start: int) -> tuple[tuple[T, ...], int]:
        length = _read_size(data, start)
        if length * self.element.head_size > len(data) - start:
            raise MalformedInputError(f"{self.name}: {length} elements do not fit in the data")
        values, end = decode_sequence([self.element] * length, data, start + WORD, self._label)
        return tuple(values), end

    def hash_word(self, value: tuple[T, ...]) -> bytes:
        return keccak256(b"".join([self.element.hash_word(element) for element in value]))

    def to_abi(self, value: tuple[T, ...]) -> object:
        return [self.element.to_abi(element) for element in value]

    def from_abi(self, plain: Any) -> tuple[T, ...]:
        return tuple(self.element.from_abi(element) for element in plain)

    def _label(self, position: int) -> str:
        return f"{self.element.eip712_name}[{position}]"


def take(data: bytes, start: int, length: int) -> bytes:
    """Exactly `length` bytes at `start`. Raises MalformedInputError where the data ends before."""
    part = data[start : start + length]
    if len(part) != length:
        raise MalformedInputError(f"expected {length} bytes at {start}, the data has {len(data)}")
    return part


def _read_size(data: bytes, start: int) -> int:
    size = int.from_bytes(take(data, start, WORD), "big")
    if size >= _OFFSET:
        raise MalformedInputError(f"the length or offset at {start} exceeds the data")
    return size


def encode_sequence(
    types: Sequence[AbiType[Any]], values: Sequence[Any], label: Callable[[int], str]
) -> bytes:
    """Heads, then tails, as Solidity encodes the members of a tuple or an array.

    Args:
        label: name of the member at a position, for the message of a refusal.
    """
    tail_start = sum([kind.head_size for kind in types])
    heads: list[bytes] = []
    tails: list[bytes] = []
    for kind, value in zip(types, values, strict=True):
        try:
            content = kind.encode(value)
        except MalformedInputError as error:
            raise _at(label(len(heads)), error) from error
        if kind.is_dynamic:
            heads.append(tail_start.to_bytes(WORD, "big"))
            tails.append(content)
            tail_start += len(content)
        else:
            heads.append(content)
    return b"".join(heads + tails)


def decode_sequence(
    types: Sequence[AbiType[Any]], data: bytes, start: int, label: Callable[[int], str]
) -> tuple[list[Any], int]:
    """The values of a sequence and its end; each tail must begin where the one before ended."""
    head = start
    tail = start + sum([kind.head_size for kind in types])
    values: list[Any] = []
    for kind in types:
        try:
            if kind.is_dynamic:
                _require_offset(data, head, tail - start)
                value, tail = kind.decode(data, tail)
            else:
                value, _ = kind.decode(data, head)
        except MalformedInputError as error:
            raise _at(label(len(values)), error) from error
        values.append(value)
        head += kind.head_size
    return values, tail


def _require_offset(data: bytes, start: int, expected: int) -> None:
    if _read_size(data, start) != expected:
        raise MalformedInputError(f"expected the offset {expected} at {start}")


def _at(label: str, error: MalformedInputError) -> MalformedInputError:
    return MalformedInputError(f"{label}: {error.message}", field=label)


def _same(value: Any) -> Any:
    return value


def uint(bits: int) -> Word[int]:
    """Unsigned integer of `bits` bits."""
    limit = 1 << bits
    name = f"uint{bits}"

    def check(value: int) -> int:
        if not 0 <= value < limit:
            raise MalformedInputError(f"expected {name}, got {value}")
        return value

    return Word(
        name,
        (
            lambda value: check(value).to_bytes(WORD, "big"),
            lambda word: check(int.from_bytes(word, "big")),
        ),
        (check, check),
    )


def fixed_bytes(size: int) -> Word[bytes]:
    """`bytesN`: exactly N bytes."""
    padding = bytes(WORD - size)
    name = f"bytes{size}"

    def check(value: bytes) -> bytes:
        if len(value) != size:
            raise MalformedInputError(f"expected {name}, got {len(value)} bytes")
        return value

    def from_word(word: bytes) -> bytes:
        if word[size:] != padding:
            raise MalformedInputError(f"expected {name} and zeros, got 0x{word.hex()}")
        return word[:size]

    return Word(
        name, (lambda value: check(value) + padding, from_word), (check, lambda v: check(bytes(v)))
    )


def enumeration(cls: type[E]) -> Word[E]:
    """A Solidity enum: uint8 with the numbers of its members."""
    number = uint(8)

    def from_number(value: int) -> E:
        try:
            return cls(value)
        except ValueError as error:
            raise MalformedInputError(f"{value} is no {cls.__name__}") from error

    return Word(
        "uint8",
        (number.to_word, lambda word: from_number(number.from_word(word))),
        (int, from_number),
    )


def identifier(cls: type[I], size: int) -> Word[I]:
    """A user-defined value type over bytesN, for places where it is always set."""
    raw = fixed_bytes(size)
    parse = lru_cache(maxsize=4096)(cls.from_chain)
    return Word(
        raw.name,
        (lambda value: raw.to_word(value.to_chain()), lambda word: parse(raw.from_word(word))),
        (lambda value: value.to_chain(), lambda plain: parse(bytes(plain))),
    )


def optional_identifier(cls: type[I], size: int) -> Word[I | None]:
    """A user-defined value type for places where all zero means that there is none."""
    raw = fixed_bytes(size)
    none = bytes(size)
    parse = lru_cache(maxsize=4096)(cls.from_chain)

    def to_bytes(value: I | None) -> bytes:
        return none if value is None else value.to_chain()

    def from_bytes(value: bytes) -> I | None:
        return None if value == none else parse(value)

    return Word(
        raw.name,
        (
            lambda value: raw.to_word(to_bytes(value)),
            lambda word: from_bytes(raw.from_word(word)),
        ),
        (to_bytes, lambda plain: from_bytes(bytes(plain))),
    )


def to_checksum_address(raw: bytes) -> str:
    """EIP-55 text of 20 bytes.

    >>> to_checksum_address(bytes.fromhex("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"))
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
    """
    text = raw.hex()
    digest = keccak256(text.encode()).hex()
    return "0x" + "".join(
        letter.upper() if digit >= "8" else letter
        for letter, digit in zip(text, digest, strict=False)
    )


def parse_address(text: str) -> bytes:
    """20 bytes of an EIP-55 address. Raises MalformedInputError for any other text."""
    raw = _read_address(text)
    if to_checksum_address(raw) != text:
        raise MalformedInputError(f"expected an EIP-55 address, got {text!r}")
    return raw


def _read_address(text: str) -> bytes:
    if not _ADDRESS.fullmatch(text):
        raise MalformedInputError(f"expected an EIP-55 address, got {text[:64]!r}")
    return bytes.fromhex(text[2:])


def _address_from_word(word: bytes) -> str:
    if any(word[:12]):
        raise MalformedInputError(f"expected zeros and an address, got 0x{word.hex()}")
    return to_checksum_address(word[12:])


def _bool_from_word(word: bytes) -> bool:
    number = int.from_bytes(word, "big")
    if number > 1:
        raise MalformedInputError(f"expected a bool, got {number}")
    return number == 1


def _text_to_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedInputError(f"string: expected Unicode text, {error.reason}") from error


def _text_from_bytes(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedInputError(f"string: expected UTF-8, {error.reason}") from error


BOOL: Word[bool] = Word(
    "bool", (lambda value: int(value).to_bytes(WORD, "big"), _bool_from_word), (_same, bool)
)
ADDRESS: Word[str] = Word(
    "address",
    (lambda value: bytes(12) + parse_address(value), _address_from_word),
    (_same, lambda plain: to_checksum_address(_read_address(plain))),
)
BYTES: Blob[bytes] = Blob("bytes", _same, bytes)
STRING: Blob[str] = Blob("string", _text_to_bytes, _text_from_bytes)
