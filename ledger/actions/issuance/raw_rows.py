"""What a file is read as before its cells are understood: rows of text with their lines."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ledger.actions.issuance.row_errors import RowError


class ByteSource(Protocol):
    """Anything bytes can be read from in order: an open file, a pipe, an upload."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""


class RawRow(NamedTuple):
    """One row as written: its cells, or the reasons why they cannot be taken as they are.

    `line` is that of the file, or the number of a sheet's row. Warnings come with either, and may
    be of another line. After a row with `is_last` nothing more can be read.
    """

    line: int
    cells: list[str]
    errors: tuple[RowError, ...] = ()
    warnings: tuple[RowError, ...] = ()
    is_last: bool = False

    @classmethod
    def refused(cls, error: RowError, *, is_last: bool = False) -> RawRow:
        """The row that only tells of `error`."""
        return cls(error.line, [], (error,), is_last=is_last)
