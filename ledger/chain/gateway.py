"""What the chain says: the head, the log, and what the modules keep.

Reads only. Every answer is turned into the generated types of `ledger.records`; errors are
translated once, in `client`. What is asked of "now" is asked of the newest block; what is kept (the
index, receipts) is read up to the newest final one (`ledger.chain.finality`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

from ledger.abi import Array, Struct, fixed_bytes, to_checksum_address
from ledger.chain.artifacts import load_artifact
from ledger.chain.client import ChainClient, parse_data, parse_quantity, unusable
from ledger.chain.finality import INSTANT, Finality
from ledger.chain.log_reading import LogRange, RecordedEvent, fetch_logs, pair_entries
from ledger.errors import ChainUnavailableError, ConflictError, NotFoundError
from ledger.identifiers import CertificateType, MemberId, Uscc
from ledger.records import (
    EVENTS_BY_TOPIC,
    BatchRecord,
    ConsortiumFounded,
    DepartmentRecord,
    EntryAppended,
    MandateRecord,
    MemberRecord,
    ModuleUnknownError,
    ProposalRecord,
    SealKeyRecord,
    TypeRecord,
)

__all__ = ["ChainHead", "Contract", "Gateway", "RecordedEvent", "discover_consortium"]

S = TypeVar("S", bound=Struct)

_WORD = 32


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest final block, and the time up to which nothing can be missing from it.

    Attributes:
        block_hash: 32 bytes; stands for everything that the chain recorded up to it.
    """

    block_number: int
    block_hash: bytes
    time_unix: int


@dataclass(frozen=True, slots=True)
class Contract:
    """One of ours on the chain. Attributes: address: EIP-55."""

    name: str
    address: str


