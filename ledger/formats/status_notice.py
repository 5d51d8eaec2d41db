"""A notice that the status of certificates changed, for a department of another member.

It says in words what one entry of the log says in bits: whoever gets it finds the entry there, and
believes the log alone. Nobody's name is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import rfc8785

from ledger.formats.status_list import Status
from ledger.identifiers import CertificateType, Uscc

FORMAT: Final = "zhenglian-status-notice/1"


@dataclass(frozen=True, slots=True)
class ChangedCertificate:
    """One certificate of a notice.

    Attributes:
        certificate_id: text of its identifier.
        position: in the batch.
        replaced_by: identifier of its successor where there is one, else empty.
    """

    certificate_id: str
    position: int
    before: Status
    after: Status
    replaced_by: str = ""


@dataclass(frozen=True, slots=True)
class StatusNotice:
    """What one entry of the log changed, as far as it concerns the receiver.

    Attributes:
        ledger_id, batch_key: 32 bytes.
        log_index, recorded_at_unix: of the entry.
        reason_code: a status code of the type.
        effective_date: from which it has legal effect.
        certificates: position rising.
    """

    ledger_id: bytes
    log_index: int
    recorded_at_unix: int
    issuer: Uscc
    certificate_type: CertificateType
    batch_key: bytes
    reason_code: int
    legal_basis: str
    effective_date: date
    certificates: tuple[ChangedCertificate, ...]

    def to_json(self) -> bytes:
        """Canonical (RFC 8785)."""
        return rfc8785.dumps(
            {
                "format": FORMAT,
                "ledger_id": self.ledger_id.hex(),
                "log_index": self.log_index,
                "recorded_at_unix": self.recorded_at_unix,
                "issuer": str(self.issuer),
                "certificate_type": str(self.certificate_type),
                "batch_key": self.batch_key.hex(),
                "reason_code": self.reason_code,
                "legal_basis": self.legal_basis,
                "effective_date": self.effective_date.isoformat(),
                "certificates": [_to_document(each) for each in self.certificates],
            }
        )


def _to_document(changed: ChangedCertificate) -> dict[str, str | int]:
    told: dict[str, str | int] = {
        "certificate_id": changed.certificate_id,
        "position": changed.position,
        "before": changed.before.name.lower(),
        "after": changed.after.name.lower(),
    }
    return told | ({"replaced_by": changed.replaced_by} if changed.replaced_by else {})
