"""Replays the status changes that the log has of a batch, and compares them with its words."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions.batch_history import iterate_status_changes
from ledger.formats.status_list import EMPTY_WORD, word_count
from ledger.vault.batches import BatchRow
from ledger.workspace import Workspace


def find_status_damage(workspace: Workspace, batch: BatchRow) -> Iterator[str]:
    """Where the status words of an anchored batch are not what its recorded changes come to.

    Asks the chain for every word of the batch. The index must be up to date.

    Raises:
        ChainUnavailableError: the chain does not answer.
    """
    words: dict[int, bytes] = {}
    changes = iterate_status_changes(workspace.index, batch.batch_key)
    for sequence, (row, statement) in enumerate(changes, 1):
        if statement.sequence != sequence:
            yield f"entry {row.entry_index} has number {statement.sequence}, expected {sequence}"
        for change in statement.changes:
            before = words.get(change.index, EMPTY_WORD)
            if change.word_before != before:
                yield (
                    f"entry {row.entry_index} changes word {change.index} from "
                    f"{change.word_before.hex()}, but it was {before.hex()}"
                )
            words[change.index] = change.word_after
    for index in range(word_count(batch.count)):
        expected = words.get(index, EMPTY_WORD)
        found = workspace.gateway.status_word(batch.batch_key, index)
        if found != expected:
            yield f"word {index} is {found.hex()}, its recorded changes give {expected.hex()}"
