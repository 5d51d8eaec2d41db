"""Cases over the network: a hand-over or a share is sent, taken from the inbox, receipted back."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.cases.acting import CaseResult, choose_department
from ledger.actions.cases.packages import (
    import_package,
    keep_receipt,
    share_case,
    was_handed_over,
)
from ledger.actions.cases.travelling import hand_over, take_over
from ledger.actions.deliveries.inbox import HERE, open_delivery
from ledger.actions.deliveries.queueing import queue_delivery
from ledger.chain.case_reading import fetch_case
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError, StorageError
from ledger.formats.case_package import PACKAGE_FORMAT, parse_package
from ledger.formats.envelope import DeliveryKind
from ledger.identifiers import Uscc
from ledger.records import HandOverMode
from ledger.vault.delivery_tables import Direction
from ledger.workspace import Workspace

SHORT_ID = 16


@dataclass(frozen=True, slots=True)
class SentCase:
    """Papers of a case on their way.

    Attributes:
        result: the sealed hand-over; None where the papers are only shared.
        delivery_id: under which `list_outgoing` tells how far they are.
    """

    case_id: bytes
    receiver: Uscc
    delivery_id: bytes
    result: CaseResult | None = None


@dataclass(frozen=True, slots=True)
class TakenCase:
    """Papers of a case that were taken from the inbox.

    Attributes:
        result: the sealed take-over; None where the papers were only shared.
        receipt_delivery: under which its receipt goes back, if there is one.
    """

    case_id: bytes
    result: CaseResult | None = None
    receipt_delivery: bytes | None = None


def send_hand_over(workspace: Workspace, case_id: bytes, officer: str | None = None) -> SentCase:
    """Hands a case's material over to the other side and sends it there; again, it is sent once.

    Raises:
        As `hand_over` and `queue_delivery`.
    """
    given = hand_over(workspace, case_id, HandOverMode.NETWORK, officer=officer)
    record = fetch_case(workspace.gateway, case_id)
    if given.package is None:
        raise ConflictError(
            f"the material of case {case_id.hex()} was handed over on paper", code="nothing_to_send"
        )
    is_result = record.custodian == record.handler
    queued = queue_delivery(
        workspace,
        DeliveryKind.RESULT if is_result else DeliveryKind.CASE_PACKAGE,
        given.taker,
        given.package,
        sender=record.custodian,
        name=f"{case_id.hex()[:SHORT_ID]}.case",
        subject=case_id.hex(),
    )
    return SentCase(case_id, given.taker, queued.delivery.delivery_id, given.result)


def send_share(workspace: Workspace, case_id: bytes, department: Uscc) -> SentCase:
    """Sends the papers of a case to a department that decides jointly; again, they are sent once.

    Raises:
        As `share_case` and `queue_delivery`; NotFoundError, code not_our_case.
    """
    record = fetch_case(workspace.gateway, case_id)
    sender = choose_department(workspace, record.custodian, record.handler, record.receiver)
    queued = queue_delivery(
        workspace,
        DeliveryKind.MATERIALS,
        department,
        share_case(workspace, case_id, department),
        sender=sender,
        name=f"{case_id.hex()[:SHORT_ID]}.case",
        subject=case_id.hex(),
        reference=f"share {case_id.hex()} {record.sequence}",
    )
    return SentCase(case_id, department, queued.delivery.delivery_id)


def receive_case(
    workspace: Workspace, delivery_id: bytes, note: str = "", officer: str | None = None
) -> TakenCase:
    """Takes papers of a case from the inbox: what was handed over is taken over, the rest kept.

    The receipt of a take-over goes back by itself.

    Raises:
        ConflictError: delivery_no_case; and as `take_over` and `open_delivery`.
    """
    stored = workspace.vault.deliveries.get(delivery_id)
    content = b"".join(open_delivery(workspace, delivery_id))
    if not content.startswith(PACKAGE_FORMAT.encode()):
        raise ConflictError(
            f"delivery {delivery_id.hex()} holds a {stored.kind} and no papers of a case",
            code="delivery_no_case",
        )
    package = parse_package(content)
    case_id = package.context.case_id
    if not was_handed_over(workspace, case_id, package.digest):
        imported = import_package(workspace, content)
        workspace.vault.deliveries.mark_taken(delivery_id)
        return TakenCase(imported)
    taken = take_over(workspace, content, note=note, officer=officer)
    queued = queue_delivery(
        workspace,
        DeliveryKind.RECEIPT,
        stored.sender,
        taken.receipt,
        sender=stored.receiver,
        name=f"{case_id.hex()[:SHORT_ID]}-receipt.json",
        subject=case_id.hex(),
    )
    workspace.vault.deliveries.mark_taken(delivery_id)
    return TakenCase(case_id, taken.result, queued.delivery.delivery_id)


def file_receipts(workspace: Workspace) -> list[bytes]:
    """Keeps the receipts of take-overs that came back, each once the log has it.

    Returns:
        Ids of the deliveries that were filed. Why one is not is noted with it, for people.

    Raises:
        ChainUnavailableError, StorageError: the rest is done the next time.
    """
    filed = []
    for each in workspace.vault.deliveries.search(Direction.IN, HERE):
        is_new = each.taken_at_unix is None and each.discarded_at_unix is None
        if each.kind is not DeliveryKind.RECEIPT or not is_new or each.reason is not None:
            continue
        try:
            keep_receipt(workspace, b"".join(open_delivery(workspace, each.delivery_id)))
        except (ChainUnavailableError, StorageError):
            raise
        except LedgerError as error:
            workspace.vault.deliveries.note_reason(each.delivery_id, error.code)
        else:
            workspace.vault.deliveries.mark_taken(each.delivery_id)
            filed.append(each.delivery_id)
    return filed
