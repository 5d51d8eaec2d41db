"""What the vault answers about cases, and what it is given to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from ledger.formats.case_materials import CertificateReference
from ledger.vault.acts import OfficerCommitment
from ledger.vault.tables import ActState


class CaseRole(StrEnum):
    """As what this home first had the case."""

    RECEIVER = "receiver"  # 收件地
    HANDLER = "handler"  # 办理地
    DECIDER = "decider"


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case of this home; `case_id` is 32 bytes."""

    case_id: bytes
    role: CaseRole
    item_code: str
    matter_version: int
    created_at_unix: int


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper of a case, in clear.

    Args:
        kind: its format's name, such as "zhenglian-opinion/1".
        content: its one byte string.
    """

    kind: str
    content: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content, 32 bytes."""
        return sha256(self.content).digest()


@dataclass(frozen=True, slots=True)
class NewCaseAct:
    """A signed statement about a case that is about to be sent, with all that belongs to it.

    Args:
        kind: of act, such as "accept".
        sequence: of the statement in the case; 0 for a decision, which has none.
        request: what was asked for; the same again is recognised by it.
        statement: its encoding.
        signature: r ‖ s, 64 bytes.
        papers: whose digests stand in it, and others that came with them.
        references: certificates whose commitments stand in it.
    """

    case_id: bytes
    kind: str
    sequence: int
    request: bytes
    statement: bytes
    signature: bytes
    officer: OfficerCommitment | None
    papers: Sequence[Paper] = ()
    references: Sequence[CertificateReference] = ()


@dataclass(frozen=True, slots=True)
class CaseActRow:
    """An act as the vault has it; `officer` is the commitment, 32 bytes."""

    pk: int
    case_id: bytes
    kind: str
    sequence: int
    request_mac: bytes
    statement: bytes
    signature: bytes
    state: ActState
    officer: bytes | None
    created_at_unix: int


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """A paper as the vault has it; `wrapped_key` is None once it is erased."""

    pk: int
    case_id: bytes
    act: int | None
    kind: str
    digest: bytes
    ciphertext: bytes
    wrapped_key: bytes | None
    created_at_unix: int


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A certificate that a case relied on or ended in; `act` is the number of the act."""

    case_id: bytes
    act: int
    reference: CertificateReference
