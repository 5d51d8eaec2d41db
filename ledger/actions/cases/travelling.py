"""异地代收代办: how a case's material travels; each hand-over is sealed by giver and taker.

Between provinces it travels as a package encrypted to the taking member. What is taken is compared
with what the log has of it before it is receipted.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.cases.acting import (
    ActPlan,
    CaseResult,
    begin,
    carry_out,
    choose_department,
    find_done,
)
from ledger.actions.cases.deadlines import ACCEPTANCE_DAYS, compute_due
from ledger.actions.cases.packages import (
    find_hand_over,
    make_package,
    read_dossier,
    require_case_of,
    require_content,
)
from ledger.actions.cases.papers import find_opening, require_case
from ledger.actions.issuers import find_seal_key
from ledger.actions.turns import take_turn
from ledger.chain.case_reading import fetch_case
from ledger.errors import ConflictError, MalformedInputError
from ledger.formats.case_documents import Notice, NoticeKind, make_salt
from ledger.formats.case_package import PACKAGE_FORMAT, CasePackage, parse_package
from ledger.formats.case_receipt import HandOverReceipt
from ledger.identifiers import Uscc
from ledger.records import (
    CaseRecord,
    CaseState,
    HandOverMode,
    HandOverStatement,
    TakeOverStatement,
)
from ledger.vault.case_rows import CaseRole, Paper
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class HandOver:
    """A hand-over that its giver has sealed.

    Attributes:
        package: to be sent to the taker; None where the material travels on paper.
    """

    result: CaseResult
    taker: Uscc
    package: bytes | None


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A hand-over that its taker has sealed. Attributes: receipt: to be sent to the giver."""

    result: CaseResult
    receipt: bytes


def hand_over(
    workspace: Workspace,
    case_id: bytes,
    mode: HandOverMode = HandOverMode.NETWORK,
    text: str = "",
    officer: str | None = None,
) -> HandOver:
    """Gives the material to the other side: of 收件地 and 办理地 the one that has it not.

    Args:
        text: of material on paper what it is and how it travels (运单号).

    Raises:
        ConflictError: HandOverPendingError, NotCustodianError, CaseStateUnexpectedError.
        MalformedInputError: paper without a text.
    """
    with take_turn(workspace, case_id):
        return _give(workspace, case_id, mode, text, officer)


def _give(
    workspace: Workspace, case_id: bytes, mode: HandOverMode, text: str, officer: str | None
) -> HandOver:
    begin(workspace)
    record = fetch_case(workspace.gateway, case_id)
    request = {"mode": mode.name, "text": text}
    if (done := find_done(workspace, case_id, "hand_over", request)) is not None:
        return _recall_hand_over(workspace, case_id, done, record)
    require_case(workspace, case_id)
    giver, taker = _choose_sides(workspace, record)
    content = _make_content(workspace, case_id, record, taker, mode, text)

    def build(key_id: bytes, sequence: int, officer_commitment: bytes) -> HandOverStatement:
        return HandOverStatement(
            giver, key_id, case_id, sequence, taker, mode, content.digest, officer_commitment
        )

    plan = ActPlan(
        case_id,
        "hand_over",
        giver,
        request,
        officer,
        build,
        (content,),
        sequence=record.sequence + 1,
    )
    result = carry_out(workspace, plan)
    return HandOver(result, taker, content.content if mode is HandOverMode.NETWORK else None)


def take_over(
    workspace: Workspace,
    package: bytes | None = None,
    *,
    case_id: bytes | None = None,
    note: str = "",
    officer: str | None = None,
) -> TakeOver:
    """Takes what was handed over, keeps it, and seals a receipt.

    Args:
        package: of material that came over the network.
        case_id: of material that came on paper; of a package, which it must be of.
        note: what was found on taking it.

    Raises:
        MalformedInputError: package_malformed, package_truncated, package_altered;
            DueDateOutOfRangeError.
        NotAuthorizedError: package_for_another_member.
        ConflictError: package_of_another_case, package_differs, dossier_differs,
            hand_over_missing.
    """
    workspace.sync_index()
    parsed = None if package is None else parse_package(package)
    if parsed is not None:
        require_case_of(parsed, case_id)
    taken = case_id if parsed is None else parsed.context.case_id
    if taken is None:
        raise MalformedInputError("expected a package or a case", field="package")
    with take_turn(workspace, taken):
        return _take_once(workspace, taken, parsed, note, officer)


