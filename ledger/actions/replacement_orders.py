"""Replacing a certificate as somebody orders it: by a row, or by a file that came with the order.

The new certificate's content concerns a person, so that it never lies on a disk in the clear: a
file of the kernel's memory stands for the clerk's file that issuing reads.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import IO

from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.holdings import find_stored
from ledger.actions.issuance.request import RequestReader
from ledger.actions.masking import mask_name
from ledger.actions.replacement import (
    Replacement,
    ReplacementPlan,
    plan_replacement,
    replace_certificate,
)
from ledger.actions.status_orders import make_decision
from ledger.errors import MalformedInputError
from ledger.formats.civil_time import compute_civil_date
from ledger.identifiers import CertificateId
from ledger.workspace import Workspace

MAX_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PlannedReplacement:
    """What a replacement would do. A person's name is told with only its ends.

    Attributes:
        decision: as it would be carried out; give its day, so that tomorrow it is the same order.
    """

    plan: ReplacementPlan
    decision: Decision


def plan_replacement_by_file(
    workspace: Workspace,
    certificate_id: CertificateId,
    content: bytes,
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> PlannedReplacement:
    """What replacing a certificate by the one row of a file would do, without doing it.

    Args:
        content: of a CSV file or a workbook with the columns of the type and one row.
        reason: a status code of the type, its number or its Chinese name.
        legal_basis: the rule it rests on; public, so that it never names a person.
        effective_date: from which it has legal effect; by default today in China.
        officer: who decides.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: status_not_allowed, successor_is_replaced, replacement_unfinished.
        MalformedInputError: replacement_rows; content_too_large; the reason is none of the type.
    """
    decision = _decide(workspace, certificate_id, reason, legal_basis, effective_date, officer)
    with _as_file(content) as source:
        plan = plan_replacement(workspace, certificate_id, source, decision)
    return PlannedReplacement(_mask(plan), decision)


def replace_by_file(
    workspace: Workspace,
    certificate_id: CertificateId,
    content: bytes,
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> Replacement:
    """Issues the one row of a file citing the old certificate, which is then superseded for ever.

    Interrupted in between, the same order does what is left.

    Args:
        content: of a CSV file or a workbook with the columns of the type and one row.
        reason: a status code of the type, its number or its Chinese name.
        legal_basis: the rule it rests on; public, so that it never names a person.
        effective_date: from which it has legal effect; by default today in China.
        officer: who decides; kept in this home, a salted commitment on the chain.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: status_not_allowed, successor_is_replaced, replacement_unfinished.
        MalformedInputError: replacement_rows; content_too_large; the reason is none of the type.
    """
    decision = _decide(workspace, certificate_id, reason, legal_basis, effective_date, officer)
    with _as_file(content) as source:
        done = replace_certificate(workspace, certificate_id, source, decision)
    return replace(done, plan=_mask(done.plan))


def replace_by_row(
    workspace: Workspace,
    certificate_id: CertificateId,
    row: Mapping[str, str],
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> Replacement:
    """Issues a row citing the old certificate, which is then superseded for ever.

    Interrupted in between, the same order does what is left.

    Args:
        row: the fields of the new certificate by the columns of its type, or by the names that
            issuing it takes.
        reason: a status code of the type, its number or its Chinese name.
        legal_basis: the rule it rests on; public, so that it never names a person.
        effective_date: from which it has legal effect; by default today in China.
        officer: who decides; kept in this home, a salted commitment on the chain.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: status_not_allowed, successor_is_replaced, replacement_unfinished.
        MalformedInputError: fields_malformed, which tells every fault of the row; the reason is
            none of the type.
    """
    return replace_by_file(
        workspace,
        certificate_id,
        read_row(workspace, certificate_id, row),
        reason,
        legal_basis,
        effective_date=effective_date,
        officer=officer,
    )


def read_row(workspace: Workspace, replaced: CertificateId, row: Mapping[str, str]) -> bytes:
    """The row of a certificate's successor, as the clerk's file that issuing reads.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        MalformedInputError: fields_malformed.
    """
    batch = find_stored(workspace, replaced).batch
    today = compute_civil_date(workspace.now_unix())
    reader = RequestReader(workspace.schema(batch.certificate_type), batch.issuer, today)
    reader.read(row)
    return _write_row(reader.to_cells(row))


def _mask(plan: ReplacementPlan) -> ReplacementPlan:
    """The same, a person's name with only its ends."""
    who = plan.affected
    if who is None or who.holder_name is None:
        return plan
    masked = replace(who, holder_name=mask_name(who.holder_name, who.holder_code_type))
    return replace(plan, affected=masked)


def _decide(
    workspace: Workspace,
    certificate_id: CertificateId,
    reason: str,
    legal_basis: str,
    effective_date: date | None,
    officer: str | None,
) -> Decision:
    kind = find_stored(workspace, certificate_id).batch.certificate_type
    act = LifecycleAct.SUPERSEDE
    return make_decision(workspace, act, {kind}, reason, legal_basis, effective_date, officer)


def _write_row(row: Mapping[str, str]) -> bytes:
    """A clerk's file of one row: the same for the same cells, so that an order can be repeated."""
    columns = sorted(row)
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, [row[column] for column in columns]])
    return text.getvalue().encode("utf-8-sig")


@contextmanager
def _as_file(content: bytes) -> Iterator[Path]:
    """A path from which the content can be read while the context is open."""
    if len(content) > MAX_FILE_BYTES:
        raise MalformedInputError(
            f"content: expected at most {MAX_FILE_BYTES} bytes for one row, got {len(content)}",
            code="content_too_large",
            field="content",
        )
    with _open_unseen() as file, tempfile.TemporaryDirectory() as directory:
        file.write(content)
        file.flush()
        path = Path(directory) / "replacement.csv"  # a name for whoever reads of the run
        path.symlink_to(f"/dev/fd/{file.fileno()}")
        yield path


def _open_unseen() -> IO[bytes]:
    """A file without a name: of memory where the system has such, else unlinked at once."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("row"), "w+b")
    return tempfile.TemporaryFile()
