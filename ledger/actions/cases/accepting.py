"""受理: the department in charge judges the materials, asks for more, refuses or accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.actions.cases.acting import CaseResult, begin
from ledger.actions.cases.advancing import Advance, advance, make_notice, require_text
from ledger.actions.cases.deadlines import ACCEPTANCE_DAYS, compute_due
from ledger.actions.cases.opening import HandedIn
from ledger.actions.cases.papers import Grounds, read_grounds
from ledger.actions.catalogue import read_recorded
from ledger.actions.presentation import verify_document
from ledger.chain.case_reading import CASE_LEDGER, fetch_case, fetch_matter
from ledger.errors import ConflictError, MalformedInputError
from ledger.formats.case_documents import NoticeKind, make_salt
from ledger.formats.case_materials import (
    CertificateReference,
    JudgedMaterials,
    MaterialFile,
    MaterialKind,
    MaterialsList,
)
from ledger.identifiers import RegionCode
from ledger.records import CaseAct, CaseRecord
from ledger.vault.case_rows import Paper
from ledger.verification.materials import Submitted, find_rule, judge_materials
from ledger.verification.report import REPORT_FORMAT, Report
from ledger.workspace import Workspace

MAX_RELIANCES = 64


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the materials of a case come to (材料智能核验).

    Attributes:
        judged: the verdicts; their digest goes on the chain when the case is accepted.
        reports: the verifier's, in the order of the certificates among the materials.
        references: the certificates that the matter asks for.
    """

    judged: JudgedMaterials
    reports: tuple[Report, ...]
    references: tuple[CertificateReference, ...]

    @property
    def is_passed(self) -> bool:
        return self.judged.outcome == "PASSED"


def judge_case(workspace: Workspace, case_id: bytes) -> Judgement:
    """Verifies the materials of the present round for the region of the department in charge.

    Raises:
        NotFoundError: paper_missing, definition_missing and others.
    """
    record = fetch_case(workspace.gateway, case_id)
    return _judge(workspace, record, read_grounds(workspace, record, case_id))


def request_supplement(
    workspace: Workspace,
    case_id: bytes,
    text: str,
    items: Sequence[str],
    officer: str | None = None,
) -> CaseResult:
    """补正: tells the applicant once, and all at once, what is missing.

    Raises:
        MalformedInputError: nothing is listed. ConflictError: SupplementedBeforeError,
            AcceptanceTimeOverError and others.
    """
    if not items:
        raise MalformedInputError("items: expected what is to be supplied", field="items")
    request = {"text": text, "items": list(items)}
    return advance(
        workspace,
        case_id,
        CaseAct.REQUEST_SUPPLEMENT,
        request,
        officer,
        lambda _: _of_notice(case_id, NoticeKind.SUPPLEMENT, text, items),
    )


def supplement_case(
    workspace: Workspace,
    case_id: bytes,
    materials: Sequence[HandedIn],
    officer: str | None = None,
) -> CaseResult:
    """The applicant's answer: materials that are added, or replace those of their names.

    Raises:
        MalformedInputError: there is none.
    """
    if not materials:
        raise MalformedInputError("materials: expected at least one", field="materials")

    def prepare(record: CaseRecord) -> Advance:
        files = {material.name: material.to_file() for material in materials}
        earlier = read_grounds(workspace, record, case_id).listed.materials
        kept = [each for each in earlier if each.name not in files]
        listed = MaterialsList(
            make_salt(), record.round + 1, (*kept, *[file.listed for file in files.values()])
        )
        due = compute_due(workspace, ACCEPTANCE_DAYS)
        return Advance(listed.digest, (listed, *files.values()), due_at_unix=due)

    request = {"materials": [each.to_request() for each in materials]}
    return advance(workspace, case_id, CaseAct.SUPPLEMENT, request, officer, prepare)


