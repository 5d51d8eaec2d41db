"""The generated types against the compiler's ABI and against eth_abi."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import subprocess
import sys
from typing import Any

import eth_abi
import pytest
from eth_hash.backends.pysha3 import keccak256
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import records
from ledger.abi import Event, Struct
from ledger.errors import LedgerError, MalformedInputError
from ledger.identifiers import CertificateType, MemberId, Uscc
from ledger.records import ERRORS_BY_SELECTOR, EVENTS_BY_TOPIC, LogEntry
from tests.support.contract_abi import read_items, signature, walk_structs
from tests.support.record_strategies import records as any_record

STRUCTS: list[type[Struct]] = [
    value
    for value in vars(records).values()
    if isinstance(value, type)
    and issubclass(value, Struct)
    and value.__module__ == "ledger.records"
]
EVENTS = list(EVENTS_BY_TOPIC.values())

ISSUER = Uscc.parse("11430000006122244L")


def test_every_event_of_the_contracts_has_a_class_with_its_topic() -> None:
    topics = {keccak256(signature(item).encode()): item["name"] for item in read_items("event")}

    assert {topic: cls.__name__ for topic, cls in EVENTS_BY_TOPIC.items()} == topics


def test_every_error_of_the_contracts_has_a_class_with_its_selector() -> None:
    ours = {item["name"]: keccak256(signature(item).encode())[:4] for item in read_items("error")}
    known = {cls.__name__.removesuffix("Error"): s for s, cls in ERRORS_BY_SELECTOR.items()}

    assert ours.items() >= known.items()
    # What else stands in the ABI comes from libraries of others.
    assert {name for name in ours if name not in known} <= {"CheckpointUnorderedInsertion"}


def test_indexed_parameters_are_those_of_the_abi() -> None:
    expected = {
        item["name"]: [part["name"] for part in item["inputs"] if part["indexed"]]
        for item in read_items("event")
    }

    for event in EVENTS:
        indexed = [field.solidity_name for field in event.ABI_FIELDS if field.is_indexed]
        assert indexed == expected[event.__name__]


def test_structs_have_the_members_that_the_abi_has() -> None:
    by_name = {cls.__name__: cls for cls in STRUCTS}
    seen = set()
    for name, components in walk_structs():
        members = [(field.solidity_name, field.type.name) for field in by_name[name].ABI_FIELDS]
        assert [member for member, _ in members] == [part["name"] for part in components]
        seen.add(name)

    # Payloads of proposals never cross the ABI by themselves; the events name all but this one.
    assert set(by_name) - seen == {"ModuleAct"}
    assert seen <= set(by_name)


@pytest.mark.parametrize("cls", STRUCTS)
@settings(max_examples=20)
@given(data=st.data())
def test_structs_encode_as_eth_abi_does_and_read_back(
    cls: type[Struct], data: st.DataObject
) -> None:
    value: Any = data.draw(any_record(cls))

    assert value.encode() == eth_abi.encode([cls.ABI.name], [value.to_abi()])
    assert cls.decode(value.encode()) == value
    assert cls.from_abi(eth_abi.decode([cls.ABI.name], value.encode())[0]) == value
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("cls", EVENTS)
@settings(max_examples=20)
@given(data=st.data())
def test_events_encode_as_eth_abi_does_and_read_back(cls: type[Event], data: st.DataObject) -> None:
    event: Any = data.draw(any_record(cls))
    kinds = [field.type for field in cls.ABI_FIELDS]
    plain = cls.ABI.to_abi(event)
    payload = event.encode_payload()

    assert payload == eth_abi.encode([kind.name for kind in kinds], plain)
    assert cls.decode_payload(payload) == event
    assert event.payload_hash() == hashlib.sha256(payload).digest()

    indexed = [
        (kind, v)
        for field, kind, v in zip(cls.ABI_FIELDS, kinds, plain, strict=True)
        if field.is_indexed
    ]
    others = [
        (kind, v)
        for field, kind, v in zip(cls.ABI_FIELDS, kinds, plain, strict=True)
        if not field.is_indexed
    ]
    topics = [cls.TOPIC, *(eth_abi.encode([kind.name], [value]) for kind, value in indexed)]
    log_data = eth_abi.encode([kind.name for kind, _ in others], [value for _, value in others])
    assert cls.decode_log(topics, log_data) == event


@pytest.mark.parametrize("cls", EVENTS)
@settings(max_examples=20)
@given(data=st.data())
def test_a_payload_with_one_changed_byte_is_refused_or_another_event(
    cls: type[Event], data: st.DataObject
) -> None:
    event: Any = data.draw(any_record(cls))
    payload = event.encode_payload()
    position = data.draw(st.integers(0, len(payload) - 1))
    changed = bytearray(payload)
    changed[position] ^= data.draw(st.integers(1, 255))

    try:
        other = cls.decode_payload(bytes(changed))
    except MalformedInputError:
        return
    assert other != event
    assert other.encode_payload() == bytes(changed)


@pytest.mark.parametrize("cls", EVENTS)
@given(data=st.data())
@settings(max_examples=5)
def test_a_payload_with_trailing_or_missing_bytes_is_refused(
    cls: type[Event], data: st.DataObject
) -> None:
    payload = data.draw(any_record(cls)).encode_payload()

    for malformed in (payload + bytes(32), payload + b"\0", payload[:-1], payload[:-32], b""):
        with pytest.raises(MalformedInputError):
            cls.decode_payload(malformed)


@given(any_record(records.StatusStatement))
@settings(max_examples=50)
def test_a_payload_whose_tail_is_moved_is_refused(statement: records.StatusStatement) -> None:
    """Solidity would read this encoding as well; its hash would be another."""
    encoded = statement.encode()
    moved = bytearray(encoded)
    head = 32 + 7 * 32  # the offset of legalBasis
    offset = int.from_bytes(encoded[head : head + 32], "big")
    moved[head : head + 32] = (offset + 32).to_bytes(32, "big")
    moved = moved[: 32 + offset] + bytes(32) + moved[32 + offset :]

    with pytest.raises(MalformedInputError, match=r"legal_basis|changes"):
        records.StatusStatement.decode(bytes(moved))


@given(any_record(LogEntry))
def test_leaf_hash_is_that_of_six_words(entry: LogEntry) -> None:
    encoded = eth_abi.encode([LogEntry.ABI.name], [entry.to_abi()])

    assert len(encoded) == 6 * 32
    assert entry.leaf_hash() == hashlib.sha256(b"\x00" + encoded).digest()


def test_an_all_zero_identifier_is_none_in_a_record_and_refused_in_a_statement() -> None:
    nothing = records.BatchRecord.decode(bytes(5 * 32))
    assert nothing.issuer is None
    assert nothing.encode() == bytes(5 * 32)

    with pytest.raises(MalformedInputError, match=r"BatchStatement\.issuer"):
        records.BatchStatement.decode(bytes(7 * 32))


def test_an_identifier_on_the_chain_that_is_none_is_refused_by_name() -> None:
    entry = LogEntry(bytes(32), MemberId.parse("500000"), bytes(18), bytes(32), bytes(32), 0)
    encoded = entry.encode().replace(b"500000", b"5O0000")

    with pytest.raises(MalformedInputError, match=r"LogEntry\.region"):
        LogEntry.decode(encoded)


def test_a_value_that_does_not_fit_its_type_is_refused_by_name() -> None:
    with pytest.raises(MalformedInputError, match=r"Signature\.suite: expected uint16, got 65536"):
        records.Signature(65536, bytes(32), bytes(32)).encode()
    with pytest.raises(MalformedInputError, match=r"Signature\.r: expected bytes32, got 31 bytes"):
        records.Signature(1, bytes(31), bytes(32)).encode()


def test_logs_of_another_event_are_refused() -> None:
    event = records.StatusAttested(bytes(32), 1, bytes(32), 2)
    topics = [records.StatusAttested.TOPIC, bytes(32), (1).to_bytes(32, "big")]
    data = event.encode_payload()[64:]
    assert records.StatusAttested.decode_log(topics, data) == event

    for wrong in (
        [records.BatchAnchored.TOPIC, *topics[1:]],
        topics[:-1],
        [*topics, bytes(32)],
        [],
    ):
        with pytest.raises(MalformedInputError, match="another event"):
            records.StatusAttested.decode_log(wrong, data)
    with pytest.raises(MalformedInputError, match="expected 64 bytes"):
        records.StatusAttested.decode_log(topics, data + b"\0")


@pytest.mark.parametrize("cls", list(ERRORS_BY_SELECTOR.values()))
def test_every_error_reads_back_from_revert_data(cls: Any) -> None:
    content = bytes(cls.ABI.head_size)
    original = cls.ABI.decode_whole(content)
    found = records.decode_error(original.encode())

    assert type(found) is cls
    assert cls.ABI.values(found) == cls.ABI.values(original)
    assert found.message == original.message
    assert isinstance(found, LedgerError)
    copy = pickle.loads(pickle.dumps(found))
    assert (type(copy), copy.message) == (cls, found.message)


def test_error_message_says_what_was_expected_and_what_was_there() -> None:
    error = records.IssuerNotMandatedError(
        ISSUER, CertificateType.parse("11100000000013338W011"), 1_700_000_000
    )

    assert str(error) == (
        "The department may not issue this type at this time (issuer=11430000006122244L, "
        "certificate_type=11100000000013338W011, at_unix=1700000000 (2023-11-14T22:13:20Z))"
    )
    assert error.code == "issuer_not_mandated"


def test_records_are_frozen_and_slotted() -> None:
    for cls in (*STRUCTS, *EVENTS):
        assert dataclasses.is_dataclass(cls)
        assert not hasattr(cls.ABI.cls(*[None] * len(cls.ABI_FIELDS)), "__dict__")
        assert cls.ABI.cls is cls


def test_records_load_without_web3() -> None:
    """Sealing workers import them; web3 alone would take a third of a worker's memory."""
    code = "import sys, ledger.records; print({'web3', 'eth_account'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
