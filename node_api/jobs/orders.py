"""What a job is to do, as it is kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.actions.decisions import LifecycleAct
from ledger.actions.issuance.outcome import Citation
from ledger.identifiers import CertificateId, CertificateType, Uscc
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
        citation: what the one certificate of a file to issue cites.
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
    citation: Citation | None = None

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
            **_name_cited(self.citation),
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
            _find_cited(options),
        )


def _name_cited(citation: Citation | None) -> dict[str, object]:
    if citation is None:
        return {}
    related, case_id = citation.related, citation.case_id
    return {
        "related": None if related is None else str(related),
        "case_id": None if case_id is None else case_id.hex(),
    }


def _find_cited(options: Mapping[str, object]) -> Citation | None:
    """Jobs that cite nothing, and those of earlier versions, name nothing."""
    related, case_id = options.get("related"), options.get("case_id")
    if related is None and case_id is None:
        return None
    return Citation(
        None if related is None else CertificateId.parse(str(related)),
        None if case_id is None else bytes.fromhex(str(case_id)),
    )
