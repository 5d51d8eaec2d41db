"""What a job is to do, as it is kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.actions.decisions import LifecycleAct
from ledger.identifiers import CertificateType, Uscc
from ledger.vault.jobs import JobRow


class JobKind(StrEnum):
    """issue has each row of a file issued; the others change the status of what a list names."""

    ISSUE = "issue"
    SUSPEND = "suspend"
    RESTORE = "restore"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class JobOrder:
    """An order of one department.

    Attributes:
        suffix: of the file: .csv, .xlsx or .txt.
        certificate_type, skip_invalid: of files to issue.
        reason, legal_basis, effective_date, officer: of changes of status.
    """

    kind: JobKind
    issuer: Uscc
    suffix: str
    certificate_type: CertificateType | None = None
    skip_invalid: bool = False
    reason: str = ""
    legal_basis: str = ""
    effective_date: date | None = None
    officer: str | None = None

    def __repr__(self) -> str:
        return f"JobOrder({self.kind}, {self.issuer})"

    @property
    def act(self) -> LifecycleAct:
        """Of a change of status."""
        return LifecycleAct(self.kind.value)

    def to_options(self) -> dict[str, object]:
        """As the vault keeps it, encrypted."""
        return {
            "suffix": self.suffix,
            "certificate_type": None
            if self.certificate_type is None
            else self.certificate_type.code,
            "skip_invalid": self.skip_invalid,
            "reason": self.reason,
            "legal_basis": self.legal_basis,
            "effective_date": self.effective_date and self.effective_date.isoformat(),
            "officer": self.officer,
        }

    @classmethod
    def of(cls, row: JobRow) -> JobOrder:
        """What `to_options` made."""
        options: Mapping[str, object] = row.options
        kind, day, officer = (
            options["certificate_type"],
            options["effective_date"],
            options["officer"],
        )
        assert row.issuer is not None  # noqa: S101 - for the type checker: orders have one
        return cls(
            JobKind(row.kind),
            row.issuer,
            str(options["suffix"]),
            None if kind is None else CertificateType(str(kind)),
            bool(options["skip_invalid"]),
            str(options["reason"]),
            str(options["legal_basis"]),
            None if day is None else date.fromisoformat(str(day)),
            None if officer is None else str(officer),
        )