def _take_once(
    workspace: Workspace,
    taken: bytes,
    parsed: CasePackage | None,
    note: str,
    officer: str | None,
) -> TakeOver:
    begin(workspace)
    record = fetch_case(workspace.gateway, taken)
    request = {"content": "" if parsed is None else parsed.digest.hex(), "note": note}
    if (done := find_done(workspace, taken, "take_over", request)) is not None:
        return TakeOver(done, _find_receipt(workspace, taken))
    return _take(workspace, taken, record, parsed, request, officer)


def _take(
    workspace: Workspace,
    case_id: bytes,
    record: CaseRecord,
    package: CasePackage | None,
    request: dict[str, str],
    officer: str | None,
) -> TakeOver:
    given = _require_pending(workspace, case_id, record)
    taker = choose_department(workspace, given.taker)
    require_content(given, package)
    is_to_accept = taker == record.handler and record.state is CaseState.RECEIVED
    due = compute_due(workspace, ACCEPTANCE_DAYS) if is_to_accept else 0
    papers: tuple[Paper, ...] = ()
    if package is not None:
        papers = read_dossier(workspace, package, record, given.sequence)
    opening = find_opening(workspace.index, case_id)
    role = CaseRole.HANDLER if taker == record.handler else CaseRole.RECEIVER
    workspace.vault.cases.add(case_id, role, str(opening.item_code), opening.matter_version)
    key = find_seal_key(workspace, taker)
    receipt = HandOverReceipt.sign(
        workspace.gateway.ledger_id,
        case_id,
        record.pending_hand_over,
        given.digest,
        taker,
        key.private_key,
        workspace.latest_unix(),
        request["note"],
    )

    def build(key_id: bytes, sequence: int, officer_commitment: bytes) -> TakeOverStatement:
        return TakeOverStatement(
            taker,
            key_id,
            case_id,
            sequence,
            record.pending_hand_over,
            receipt.digest,
            due,
            officer_commitment,
        )

    plan = ActPlan(
        case_id,
        "take_over",
        taker,
        request,
        officer,
        build,
        (*papers, receipt),
        sequence=record.sequence + 1,
        due_at_unix=due,
    )
    return TakeOver(carry_out(workspace, plan), receipt.to_json())


def _choose_sides(workspace: Workspace, record: CaseRecord) -> tuple[Uscc, Uscc]:
    """Giver and taker."""
    giver = choose_department(workspace, record.custodian)
    other = record.receiver if record.custodian == record.handler else record.handler
    if other is None or other == giver:
        raise ConflictError(
            f"{giver} received the case and decides it: there is nobody to hand it to",
            code="hand_over_to_itself",
            field="case",
        )
    return giver, other


def _make_content(
    workspace: Workspace,
    case_id: bytes,
    record: CaseRecord,
    taker: Uscc,
    mode: HandOverMode,
    text: str,
) -> Paper:
    if mode is HandOverMode.NETWORK:
        package = make_package(workspace, case_id, taker, record.sequence + 1)
        return Paper(PACKAGE_FORMAT, package)
    if not text.strip():
        raise MalformedInputError("text: expected what travels, and how", field="text")
    consignment = Notice(make_salt(), case_id, NoticeKind.CONSIGNMENT, text)
    return Paper(consignment.FORMAT, consignment.to_json())


def _recall_hand_over(
    workspace: Workspace, case_id: bytes, done: CaseResult, record: CaseRecord
) -> HandOver:
    """One that was sealed before, with its package."""
    given = _require_pending(workspace, case_id, record)
    cases = workspace.vault.cases
    for stored in cases.papers_of(case_id):
        if stored.kind == PACKAGE_FORMAT and stored.digest == given.digest:
            return HandOver(done, given.taker, cases.read(stored).content)
    return HandOver(done, given.taker, None)


def _require_pending(workspace: Workspace, case_id: bytes, record: CaseRecord) -> HandOverStatement:
    workspace.sync_index()
    given = find_hand_over(workspace.index, case_id, record.pending_hand_over)
    if given is None:
        raise ConflictError(
            f"nothing of case {case_id.hex()} is on its way: no hand-over awaits its taker",
            code="hand_over_missing",
            field="case",
        )
    return given


def _find_receipt(workspace: Workspace, case_id: bytes) -> bytes:
    """The newest receipt of this home."""
    cases = workspace.vault.cases
    kept = [p for p in cases.papers_of(case_id) if p.kind == HandOverReceipt.FORMAT]
    return cases.read(kept[-1]).content
