"""From the cells of one row to a draft, or to everything that is wrong with the row.

A row is read on a quick path that stops at the first problem. Only then is it read again, cell by
cell, to collect all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, NamedTuple, TypeVar

from ledger.actions.issuance import cells as cell_reading
from ledger.actions.issuance.cells import CellProblem
from ledger.actions.issuance.duplicates import SeenIdentifiers
from ledger.actions.issuance.header import Header
from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.formats.draft import CertificateDraft
from ledger.identifiers import CertificateId, RegionCode, Uscc
from ledger.schemas import CertificateSchema, DraftField, FieldKind, SchemaField

_T = TypeVar("_T")
_MEMO_VALUES = 1 << 15
_TRUNCATED_END = "000"


class RowResult(NamedTuple):
    """What one row of a file came to: a draft, or errors. Warnings come with either.

    `line` is the line of the file, the first being 1, on which the row begins.
    """

    line: int
    draft: CertificateDraft | None
    errors: tuple[RowError, ...] = ()
    warnings: tuple[RowError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Column(Generic[_T]):
    """One column of the file: its field, the index of its cells, and how they are read."""

    field: SchemaField
    at: int
    parse: Callable[[str], _T]


class RowReader:
    """Reads the rows of one file.

    Args:
        schema: the type that all rows must be of.
        header: where its fields stand.
        issuer: the department the identifiers must name, itself or an area of its province.
        today: the latest date of issue admitted.
        seen: remembers the identifiers of the file.
    """

    def __init__(
        self,
        schema: CertificateSchema,
        header: Header,
        *,
        issuer: Uscc,
        today: date,
        seen: SeenIdentifiers,
    ) -> None:
        self._type, self._type_name = schema.type, schema.name
        self._holder_code_type = schema.holder_code_type
        self._width, self._issuer, self._today, self._seen = header.width, issuer, today, seen

        def column(
            filled: DraftField, parse: Callable[[SchemaField], Callable[[str], _T]]
        ) -> _Column[_T]:
            field = schema.field_of(filled)
            return _Column(field, header.positions[field.property_name], parse(field))

        make_text = cell_reading.make_text_parser
        self._id = column(DraftField.CERTIFICATE_ID, lambda _: cell_reading.parse_certificate_id)
        self._number = column(DraftField.CERTIFICATE_NUMBER, make_text)
        self._name = column(DraftField.HOLDER_NAME, make_text)
        self._code = column(DraftField.HOLDER_CODE, cell_reading.make_own_field_parser)
        self._issued = column(DraftField.ISSUED_ON, lambda _: _cached(cell_reading.parse_date))
        self._begins = column(DraftField.VALID_FROM, lambda _: _cached(cell_reading.parse_date))
        self._ends = column(
            DraftField.VALID_UNTIL, lambda _: _cached(cell_reading.parse_period_end)
        )
        self._own = tuple(
            _Column(field, header.positions[field.property_name], _own_parser(field))
            for field in schema.own_fields()
            if field.property_name in header.positions
        )
        key = schema.find_field(DraftField.HOLDER_KEY)
        at = None if key is None else header.positions.get(key.property_name)
        self._key = (
            None if key is None or at is None else _Column(key, at, cell_reading.parse_public_key)
        )
        self._own_quick = tuple((own.field.property_name, own.at, own.parse) for own in self._own)

    def read(self, line: int, cells: Sequence[str]) -> RowResult:
        """A draft of the row if all is well, else all that is wrong with it."""
        if len(cells) != self._width and (len(cells) < self._width or any(cells[self._width :])):
            error = RowError.of(RowErrorCode.RAGGED_ROW, line, wanted=self._width, found=len(cells))
            return RowResult(line, None, (error,))
        try:
            draft = self._make_draft(cells)
        except CellProblem:
            return self._explain(line, cells)
        errors = self._check_rules(
            line, cells, draft.certificate_id, draft.issued_on, draft.valid_from, draft.valid_until
        )
        content_hash = hash(
            (
                draft.certificate_id.check,
                draft.certificate_number,
                draft.issued_on,
                draft.valid_from,
                draft.valid_until,
                draft.holder_name,
                draft.holder_code,
                draft.holder_key,
                *draft.holder_fields,
                *draft.holder_fields.values(),
            )
        )
        errors += self._check_duplicate(line, cells, draft.certificate_id, content_hash)
        warnings = self._find_warnings(line, cells, draft.certificate_id)
        return RowResult(line, None if errors else draft, errors, warnings)

    def _make_draft(self, cells: Sequence[str]) -> CertificateDraft:
        return CertificateDraft(
            certificate_id=self._id.parse(cells[self._id.at]),
            certificate_name=self._type_name,
            certificate_number=self._number.parse(cells[self._number.at]),
            issued_on=self._issued.parse(cells[self._issued.at]),
            valid_from=self._begins.parse(cells[self._begins.at]),
            valid_until=self._ends.parse(cells[self._ends.at]),
            holder_name=self._name.parse(cells[self._name.at]),
            holder_code=self._code.parse(cells[self._code.at]),
            holder_code_type=self._holder_code_type,
            holder_fields={
                name: value for name, at, parse in self._own_quick if (value := parse(cells[at]))
            },
            holder_key=self._key.parse(cells[self._key.at]) if self._key else None,
        )

    def _explain(self, line: int, cells: Sequence[str]) -> RowResult:
        """Read the row again, past the first problem, to tell all of them."""
        problems: list[tuple[int, RowError]] = []

        def attempt(column: _Column[_T]) -> _T | None:
            try:
                return column.parse(cells[column.at])
            except CellProblem as problem:
                error = self._at(line, cells, column, problem.code, **problem.details)
                problems.append((column.at, error))
                return None

        for text_column in (self._number, self._name, self._code, *self._own):
            attempt(text_column)
        if self._key is not None:
            attempt(self._key)
        identifier, issued, begins = attempt(self._id), attempt(self._issued), attempt(self._begins)
        known = len(problems)
        ends = attempt(self._ends)
        is_end_known = len(problems) == known
        errors = tuple(error for _, error in sorted(problems, key=lambda problem: problem[0]))
        errors += self._check_rules(
            line, cells, identifier, issued, begins if is_end_known else None, ends
        )
        if identifier is None:
            return RowResult(line, None, errors)
        errors += self._check_duplicate(line, cells, identifier, hash(tuple(cells)))
        return RowResult(line, None, errors, self._find_warnings(line, cells, identifier))

    def _check_rules(
        self,
        line: int,
        cells: Sequence[str],
        identifier: CertificateId | None,
        issued: date | None,
        begins: date | None,
        ends: date | None,
    ) -> tuple[RowError, ...]:
        """What the values must be beside each other and beside the department; None is unknown."""
        errors: tuple[RowError, ...] = ()
        if identifier is not None and identifier.type.code != self._type.code:
            errors += (self._at(line, cells, self._id, RowErrorCode.WRONG_TYPE, wanted=self._type),)
        if identifier is not None and not self._is_own_issuer(identifier.issuer):
            errors += (
                self._at(line, cells, self._id, RowErrorCode.WRONG_ISSUER, wanted=self._issuer),
            )
        if issued is not None and issued > self._today:
            errors += (
                self._at(
                    line, cells, self._issued, RowErrorCode.ISSUED_IN_FUTURE, today=self._today
                ),
            )
        if begins is not None and ends is not None and ends < begins:
            code = RowErrorCode.PERIOD_ENDS_BEFORE_IT_BEGINS
            errors += (self._at(line, cells, self._ends, code, begins=begins),)
        return errors

    def _is_own_issuer(self, named: Uscc | RegionCode) -> bool:
        if isinstance(named, Uscc):
            return named.code == self._issuer.code
        return named.code[:2] == self._issuer.code[2:4]

    def _check_duplicate(
        self, line: int, cells: Sequence[str], identifier: CertificateId, content_hash: int
    ) -> tuple[RowError, ...]:
        without_check = identifier.text[:-1]
        earlier = self._seen.remember(without_check, content_hash, line)
        if earlier is None:
            return ()
        code = (
            RowErrorCode.DUPLICATE_ROW if earlier.has_same_content else RowErrorCode.CONFLICTING_ROW
        )
        return (self._at(line, cells, self._id, code, earlier=earlier.line),)

    def _find_warnings(
        self, line: int, cells: Sequence[str], identifier: CertificateId
    ) -> tuple[RowError, ...]:
        warnings: tuple[RowError, ...] = ()
        if identifier.has_deviant_check:
            standard = CertificateId.build(
                identifier.type, identifier.issuer, identifier.serial, identifier.version
            )
            code = RowErrorCode.DEVIANT_CHECK_CHARACTER
            warnings += (self._at(line, cells, self._id, code, expected=standard.check),)
        if cells[self._code.at].endswith(_TRUNCATED_END):
            warnings += (self._at(line, cells, self._code, RowErrorCode.POSSIBLY_TRUNCATED),)
        return warnings

    def _at(
        self,
        line: int,
        cells: Sequence[str],
        column: _Column[_T],
        code: RowErrorCode,
        **details: object,
    ) -> RowError:
        return RowError.of(code, line, column.field.column, cells[column.at], **details)


class _Memo(dict[str, _T]):
    """Values read before; forgets all of them when there are too many.

    Dates, posts and firms recur so often that this beats an LRU cache by a third.
    """

    def __init__(self, parse: Callable[[str], _T]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, cell: str) -> _T:
        value = self._parse(cell)
        if len(self) >= _MEMO_VALUES:
            self.clear()
        self[cell] = value
        return value


def _cached(parse: Callable[[str], _T]) -> Callable[[str], _T]:
    return _Memo(parse).__getitem__


def _own_parser(field: SchemaField) -> Callable[[str], str]:
    """Values of a type's own fields recur (posts, firms, dates), identity numbers do not."""
    parse = cell_reading.make_own_field_parser(field)
    return parse if field.kind is FieldKind.IDENTITY_NUMBER else _cached(parse)
