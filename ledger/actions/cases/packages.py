"""Making packages of a case's papers, and taking in only what the log knows of."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions.cases.acting import to_paper
from ledger.actions.cases.papers import find_grounds, find_opening, read_papers
from ledger.chain.case_reading import fetch_case
from ledger.errors import ConflictError, NotFoundError
from ledger.formats.case_documents import Application, CaseDocument
from ledger.formats.case_dossier import Dossier
from ledger.formats.case_materials import MaterialFile, MaterialsList
from ledger.formats.case_package import (
    CasePackage,
    PackageContext,
    Recipient,
    open_package,
    parse_package,
    seal_package,
)
from ledger.formats.case_receipt import HandOverReceipt
from ledger.identifiers import MemberId, Uscc
from ledger.index.store import IndexStore
from ledger.records import (
    EVENTS_BY_TOPIC,
    CaseHandedOver,
    CaseRecord,
    CaseTakenOver,
    HandOverMode,
    HandOverStatement,
)
from ledger.vault.case_rows import CaseRole, Paper
from ledger.workspace import Workspace


def make_package(workspace: Workspace, case_id: bytes, taker: Uscc, number: int) -> bytes:
    """Every paper of a case, for the member of a department.

    Args:
        number: of the hand-over, or of the case's newest act where there is none.

    Raises:
        NotFoundError: case_missing, content_erased, department_unknown.
    """
    member = workspace.gateway.department(taker).member
    if member is None:
        raise NotFoundError(f"no department {taker} is registered", code="department_unknown")
    keys = workspace.gateway.member(MemberId.parse(str(member))).keys
    recipient = Recipient(member, keys.encryption_x, keys.encryption_y)
    context = PackageContext(workspace.gateway.ledger_id, case_id, number)
    return seal_package(read_papers(workspace, case_id).to_json(), context, recipient)


def share_case(workspace: Workspace, case_id: bytes, department: Uscc) -> bytes:
    """A package for a department that decides jointly, or whom a supplement must reach.

    No hand-over is recorded: who has the case stays who it was.
    """
    record = fetch_case(workspace.gateway, case_id)
    return make_package(workspace, case_id, department, record.sequence)


def import_package(workspace: Workspace, package: bytes, case_id: bytes | None = None) -> bytes:
    """Keeps the papers of a package that was shared, and answers the case's id.

    Args:
        case_id: of which case it must be; None for whichever it is.

    Raises:
        As `take_over` of `ledger.actions.cases.travelling`.
    """
    workspace.sync_index()
    parsed = parse_package(package)
    require_case_of(parsed, case_id)
    case_id = parsed.context.case_id
    record = fetch_case(workspace.gateway, case_id)
    papers = read_dossier(workspace, parsed, record, parsed.context.number)
    opening = find_opening(workspace.index, case_id)
    cases = workspace.vault.cases
    with workspace.vault.transaction():
        cases.add(case_id, CaseRole.DECIDER, str(opening.item_code), opening.matter_version)
        cases.keep(case_id, papers)
    return case_id


def keep_receipt(
    workspace: Workspace, receipt: bytes, case_id: bytes | None = None
) -> HandOverReceipt:
    """Keeps the receipt that a taker sent back to this home, once it is what the log has.

    Args:
        case_id: of which case it must be; None for whichever it is.

    Raises:
        MalformedInputError: it is no receipt.
        ConflictError: receipt_differs: another is on the chain, or its seal is not the taker's.
            receipt_of_another_case.
    """
    workspace.sync_index()
    parsed = HandOverReceipt.parse(receipt)
    if case_id not in (None, parsed.case_id):
        raise ConflictError(
            f"the receipt is of case {parsed.case_id.hex()}",
            code="receipt_of_another_case",
            field="receipt",
        )
    return _keep_receipt(workspace, parsed)


def _keep_receipt(workspace: Workspace, receipt: HandOverReceipt) -> HandOverReceipt:
    key = workspace.gateway.seal_key(receipt.taker, receipt.key_id)
    recorded = _list_receipts(workspace.index, receipt.case_id)
    if receipt.digest not in recorded or not receipt.is_sealed_by(key.x, key.y):
        raise ConflictError(
            f"the receipt is not the one of {receipt.taker} that the log has of case "
            f"{receipt.case_id.hex()}",
            code="receipt_differs",
            field="receipt",
        )
    workspace.vault.cases.keep(receipt.case_id, [to_paper(receipt)])
    return receipt


def find_hand_over(
    index: IndexStore, case_id: bytes, hand_over_digest: bytes
) -> HandOverStatement | None:
    """A hand-over by the digest of its giver's statement."""
    for row in index.entries_of(case_id):
        if row.kind == CaseHandedOver.TOPIC and row.payload is not None:
            event = CaseHandedOver.decode_payload(row.payload)
            if event.hand_over_digest == hand_over_digest:
                return event.statement
    return None


