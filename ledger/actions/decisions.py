"""What a department decides about certificates it issued, and why."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.errors import ConflictError, MalformedInputError
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateType
from ledger.schemas import find_status_code
from ledger.workspace import Workspace

MAX_LEGAL_BASIS_BYTES = 256


class LifecycleAct(StrEnum):
    """What a department does with a certificate it issued."""

    SUSPEND = "suspend"
    RESTORE = "restore"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"


STATUS_AFTER = {
    LifecycleAct.SUSPEND: Status.SUSPENDED,
    LifecycleAct.RESTORE: Status.VALID,
    LifecycleAct.REVOKE: Status.REVOKED,
    LifecycleAct.SUPERSEDE: Status.SUPERSEDED,
}
STATUS_BEFORE = {
    LifecycleAct.SUSPEND: {Status.VALID},
    LifecycleAct.RESTORE: {Status.SUSPENDED},
    LifecycleAct.REVOKE: {Status.VALID, Status.SUSPENDED},
    LifecycleAct.SUPERSEDE: {Status.VALID, Status.SUSPENDED},
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a status changes.

    Attributes:
        reason_code: of the type's status codes (for W011 the housing ministry's 01 to 99).
        legal_basis: the rule it rests on, such as 《…条例》第十四条; never names a person.
        effective_date: civil date in China from which it has legal effect.
        officer: who decided; kept in the vault, a salted commitment on chain.
    """

    reason_code: int
    legal_basis: str
    effective_date: date
    officer: str | None = None

    @property
    def effective_number(self) -> int:
        """The effective date as the chain has it: 20260115."""
        return int(self.effective_date.strftime("%Y%m%d"))

    def __post_init__(self) -> None:
        if not 0 < self.reason_code < 1 << 16:
            raise MalformedInputError(
                f"reason: expected a code from 1 to 65535, got {self.reason_code}", field="reason"
            )
        size = len(self.legal_basis.encode())
        if not 0 < size <= MAX_LEGAL_BASIS_BYTES:
            raise MalformedInputError(
                f"legal-basis: expected 1 to {MAX_LEGAL_BASIS_BYTES} bytes of UTF-8, got {size}",
                field="legal_basis",
            )
        if any(unicodedata.category(character) == "Cc" for character in self.legal_basis):
            raise MalformedInputError(
                f"legal-basis: expected text without control characters, got {self.legal_basis!r}",
                field="legal_basis",
            )


def parse_reason(
    workspace: Workspace, act: LifecycleAct, types: Collection[CertificateType], text: str
) -> int:
    """The number of a reason, by the status codes of the certificates' types.

    Raises:
        MalformedInputError: no reason for this act; the message lists those there are.
        ConflictError: it means different things for different types.
    """
    numbers = {_reason_of_type(workspace, act, each, text) for each in set(types)}
    if len(numbers) > 1:
        raise ConflictError(
            f"reason: {text!r} is another code in each of several types; act on one type at a time",
            code="reason_ambiguous",
            field="reason",
        )
    return numbers.pop()


def _reason_of_type(
    workspace: Workspace, act: LifecycleAct, certificate_type: CertificateType, text: str
) -> int:
    codes = workspace.schema(certificate_type).status_codes
    if codes:
        return find_status_code(codes, act.value, text).number
    if text.isascii() and text.isdecimal():
        return int(text)
    raise MalformedInputError(f"reason: expected a number, got {text!r}", field="reason")
