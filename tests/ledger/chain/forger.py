"""A contract by hand, which emits and calls whatever it is told; and codes that are none."""

from __future__ import annotations

from typing import Any

from eth_hash.backends.pysha3 import keccak256

from ledger.abi import Event, parse_address
from ledger.abi.structs import Field
from ledger.chain.accounts import Call
from ledger.chain.submitter import Receipt
from ledger.workspace import Workspace

# Call data: target, length of the event's data, topic 0, topic 1 (32 bytes each), the event's data,
# then what to call the target with. Emits, calls, and fails as the target fails.
FORGER = bytes.fromhex(
    "3660006000 37"  # CALLDATACOPY(0, 0, CALLDATASIZE)
    "606051 604051 602051 6080 a2"  # LOG2(128, length, topic 0, topic 1)
    "6000 6000"  # no output
    "602051 6080 01 80 36 03 90"  # call data: from 128 + length to the end
    "6000 600051 5a f1"  # CALL(GAS, target, 0, …)
    "15 602d 57 00"  # STOP if it went well
    "5b 3d 6000 6000 3e 3d 6000 fd"  # else revert with what it said
)
_CREATION = bytes.fromhex(f"60{len(FORGER):02x} 80 6009 3d 39 3d f3") + FORGER
CODE_HASH = keccak256(FORGER)


class RawCode:
    """Stands where an identifier belongs, and is none."""

    def __init__(self, raw: bytes, width: int = 18) -> None:
        self.raw = raw.ljust(width, b"\0")

    def to_chain(self) -> bytes:
        return self.raw


class Forger:
    """One such contract, driven by a workspace's operator account."""

    def __init__(self, workspace: Workspace) -> None:
        self._submitter = workspace.submitter
        address = self._submitter.deploy(_CREATION, "deploy a forger").contract_address
        assert address is not None
        self.address = address

    def emit(self, event: Event, *, then_call: str | None = None, data: bytes = b"") -> Receipt:
        """Emits a look-alike of an event with two topics, then calls another contract."""
        return self._submitter.send(
            Call(self.address, self.encode(event, then_call=then_call, data=data)), "forge", ""
        )

    def encode(self, event: Event, *, then_call: str | None = None, data: bytes = b"") -> bytes:
        """The call data for `emit`, to be nested."""
        indexed, others = split_log(event)
        [topic] = indexed
        target = bytes(12) + (parse_address(then_call) if then_call else bytes(20))
        return target + len(others).to_bytes(32, "big") + event.TOPIC + topic + others + data


def split_log(event: Event) -> tuple[list[bytes], bytes]:
    """An event's topics after the first, and its data."""
    from ledger.abi.codec import encode_sequence

    def encode(fields: list[Field]) -> bytes:
        values: list[Any] = [getattr(event, field.name) for field in fields]
        return encode_sequence([field.type for field in fields], values, lambda at: fields[at].name)

    indexed = [field for field in event.ABI_FIELDS if field.is_indexed]
    others = [field for field in event.ABI_FIELDS if not field.is_indexed]
    return [encode([field]) for field in indexed], encode(others)
