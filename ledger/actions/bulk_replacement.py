"""Replacing many certificates by one order, each by a row of its own.

All of them are looked at before anything is done. Then each is replaced as it would be alone, so
that the same order again does what an interruption left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from ledger.actions.issuance.request import FieldError, FieldsMalformedError
from ledger.actions.named_certificates import NamedCertificates
from ledger.actions.replacement_orders import (
    plan_replacement_by_file,
    read_row,
    replace_by_file,
)
from ledger.errors import ConflictError, MalformedInputError
from ledger.identifiers import CertificateId
from ledger.workspace import Workspace

MOST_TOGETHER: Final = 100


@dataclass(frozen=True, slots=True)
class ReplacedCertificate:
    """One certificate with its successor. Attributes: was_done: before, by the same order."""

    replaced: CertificateId
    successor: CertificateId
    was_done: bool


@dataclass(frozen=True, slots=True)
class BulkReplacement:
    """What was done. Attributes: replaced: how many now; already_done: how many before."""

    replaced: int
    already_done: int
    certificates: tuple[ReplacedCertificate, ...]


def replace_by_rows(
    workspace: Workspace,
    certificate_ids: NamedCertificates,
    rows: tuple[Mapping[str, str], ...],
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> BulkReplacement:
    """Replaces many certificates, each by the row at its place; none unless all can be.

    Interrupted in between, the same order does what is left.

    Args:
        certificate_ids: of the old certificates, at most 100.
        rows: the fields of each one's successor, as replacing one alone takes them.
        reason: a status code of their types, its number or its Chinese name.
        legal_basis: the rule it rests on; public, so that it never names a person.
        effective_date: from which it has legal effect; by default today in China.
        officer: who decides; kept in this home, a salted commitment on the chain.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: status_not_allowed, successor_is_replaced, successor_repeated,
            replacement_unfinished.
        MalformedInputError: fields_malformed, which tells every fault of every row;
            certificates_missing, rows_unequal; the reason is none of the type.
    """
    named = list(certificate_ids)
    _require_pairs(named, rows)
    contents = _read_rows(workspace, named, rows)
    successors: list[CertificateId] = []
    decided = effective_date
    for old, content in zip(named, contents, strict=True):
        told = plan_replacement_by_file(
            workspace, old, content, reason, legal_basis, effective_date=decided, officer=officer
        )
        decided = told.decision.effective_date  # one day for all, although midnight comes
        assert told.plan.successor is not None  # noqa: S101 - its row was read
        successors.append(told.plan.successor)
    _require_distinct(successors)
    done = []
    for old, content, successor in zip(named, contents, successors, strict=True):
        result = replace_by_file(
            workspace, old, content, reason, legal_basis, effective_date=decided, officer=officer
        )
        done.append(ReplacedCertificate(old, successor, result.change is None))
    before = sum(each.was_done for each in done)
    return BulkReplacement(len(done) - before, before, tuple(done))


def _require_pairs(named: Sequence[CertificateId], rows: Sequence[Mapping[str, str]]) -> None:
    if not 0 < len(named) <= MOST_TOGETHER:
        raise MalformedInputError(
            f"certificate_ids: expected 1 to {MOST_TOGETHER} identifiers, got {len(named)}",
            code="certificates_missing",
            field="certificate_ids",
        )
    if len(rows) != len(named):
        raise MalformedInputError(
            f"rows: expected a row for each of the {len(named)} certificates, got {len(rows)}",
            code="rows_unequal",
            field="rows",
        )
    if len(set(named)) != len(named):
        raise MalformedInputError(
            "certificate_ids: expected each certificate once",
            code="certificates_missing",
            field="certificate_ids",
        )


def _read_rows(
    workspace: Workspace, named: Sequence[CertificateId], rows: Sequence[Mapping[str, str]]
) -> list[bytes]:
    contents: list[bytes] = []
    faults: list[FieldError] = []
    for number, (old, row) in enumerate(zip(named, rows, strict=True)):
        try:
            contents.append(read_row(workspace, old, row))
        except FieldsMalformedError as error:
            faults += [replace(each, field=f"rows.{number}.{each.field}") for each in error.faults]
    if faults:
        raise FieldsMalformedError(faults)
    return contents


def _require_distinct(successors: Sequence[CertificateId]) -> None:
    seen: set[CertificateId] = set()
    for number, successor in enumerate(successors):
        if successor in seen:
            raise ConflictError(
                f"{successor} would replace two certificates; nothing was changed",
                code="successor_repeated",
                field=f"rows.{number}",
            )
        seen.add(successor)
