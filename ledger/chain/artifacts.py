"""The compiled contracts that come with this distribution, and how calls to them are encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from eth_hash.backends.pysha3 import keccak256

MODULE_NAMES = (  # installed by vote, in this order
    "IssuerRegistry",
    "CertificateLedger",
    "Catalogue",
    "RecognitionRegistry",
    "CaseLedger",
    "DeliveryLedger",
)
_SELECTOR_SIZE = 4


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract: its ABI and the bytecode that deploys it."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes

    @property
    def event_topics(self) -> tuple[bytes, ...]:
        """Topics of the events that the contract itself emits, in ABI order."""
        from ledger.records import EVENTS_BY_TOPIC

        topics = {event.__name__: topic for topic, event in EVENTS_BY_TOPIC.items()}
        names = [entry["name"] for entry in self.abi if entry["type"] == "event"]
        return tuple(topics[name] for name in names)

    def encode_call(self, function: str, arguments: Sequence[Any]) -> bytes:
        """Call data of a function.

        Args:
            function: its Solidity name; no contract of ours overloads one.
            arguments: plain values: int, bool, bytes, str, address text, tuples and lists of these.

        Raises:
            KeyError: no such function.
            ValueError: the arguments are not those of the function.
        """
        types = _list_types(self._function(function)["inputs"])
        return _compute_selector(function, types) + _encode(types, arguments)

    def list_functions(self) -> list[tuple[bytes, str, str]]:
        """Each function's selector, 4 bytes, its name, and the Solidity type of what it takes
        first ("struct BatchStatement"), empty if it takes nothing."""
        return [
            (
                _compute_selector(entry["name"], _list_types(entry["inputs"])),
                entry["name"],
                next((str(taken["internalType"]) for taken in entry["inputs"]), ""),
            )
            for entry in self.abi
            if entry["type"] == "function"
        ]

    def decode_answer(self, function: str, data: bytes) -> Any:
        """What a view function returned: the one value, or a tuple of several.

        Raises:
            ValueError: the data is no such answer.
        """
        from eth_abi.abi import decode
        from eth_abi.exceptions import DecodingError

        types = _list_types(self._function(function)["outputs"])
        try:
            values = decode(types, data)
        except DecodingError as error:
            raise ValueError(str(error)) from error
        return values[0] if len(values) == 1 else values

    def encode_creation(self, arguments: Sequence[Any]) -> bytes:
        """The data of a transaction that deploys the contract. Raises as `encode_call` does."""
        constructors = [entry for entry in self.abi if entry["type"] == "constructor"]
        inputs = constructors[0]["inputs"] if constructors else []
        return self.bytecode + _encode(_list_types(inputs), arguments)

    def _function(self, name: str) -> dict[str, Any]:
        for entry in self.abi:
            if entry["type"] == "function" and entry["name"] == name:
                return entry
        raise KeyError(f"{self.name} has no function {name}")


@cache
def load_artifact(name: str) -> Artifact:
    """The contract of that name, from `contracts/artifacts`."""
    raw = files("contracts.artifacts").joinpath(f"{name}.json").read_bytes()
    document = orjson.loads(raw)
    return Artifact(name, document["abi"], bytes.fromhex(document["bytecode"].removeprefix("0x")))


def _compute_selector(function: str, types: Sequence[str]) -> bytes:
    return keccak256(f"{function}({','.join(types)})".encode())[:_SELECTOR_SIZE]


def _encode(types: Sequence[str], arguments: Sequence[Any]) -> bytes:
    if not arguments and not types:
        return b""
    from eth_abi.abi import encode  # takes a while to load; asking a getter does without
    from eth_abi.exceptions import EncodingError

    try:
        return encode(types, arguments)
    except (EncodingError, TypeError) as error:
        raise ValueError(str(error)) from error


def _list_types(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_name_type(parameter) for parameter in parameters]


def _name_type(parameter: Mapping[str, Any]) -> str:
    """Canonical name, structs as the tuple of their members."""
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return kind
    members = ",".join(_list_types(parameter["components"]))
    return f"({members}){kind.removeprefix('tuple')}"
