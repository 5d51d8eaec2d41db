"""What the chain says: the head, the log, and what the modules keep.

Reads only. Every answer is turned into the generated types of `ledger.records`; errors are
translated once, in `refusals`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from web3 import Web3
from web3.contract import Contract
from web3.types import LogReceipt

from ledger.abi import Event, Struct
from ledger.chain.artifacts import load_artifact
from ledger.chain.refusals import translate_errors
from ledger.errors import ChainUnavailableError, ConflictError, MalformedInputError, NotFoundError
from ledger.identifiers import CertificateType, MemberId, Uscc
from ledger.records import (
    EVENTS_BY_TOPIC,
    BatchRecord,
    ConsortiumFounded,
    DepartmentRecord,
    EntryAppended,
    MandateRecord,
    MemberRecord,
    ProposalRecord,
    SealKeyRecord,
)

S = TypeVar("S", bound=Struct)

LOG_RANGE_BLOCKS = 5_000  # Besu's default limit of eth_getLogs


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest final block."""

    block_number: int
    time_unix: int


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One entry of the log with the module event it was made for.

    `event` is None where this version does not know the kind or cannot read the values.
    """

    index: int
    entry: EntryAppended
    event: Event | None
    block_number: int
    transaction_hash: bytes


class Gateway:
    """Reads one ledger on one chain.

    Args:
        web3: a connected client.
        consortium: address of the ledger's Consortium, EIP-55.
    """

    def __init__(self, web3: Web3, consortium: str) -> None:
        self.web3 = web3
        self.consortium_address = consortium
        self.consortium = self.contract("Consortium", consortium)

    @cached_property
    def log(self) -> Contract:
        """The EntryLog; it is never replaced."""
        return self.contract("EntryLog", self.call(self.consortium, "entryLog"))

    @cached_property
    def ledger_id(self) -> bytes:
        """32 random bytes fixed at founding."""
        return bytes(self.call(self.consortium, "ledgerId"))

    @cached_property
    def chain_id(self) -> int:
        with translate_errors("asking for the chain's number"):
            return self.web3.eth.chain_id

    def contract(self, name: str, address: str) -> Contract:
        return self.web3.eth.contract(
            address=Web3.to_checksum_address(address), abi=load_artifact(name).abi
        )

    def module(self, name: str) -> Contract:
        """The module in force under that name. Raises ModuleUnknownError."""
        if name == "Consortium":
            return self.consortium
        padded = name.encode().ljust(32, b"\0")
        return self.contract(name, self.call(self.consortium, "module", padded))

    def call(self, contract: Contract, function: str, *args: Any, block: int | None = None) -> Any:
        """Asks a view function; `block` is a number, by default the head."""
        with translate_errors(f"asking {function}"):
            bound = contract.functions[function](*args)
            return bound.call(block_identifier="latest" if block is None else block)

    @cached_property
    def seals_on_demand(self) -> bool:
        """Whether the engine makes a block only when there is something to record."""
        with translate_errors("asking for the engine's name"):
            return self.web3.client_version.startswith("Zhenglian-embedded")

    def head(self) -> ChainHead:
        """The newest block, and the time up to which nothing can be missing from it.

        That time is the block's own, so that a stalled engine shows as stale. Where blocks are
        made on demand it is the chain's clock, asked before the block.
        """
        with translate_errors("asking for the newest block"):
            pending = self.web3.eth.get_block("pending") if self.seals_on_demand else None
            latest = self.web3.eth.get_block("latest")
        return ChainHead(latest["number"], (pending or latest)["timestamp"])

    def log_size(self, *, block: int | None = None) -> int:
        return int(self.call(self.log, "size", block=block))

    def log_root(self, *, block: int | None = None) -> bytes:
        """RFC 9162 root hash of the whole log, as the chain keeps it."""
        return bytes(self.call(self.log, "root", block=block))

    def member(self, member: MemberId) -> MemberRecord:
        return self._record(MemberRecord, self.consortium, "member", member.to_chain())

    def active_members(self) -> tuple[MemberId, ...]:
        found = self.call(self.consortium, "activeMembers")
        return tuple(MemberId.from_chain(bytes(raw)) for raw in found)

    def proposal(self, proposal_id: bytes) -> ProposalRecord:
        return self._record(ProposalRecord, self.consortium, "proposal", proposal_id)

    def department(self, issuer: Uscc) -> DepartmentRecord:
        registry = self.module("IssuerRegistry")
        return self._record(DepartmentRecord, registry, "department", issuer.to_chain())

    def seal_key(self, issuer: Uscc, key_id: bytes) -> SealKeyRecord:
        registry = self.module("IssuerRegistry")
        return self._record(SealKeyRecord, registry, "sealKey", issuer.to_chain(), key_id)

    def mandate_at(
        self, issuer: Uscc, certificate_type: CertificateType, at_unix: int
    ) -> MandateRecord:
        registry = self.module("IssuerRegistry")
        arguments = (issuer.to_chain(), certificate_type.to_chain(), at_unix)
        return self._record(MandateRecord, registry, "mandateAt", *arguments)

    def batch(self, batch_key: bytes) -> BatchRecord | None:
        """The anchored batch, None if there is none of that key."""
        ledger = self.module("CertificateLedger")
        record = self._record(BatchRecord, ledger, "batch", batch_key)
        return record if record.anchored_at else None

    def status_word(self, batch_key: bytes, index: int) -> bytes:
        ledger = self.module("CertificateLedger")
        return bytes(self.call(ledger, "statusWord", batch_key, index))

    def fetch_entries(self, from_block: int, to_block: int) -> Iterator[RecordedEvent]:
        """The log's entries of these blocks, both included, in order.

        Raises:
            ChainUnavailableError: the node refuses even a range of one block.
        """
        start, width = from_block, LOG_RANGE_BLOCKS
        while start <= to_block:
            end = min(start + width - 1, to_block)
            try:
                logs = self._fetch_logs(start, end)
            except ChainUnavailableError:
                if end == start:
                    raise
                width = max(1, (end - start + 1) // 4)
                continue
            yield from self._pair(logs)
            start, width = end + 1, min(width * 2, LOG_RANGE_BLOCKS)

    def _fetch_logs(self, start: int, end: int) -> list[LogReceipt]:
        # No filter by address: modules come and go, and an event is taken only together with
        # the log's own entry, which holds its hash.
        topics = [[f"0x{topic.hex()}" for topic in {EntryAppended.TOPIC, *EVENTS_BY_TOPIC}]]
        with translate_errors(f"reading the events of blocks {start} to {end}"):
            return list(
                self.web3.eth.get_logs({"fromBlock": start, "toBlock": end, "topics": topics})
            )

    def _pair(self, logs: list[LogReceipt]) -> Iterator[RecordedEvent]:
        before: LogReceipt | None = None
        for found in logs:
            topic = bytes(found["topics"][0])
            if topic == EntryAppended.TOPIC and found["address"] == self.log.address:
                appended = EntryAppended.decode_log(
                    [bytes(word) for word in found["topics"]], bytes(found["data"])
                )
                yield RecordedEvent(
                    appended.index,
                    appended,
                    _event_of(appended, before, found),
                    found["blockNumber"],
                    bytes(found["transactionHash"]),
                )
            before = found

    def _record(self, kind: type[S], contract: Contract, function: str, *args: Any) -> S:
        return kind.from_abi(self.call(contract, function, *args))


def _event_of(appended: EntryAppended, before: LogReceipt | None, own: LogReceipt) -> Event | None:
    """The module's event right before the entry, if it is the one the entry is about."""
    kind = EVENTS_BY_TOPIC.get(appended.entry.kind)
    if kind is None or before is None or before["transactionHash"] != own["transactionHash"]:
        return None
    if bytes(before["topics"][0]) != kind.TOPIC:
        return None
    try:
        event = kind.decode_log([bytes(word) for word in before["topics"]], bytes(before["data"]))
    except MalformedInputError:
        return None  # somebody recorded an identifier that is none; nobody's index stops for it
    return event if event.payload_hash() == appended.entry.payload_hash else None


def discover_consortium(web3: Web3) -> str:
    """Address of the one Consortium on this chain.

    Raises:
        NotFoundError: none was founded here yet.
        ConflictError: there are several; the configuration must name one.
    """
    head_filter = {
        "fromBlock": 0,
        "toBlock": "latest",
        "topics": ["0x" + ConsortiumFounded.TOPIC.hex()],
    }
    with translate_errors("looking for the consortium"):
        addresses = sorted({found["address"] for found in web3.eth.get_logs(head_filter)})  # type: ignore[arg-type]  # toBlock as text is right
    if not addresses:
        raise NotFoundError(
            "no consortium was founded on this chain yet; one member founds it with "
            "`zhenglian init --found`",
            code="consortium_not_founded",
        )
    if len(addresses) > 1:
        raise ConflictError(
            f"this chain has {len(addresses)} consortia, expected one; name yours with "
            f"--consortium: {', '.join(addresses)}",
            code="consortium_ambiguous",
        )
    return str(addresses[0])
