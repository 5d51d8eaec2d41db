"""From the first row of a file to the place of every field."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.actions.issuance.cells import normalise_cell
from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.schemas import CertificateSchema

_SIMILAR_ENOUGH = 0.4
_OTHER_SEPARATORS = re.compile(r"[;；\t|]")


@dataclass(frozen=True, slots=True)
class Header:
    """Where each field stands: property name → index of its cell. Optional ones may be absent.

    Attributes:
        width: columns with a name; cells behind them are empty in every row.
    """

    positions: Mapping[str, int]
    width: int


def map_header(
    cells: Sequence[str], schema: CertificateSchema, line: int
) -> tuple[Header, tuple[RowError, ...]]:
    """Find the schema's columns among `cells`, in any order, and everything wrong with them."""
    names = [normalise_cell(cell.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")) for cell in cells]
    fields = {each.column: each for each in schema.fields}
    if fields.keys().isdisjoint(names):
        shown = next(filter(None, names), "")
        is_separated = not fields.keys().isdisjoint(_OTHER_SEPARATORS.split(shown))
        code = RowErrorCode.WRONG_SEPARATOR if is_separated else RowErrorCode.HEADER_MISSING
        return Header({}, 0), (RowError.of(code, line, value=shown),)
    while names and not names[-1]:  # a spreadsheet leaves columns that once had something in them
        names.pop()
    free = [column for column in fields if column not in names]
    positions: dict[str, int] = {}
    errors: list[RowError] = []
    for index, name in enumerate(names):
        if name not in fields:
            zh, en = _suggest(name, free)
            errors.append(
                RowError.of(
                    RowErrorCode.UNKNOWN_COLUMN,
                    line,
                    name,
                    cells[index],
                    position=index + 1,
                    suggestion_zh=zh,
                    suggestion_en=en,
                )
            )
        elif fields[name].property_name in positions:
            code = RowErrorCode.DUPLICATE_COLUMN
            errors.append(RowError.of(code, line, name, cells[index], position=index + 1))
        else:
            positions[fields[name].property_name] = index
    errors += [
        RowError.of(RowErrorCode.MISSING_COLUMN, line, each.column, wanted=each.column)
        for each in schema.fields
        if each.is_required and each.property_name not in positions
    ]
    return Header(positions, len(names)), tuple(errors)


def _suggest(name: str, free: Sequence[str]) -> tuple[str, str]:
    similar = difflib.get_close_matches(name, free, n=1, cutoff=_SIMILAR_ENOUGH)
    if not similar:
        return "，请删除此列", "; delete it"
    return f"，是否应为“{similar[0]}”？", f"; did you mean “{similar[0]}”?"
