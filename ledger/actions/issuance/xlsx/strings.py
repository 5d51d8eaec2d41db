"""The strings that the cells of a workbook share, outside memory.

A workbook of a million rows shares millions of strings, which openpyxl would keep as objects. Here
they lie in a temporary file that has no name and goes with the process, like the identifiers of
`ledger.actions.issuance.duplicates`; memory holds the place of each, 8 bytes.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from typing import Self

from ledger.actions.issuance.cells import MAX_CELL_CHARACTERS


class SharedStrings:
    """A list to which strings are added before any is read.

    Text beyond the longest cell is dropped but for one character, by which the cell is refused.
    """

    def __init__(self) -> None:
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by __exit__
        self._ends = array("Q", [0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def append(self, text: str) -> None:
        content = text[: MAX_CELL_CHARACTERS + 1].encode()
        self._spool.write(content)
        self._ends.append(self._ends[-1] + len(content))

    def close_for_writing(self) -> None:
        """Make what was added readable."""
        self._spool.flush()

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._ends) - 1:
            raise IndexError(f"expected a string below {len(self._ends) - 1}, got {index}")
        start, end = self._ends[index], self._ends[index + 1]
        return os.pread(self._spool.fileno(), end - start, start).decode()
