"""Status words: 2 bits for each certificate of a batch, 128 certificates to a 32-byte word.

The bytes of a batch's words in order are the `lst` bytes of an IETF Token Status List with
`bits` 2: position p is in word p >> 7, in byte (p & 127) >> 2 of that word (byte 0 is the most
significant byte of the bytes32), at bits 2*(p & 3) counted from the least significant.
Source: draft-ietf-oauth-status-list §4.1 (compressed byte array, least significant bits first).

>>> word = set_status(bytes(32), 5, Status.SUSPENDED)
>>> get_status(word, 5).name, word[1]
('SUSPENDED', 8)
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from ledger.errors import ConflictError, MalformedInputError

WORD_SIZE = 32
POSITIONS_PER_WORD = 128
EMPTY_WORD = bytes(WORD_SIZE)


class Status(IntEnum):
    """What the ledger says of a certificate. The numbers are those of the status word."""

    VALID = 0
    REVOKED = 1
    SUSPENDED = 2
    SUPERSEDED = 3

    @property
    def is_final(self) -> bool:
        """Whether it can never change again: the low bit is set."""
        return bool(self & 1)


def word_index(position: int) -> int:
    """The number of the word that holds a batch position."""
    return position >> 7


def word_count(certificates: int) -> int:
    """How many words a batch of that many certificates has."""
    return -(-certificates // POSITIONS_PER_WORD)


def get_status(word: bytes, position: int) -> Status:
    """The status of a batch position in the word that holds it.

    Args:
        word: 32 bytes.
        position: place in the batch; only its place inside the word is looked at.

    Raises:
        MalformedInputError: status_word_malformed.
    """
    _require_word(word)
    return Status(word[(position & 127) >> 2] >> 2 * (position & 3) & 3)


def set_status(word: bytes, position: int, status: Status) -> bytes:
    """The word with the status of one position changed.

    Raises:
        MalformedInputError: status_word_malformed.
        ConflictError: status_final when the position is revoked or superseded already and would
            change.
    """
    before = get_status(word, position)
    if before.is_final and before is not status:
        raise ConflictError(
            f"position {position} is {before.name.lower()}, which is final: "
            f"it cannot become {status.name.lower()}",
            code="status_final",
        )
    byte, shift = (position & 127) >> 2, 2 * (position & 3)
    changed = bytearray(word)
    changed[byte] = changed[byte] & ~(3 << shift) & 0xFF | status << shift
    return bytes(changed)


def changed_positions(
    index: int, word_before: bytes, word_after: bytes
) -> Iterator[tuple[int, Status, Status]]:
    """Each batch position whose status differs between two states of word `index`.

    Yields:
        (position, status before, status after), positions rising.

    Raises:
        MalformedInputError: status_word_malformed.
    """
    _require_word(word_before)
    _require_word(word_after)
    for byte, (before, after) in enumerate(zip(word_before, word_after, strict=True)):
        if before == after:
            continue
        for place in range(4):
            old, new = Status(before >> 2 * place & 3), Status(after >> 2 * place & 3)
            if old is not new:
                yield index * POSITIONS_PER_WORD + byte * 4 + place, old, new


def is_allowed_change(word_before: bytes, word_after: bytes) -> bool:
    """Whether no revoked or superseded position changes between the two words."""
    return not any(old.is_final for _, old, _ in changed_positions(0, word_before, word_after))


def has_only_positions_below(index: int, word: bytes, count: int) -> bool:
    """Whether word `index` says nothing about positions a batch of `count` does not have."""
    return all(position < count for position, _, _ in changed_positions(index, EMPTY_WORD, word))


def _require_word(word: bytes) -> None:
    if len(word) != WORD_SIZE:
        raise MalformedInputError(
            f"a status word has {WORD_SIZE} bytes, not {len(word)}", code="status_word_malformed"
        )
