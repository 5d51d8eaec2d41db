"""Recomputes the index from what it says itself: hashes of entries, tree, rows of status words.

The log's root alone, which `sync` compares with the chain's, says nothing of the values that stand
beside the leaf hashes. A verdict rests on those values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256

from ledger.formats.merkle import verify_inclusion
from ledger.index.projector import EntryRow
from ledger.index.store import IndexStore
from ledger.records import EVENTS_BY_TOPIC, StatusAttested, StatusChanged

Words = defaultdict[tuple[bytes, int], list[int]]


def find_index_damage(index: IndexStore) -> Iterator[str]:
    """What is altered in an index that is up to date, for people. Reads the whole index.

    Raises:
        StorageError: the file cannot be read.
    """
    size, root = index.cursor().size, index.root()
    words: Words = defaultdict(list)
    expected = 0
    for row in index.entries_since(0):
        if row.entry_index != expected:
            yield f"expected entry {expected}, found entry {row.entry_index}"
        expected = row.entry_index + 1
        if _compute_leaf(row) != row.leaf_hash:
            yield f"entry {row.entry_index} is not the one whose leaf hash stands beside it"
        elif not verify_inclusion(
            row.leaf_hash,
            row.entry_index,
            size,
            index.inclusion_path(row.entry_index, size),
            root,
        ):
            yield f"the path of entry {row.entry_index} does not lead to the log's root"
        if row.payload is not None:
            if sha256(row.payload).digest() != row.payload_hash:
                yield f"entry {row.entry_index} has a payload that the log holds no hash of"
            else:
                _note_words(row, words)
    if expected != size:
        yield f"expected {size} entries, found {expected}"
    yield from _compare_words(index, words)


def _compute_leaf(row: EntryRow) -> bytes:
    """The leaf hash of what the row says (docs/spec/entries.md)."""
    codes = (row.region.encode("latin-1"), row.actor.encode("latin-1"))
    words = (
        row.kind,
        *(code.ljust(32, b"\0") for code in codes),
        row.subject,
        row.payload_hash,
        row.time_unix.to_bytes(32, "big"),
    )
    return sha256(b"\0" + b"".join(words)).digest()


def _note_words(row: EntryRow, words: Words) -> None:
    """Notes the status words that an entry speaks of."""
    if row.payload is None or row.kind not in (StatusChanged.TOPIC, StatusAttested.TOPIC):
        return
    event = EVENTS_BY_TOPIC[row.kind].decode_payload(row.payload)
    if isinstance(event, StatusChanged):
        for change in event.statement.changes:
            words[row.subject, change.index].append(row.entry_index)
    elif isinstance(event, StatusAttested):
        words[row.subject, event.word_index].append(row.entry_index)


def _compare_words(index: IndexStore, words: Words) -> Iterator[str]:
    for (batch_key, word), told in words.items():
        found = [row.entry_index for row in index.status_entries(batch_key, word)]
        if found != told:
            yield (
                f"status word {word} of batch {batch_key.hex()}: the log speaks of it in entries "
                f"{told}, the index in {found}"
            )
