"""Recomputes what this home holds and compares it with what the chain recorded.

Every value against its column's type; certificates against leaf hashes, leaf hashes against roots,
roots against the chain, status words against their recorded changes, acts against their signatures
and the log, the index against itself and the chain's log, the outbox against its transactions and
their receipts. Damage and erasure are told apart. Changes nothing; only acts whose outcome the
chain tells are marked with it. What can be mended is mended by `repair`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ledger.actions.access_check import check_access
from ledger.actions.act_check import find_act_damage
from ledger.actions.batch_check import Problem
from ledger.actions.batch_checks import check_batches, describe_malformed
from ledger.actions.cases.case_check import check_cases
from ledger.actions.cases.settlement import settle_case_acts
from ledger.actions.delivery_check import check_deliveries
from ledger.actions.lost_batches import ADVICE, LostBatch, find_lost_batches
from ledger.actions.outbox_check import (
    describe_outcome,
    find_altered_transactions,
    find_outbox_damage,
)
from ledger.actions.passphrase import MARKER_NAME
from ledger.actions.record_check import (
    check_erasures,
    check_holds,
    check_officers,
    check_runs,
    check_successions,
)
from ledger.actions.request_check import check_requests
from ledger.actions.settlement import settle_acts
from ledger.errors import ChainUnavailableError, LedgerError, NotFoundError, StorageError
from ledger.index.checking import find_damage
from ledger.index.reading import CHAIN_LOST_BLOCKS
from ledger.vault.access_tables import ACCESS_TABLES
from ledger.vault.case_tables import CASE_TABLES
from ledger.vault.delivery_tables import DELIVERY_TABLES
from ledger.vault.request_tables import REQUEST_TABLES
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
    malformed = workspace.vault.malformed.find()
    problems = list(_check_files(workspace))
    problems += map(describe_malformed, malformed)
    index_root, damage = _check_index(workspace)
    found = check_batches(workspace, malformed, is_index_good=not damage)
    problems += [*damage, *found.problems]
    problems += _check_records(workspace, {value.table for value in malformed}, bool(damage))
    remarks = list(_remark_unfinished(workspace)) if not malformed else []
    if not damage and not malformed:
        found_lost, given_up = _tell_lost(workspace)
        problems, remarks = problems + found_lost, remarks + given_up
    return FsckReport(
        found.certificates,
        found.batches,
        found.erased,
        log_size,
        log_root,
        index_root,
        tuple(problems),
        tuple(remarks),
    )


def _check_files(workspace: Workspace) -> Iterator[Problem]:
    try:
        for message in workspace.vault.integrity_check():
            yield Problem("vault_damaged", "vault", message)
    except StorageError as error:
        yield Problem(error.code, "vault", error.message)


def _check_records(
    workspace: Workspace, malformed: set[str], is_index_damaged: bool
) -> Iterator[Problem]:
    """Checks of everything but batches, each left out where a table that it reads is malformed."""
    checks: list[tuple[Callable[[Workspace], Iterator[Problem]], set[str]]] = [
        (check_officers, {"officers", "acts", "erasures", "holds", "case_acts"}),
        (check_holds, {"holds", "certificates", "batches"}),
        (check_successions, {"successions", "certificates", "data_keys", "batches"}),
        (check_runs, {"runs"}),
        (check_access, {table.name for table in ACCESS_TABLES}),
        (check_requests, {table.name for table in REQUEST_TABLES} | {"batches", "certificates"}),
        (check_erasures, {"erasures", "certificates", "batches"}),
        (_check_outbox, {"outbox"}),
    ]
    if not is_index_damaged:
        checks.append((_check_acts, {"acts"}))
        checks.append((check_cases, {table.name for table in CASE_TABLES} | {"erasures"}))
        checks.append((check_deliveries, {table.name for table in DELIVERY_TABLES}))
    for check, tables in checks:
        if not tables & malformed:
            yield from _tell_all(workspace, check)


def _tell_all(
    workspace: Workspace, check: Callable[[Workspace], Iterator[Problem]]
) -> Iterator[Problem]:
    """What a check finds until a row of the vault cannot be read, itself a problem."""
    try:
        yield from check(workspace)
    except (NotFoundError, StorageError) as error:
        yield Problem(error.code, "vault", error.message)


def _check_acts(workspace: Workspace) -> Iterator[Problem]:
    for act, message in find_act_damage(workspace):
        yield Problem("act_differs", f"acts {act.pk}", f"{act.kind}: {message}")


def _tell_lost(workspace: Workspace) -> tuple[list[Problem], list[str]]:
    problems, remarks = [], []
    held = workspace.vault.batches.in_state(*BatchState)
    known = {batch.batch_key for batch in held}
    for lost in find_lost_batches(workspace, held=held):
        if lost.batch_key in known:
            continue  # told by `check_strays`
        if lost.is_given_up:
            remarks.append(_remark_given_up(lost))
        else:
            problems.append(_describe_lost(lost))
    return problems, remarks


def _check_index(workspace: Workspace) -> tuple[bytes, list[Problem]]:
    """The index's log root, and what is wrong with it."""
    problems = []
    try:
        root = workspace.sync_index().root
        for message in find_damage(workspace.index):
            told = f"{message}; run `zhenglian index rebuild`"
            problems.append(Problem("index_altered", "index", told))
    except LedgerError as error:
        if isinstance(error, ChainUnavailableError) and error.code != CHAIN_LOST_BLOCKS:
            raise
        return b"", [*problems, Problem(error.code, "index", error.message)]
    return root, problems


def _check_outbox(workspace: Workspace) -> Iterator[Problem]:
    for row, outcome in find_outbox_damage(workspace):
        yield Problem(
            "outbox_differs",
            f"0x{row.transaction_hash.hex()}",
            f"the outbox says {row.state} ({row.purpose}), the chain that "
            f"{describe_outcome(outcome)}",
        )

    for row, message in find_altered_transactions(workspace):
        yield Problem(
            "outbox_differs",
            f"0x{row.transaction_hash.hex()}",
            f"outbox {row.pk}: {message}; `zhenglian fsck --repair` takes over what the "
            "transaction itself says",
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
    try:
        unknown_on_cases = settle_case_acts(workspace)
    except StorageError:  # told as a problem of the index
        unknown_on_cases = workspace.vault.cases.open_acts()
    for on_case in unknown_on_cases:
        told = f"{on_case.kind} on case {on_case.case_id.hex()}"
        yield f"{told} was signed; whether it was recorded is unknown"
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