def require_case_of(package: CasePackage, case_id: bytes | None) -> None:
    """Raises ConflictError, package_of_another_case, where a case is named that it is not of."""
    if case_id not in (None, package.context.case_id):
        raise ConflictError(
            f"the package is of case {package.context.case_id.hex()}",
            code="package_of_another_case",
            field="package",
        )


def was_handed_over(workspace: Workspace, case_id: bytes, digest: bytes) -> bool:
    """Whether the log has a hand-over of just this content; else a package was only shared.

    Args:
        digest: SHA-256 of the package, 32 bytes.
    """
    workspace.sync_index()
    return any(
        row.kind == CaseHandedOver.TOPIC
        and row.payload is not None
        and CaseHandedOver.decode_payload(row.payload).statement.digest == digest
        for row in workspace.index.entries_of(case_id)
    )


def require_content(given: HandOverStatement, package: CasePackage | None) -> None:
    """That what came is what the giver sealed.

    Raises:
        ConflictError: package_differs, package_expected.
    """
    is_package = given.mode is HandOverMode.NETWORK
    if is_package is (package is None):
        what = "a package" if is_package else "material on paper"
        raise ConflictError(
            f"{given.giver} handed over {what}", code="package_expected", field="package"
        )
    if package is not None and package.digest != given.digest:
        raise ConflictError(
            f"the package is not the one that {given.giver} sealed: its digest is "
            f"{package.digest.hex()}, the log has {given.digest.hex()}",
            code="package_differs",
            field="package",
        )


def read_dossier(
    workspace: Workspace, package: CasePackage, record: CaseRecord, number: int
) -> tuple[Paper, ...]:
    """The papers in a package, as far as the log knows of them.

    Args:
        number: that the package must have.

    Raises:
        As `open_package`; ConflictError: dossier_differs, where applicant or materials of the
            present round are not those of the log.
    """
    case_id = package.context.case_id
    expected = PackageContext(workspace.gateway.ledger_id, case_id, number)
    content = open_package(package, expected, workspace.keys.encryption())
    dossier = Dossier.parse(content)
    try:
        find_grounds(workspace.index, dossier, case_id, record.round)
    except NotFoundError as error:
        raise ConflictError(
            f"the package does not have what the log has of the case: {error.message}",
            code="dossier_differs",
            field="package",
        ) from error
    return tuple([to_paper(each) for each in _list_known(workspace.index, dossier, case_id)])


def _list_known(index: IndexStore, dossier: Dossier, case_id: bytes) -> Iterator[CaseDocument]:
    """The papers whose digests or commitments the log has."""
    digests = _list_digests(index, case_id)
    applicant = find_opening(index, case_id).applicant_commitment
    lists = [each for each in dossier.of(MaterialsList) if each.digest in digests]
    commitments = {material.commitment for each in lists for material in each.materials}
    for document in dossier.documents:
        match document:
            case Application():
                is_known = document.commitment == applicant
            case MaterialFile():
                is_known = document.listed.commitment in commitments
            case _:
                is_known = document.digest in digests
        if is_known:
            yield document


def _list_digests(index: IndexStore, case_id: bytes) -> set[bytes]:
    names = ("digest", "materials_digest", "identity_check_digest", "opinion_digest")
    found = set()
    for row in index.entries_of(case_id):
        event = EVENTS_BY_TOPIC.get(row.kind)
        if event is None or row.payload is None:
            continue
        statement = getattr(event.decode_payload(row.payload), "statement", None)
        found |= {getattr(statement, name) for name in names if hasattr(statement, name)}
    return found


def _list_receipts(index: IndexStore, case_id: bytes) -> set[bytes]:
    return {
        CaseTakenOver.decode_payload(row.payload).statement.digest
        for row in index.entries_of(case_id)
        if row.kind == CaseTakenOver.TOPIC and row.payload is not None
    }
