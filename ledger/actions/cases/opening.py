"""收件: the window receives an application, checks who applies, and opens the case."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from ledger.actions.cases.acting import (
    ActPlan,
    CaseResult,
    begin,
    carry_out,
    encode_request,
    find_recorded,
    to_done,
)
from ledger.actions.cases.deadlines import ACCEPTANCE_DAYS, compute_due
from ledger.actions.catalogue import read_recorded
from ledger.actions.issuers import choose_issuer
from ledger.actions.turns import take_turn
from ledger.chain.case_reading import fetch_case, fetch_matter_version
from ledger.errors import ConflictError
from ledger.formats.case_documents import (
    Application,
    Delegation,
    IdentityCheck,
    Party,
    make_salt,
)
from ledger.formats.case_materials import MaterialFile, MaterialKind, MaterialsList
from ledger.formats.evidence import parse_evidence
from ledger.identifiers import CertificateType, ItemCode, Uscc
from ledger.records import CaseOpeningStatement, CaseState, Channel
from ledger.vault.case_rows import CaseRole
from ledger.workspace import Workspace

OPENING_VALIDITY_S = 3600
FINAL_STATES = frozenset({CaseState.NOT_ACCEPTED, CaseState.DELIVERED, CaseState.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A material that somebody hands in; `content` is the file, of a certificate its evidence."""

    name: str
    kind: MaterialKind
    certificate_type: CertificateType | None
    content: bytes

    def to_request(self) -> dict[str, object]:
        """What makes it the same material, as JSON."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "type": str(self.certificate_type or ""),
            "sha256": sha256(self.content).hexdigest(),
        }

    def to_file(self) -> MaterialFile:
        """Under a fresh salt."""
        return MaterialFile(self.name, self.kind, self.certificate_type, make_salt(), self.content)


@dataclass(frozen=True, slots=True)
class Submission:
    """An application as it comes in.

    Attributes:
        identity_method: how the window made sure who applies (身份核验).
    """

    item_code: ItemCode
    applicant: Party
    materials: Sequence[HandedIn]
    channel: Channel = Channel.WINDOW
    delegations: Sequence[Delegation] = ()
    identity_method: str = "居民身份证"
    identity_note: str = ""


def submit_case(
    workspace: Workspace, department: Uscc, submission: Submission, officer: str | None = None
) -> CaseResult:
    """Opens a case at a window of this home.

    The same application again is the same case while that has not ended.

    Args:
        department: whose window it is (收件地).

    Raises:
        NotFoundError: the matter or its definition is not here.
        ConflictError: matter_ended; MatterVersionNotInForceError.
    """
    request = _to_request(department, submission)
    with take_turn(workspace, encode_request("open", request)):
        return _submit_once(workspace, department, submission, request, officer)


def _submit_once(
    workspace: Workspace,
    department: Uscc,
    submission: Submission,
    request: Mapping[str, object],
    officer: str | None,
) -> CaseResult:
    begin(workspace)
    earlier = find_recorded(workspace, None, "open", request)
    if earlier is not None:
        record = fetch_case(workspace.gateway, earlier.case_id)
        if record.state not in FINAL_STATES:
            return to_done(workspace, earlier, record)
    return _open(workspace, department, submission, request, officer)


def receive_application(
    workspace: Workspace,
    submission: Submission,
    department: Uscc | None = None,
    officer: str | None = None,
) -> CaseResult:
    """收件 at the window of a department, by default the only one of this home.

    Of a certificate among the materials the type need not be given: its evidence tells it.

    Raises:
        ConflictError: issuer_ambiguous: several departments, none named; and as `submit_case`.
        MalformedInputError: a certificate's evidence cannot be read.
    """
    window = department or choose_issuer(workspace)
    materials = [_complete(each) for each in submission.materials]
    return submit_case(workspace, window, replace(submission, materials=materials), officer)


def _complete(material: HandedIn) -> HandedIn:
    if material.kind is not MaterialKind.CERTIFICATE or material.certificate_type is not None:
        return material
    told = parse_evidence(material.content).certificate.type
    return replace(material, certificate_type=told)


def _open(
    workspace: Workspace,
    department: Uscc,
    submission: Submission,
    request: Mapping[str, object],
    officer: str | None,
) -> CaseResult:
    version = _require_version(workspace, submission.item_code)
    files = [material.to_file() for material in submission.materials]
    listed = MaterialsList(make_salt(), 1, tuple(file.listed for file in files))
    application = Application(
        make_salt(), submission.item_code, submission.applicant, tuple(submission.delegations)
    )
    now_unix = workspace.latest_unix()
    check = IdentityCheck(
        make_salt(), submission.identity_method, now_unix, submission.identity_note
    )
    is_handler = department == submission.item_code.department
    accept_by = compute_due(workspace, ACCEPTANCE_DAYS) if is_handler else 0
    nonce = secrets.token_bytes(32)
    case_id = compute_case_id(department, nonce)

    def build(key_id: bytes, _: int, officer_commitment: bytes) -> CaseOpeningStatement:
        return CaseOpeningStatement(
            department,
            key_id,
            nonce,
            submission.item_code,
            version,
            submission.channel,
            application.commitment,
            listed.digest,
            check.digest,
            officer_commitment,
            accept_by,
            now_unix + OPENING_VALIDITY_S,
        )

    role = CaseRole.HANDLER if is_handler else CaseRole.RECEIVER
    workspace.vault.cases.add(case_id, role, str(submission.item_code), version)
    papers = (application, check, listed, *files)
    plan = ActPlan(case_id, "open", department, request, officer, build, papers, (), 1, accept_by)
    return carry_out(workspace, plan)


def compute_case_id(department: Uscc, nonce: bytes) -> bytes:
    """SHA-256(department, 18 bytes || nonce, 32 bytes)."""
    return sha256(department.to_chain() + nonce).digest()


def _require_version(workspace: Workspace, item_code: ItemCode) -> int:
    workspace.sync_index()
    version = fetch_matter_version(workspace.gateway, item_code)
    definition = read_recorded(workspace, item_code, version or None)
    if not definition.steps:
        raise ConflictError(
            f"{item_code} was ended by its version {version}: no application is received",
            code="matter_ended",
            field="item_code",
        )
    return version


def _to_request(department: Uscc, submission: Submission) -> dict[str, object]:
    people = {
        "applicant": submission.applicant.to_members(),
        "delegations": [each.to_members() for each in submission.delegations],
    }
    return {
        "department": str(department),
        "item_code": str(submission.item_code),
        "people": people,
        "materials": [material.to_request() for material in submission.materials],
        "channel": submission.channel.name,
    }
