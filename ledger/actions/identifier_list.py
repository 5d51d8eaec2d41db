"""A list of identifiers, one a line, as a person's text file or a spreadsheet's column has it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.actions.issuance.cells import CellProblem, parse_certificate_id
from ledger.actions.issuance.csv_reading import BUFFER_BYTES, detect_encoding
from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.actions.issuance.source_file import SourceFile, as_source
from ledger.actions.named_certificates import NamedCertificates

COLUMN = "证照标识"
_MOST_ERRORS = 10_000


@dataclass(frozen=True, slots=True)
class IdentifierList:
    """What a list names. Attributes: errors: of its lines, the first ten thousand."""

    named: NamedCertificates
    errors: tuple[RowError, ...]


def read_identifier_list(source: Path | SourceFile) -> IdentifierList:
    """Reads a list in UTF-8 or GB18030; blank lines, lines after # and a heading count nothing.

    Nothing is raised for what the file contains: every problem is told with its line.
    """
    named, errors = NamedCertificates(), list[RowError]()
    with as_source(source).open() as binary:
        encoding, problem = detect_encoding(binary.peek(BUFFER_BYTES))
        if problem is not None:
            return IdentifierList(named, (RowError.of(problem, 1),))
        with io.TextIOWrapper(binary, encoding, errors="replace") as text:
            for number, line in _lines(text):
                try:
                    named.add(parse_certificate_id(line))
                except CellProblem as fault:
                    errors.append(RowError.of(fault.code, number, COLUMN, line, **fault.details))
                    if len(errors) >= _MOST_ERRORS:
                        break
    if not errors and not len(named):
        errors.append(RowError.of(RowErrorCode.NO_ROWS, 1))
    return IdentifierList(named, tuple(errors))


def _lines(text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text, 1):
        entry = line.strip().rstrip(",").strip('"')
        if entry and not entry.startswith("#") and not (number == 1 and entry == COLUMN):
            yield number, entry
