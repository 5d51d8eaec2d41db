"""The compiled contracts that come with this distribution."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

MODULE_NAMES = ("IssuerRegistry", "CertificateLedger")  # installed by vote, in this order


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


@cache
def load_artifact(name: str) -> Artifact:
    """The contract of that name, from `contracts/artifacts`."""
    raw = files("contracts.artifacts").joinpath(f"{name}.json").read_bytes()
    document = orjson.loads(raw)
    return Artifact(name, document["abi"], bytes.fromhex(document["bytecode"].removeprefix("0x")))
