"""One entry is one row; a status entry has one more for each word it speaks of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.abi import Event
from ledger.actions.facts import to_log_entry
from ledger.chain.gateway import RecordedEvent
from ledger.chain.log_reading import UnreadableAppended, UnreadableEntry
from ledger.index.projector import project
from ledger.records import BatchAnchored, ConsortiumFounded, LogEntry
from tests.ledger.index.recorded import (
    CHONGQING,
    ISSUER,
    SICHUAN,
    anchored,
    attested,
    batch_key_of,
    changed,
    record,
)


@pytest.mark.parametrize("event", [anchored(7), changed(7, 0, 3), attested(7, 2)])
def test_row_is_the_entry_as_the_log_hashes_it(event: Event) -> None:
    recorded = record(event, 5, region=SICHUAN)
    row = project(recorded).entry
    assert to_log_entry(row) == recorded.entry.entry
    assert row.leaf_hash == recorded.entry.entry.leaf_hash()
    assert (row.entry_index, row.region, row.actor) == (5, "510000", str(ISSUER))
    assert (row.block_number, row.transaction_hash) == (5, recorded.transaction_hash)
    assert row.payload is not None
    assert type(event).decode_payload(row.payload) == event


def test_status_change_is_found_by_each_word_it_touches() -> None:
    statuses = project(record(changed(7, 0, 3, 511), 9)).statuses
    assert [(row.batch_key, row.word_index, row.entry_index) for row in statuses] == [
        (batch_key_of(7), 0, 9),
        (batch_key_of(7), 3, 9),
        (batch_key_of(7), 511, 9),
    ]
    [attestation] = project(record(attested(7, 2), 10)).statuses
    assert (attestation.word_index, attestation.entry_index) == (2, 10)
    assert project(record(anchored(7), 8)).statuses == ()


def test_unknown_event_keeps_its_place_without_payload() -> None:
    projection = project(record(changed(7, 0), 3, is_known=False))
    assert projection.entry.payload is None
    assert projection.statuses == ()
    assert projection.entry.leaf_hash == record(changed(7, 0), 3).entry.entry.leaf_hash()


def test_codes_that_are_none_are_kept_byte_for_byte() -> None:
    region, actor = b"\xe9\x87\x8d\xff\x00\x01".ljust(18, b"\0"), b"\xfe" * 18
    known = record(anchored(1), 4).entry.entry
    assert isinstance(known, LogEntry)
    entry = UnreadableEntry(
        BatchAnchored.TOPIC, region, actor, known.subject, known.payload_hash, known.time_unix
    )
    row = project(RecordedEvent(4, UnreadableAppended(4, entry), None, 4, bytes(32))).entry
    assert row.region.encode("latin-1").ljust(18, b"\0") == region
    assert row.actor.encode("latin-1").ljust(18, b"\0") == actor
    assert row.leaf_hash == entry.leaf_hash()


def test_unreadable_entry_hashes_as_a_readable_one_does() -> None:
    known = record(anchored(1), 4).entry.entry
    assert isinstance(known, LogEntry)
    entry = UnreadableEntry.decode(known.encode())
    assert entry.region == CHONGQING.to_chain()
    assert entry.leaf_hash() == known.leaf_hash()
    assert replace(entry, kind=ConsortiumFounded.TOPIC).leaf_hash() != known.leaf_hash()
