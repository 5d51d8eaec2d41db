"""Recomputes an index from its own rows: whatever was altered in the file is found.

Every sync compares the log's root, which is made of few nodes and therefore shows what the index
*lacks*; what was *altered* further left shows when a proof is asked for, or here. That the root
itself is the chain's is left to `sync`.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from ledger.errors import MalformedInputError
from ledger.index.projector import EntryRow, StatusRow, project_statuses, to_leaf
from ledger.index.store import IndexStore
from ledger.index.tree import iterate_completed_nodes
from ledger.records import EVENTS_BY_TOPIC


def find_damage(store: IndexStore) -> Iterator[str]:
    """What is not as it must be, for people; nothing if all is well. Reads everything once.

    Raises:
        StorageError: the file cannot be read at all.
    """
    fresh: dict[tuple[int, int], bytes] = {}
    size = expected_words = 0
    for row in store.iterate():
        if row.entry_index != size:
            yield f"entry {size} is missing"
            return
        yield from _check_row(row)
        words = set(_words_of(row))
        expected_words += len(words)
        if not all(store.has_status(word) for word in words):
            yield f"entry {size} is not found by every status word it speaks of"
        for level, position, computed in _complete(fresh, size, row.leaf_hash):
            if store.node(level, position) != computed:
                yield f"the tree's node {position} of level {level} is not made of its leaves"
        size += 1
    if size != store.cursor().size:
        yield f"there are {size} entries, the cursor says {store.cursor().size}"
    if (words_kept := store.count_statuses()) != expected_words:
        yield f"there are {words_kept} status words, the entries speak of {expected_words}"


def _check_row(row: EntryRow) -> Iterator[str]:
    try:
        leaf_hash = to_leaf(row).leaf_hash()
    except (MalformedInputError, UnicodeEncodeError) as error:
        yield f"entry {row.entry_index} cannot be one: {error}"
        return
    if leaf_hash != row.leaf_hash:
        yield f"entry {row.entry_index} does not have its leaf hash"
    if row.payload is not None and sha256(row.payload).digest() != row.payload_hash:
        yield f"the payload of entry {row.entry_index} does not have its hash"


def _words_of(row: EntryRow) -> Iterator[StatusRow]:
    kind = EVENTS_BY_TOPIC.get(row.kind)
    if kind is None or row.payload is None:
        return
    try:
        event = kind.decode_payload(row.payload)
    except MalformedInputError:
        return  # its hash was found wrong already
    yield from project_statuses(row.entry_index, row.subject, event)


def _complete(
    fresh: dict[tuple[int, int], bytes], index: int, leaf_hash: bytes
) -> Iterator[tuple[int, int, bytes]]:
    """The nodes that this leaf completes; `fresh` keeps those that await their partner."""
    fresh[0, index] = leaf_hash
    for level, position, computed in iterate_completed_nodes(
        index, [leaf_hash], lambda *key: fresh[key]
    ):
        fresh[level, position] = computed
        fresh.pop((level - 1, 2 * position), None)
        fresh.pop((level - 1, 2 * position + 1), None)
        yield level, position, computed
