"""The clerk's file of the demonstration: who issues what by it, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ledger.actions.issuance.cells import CellProblem, parse_certificate_id
from ledger.actions.issuance.reading import read_raw_rows
from ledger.actions.issuance.row_errors import RowError
from ledger.actions.issuance.row_reader import RowResult
from ledger.actions.issuance.rows import read_rows
from ledger.errors import MalformedInputError, NotFoundError
from ledger.identifiers import CertificateId, CertificateType, Uscc
from ledger.schemas import find_type, load_schema

EXAMPLE = Path(__file__).parents[3] / "examples" / "W011-chongqing-2000.csv"
EXAMPLE_TYPE = "W011"
EXAMPLE_ISSUER = Uscc.parse("11500000000000001G")
CERTIFICATES_NEEDED = 2


@dataclass(frozen=True, slots=True)
class Source:
    """The clerk's file and who issues it.

    Attributes:
        chosen: two certificates of it that are in their period of validity today.
    """

    path: Path
    rows: int
    issuer: Uscc
    certificate_type: CertificateType
    chosen: tuple[CertificateId, CertificateId]


class RowsRefusedError(MalformedInputError):
    """A file with rows that cannot be issued. Attributes: errors: all of them."""

    def __init__(self, path: Path, errors: tuple[RowError, ...]) -> None:
        first = errors[0]
        column = f", column {first.column}" if first.column else ""
        more = f" (and {len(errors) - 1} more)" if errors[1:] else ""
        super().__init__(
            f"{path} cannot be issued, and nothing was played; line {first.line}{column}: "
            f"{first.expected_en}{more}",
            code="rows_refused",
            field="input",
        )
        self.errors = errors


def read_source(path: Path, today: date) -> Source:
    """Reads a whole file, as issuing it would, before anything is founded.

    Raises:
        NotFoundError: there is no such file, or no schema of the type that it names.
        RowsRefusedError: it has rows that cannot be issued, or none.
        MalformedInputError: fewer than two of its certificates are valid today.
    """
    if not path.is_file():
        raise NotFoundError(f"no file {path}", field="input")
    first = _find_identifier(path)
    kind = first.type if first else find_type(EXAMPLE_TYPE)
    issuer = first.issuer if first and isinstance(first.issuer, Uscc) else EXAMPLE_ISSUER
    chosen: list[CertificateId] = []
    errors: list[RowError] = []
    rows = 0
    for row in read_rows(path, load_schema(kind), issuer=issuer, today=today):
        rows += 1
        errors += row.errors
        if len(chosen) < CERTIFICATES_NEEDED and row.draft and _is_valid_on(row, today):
            chosen.append(row.draft.certificate_id)
    if errors:
        raise RowsRefusedError(path, tuple(errors))
    if len(chosen) < CERTIFICATES_NEEDED:
        raise MalformedInputError(
            f"{path}: the demonstration needs {CERTIFICATES_NEEDED} certificates that are valid "
            f"on {today}, found {len(chosen)}",
            code="none_in_validity",
            field="input",
        )
    return Source(path, rows, issuer, kind, (chosen[0], chosen[1]))


def _find_identifier(path: Path) -> CertificateId | None:
    """The first cell of a file that is a certificate's identifier, wherever it stands."""
    for row in read_raw_rows(path):
        for cell in row.cells:
            try:
                return parse_certificate_id(cell)
            except CellProblem:
                continue
    return None


def _is_valid_on(row: RowResult, day: date) -> bool:
    draft = row.draft
    if draft is None or row.errors or draft.valid_from > day:
        return False
    return draft.valid_until is None or day <= draft.valid_until
