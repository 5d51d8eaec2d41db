"""What the materials of a case come to, told without the papers themselves (材料智能核验)."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.cases.accepting import judge_case
from ledger.formats.case_materials import MaterialKind
from ledger.identifiers import CertificateType
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class JudgedMaterial:
    """A material's verdict. Attributes: report_digest: of the verifier's report, if it has one."""

    name: str
    kind: MaterialKind
    certificate_type: CertificateType | None
    outcome: str
    reasons: tuple[str, ...]
    report_digest: bytes | None


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """The verdict on the materials of a case as a whole, and on each."""

    case_id: bytes
    outcome: str
    reasons: tuple[str, ...]
    materials: tuple[JudgedMaterial, ...]


def tell_judgement(workspace: Workspace, case_id: bytes) -> JudgedCase:
    """Verifies the materials of the present round of a case; changes nothing.

    Raises:
        NotFoundError: paper_missing, definition_missing and others.
    """
    judged = judge_case(workspace, case_id).judged
    return JudgedCase(
        case_id,
        judged.outcome,
        judged.reasons,
        tuple(
            JudgedMaterial(
                each.material.name,
                each.material.kind,
                each.material.certificate_type,
                each.outcome,
                each.reasons,
                each.report_digest,
            )
            for each in judged.verdicts
        ),
    )
