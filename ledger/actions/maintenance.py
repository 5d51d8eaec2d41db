"""What an operator asks of a home: how far it is, what became of what was under way."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.cases.settlement import settle_case_acts
from ledger.actions.issuance.anchoring import AnchoredBatch, settle_closed_batches
from ledger.actions.settlement import settle_acts
from ledger.chain.gateway import Gateway
from ledger.index.store import Cursor
from ledger.index.sync import SyncResult
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Heads:
    """How far the chain is, and how far the own copy of its log.

    Attributes:
        block_time_unix: of the newest block.
        chain_log_size, chain_log_root: of the log as the chain has it now.
        index_log_size, index_log_root: as the own copy has it.
        synced_to_unix: up to when the own copy is complete.
        unresolved: transactions of this home without a receipt.
    """

    ledger_id: bytes
    member: str
    block_number: int
    block_time_unix: int
    chain_log_size: int
    chain_log_root: bytes
    index_log_size: int
    index_log_root: bytes
    synced_to_unix: int
    unresolved: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of what had been sent.

    Attributes:
        anchored: batches that an interrupted run had closed and that are anchored now.
        unknown_status_acts, unknown_case_acts: acts whose outcome the chain does not tell yet.
        unresolved: transactions without a receipt.
    """

    anchored: tuple[AnchoredBatch, ...]
    unknown_status_acts: int
    unknown_case_acts: int
    unresolved: int


def read_heads(workspace: Workspace) -> Heads:
    """How far the chain is, and how far the own copy of its log.

    While the chain is away, a read is told where it was when the two were last compared.
    """
    index = workspace.index
    cursor = index.cursor()
    number, time_unix, size, root = workspace.ask_chain(_ask_head, _find_known_head)
    return Heads(
        cursor.ledger_id,
        str(workspace.member),
        number,
        time_unix,
        size,
        root,
        cursor.size,
        index.root(cursor.size),
        cursor.synced_to_unix,
        _count_unresolved(workspace),
    )


def sync_index(workspace: Workspace) -> SyncResult:
    """Reads what is new on the chain into the own copy of the log.

    Raises:
        StorageError: index_root_mismatch, the copy is not what the chain recorded.
    """
    return workspace.sync_index()


def rebuild_index(workspace: Workspace) -> SyncResult:
    """Makes the own copy of the log anew from the chain, and puts it in place of the old.

    Readers go on meanwhile.

    Raises:
        StorageError: index_rebuilding, another process is at it.
    """
    return workspace.rebuild_index()


def settle(workspace: Workspace) -> Settled:
    """Finds out what became of what was sent, and goes on with what an interrupted run left.

    Raises:
        ChainUnavailableError: the chain does not answer; call it again.
    """
    workspace.submitter.resolve_unfinished()
    unknown = settle_acts(workspace)
    unknown_on_cases = settle_case_acts(workspace)
    anchored = settle_closed_batches(workspace)
    return Settled(
        tuple(anchored), len(unknown), len(unknown_on_cases), _count_unresolved(workspace)
    )


def _ask_head(gateway: Gateway) -> tuple[int, int, int, bytes]:
    head = gateway.head()
    return head.block_number, head.time_unix, gateway.log_size(), gateway.log_root()


def _find_known_head(cursor: Cursor) -> tuple[int, int, int, bytes]:
    return cursor.next_block - 1, cursor.synced_to_unix, cursor.size, cursor.proved_root


def _count_unresolved(workspace: Workspace) -> int:
    return len(workspace.vault.outbox.unresolved(workspace.submitter.account))