class Gateway:
    """Reads one ledger on one chain.

    Args:
        client: of a node of the chain.
        consortium: address of the ledger's Consortium, EIP-55.
        ledger_id: which ledger it must be; asked of the chain before anything else is.
        finality: when a block of this chain counts as final.
    """

    def __init__(
        self,
        client: ChainClient,
        consortium: str,
        *,
        ledger_id: bytes | None = None,
        finality: Finality = INSTANT,
    ) -> None:
        self.client = client
        self.finality = finality
        self.log_range = LogRange()
        self._expected_ledger_id = ledger_id
        self.consortium_address = consortium
        self.consortium = Contract("Consortium", consortium)

    @cached_property
    def log(self) -> Contract:
        """The EntryLog; it is never replaced."""
        return Contract("EntryLog", self._read_address(self.consortium, "entryLog"))

    @cached_property
    def ledger_id(self) -> bytes:
        """32 random bytes fixed at founding: the expected ones, or else what the chain says."""
        return self._expected_ledger_id or self._asked_ledger_id

    def require_ledger(self) -> None:
        """Asks the chain, once, whether it has the expected ledger; so does the first `read`.

        Raises ConflictError, code `another_ledger`.
        """
        expected = self._expected_ledger_id
        if expected is not None and self._asked_ledger_id != expected:
            raise ConflictError(
                f"expected ledger {expected.hex()}, the consortium at {self.consortium_address} "
                f"is that of {self._asked_ledger_id.hex()}",
                code="another_ledger",
            )

    @cached_property
    def chain_id(self) -> int:
        """Of transactions (EIP-155)."""
        return self.client.request_quantity("asking for the chain's number", "eth_chainId")

    @cached_property
    def seals_on_demand(self) -> bool:
        """Whether the engine makes a block only when there is something to record."""
        name = self.client.request("asking for the engine's name", "web3_clientVersion")
        return str(name).startswith("Zhenglian-embedded")

    def module(self, name: str) -> Contract:
        """The module in force under that name. Raises ModuleUnknownError."""
        if name == "Consortium":
            return self.consortium
        padded = name.encode().ljust(_WORD, b"\0")
        return Contract(name, self._read_address(self.consortium, "module", padded))

    def call(self, contract: Contract, function: str, *args: Any, block: int | None = None) -> Any:
        """Asks a view function.

        Args:
            args: plain values, as `to_abi` and `to_chain` give them.
            block: number; by default the head.

        Returns:
            The one value, or a tuple of several; structs as tuples.
        """
        data = self.read(contract, function, *args, block=block)
        try:
            return load_artifact(contract.name).decode_answer(function, data)
        except ValueError as error:
            raise _no_such_contract(contract, function) from error

    def read(
        self, contract: Contract, function: str, *args: Any, block: int | None = None
    ) -> bytes:
        """What a view function answers, as ABI encoding. Arguments as for `call`.

        Raises:
            LedgerError: the contract's refusal.
            ConflictError: code `another_ledger`.
            ChainUnavailableError: code `contract_missing` when the chain has no such contract.
        """
        self.require_ledger()
        return self._ask(contract, function, args, block)

    def _ask(
        self, contract: Contract, function: str, args: tuple[Any, ...], block: int | None
    ) -> bytes:
        request = {
            "to": contract.address,
            "data": "0x" + load_artifact(contract.name).encode_call(function, args).hex(),
        }
        at = "latest" if block is None else hex(block)
        data = self.client.request_data(f"asking {function}", "eth_call", request, at)
        if not data:  # what an address without code answers
            raise _no_such_contract(contract, function)
        return data

    def head(self) -> ChainHead:
        """The newest final block, and the time up to which nothing can be missing from it.

        That time is the block's own, so that a stalled engine shows as stale. Where blocks are
        made on demand it is the chain's clock, asked before the block.
        """
        if not self.finality.is_instant:
            return self._read_block(self.final_tag())
        pending = self._read_block("pending") if self.seals_on_demand else None
        latest = self._read_block("latest")
        return replace(latest, time_unix=(pending or latest).time_unix)

    def newest(self) -> ChainHead:
        """The newest block, final or not, with its own time."""
        return self._read_block("latest")

    def block_hash(self, number: int) -> bytes:
        """32 bytes; empty where the node does not tell it."""
        return self._read_block(hex(number)).block_hash

    def final_tag(self) -> str:
        """How a node is asked for what is final: a tag, or a block's number in hexadecimal."""
        if not self.finality.confirmations:
            return self.finality.tag or "latest"
        newest = self.client.request_quantity("asking for the newest block", "eth_blockNumber")
        return hex(max(0, newest - self.finality.confirmations))

    def final_block_number(self) -> int | None:
        """The newest final block's number; None where every block is final at once."""
        if self.finality.is_instant:
            return None
        if self.finality.confirmations:
            return int(self.final_tag(), 16)
        return self._read_block(self.finality.tag).block_number

    def log_size(self, *, block: int | None = None) -> int:
        """Entries of the log, by default at the head."""
        return int.from_bytes(self._read_word(self.log, "size", block=block))

    def log_root(self, *, block: int | None = None) -> bytes:
        """RFC 9162 root hash of the whole log, as the chain keeps it."""
        return self._read_word(self.log, "root", block=block)

    def member(self, member: MemberId) -> MemberRecord:
        """All zero for who never was a member."""
        return self._record(MemberRecord, self.consortium, "member", member.to_chain())

    def active_members(self) -> tuple[MemberId, ...]:
        """In the order of their admission, except that a removal moves the last to its place."""
        data = self.read(self.consortium, "activeMembers")
        found, _ = Array(fixed_bytes(18)).decode(data, _WORD)
        return tuple(MemberId.from_chain(raw) for raw in found)

    def proposal(self, proposal_id: bytes) -> ProposalRecord:
        """Raises ProposalUnknownError."""
        return self._record(ProposalRecord, self.consortium, "proposal", proposal_id)

    def department(self, issuer: Uscc) -> DepartmentRecord:
        """Its `member` is None when no department has this code."""
        registry = self.module("IssuerRegistry")
        return self._record(DepartmentRecord, registry, "department", issuer.to_chain())

    def seal_key(self, issuer: Uscc, key_id: bytes) -> SealKeyRecord:
        """Its `suite` is 0 when the department has no such key."""
        registry = self.module("IssuerRegistry")
        return self._record(SealKeyRecord, registry, "sealKey", issuer.to_chain(), key_id)

    def mandate_at(
        self, issuer: Uscc, certificate_type: CertificateType, at_unix: int
    ) -> MandateRecord:
        """The mandate that counted then; all zero if there was none."""
        registry = self.module("IssuerRegistry")
        arguments = (issuer.to_chain(), certificate_type.to_chain(), at_unix)
        return self._record(MandateRecord, registry, "mandateAt", *arguments)

    def type_at(self, certificate_type: CertificateType, at_unix: int) -> TypeRecord | None:
        """The version of a type that was in force then, None if the catalogue had none, or if the
        ledger has no catalogue."""
        try:
            catalogue = self.module("Catalogue")
        except ModuleUnknownError:
            return None
        arguments = (certificate_type.to_chain(), at_unix)
        record = self._record(TypeRecord, catalogue, "typeAt", *arguments)
        return record if record.version else None

    def batch(self, batch_key: bytes) -> BatchRecord | None:
        """The anchored batch, None if there is none of that key."""
        ledger = self.module("CertificateLedger")
        record = self._record(BatchRecord, ledger, "batch", batch_key)
        return record if record.anchored_at else None

    def status_word(self, batch_key: bytes, index: int) -> bytes:
        """32 bytes; all zero where nothing was ever changed."""
        return self._read_word(self.module("CertificateLedger"), "statusWord", batch_key, index)

    def was_carried_out(self, transaction_hash: bytes) -> bool | None:
        """Whether a transaction succeeded or was refused; None while it has no receipt."""
        doing = "asking for a receipt"
        sought = f"0x{transaction_hash.hex()}"
        found = self.client.request(doing, "eth_getTransactionReceipt", sought)
        if found is None:
            return None
        if not isinstance(found, dict):
            raise unusable(doing, found)
        return parse_quantity(found.get("status"), doing) == 1

    def fetch_entries(self, from_block: int, to_block: int) -> Iterator[RecordedEvent]:
        """The log's entries of these blocks, both included, in order.

        Raises:
            ChainUnavailableError: no answer, or the node refuses even a range of one block.
        """
        topics = (EntryAppended.TOPIC, *EVENTS_BY_TOPIC)
        wanted = dict.fromkeys(topics)
        parts = fetch_logs(self.client, wanted, from_block, to_block, self.log_range)
        # One stream: an event and its entry are in one block, and so in one part.
        return pair_entries(chain.from_iterable(parts), self.log.address)

    def _record(self, kind: type[S], contract: Contract, function: str, *args: Any) -> S:
        return kind.decode(self.read(contract, function, *args))

    @cached_property
    def _asked_ledger_id(self) -> bytes:
        return _require_word(
            self._ask(self.consortium, "ledgerId", (), None), self.consortium, "ledgerId"
        )

    def _read_word(
        self, contract: Contract, function: str, *args: Any, block: int | None = None
    ) -> bytes:
        return _require_word(self.read(contract, function, *args, block=block), contract, function)

    def _read_address(self, contract: Contract, function: str, *args: Any) -> str:
        """No contract of ours answers with nobody's address: what is sent there succeeds, and does
        nothing."""
        word = self._read_word(contract, function, *args)
        if any(word[:12]) or not any(word):
            raise _no_such_contract(contract, function)
        return to_checksum_address(word[12:])

    def _read_block(self, tag: str) -> ChainHead:
        doing = f"asking for the {tag} block"
        found = self.client.request(doing, "eth_getBlockByNumber", tag, False)
        if not isinstance(found, dict):
            raise unusable(doing, found)
        block_hash = found.get("hash")
        return ChainHead(
            parse_quantity(found.get("number"), doing),
            parse_data(block_hash, doing) if block_hash is not None else b"",
            parse_quantity(found.get("timestamp"), doing),
        )


def discover_consortium(client: ChainClient) -> str:
    """Address, EIP-55, of the first Consortium that was founded on this chain.

    Any account can emit such an event later; nobody founds a second ledger where there is one.
    Whoever means another than the first names its address.

    Raises:
        NotFoundError: none was founded here yet.
    """
    head = client.request_quantity("asking for the newest block", "eth_blockNumber")
    parts = fetch_logs(client, [ConsortiumFounded.TOPIC], 0, head)
    first = next(chain.from_iterable(parts), None)
    if first is None:
        raise NotFoundError(
            "no consortium was founded on this chain yet; one member founds it with "
            "`zhenglian init --found`",
            code="consortium_not_founded",
        )
    return to_checksum_address(bytes.fromhex(first.address[2:]))


def _require_word(data: bytes, contract: Contract, function: str) -> bytes:
    if len(data) != _WORD:
        raise _no_such_contract(contract, function)
    return data


def _no_such_contract(contract: Contract, function: str) -> ChainUnavailableError:
    return ChainUnavailableError(
        f"while asking {function}: expected the {contract.name} at {contract.address}, this chain "
        "has no such contract there; is it another chain, or not synchronised yet?",
        code="contract_missing",
    )
