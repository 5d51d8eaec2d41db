"""The questions that facts are gathered by, and which of them a later entry answers anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ledger.index.projector import EntryRow


class EntryReader(Protocol):
    """What is asked of an index about one certificate."""

    def entries_of(self, subject: bytes) -> list[EntryRow]:
        """Every entry about a subject, oldest first."""

    def status_entries(self, batch_key: bytes, word_index: int) -> list[EntryRow]:
        """Every entry about one status word, oldest first."""

    def entries_of_kind(self, *kinds: bytes) -> list[EntryRow]:
        """Every entry of these kinds, oldest first."""

    def inclusion_path(self, index: int, size: int) -> tuple[bytes, ...]:
        """The path of an entry in the log of that size."""


class NotedQuestions:
    """Asks an index and remembers what it was asked.

    Attributes:
        subjects: about which something was asked.
        kinds: of which every entry was asked for.
    """

    def __init__(self, index: EntryReader) -> None:
        self._index = index
        self.subjects: set[bytes] = set()
        self.kinds: set[bytes] = set()

    def entries_of(self, subject: bytes) -> list[EntryRow]:
        """Every entry about a subject, oldest first."""
        self.subjects.add(subject)
        return self._index.entries_of(subject)

    def status_entries(self, batch_key: bytes, word_index: int) -> list[EntryRow]:
        """Every entry about one status word, oldest first; an entry's subject is its batch."""
        self.subjects.add(batch_key)
        return self._index.status_entries(batch_key, word_index)

    def entries_of_kind(self, *kinds: bytes) -> list[EntryRow]:
        """Every entry of these kinds, oldest first."""
        self.kinds.update(kinds)
        return self._index.entries_of_kind(*kinds)

    def inclusion_path(self, index: int, size: int) -> tuple[bytes, ...]:
        """The path of an entry; it never changes."""
        return self._index.inclusion_path(index, size)


def are_answered_anew(
    subjects: frozenset[bytes], kinds: frozenset[bytes], later: Iterable[tuple[bytes, bytes]]
) -> bool:
    """Whether one of the later entries, given as (subject, kind), belongs to the answers."""
    return any(subject in subjects or kind in kinds for subject, kind in later)
