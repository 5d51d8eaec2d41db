"""Which identifiers of a file were seen before, for files of a million rows.

A table of 64-bit hashes (Python's, keyed anew in every process, so that nobody can prepare
collisions) and of places in a temporary file that holds the identifiers themselves, by which every
hit is confirmed exactly. It takes 16 bytes of memory a slot, at most two thirds of the slots used.
"""

from __future__ import annotations

import struct
import tempfile
from array import array
from dataclasses import dataclass
from typing import Self

_MASK_64 = (1 << 64) - 1
_RECORD = struct.Struct("<QQH")
_FIRST_SLOTS = 1 << 12


@dataclass(frozen=True, slots=True)
class EarlierRow:
    """The row that first had an identifier.

    `has_same_content` compares 64-bit hashes: it chooses between two refusals, no more.
    """

    line: int
    has_same_content: bool


class SeenIdentifiers:
    """Remembers identifiers with the line and the content hash they first came with."""

    def __init__(self) -> None:
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by __exit__
        self._end = 0
        self._count = 0
        self._allocate(_FIRST_SLOTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def remember(self, key: str, content_hash: int, line: int) -> EarlierRow | None:
        """Note an ASCII `key`; if it was there before, keep and return the earlier row."""
        hashed = (hash(key) & _MASK_64) or 1
        hashes, slot = self._hashes, hashed & self._slot_mask
        while found := hashes[slot]:
            if found == hashed and (earlier := self._confirm(slot, key, content_hash)):
                return earlier
            slot = (slot + 1) & self._slot_mask
        hashes[slot] = hashed
        self._places[slot] = self._end
        record = _RECORD.pack(line, content_hash & _MASK_64, len(key)) + key.encode("ascii")
        self._end += self._spool.write(record)
        self._count += 1
        if self._count * 3 > len(hashes) * 2:
            self._grow()
        return None

    def _confirm(self, slot: int, key: str, content_hash: int) -> EarlierRow | None:
        self._spool.seek(self._places[slot])
        line, content, length = _RECORD.unpack(self._spool.read(_RECORD.size))
        is_same_key = self._spool.read(length) == key.encode("ascii")
        self._spool.seek(self._end)
        return EarlierRow(line, content == content_hash & _MASK_64) if is_same_key else None

    def _allocate(self, slots: int) -> None:
        self._hashes = array("Q", bytes(8 * slots))
        self._places = array("Q", bytes(8 * slots))
        self._slot_mask = slots - 1

    def _grow(self) -> None:
        old_hashes, old_places = self._hashes, self._places
        self._allocate(2 * len(old_hashes))
        hashes, places, mask = self._hashes, self._places, self._slot_mask
        for hashed, place in zip(old_hashes, old_places, strict=True):
            if hashed:
                slot = hashed & mask
                while hashes[slot]:
                    slot = (slot + 1) & mask
                hashes[slot] = hashed
                places[slot] = place
