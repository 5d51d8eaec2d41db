"""An audit trail as files that other programs read: JSON, lines of JSON, CSV.

Every step carries its leaf hash and the path to the head of the log, so that whoever has the file
can check it against a root that they trust, with tools that are not ours.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import orjson

from ledger.actions.audit.pages import iterate_audit
from ledger.actions.audit.steps import AuditStep
from ledger.actions.issuance.clerk_files import disarm
from ledger.errors import LedgerError
from ledger.formats.civil_time import CHINA
from ledger.formats.evidence import LogHead
from ledger.identifiers import CertificateType, MemberId
from ledger.schemas import load_schema
from ledger.workspace import Workspace

COLUMNS = (
    "log_index",
    "recorded_at",
    "act",
    "region",
    "actor",
    "effective",
    "reason",
    "legal_basis",
    "officer",
    "detail",
    "leaf_hash",
    "path",
    "log_size",
    "log_root",
)
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # by which a spreadsheet knows UTF-8


class ExportForm(StrEnum):
    """How an export is written."""

    NDJSON = "ndjson"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Account:
    """What is to be told.

    Attributes:
        subject: a certificate's identifier, or empty for everything since a time.
        certificate_type: whose status codes the reasons are, None if steps are of several.
        head: to which the steps' paths lead.
    """

    subject: str
    certificate_type: CertificateType | None
    head: LogHead
    steps: Iterable[AuditStep]


@dataclass(frozen=True, slots=True)
class ReasonWords:
    """How reasons are told: by code and name in one language where the type is known.

    Attributes:
        schemas: directory of a home's own schema files.
    """

    schemas: Path
    is_chinese: bool = True

    def tell(self, certificate_type: CertificateType | None, number: int | None) -> str:
        """A recorded reason; its number where the type is not known, "" where there is none."""
        if number is None:
            return ""
        if certificate_type is not None:
            try:
                codes = load_schema(certificate_type, directory=self.schemas).status_codes
            except LedgerError:
                codes = ()
            for each in codes:
                if each.number == number:
                    name = each.name_zh if self.is_chinese else each.name_en
                    return f"{each.code} {name}"
        return f"{number:02}"


def export_audit(
    workspace: Workspace,
    form: ExportForm = ExportForm.NDJSON,
    *,
    since_unix: int = 0,
    region: MemberId | None = None,
    show_officers: bool = True,
) -> Iterator[bytes]:
    """Everything recorded at or after a time, as a file that is written as it is read.

    Lines of JSON begin with the head of the log that all proofs lead to; each further line is one
    step. CSV has the head in each of its lines.

    Args:
        since_unix: unix seconds.
        region: only what this member did.
        show_officers: name the officers of this home's own acts.
    """
    head, steps = iterate_audit(
        workspace, since_unix=since_unix, region=region, show_officers=show_officers
    )
    account = Account("", None, head, steps)
    if form is ExportForm.NDJSON:
        return write_ndjson(account)
    words = ReasonWords(workspace.home / "schemas")
    return (part.encode() for part in write_csv(account, words, has_mark=True))


def write_ndjson(account: Account) -> Iterator[bytes]:
    """One JSON object a line: {subject, head}, then the steps."""
    yield orjson.dumps({"subject": account.subject, "head": _plain(account.head)}) + b"\n"
    for step in account.steps:
        yield orjson.dumps(_plain(step)) + b"\n"


def write_json(account: Account) -> Iterator[str]:
    """One JSON document {subject, head, steps}, a step at a time."""
    begin = orjson.dumps({"subject": account.subject, "head": _plain(account.head)}).decode()
    yield begin[:-1] + ',"steps":['
    separator = ""
    for step in account.steps:
        yield separator + "\n" + orjson.dumps(_plain(step)).decode()
        separator = ","
    yield "\n]}\n"


def write_csv(account: Account, words: ReasonWords, *, has_mark: bool = False) -> Iterator[str]:
    """One line a step, none of which a spreadsheet takes for a formula."""
    yield (_MARK if has_mark else "") + _to_line(COLUMNS)
    for step in account.steps:
        texts = (
            step.act,
            step.region,
            step.actor,
            step.effective,
            words.tell(account.certificate_type, step.reason_code),
            step.legal_basis,
            step.officer,
            orjson.dumps(_plain(step.detail)).decode(),
            step.leaf_hash.hex(),
            " ".join(node.hex() for node in step.path),
        )
        yield _to_line(
            (
                str(step.log_index),
                format_time(step.recorded_at_unix),
                *map(disarm, texts),
                str(account.head.size),
                account.head.root.hex(),
            )
        )


def format_time(unix: int) -> str:
    """A recorded time in China, its offset shown.

    >>> format_time(1767578400)
    '2026-01-05 10:00:00 +08:00'
    """
    return f"{datetime.fromtimestamp(unix, CHINA):%Y-%m-%d %H:%M:%S} +08:00"


def _to_line(cells: Iterable[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _plain(value: object) -> object:
    """What orjson does not know by itself, as the commands' JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (AuditStep, LogHead)):
        return {name: _plain(getattr(value, name)) for name in type(value).__dataclass_fields__}
    if isinstance(value, dict):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member) for member in value]
    return value
