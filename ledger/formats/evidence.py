"""Evidence: one document that carries a certificate and what proves it, for whoever verifies.

Every part but the certificate may be missing; nothing here is believed because it is in the file.
What the parts prove is for `ledger.verification`. Facts stand in the order of the log, so that one
content has one byte string. The format is described in docs/spec/evidence.md.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Final, Self

import orjson

from ledger.abi import Event
from ledger.errors import MalformedInputError
from ledger.formats.certificate import Certificate, parse_certificate
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import parse_json, parse_json_object
from ledger.formats.merkle import verify_inclusion
from ledger.records import EVENTS_BY_TOPIC, LogEntry

EVIDENCE_FORMAT: Final = "zhenglian-evidence/1"
EVIDENCE_SUFFIX: Final = ".zhenglian.json"
MAX_EVIDENCE_SIZE: Final = 1024 * 1024
MAX_FACTS: Final = 256
MAX_PAYLOAD_SIZE: Final = 128 * 1024
MAX_PATH: Final = 64
MAX_BATCH_COUNT: Final = 65_536
MAX_LOG_SIZE: Final = 2**53 - 1
CACHED_FACTS: Final = 1024
MAX_CACHED_FACT_SIZE: Final = 8 * 1024
CACHED_FACT_LISTS: Final = 256
MAX_CACHED_FACTS_SIZE: Final = 64 * 1024

_FACTS_NAME = b',"facts":'
_FACTS_END = 96  # bytes, in which there is a hash of the last path
_PASSED_OVER: dict[bytes, bytes] = {}  # texts of facts that are JSON, by their ends
_DOCUMENT_NAMES = frozenset({"format", "certificate", "batch_proof", "log", "facts"})
_PROOF_NAMES = frozenset({"batch_id", "position", "count", "path"})
_LOG_NAMES = frozenset({"ledger_id", "size", "root", "time_unix"})
_FACT_NAMES = frozenset({"index", "entry", "payload", "path"})
_ENTRY_NAMES = frozenset({"kind", "region", "actor", "subject", "payload_hash", "time_unix"})


@dataclass(frozen=True, slots=True)
class LogHead:
    """The log at a size.

    Args:
        ledger_id: 32 bytes, fixed at founding.
        size: number of entries.
        root: RFC 9162 root hash over them.
        time_unix: chain time at which this was the whole log.
    """

    ledger_id: bytes
    size: int
    root: bytes
    time_unix: int


@dataclass(frozen=True, slots=True)
class BatchProof:
    """Proof that a certificate is in its batch.

    Args:
        batch_id: 32 random bytes that its issuer chose.
        position: place in the batch, from 0.
        count: certificates in the batch.
        path: RFC 9162 inclusion path from the leaf to the batch root.
    """

    batch_id: bytes
    position: int
    count: int
    path: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """One entry of the log with the event behind it.

    Args:
        index: position in the log, from 0.
        entry: what the log holds.
        record: the event whose payload the entry's hash is of.
        path: inclusion path in a log of the size that the evidence names. None stands for a fact
            that the relying party read from its own copy of the whole log, and is never read from
            a document.
    """

    index: int
    entry: LogEntry
    record: Event
    path: tuple[bytes, ...] | None = field(default=None, repr=False)
    leaf_hash: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "leaf_hash", self.entry.leaf_hash())

    def __eq__(self, other: object) -> bool:
        """The leaf hash says all that entry and record say, and is quicker to compare."""
        return isinstance(other, Fact) and (
            (self.leaf_hash, self.index, self.path) == (other.leaf_hash, other.index, other.path)
        )

    def __hash__(self) -> int:
        return hash(self.leaf_hash)

    @classmethod
    def from_payload(
        cls, index: int, entry: LogEntry, payload: bytes, path: tuple[bytes, ...] | None = None
    ) -> Self:
        """The fact of an entry and its payload.

        Args:
            index: position in the log.
            entry: what the log holds.
            payload: `abi.encode` of the event's parameters.
            path: inclusion path, if there is one.

        Raises:
            MalformedInputError: fact_payload_mismatch when the payload is not what the entry
                hashes; fact_kind_unknown when no event has the entry's kind; else the codes of
                decoding.
        """
        if sha256(payload).digest() != entry.payload_hash:
            raise MalformedInputError(
                f"entry {index} holds the hash of another payload", code="fact_payload_mismatch"
            )
        event = EVENTS_BY_TOPIC.get(entry.kind)
        if event is None:
            raise MalformedInputError(
                f"entry {index} is of the unknown kind {entry.kind.hex()}",
                code="fact_kind_unknown",
            )
        return cls(index, entry, event.decode_payload(payload), path)

    @property
    def time_unix(self) -> int:
        """When the ledger recorded it."""
        return self.entry.time_unix

    def is_included(self, head: LogHead) -> bool:
        """Whether its path leads to that head of the log."""
        return self.path is not None and _is_included(
            self.leaf_hash, self.index, head.size, self.path, head.root
        )


class FactList(tuple[Fact, ...]):
    """Facts that many certificates share, by which much is looked up: hashed once."""

    _hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = super().__hash__()
        return self._hash


@dataclass(frozen=True, slots=True)
class Evidence:
    """A certificate and what is offered to prove it.

    Args:
        certificate: the certificate or a presentation of it.
        batch_proof: that it is in its batch.
        log: the head of the log that the facts' paths lead to.
        facts: entries of the log, index rising.

    Raises:
        MalformedInputError: facts_out_of_order.
    """

    certificate: Certificate
    batch_proof: BatchProof | None = None
    log: LogHead | None = None
    facts: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        indexes = [fact.index for fact in self.facts]
        if indexes != sorted({*indexes}):
            raise MalformedInputError(
                "facts stand in the order of the log, each once",
                code="facts_out_of_order",
                field="facts",
            )

    def with_certificate(self, certificate: Certificate) -> Evidence:
        """The same evidence for another presentation of the certificate."""
        return replace(self, certificate=certificate)

    def to_json(self) -> bytes:
        """The document. One evidence gives one byte string.

        Raises:
            MalformedInputError: fact_without_path when a fact has no proof to carry.
        """
        document: dict[str, object] = {
            "format": EVIDENCE_FORMAT,
            "certificate": self.certificate.compact,
        }
        if self.batch_proof is not None:
            document["batch_proof"] = {
                "batch_id": self.batch_proof.batch_id.hex(),
                "position": self.batch_proof.position,
                "count": self.batch_proof.count,
                "path": [node.hex() for node in self.batch_proof.path],
            }
        if self.log is not None:
            document["log"] = {
                "ledger_id": self.log.ledger_id.hex(),
                "size": self.log.size,
                "root": self.log.root.hex(),
                "time_unix": self.log.time_unix,
            }
        if self.facts:
            document["facts"] = [_to_document(fact) for fact in self.facts]
        return orjson.dumps(document)


def parse_evidence(data: bytes, *, with_facts: bool = True) -> Evidence:
    """Read an evidence document.

    Args:
        with_facts: whether to read what it says of the log. Who asks a log of his own believes
            none of it: then the facts need only be JSON, and are not in what is returned.

    Raises:
        MalformedInputError: evidence_too_large, evidence_format_unknown, field_missing,
            field_malformed (`field` being the path of the member), fact_payload_mismatch,
            fact_kind_unknown, facts_out_of_order, and the codes of `parse_certificate`.
    """
    if len(data) > MAX_EVIDENCE_SIZE:
        raise MalformedInputError(
            f"evidence has at most {MAX_EVIDENCE_SIZE} bytes, not {len(data)}",
            code="evidence_too_large",
        )
    document, facts = _split(data, with_facts=with_facts)
    if document.value.get("format") != EVIDENCE_FORMAT:
        raise MalformedInputError(
            f'expected format "{EVIDENCE_FORMAT}"', code="evidence_format_unknown", field="format"
        )
    document.require_only(_DOCUMENT_NAMES)
    certificate = document.value.get("certificate")
    if not isinstance(certificate, str):
        document.refuse("certificate", "a compact SD-JWT")
    return Evidence(
        certificate=parse_certificate(certificate),
        batch_proof=_read_proof(document.member("batch_proof"))
        if "batch_proof" in document
        else None,
        log=_read_log(document.member("log")) if "log" in document else None,
        facts=_read_facts(document) if facts is None else facts,
    )


def _split(data: bytes, *, with_facts: bool) -> tuple[JsonObject, tuple[Fact, ...] | None]:
    """The document without its facts, and these; or the whole document alone.

    What is a JSON object before the facts and a JSON value after their name is both together. A
    document of another shape is read as a whole, and so is one that is wrong, to tell why.
    """
    head, name, rest = data.partition(_FACTS_NAME)
    is_kept = not with_facts or len(rest) <= MAX_CACHED_FACTS_SIZE
    if name and rest.endswith(b"]}") and is_kept:
        with suppress(MalformedInputError):
            members = parse_json_object(head + b"}", "evidence")
            if members and "facts" not in members:
                text = rest[:-1]
                return JsonObject(members), (
                    _parse_facts_once(text) if with_facts else _pass_over_facts(text)
                )
    document = JsonObject(parse_json_object(data, "evidence"))
    return document, None if with_facts else ()


def _pass_over_facts(text: bytes) -> tuple[()]:
    """Facts that are not read. They are JSON, so that nothing else can follow the name; that is
    looked at once for the certificates of a batch, which share them byte for byte."""
    end = text[-_FACTS_END:]
    if _PASSED_OVER.get(end) == text:
        return ()
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedInputError("evidence is not JSON", code="json_malformed") from error
    if len(text) <= MAX_CACHED_FACTS_SIZE:
        if len(_PASSED_OVER) >= CACHED_FACT_LISTS:
            _PASSED_OVER.clear()
        _PASSED_OVER[end] = text
    return ()


@lru_cache(maxsize=CACHED_FACT_LISTS)
def _parse_facts_once(text: bytes) -> tuple[Fact, ...]:
    """The facts of a document: certificates of a batch share them byte for byte."""
    return _read_facts(JsonObject({"facts": parse_json(text, "evidence")}))


def _read_facts(document: JsonObject) -> tuple[Fact, ...]:
    facts = document.objects("facts", MAX_FACTS) if "facts" in document else ()
    return tuple([_read_fact(fact) for fact in facts])


def _read_proof(proof: JsonObject) -> BatchProof:
    proof.require_only(_PROOF_NAMES)
    return BatchProof(
        proof.bytes_of_hex("batch_id", 32),
        proof.integer("position", MAX_BATCH_COUNT - 1),
        proof.integer("count", MAX_BATCH_COUNT),
        proof.hashes("path", MAX_PATH),
    )


def _read_log(log: JsonObject) -> LogHead:
    log.require_only(_LOG_NAMES)
    return LogHead(
        log.bytes_of_hex("ledger_id", 32),
        log.integer("size", MAX_LOG_SIZE),
        log.bytes_of_hex("root", 32),
        log.integer("time_unix"),
    )


def _read_fact(fact: JsonObject) -> Fact:
    text = orjson.dumps(fact.value)
    try:
        return _parse_fact_once(text) if len(text) <= MAX_CACHED_FACT_SIZE else _parse_fact(text)
    except MalformedInputError as error:
        error.field = f"{fact.path}.{error.field}" if error.field else fact.path
        raise


@lru_cache(maxsize=CACHED_FACTS)
def _parse_fact_once(text: bytes) -> Fact:
    """As `_parse_fact`: certificates of a batch and of an issuer share most facts."""
    return _parse_fact(text)


def _parse_fact(text: bytes) -> Fact:
    fact = JsonObject(orjson.loads(text))
    fact.require_only(_FACT_NAMES)
    entry = fact.member("entry")
    entry.require_only(_ENTRY_NAMES)
    members = b"".join(
        [
            entry.bytes_of_hex("kind", 32),
            entry.bytes_of_hex("region", 18) + bytes(14),
            entry.bytes_of_hex("actor", 18) + bytes(14),
            entry.bytes_of_hex("subject", 32),
            entry.bytes_of_hex("payload_hash", 32),
            entry.integer("time_unix").to_bytes(32),
        ]
    )
    return Fact.from_payload(
        fact.integer("index", MAX_LOG_SIZE),
        LogEntry.decode(members),
        fact.bytes_of_hex("payload", max_size=MAX_PAYLOAD_SIZE),
        fact.hashes("path", MAX_PATH),
    )


def _to_document(fact: Fact) -> dict[str, object]:
    if fact.path is None:
        raise MalformedInputError(
            f"fact {fact.index} has no inclusion path", code="fact_without_path", field="facts"
        )
    entry = fact.entry
    return {
        "index": fact.index,
        "entry": {
            "kind": entry.kind.hex(),
            "region": entry.region.to_chain().hex(),
            "actor": entry.actor.hex(),
            "subject": entry.subject.hex(),
            "payload_hash": entry.payload_hash.hex(),
            "time_unix": entry.time_unix,
        },
        "payload": fact.record.encode_payload().hex(),
        "path": [node.hex() for node in fact.path],
    }


@lru_cache(maxsize=CACHED_FACTS)
def _is_included(leaf: bytes, index: int, size: int, path: tuple[bytes, ...], root: bytes) -> bool:
    return verify_inclusion(leaf, index, size, path, root)