def refuse_case(
    workspace: Workspace,
    case_id: bytes,
    text: str,
    legal_basis: str,
    remedies: str,
    officer: str | None = None,
) -> CaseResult:
    """不予受理: with the basis and the remedies that the law demands."""
    require_text(legal_basis, "legal_basis", 256)
    require_text(remedies, "remedies", 512)
    request = {"text": text, "legal_basis": legal_basis, "remedies": remedies}

    def prepare(_: CaseRecord) -> Advance:
        notice = make_notice(case_id, NoticeKind.REFUSAL, text)
        return Advance(notice.digest, (notice,), legal_basis=legal_basis, remedies=remedies)

    return advance(workspace, case_id, CaseAct.REFUSE_ACCEPTANCE, request, officer, prepare)


def accept_case(
    workspace: Workspace, case_id: bytes, officer: str | None = None, *, is_despite: bool = False
) -> CaseResult:
    """受理, on materials that were verified just now.

    Args:
        is_despite: accept materials whose verdict is not PASSED, on the officer's own judgement.

    Raises:
        ConflictError: materials_not_passed, naming what did not pass.
    """

    def prepare(record: CaseRecord) -> Advance:
        judgement = _judge(workspace, record, read_grounds(workspace, record, case_id))
        if not judgement.is_passed and not is_despite:
            raise _not_passed(judgement.judged)
        assert record.item_code is not None  # noqa: S101 - an open case has one
        matter = fetch_matter(workspace.gateway, record.item_code, record.matter_version)
        reports = [Paper(REPORT_FORMAT, report.to_json()) for report in judgement.reports]
        return Advance(
            judgement.judged.digest,
            (judgement.judged, *reports),
            due_at_unix=compute_due(workspace, matter.promised_days),
            references=judgement.references,
        )

    return advance(workspace, case_id, CaseAct.ACCEPT, {"despite": is_despite}, officer, prepare)


def deem_accepted(workspace: Workspace, case_id: bytes) -> CaseResult:
    """Has the chain record that the time for acceptance passed in silence. Anyone may.

    Raises:
        ConflictError: AcceptanceTimeRunsError.
    """
    begin(workspace)
    receipt = workspace.submitter.submit(
        CASE_LEDGER, "deemAccepted", case_id, purpose="deemAccepted", reference=case_id.hex()
    )
    entry, record = receipt.entries[0], fetch_case(workspace.gateway, case_id)
    return CaseResult(
        case_id, "deem_accepted", record.state, record.due_at, entry.index, entry.entry.time_unix
    )


def _judge(workspace: Workspace, record: CaseRecord, grounds: Grounds) -> Judgement:
    assert record.item_code is not None  # noqa: S101 - an open case has one
    definition = read_recorded(workspace, record.item_code, record.matter_version)
    region = workspace.gateway.department(record.item_code.department).region
    submitted, reports, references = [], [], []
    for file in grounds.files:
        report = _verify(workspace, file, region)
        submitted.append(Submitted(file.listed, report))
        if report is not None:
            reports.append(report)
            if find_rule(definition, file.listed) and report.certificate is not None:
                placement = report.certificate.placement
                references.append(
                    CertificateReference(placement.batch_key, placement.position, make_salt())
                )
    judged = judge_materials(
        definition, grounds.application, submitted, workspace.latest_unix(), round=record.round
    )
    return Judgement(judged, tuple(reports), tuple(references[:MAX_RELIANCES]))


def _verify(workspace: Workspace, file: MaterialFile, region: RegionCode | None) -> Report | None:
    if file.kind is not MaterialKind.CERTIFICATE:
        return None
    return verify_document(workspace, file.content, relying_region=region)


def _of_notice(case_id: bytes, kind: NoticeKind, text: str, items: Sequence[str]) -> Advance:
    notice = make_notice(case_id, kind, text, items)
    return Advance(notice.digest, (notice,))


def _not_passed(judged: JudgedMaterials) -> ConflictError:
    told = [*judged.reasons]
    told += [
        f"{verdict.material.name}: {verdict.outcome} ({', '.join(verdict.reasons)})"
        for verdict in judged.verdicts
        if verdict.outcome != "PASSED"
    ]
    return ConflictError(
        f"the materials are {judged.outcome}: {'; '.join(told)}; ask for a supplement, refuse, or "
        "accept them despite that",
        code="materials_not_passed",
        field="case",
    )
