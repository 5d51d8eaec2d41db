"""Bases of the generated structs and events: typed values that know their own encoding.

A generated class lists its members in `ABI_FIELDS`; encoding, decoding, EIP-712 hashing and event
payloads follow from that list. Which structs and events there are stands in `ledger.records`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from eth_hash.backends.pysha3 import keccak256

from ledger.abi.codec import WORD, AbiType, Array, decode_sequence, encode_sequence
from ledger.errors import MalformedInputError

S = TypeVar("S")

_FIRST_TAIL = WORD.to_bytes(WORD, "big")  # the offset in front of a single dynamic value


class Field(NamedTuple):
    """One member of a struct, event or error."""

    name: str  # in Python
    solidity_name: str
    type: AbiType[Any]
    is_indexed: bool = False  # of events: in the topics rather than the data


class Members(AbiType[S], Generic[S]):
    """The members of one generated class, as the tuple that Solidity encodes."""

    def __init__(self, cls: type[S], fields: Sequence[Field]) -> None:
        self.cls = cls
        self.fields = tuple(fields)
        self.types = tuple(field.type for field in fields)
        self.eip712_name = cls.__name__
        self.name = f"({','.join(kind.name for kind in self.types)})"
        self.is_dynamic = any(kind.is_dynamic for kind in self.types)
        self.head_size = WORD if self.is_dynamic else sum(kind.head_size for kind in self.types)
        self._get = attrgetter(*[field.name for field in fields]) if fields else lambda _: ()

    def values(self, value: S) -> tuple[Any, ...]:
        """The members' values in order."""
        found = self._get(value)
        return (found,) if len(self.fields) == 1 else found

    def encode(self, value: S) -> bytes:
        return encode_sequence(self.types, self.values(value), self._label)

    def decode(self, data: bytes, start: int) -> tuple[S, int]:
        values, end = decode_sequence(self.types, data, start, self._label)
        if not self.is_dynamic:
            end = start + self.head_size
        return self.cls(*values), end

    def decode_whole(self, data: bytes) -> S:
        """The value whose encoding is exactly `data`. Raises MalformedInputError."""
        value, end = self.decode(data, 0)
        if end != len(data):
            raise MalformedInputError(f"{self.cls.__name__}: expected {end} bytes, got {len(data)}")
        return value

    def hash_word(self, value: S) -> bytes:
        """EIP-712 hashStruct."""
        pairs = zip(self.types, self.values(value), strict=True)
        return keccak256(
            self.type_hash + b"".join([kind.hash_word(member) for kind, member in pairs])
        )

    @cached_property
    def type_hash(self) -> bytes:
        """EIP-712 typeHash."""
        return keccak256(self.eip712_type.encode())

    @cached_property
    def eip712_type(self) -> str:
        """EIP-712 encodeType: the own definition, then those referred to, by name."""
        others = {name: kind for name, kind in _find_structs(self).items() if kind is not self}
        return "".join(kind.definition for kind in (self, *(others[n] for n in sorted(others))))

    @cached_property
    def definition(self) -> str:
        """The struct alone, as EIP-712 writes it."""
        members = [f"{field.type.eip712_name} {field.solidity_name}" for field in self.fields]
        return f"{self.eip712_name}({','.join(members)})"

    def to_abi(self, value: S) -> tuple[Any, ...]:
        pairs = zip(self.types, self.values(value), strict=True)
        return tuple(kind.to_abi(member) for kind, member in pairs)

    def from_abi(self, plain: Any) -> S:
        pairs = zip(self.types, plain, strict=True)
        return self.cls(*[kind.from_abi(member) for kind, member in pairs])

    def _label(self, position: int) -> str:
        return f"{self.cls.__name__}.{self.fields[position].name}"


def _find_structs(kind: AbiType[Any]) -> dict[str, Members[Any]]:
    if isinstance(kind, Array):
        return _find_structs(kind.element)
    if not isinstance(kind, Members):
        return {}
    found: dict[str, Members[Any]] = {kind.eip712_name: kind}
    for member in kind.types:
        found |= _find_structs(member)
    return found


