"""Which certificate a case relied on, by the verifier's reports that were kept with it."""

from __future__ import annotations

from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.case_materials import CertificateReference
from ledger.formats.jws import parse_json_object
from ledger.identifiers import CertificateId
from ledger.verification.report import REPORT_FORMAT
from ledger.workspace import Workspace


def read_certificate_id(
    workspace: Workspace, case_id: bytes, reference: CertificateReference
) -> CertificateId | None:
    """The identifier of a certificate that a case relied on, None if no report tells it."""
    cases = workspace.vault.cases
    for stored in cases.papers_of(case_id):
        if stored.kind != REPORT_FORMAT:
            continue
        try:
            told = parse_json_object(cases.read(stored).content, "report").get("certificate")
            if isinstance(told, dict) and _is_of(told, reference):
                return CertificateId.parse(str(told["certificate_id"]))
        except (NotFoundError, MalformedInputError):
            continue
    return None


def _is_of(certificate: dict[str, object], reference: CertificateReference) -> bool:
    return (
        certificate.get("batch_key") == reference.batch_key.hex()
        and certificate.get("position") == reference.position
    )
