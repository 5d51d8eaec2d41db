"""Batches sealed with a key of this home that its vault has not: after an old backup, or a theft.

Nobody can tell which certificates are in them: while they are in force, issuing a row again could
give it a second certificate. So nothing is issued until a newer backup is back, or the certificates
are revoked. What was anchored after its key's compromise is no verifier's certificate and is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.actions.batch_history import find_anchoring, iterate_status_changes
from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.departments import read_department
from ledger.actions.lifecycle import StatusResult, record_change
from ledger.actions.settlement import STATUS_ACTS, settle_acts
from ledger.actions.status_targets import read_target
from ledger.errors import ConflictError, NotFoundError
from ledger.formats.status_list import EMPTY_WORD, get_status, word_index
from ledger.identifiers import CertificateType, Uscc
from ledger.records import BatchAnchored
from ledger.vault.batches import BatchRow
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace

ADVICE = (
    "was an old backup restored? Restore a newer one; if there is none, revoke what is lost with "
    "`zhenglian lost-batches revoke`. If nobody here issued it, the key is stolen: declare that "
    "with `zhenglian issuer compromise`"
)
_NAMED = 5


@dataclass(frozen=True, slots=True)
class LostBatch:
    """A batch on the chain that the vault lacks.

    Attributes:
        batch_key: 32 bytes.
        in_force: positions that are neither revoked nor superseded.
        is_void: anchored after its key's compromise, so that no verifier accepts it.
    """

    issuer: Uscc
    batch_key: bytes
    certificate_type: CertificateType
    count: int
    anchored_at_unix: int
    log_index: int
    in_force: tuple[int, ...]
    is_void: bool

    @property
    def is_given_up(self) -> bool:
        """Whether none of its certificates can be relied on any more."""
        return self.is_void or not self.in_force


def find_lost_batches(
    workspace: Workspace, issuer: Uscc | None = None, held: Sequence[BatchRow] | None = None
) -> Iterator[LostBatch]:
    """The lost batches of one department, or of all of this home, oldest first.

    Those are meant that were sealed with a key which this home holds or has used. The index must
    be up to date.

    Args:
        held: every batch of the vault, where they have been read already.
    """
    if held is None:
        held = workspace.vault.batches.in_state(*BatchState)
    kept = {b.batch_key for b in held if b.state in (BatchState.CLOSED, BatchState.ANCHORED)}
    for department in workspace.keys.issuers() if issuer is None else [issuer]:
        keys = set(workspace.keys.seal_key_ids(department))
        keys |= {batch.key_id for batch in held if batch.issuer == department}
        for batch_key in workspace.index.subjects_of(BatchAnchored.TOPIC, str(department)):
            if batch_key not in kept and (lost := _read_lost(workspace, batch_key, keys)):
                yield lost


def _find_compromise(workspace: Workspace, issuer: Uscc, key_id: bytes) -> int | None:
    """Since when a seal key is compromised, unix seconds."""
    keys = read_department(workspace.index, issuer).seal_keys
    return next((key.compromised_since_unix for key in keys if key.key_id == key_id), None)


def require_none_lost(workspace: Workspace, issuer: Uscc) -> None:
    """Raises ConflictError, code `batches_lost`, while a lost batch of a department is in force."""
    workspace.sync_index()
    lost = [each for each in find_lost_batches(workspace, issuer) if not each.is_given_up]
    if not lost:
        return
    named = ", ".join(each.batch_key.hex() for each in lost[:_NAMED])
    more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    raise ConflictError(
        f"the chain has {sum(each.count for each in lost)} certificates of {issuer} that this "
        f"vault has not, in batches {named}{more}: {ADVICE}. Nothing was issued, as a row could "
        "get a second certificate",
        code="batches_lost",
    )


def find_lost(workspace: Workspace, batch_key: bytes) -> LostBatch:
    """One lost batch. Raises NotFoundError, code `batch_not_lost`."""
    workspace.sync_index()
    for lost in find_lost_batches(workspace):
        if lost.batch_key == batch_key:
            return lost
    raise NotFoundError(
        f"{batch_key.hex()} is no batch that this home has lost", code="batch_not_lost", field="key"
    )


def revoke_lost(workspace: Workspace, batch_key: bytes, decision: Decision) -> list[StatusResult]:
    """Revokes every certificate of a lost batch that is in force; nothing if none is.

    Raises:
        NotFoundError: code `batch_not_lost`.
        ConflictError: somebody changed the batch meanwhile; repeat it.
    """
    with STATUS_ACTS:
        workspace.submitter.resolve_unfinished()
        settle_acts(workspace)
        lost = find_lost(workspace, batch_key)
        if lost.is_given_up:
            return []
        target = read_target(workspace, lost.issuer, batch_key, lost.in_force)
        return record_change(workspace, LifecycleAct.REVOKE, target, decision)


def _read_lost(workspace: Workspace, batch_key: bytes, keys: set[bytes]) -> LostBatch | None:
    """The batch as the log has it; None if another home sealed it."""
    found = find_anchoring(workspace.index, batch_key)
    if found is None or found[1].key_id not in keys:
        return None
    row, statement = found
    words: dict[int, bytes] = {}
    for _, change in iterate_status_changes(workspace.index, batch_key):
        words.update((word.index, word.word_after) for word in change.changes)
    in_force = tuple(
        position
        for position in range(statement.count)
        if not get_status(words.get(word_index(position), EMPTY_WORD), position).is_final
    )
    compromised_since = _find_compromise(workspace, statement.issuer, statement.key_id)
    return LostBatch(
        statement.issuer,
        batch_key,
        statement.certificate_type,
        statement.count,
        row.time_unix,
        row.entry_index,
        in_force,
        compromised_since is not None and compromised_since <= row.time_unix,
    )