class Struct:
    """Base of the generated structs."""

    __slots__ = ()

    ABI_FIELDS: ClassVar[tuple[Field, ...]] = ()
    ABI: ClassVar[Members[Any]]

    def __init_subclass__(cls) -> None:
        # Runs again for the class that dataclass(slots=True) makes of the first, which is the
        # one that decoding must construct.
        super().__init_subclass__()
        cls.ABI = Members(cls, cls.ABI_FIELDS)

    def encode(self) -> bytes:
        """`abi.encode(value)`. Raises MalformedInputError where a member does not fit its type."""
        content = self.ABI.encode(self)
        return _FIRST_TAIL + content if self.ABI.is_dynamic else content

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The value whose `encode` is exactly `data`. Raises MalformedInputError."""
        if cls.ABI.is_dynamic:
            if data[:WORD] != _FIRST_TAIL:
                raise MalformedInputError(f"{cls.__name__}: expected the offset 32")
            data = data[WORD:]
        value: Self = cls.ABI.decode_whole(data)
        return value

    def to_abi(self) -> tuple[Any, ...]:
        """Plain nested tuples, as web3 takes them for a contract call."""
        return self.ABI.to_abi(self)

    @classmethod
    def from_abi(cls, plain: Sequence[Any]) -> Self:
        """The value behind the tuple that a getter answered. Raises MalformedInputError."""
        value: Self = cls.ABI.from_abi(plain)
        return value


class Statement(Struct):
    """Base of the structs that are signed as EIP-712 typed data."""

    __slots__ = ()

    EIP712_TYPE: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.EIP712_TYPE = cls.ABI.eip712_type

    def hash_struct(self) -> bytes:
        """EIP-712 hashStruct, 32 bytes. `ledger.formats.statements` makes the digest of it."""
        return self.ABI.hash_word(self)


class Leaf(Struct):
    """Base of the struct that the log keeps."""

    __slots__ = ()

    def leaf_hash(self) -> bytes:
        """SHA-256(0x00 || abi.encode(entry)), the leaf hash of RFC 9162 section 2.1.1."""
        return hashlib.sha256(b"\0" + self.encode()).digest()


class Event:
    """Base of the generated events. The payload is `abi.encode` of all parameters in order."""

    __slots__ = ()

    SIGNATURE: ClassVar[str]
    TOPIC: ClassVar[bytes]
    ABI_FIELDS: ClassVar[tuple[Field, ...]] = ()
    ABI: ClassVar[Members[Any]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.ABI = Members(cls, cls.ABI_FIELDS)
        cls.SIGNATURE = cls.__name__ + cls.ABI.name
        cls.TOPIC = keccak256(cls.SIGNATURE.encode())

    def encode_payload(self) -> bytes:
        """`abi.encode` of every parameter in order, indexed or not."""
        return self.ABI.encode(self)

    def payload_hash(self) -> bytes:
        """SHA-256 of the payload: what the event's log entry holds."""
        return hashlib.sha256(self.encode_payload()).digest()

    @classmethod
    def decode_payload(cls, payload: bytes) -> Self:
        """The event whose payload is exactly this. Raises MalformedInputError."""
        value: Self = cls.ABI.decode_whole(payload)
        return value

    @classmethod
    def decode_log(cls, topics: Sequence[bytes], data: bytes) -> Self:
        """The event that a transaction's log holds.

        Args:
            topics: 32 bytes each, the event's own first.
            data: encoding of the parameters that are not indexed.

        Raises:
            MalformedInputError: another event, or not its canonical encoding.
        """
        indexed = [field for field in cls.ABI_FIELDS if field.is_indexed]
        others = [field for field in cls.ABI_FIELDS if not field.is_indexed]
        if len(topics) != 1 + len(indexed) or topics[0] != cls.TOPIC:
            raise MalformedInputError(f"{cls.__name__}: the topics are those of another event")
        words = [field.type for field in indexed]
        found, _ = decode_sequence(words, b"".join(topics[1:]), 0, lambda at: indexed[at].name)
        values = dict(zip([field.name for field in indexed], found, strict=True))
        kinds = [field.type for field in others]
        found, end = decode_sequence(kinds, data, 0, lambda at: others[at].name)
        if end != len(data):
            raise MalformedInputError(f"{cls.__name__}: expected {end} bytes, got {len(data)}")
        values |= zip([field.name for field in others], found, strict=True)
        return cls(**values)
