"""Which certificates of this home were delivered to whom: said by what the deliveries are about.

A delivery that presents a certificate of this home is about that certificate: its identifier is the
first word of the subject, which both sides keep, encrypted. Nothing else remembers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.errors import MalformedInputError
from ledger.formats.envelope import DeliveryKind
from ledger.formats.evidence import parse_evidence
from ledger.identifiers import CertificateId, Uscc
from ledger.vault.delivery_tables import DeliveryState, Direction
from ledger.workspace import Workspace

MAX_EVIDENCE_BYTES: Final = 4 << 20
_PRESENTING: Final = frozenset(
    {DeliveryKind.PRESENTATION, DeliveryKind.MATERIALS, DeliveryKind.RESULT}
)
_GIVEN_UP: Final = frozenset({DeliveryState.FAILED, DeliveryState.EXPIRED})


@dataclass(frozen=True, slots=True)
class Presented:
    """A certificate that was delivered to another member's department, or is on its way."""

    certificate_id: str
    receiver: Uscc
    sent_at_unix: int


def name_presented(
    workspace: Workspace, kind: DeliveryKind, content: bytes | Path, subject: str
) -> str:
    """What a delivery is about: the certificate of this home that it presents, if it does, and
    what was said of it."""
    if kind not in _PRESENTING:
        return subject
    if isinstance(content, Path):
        if content.stat().st_size > MAX_EVIDENCE_BYTES:
            return subject
        content = content.read_bytes()
    try:
        certificate = parse_evidence(content, with_facts=False).certificate
    except MalformedInputError:
        return subject
    identifier = str(certificate.certificate_id)
    if subject.startswith(identifier) or workspace.vault.certificates.find(identifier) is None:
        return subject
    return f"{identifier} {subject}".rstrip()


def list_presented(workspace: Workspace) -> list[Presented]:
    """What was delivered or is on its way, oldest first. Reads every delivery that went out."""
    deliveries, found = workspace.vault.deliveries, []
    for each in deliveries.search(Direction.OUT):
        if each.kind not in _PRESENTING or each.state in _GIVEN_UP:
            continue
        manifest = deliveries.read_manifest(each.delivery_id)
        first = "" if manifest is None else manifest.subject.partition(" ")[0]
        if _is_identifier(first):
            found.append(Presented(first, each.receiver, each.created_at_unix))
    return found


def _is_identifier(text: str) -> bool:
    try:
        CertificateId.parse(text)
    except MalformedInputError:
        return False
    return True
