"""What a contract answers when it refuses: custom errors, `Error(string)` and `Panic(uint256)`.

Each custom error is a generated exception of `ledger.records` with its values as attributes.
Getting the bytes out of a chain library's exception is the business of `ledger.chain`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, ClassVar

from eth_hash.backends.pysha3 import keccak256

from ledger.abi.codec import STRING, WORD, take, uint
from ledger.abi.structs import Field, Members
from ledger.errors import LedgerError, MalformedInputError

SELECTOR_SIZE = 4

_ERROR_STRING = bytes.fromhex("08c379a0")  # Error(string), of `require` and `revert` with a text
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256), of the compiler's own checks
_TIMES = ("_unix", "_until", "_from", "_since", "_at", "until", "latest", "earliest")


class ContractError(LedgerError):
    """Base of the generated exceptions; each is also of a kind in `ledger.errors`."""

    SIGNATURE: ClassVar[str]
    SELECTOR: ClassVar[bytes]
    NOTICE: ClassVar[str]
    ABI_FIELDS: ClassVar[tuple[Field, ...]] = ()
    ABI: ClassVar[Members[Any]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.ABI = Members(cls, cls.ABI_FIELDS)
        cls.SIGNATURE = cls.__name__.removesuffix("Error") + cls.ABI.name
        cls.SELECTOR = keccak256(cls.SIGNATURE.encode())[:SELECTOR_SIZE]

    def __post_init__(self) -> None:
        values = [(field.name, getattr(self, field.name)) for field in self.ABI_FIELDS]
        shown = ", ".join(f"{name}={describe(value, name)}" for name, value in values)
        super().__init__(f"{self.NOTICE} ({shown})" if shown else self.NOTICE)

    def __reduce__(self) -> tuple[type[ContractError], tuple[Any, ...]]:
        return type(self), self.ABI.values(self)

    def encode(self) -> bytes:
        """The revert data: selector and arguments."""
        return self.SELECTOR + self.ABI.encode(self)


def describe(value: object, name: str = "") -> str:
    """A value for a person to read: names as text, hashes as hex, times also as dates.

    >>> describe(b"CertificateLedger".ljust(32, bytes(1)))
    'CertificateLedger'
    >>> describe(b"\\x01\\x02")
    '0x0102'
    >>> describe(1_700_000_000, "valid_until")
    '1700000000 (2023-11-14T22:13:20Z)'
    """
    if value is None:
        return "none"
    if isinstance(value, bytes):
        text = value.rstrip(b"\0")
        is_name = 0 < len(text) < len(value) and text.isascii() and text.decode().isprintable()
        return text.decode() if is_name else f"0x{value.hex()}"
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, int) and name.endswith(_TIMES) and 0 < value < 1 << 37:
        return f"{value} ({datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ})"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(describe(element) for element in value)}]"
    return str(value)


def decode_refusal(
    data: bytes, errors_by_selector: Mapping[bytes, type[ContractError]]
) -> LedgerError:
    """The refusal in a call's revert data.

    What no contract of ours says (no data, an unknown selector, malformed arguments) becomes a
    plain LedgerError with the data in its message, so that a refusal is always reported.
    """
    selector, arguments = data[:SELECTOR_SIZE], data[SELECTOR_SIZE:]
    try:
        if selector == _ERROR_STRING:
            text, _ = STRING.decode(arguments, WORD)
            return LedgerError(f"the contract refused: {text}", code="contract_refused")
        if selector == _PANIC:
            number = uint(256).from_word(take(arguments, 0, WORD))
            return LedgerError(
                f"the contract failed with panic 0x{number:02x}", code="contract_panicked"
            )
        kind = errors_by_selector.get(selector)
        if kind is not None:
            refusal: LedgerError = kind.ABI.decode_whole(arguments)
            return refusal
    except MalformedInputError:
        pass
    shown = f"0x{data.hex()}" if data else "no reason"
    return LedgerError(f"the contract refused with {shown}", code="contract_refused")
