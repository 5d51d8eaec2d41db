"""Recomputes what this home holds and compares it with what the chain recorded.

Certificates against leaf hashes, leaf hashes against roots, roots against the chain, status words
against their recorded changes, the index against itself and the chain's log, the outbox against
receipts. Damage and erasure are told apart. Changes nothing; only acts whose outcome the chain
tells are marked with it. What can be mended is mended by `repair`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.actions.batch_check import (
    Problem,
    check_anchoring,
    check_certificates,
    check_on_chain,
    check_root,
    check_statuses,
    check_strays,
)
from ledger.actions.lost_batches import ADVICE, LostBatch, find_lost_batches
from ledger.actions.outbox_check import describe_outcome, find_outbox_damage
from ledger.actions.passphrase import MARKER_NAME
from ledger.actions.settlement import settle_acts
from ledger.errors import ChainUnavailableError, LedgerError, StorageError
from ledger.index.checking import find_damage
from ledger.vault.tables import ActState, BatchState
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FsckReport:
    """What was checked and found.

    Attributes:
        certificates: whose content was read; erased: whose content was erased on purpose.
        index_log_root: empty where the index cannot be read.
        remarks: what is not damage but not finished either.
    """

    certificates: int
    batches: int
    erased: int
    log_size: int
    chain_log_root: bytes
    index_log_root: bytes
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...]


def fsck(workspace: Workspace) -> FsckReport:
    """Checks a whole home. Raises ChainUnavailableError when the chain cannot be asked."""
    log_size, log_root = workspace.gateway.log_size(), workspace.gateway.log_root()
    problems = [
        Problem("vault_damaged", "vault", message) for message in workspace.vault.integrity_check()
    ]
    index_root, damage = _check_index(workspace)
    problems += damage
    certificates = erased = 0
    anchored = workspace.vault.batches.in_state(BatchState.ANCHORED)
    for batch in workspace.vault.batches.in_state(BatchState.CLOSED):
        problems += check_root(workspace, batch)
    for batch in anchored:
        problems += check_root(workspace, batch)
        problems += check_on_chain(workspace, batch)
        found, gone, wrong = check_certificates(workspace, batch)
        certificates, erased, problems = certificates + found, erased + gone, problems + wrong
        if not damage:
            problems += check_anchoring(workspace, batch)
            problems += check_statuses(workspace, batch)
    problems += check_strays(workspace)
    problems += _check_erasures(workspace)
    problems += _check_outbox(workspace)
    remarks = list(_remark_unfinished(workspace))
    if not damage:
        known = {batch.batch_key for batch in workspace.vault.batches.in_state(*BatchState)}
        for lost in find_lost_batches(workspace):
            if lost.batch_key in known:
                continue  # told by `check_strays`
            if lost.is_given_up:
                remarks.append(_remark_given_up(lost))
            else:
                problems.append(_describe_lost(lost))
    return FsckReport(
        certificates,
        len(anchored),
        erased,
        log_size,
        log_root,
        index_root,
        tuple(problems),
        tuple(remarks),
    )


def _check_index(workspace: Workspace) -> tuple[bytes, list[Problem]]:
    """The index's log root, and what is wrong with it."""
    problems = []
    try:
        root = workspace.sync_index().root
        for message in find_damage(workspace.index):
            told = f"{message}; run `zhenglian index rebuild`"
            problems.append(Problem("index_altered", "index", told))
    except ChainUnavailableError:
        raise
    except LedgerError as error:
        return b"", [*problems, Problem(error.code, "index", error.message)]
    return root, problems


def _check_erasures(workspace: Workspace) -> Iterator[Problem]:
    for erasure in workspace.vault.erasures.undone():
        yield Problem(
            "erased_content_returned",
            erasure.identifier,
            f"it was erased ({erasure.reason}), and its data key is here again; `zhenglian fsck "
            "--repair` erases it again",
        )


def _check_outbox(workspace: Workspace) -> Iterator[Problem]:
    for row, outcome in find_outbox_damage(workspace):
        yield Problem(
            "outbox_differs",
            f"0x{row.transaction_hash.hex()}",
            f"the outbox says {row.state} ({row.purpose}), the chain that "
            f"{describe_outcome(outcome)}",
        )


def _remark_unfinished(workspace: Workspace) -> Iterator[str]:
    """What an interrupted run left; it is not damage."""
    if (workspace.home / MARKER_NAME).exists():
        yield "a change of the passphrase was interrupted: run `zhenglian passphrase change` again"
    for batch in workspace.vault.batches.in_state(BatchState.OPEN, BatchState.CLOSED):
        yield (
            f"batch {batch.batch_key.hex()} with {batch.count} certificates is {batch.state}, "
            "not anchored: run the interrupted `zhenglian issue` again"
        )
    for row in workspace.vault.outbox.unresolved(workspace.submitter.account):
        yield f"transaction 0x{row.transaction_hash.hex()} ({row.purpose}) has no receipt yet"
    try:
        unknown = settle_acts(workspace)
    except StorageError:  # told as a problem of the index
        unknown = workspace.vault.acts.in_state(ActState.PREPARED, ActState.SENT)
    for act in unknown:
        yield f"{act.kind} number {act.sequence} was signed; whether it was recorded is unknown"


def _describe_lost(lost: LostBatch) -> Problem:
    return Problem(
        "batch_lost",
        lost.batch_key.hex(),
        f"the chain has it with {lost.count} certificates sealed with a key of this home, the "
        f"vault has not; {ADVICE}",
    )


def _remark_given_up(lost: LostBatch) -> str:
    why = "no verifier accepts it, as its key was compromised by then"
    if not lost.is_void:
        why = f"all of its {lost.count} certificates are revoked"
    return f"batch {lost.batch_key.hex()} is not in the vault; {why}"
