"""Mends what can be rebuilt of a home: from the chain, or from contents that authenticate.

What cannot be rebuilt stays as it is; `fsck` names it, with what to do. Nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.actions.batch_history import find_anchoring
from ledger.actions.holdings import read_certificate
from ledger.actions.outbox_check import describe_outcome, find_outbox_damage
from ledger.actions.settlement import settle_acts
from ledger.errors import ConflictError, LedgerError, StorageError
from ledger.formats.certificate import Certificate, parse_certificate
from ledger.formats.merkle import MerkleTree
from ledger.index.checking import find_damage
from ledger.vault.batches import BatchRow
from ledger.vault.certificates import StoredCertificate
from ledger.vault.cipher import certificate_binding
from ledger.vault.repairs import AnchoringFacts, RowIdentity
from ledger.vault.tables import ActState, BatchState
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Repair:
    """Something that was mended. Attributes: subject: what; message: from what, to what."""

    subject: str
    message: str


def repair(workspace: Workspace) -> list[Repair]:
    """Mends a home.

    Raises:
        ChainUnavailableError: the chain does not answer; what was mended stays mended.
        ConflictError: the index is of another ledger, or the chain lost blocks: the index is the
            evidence of that and stays.
        StorageError: the vault cannot be opened: restore a backup.
    """
    done = list(_repair_index(workspace))
    for batch in workspace.vault.batches.in_state(BatchState.CLOSED, BatchState.ANCHORED):
        done += _repair_rows(workspace, batch)
        done += _repair_batch(workspace, batch)
    done += _resolve_transactions(workspace)
    done += _settle(workspace)
    done += _erase_again(workspace)
    return done


def _repair_index(workspace: Workspace) -> Iterator[Repair]:
    try:
        workspace.sync_index()
        damage = next(find_damage(workspace.index), None)
    except StorageError as error:
        damage = error.message
        if error.code == "index_root_mismatch":
            kept = workspace.index_path.with_name(
                f"{workspace.index_path.name}.{workspace.now_unix()}.mismatch"
            )
            workspace.index.copy_over(kept)
            yield Repair("index", f"kept as {kept.name}: it says another history than the chain")
    if damage is not None:
        result = workspace.rebuild_index()
        yield Repair("index", f"rebuilt with {result.size} entries ({damage})")


def _repair_rows(workspace: Workspace, batch: BatchRow) -> Iterator[Repair]:
    """Gives rows whose leaf hash, identifier or place was damaged those of their contents."""
    right = {}
    for stored in workspace.vault.certificates.iterate(batch.pk):
        certificate = _read_or_recover(workspace, stored)
        if certificate is None or certificate.placement.batch_key != batch.batch_key:
            continue
        found = RowIdentity(stored.identifier, stored.position, stored.leaf_hash)
        true = RowIdentity(
            str(certificate.certificate_id), certificate.placement.position, certificate.leaf_hash
        )
        if found != true:
            right[stored.position] = true
    if not right:
        return
    try:
        workspace.vault.repairs.rewrite_rows(batch.pk, right)
    except ConflictError:
        return  # another row claims the place: `fsck` names them
    for identity in right.values():
        yield Repair(identity.identifier, f"row put right, position {identity.position}")


def _read_or_recover(workspace: Workspace, stored: StoredCertificate) -> Certificate | None:
    """A certificate by its content, whatever its row says of it; None where that is lost."""
    if stored.wrapped_key is None:
        return None
    try:
        return read_certificate(workspace, stored)
    except LedgerError:
        pass
    cipher = workspace.vault.row_cipher
    try:
        content = cipher.decrypt_unverified(stored.ciphertext, stored.wrapped_key)
        certificate = parse_certificate((stored.batch.header + content).decode())
        binding = certificate_binding(certificate.leaf_hash, str(certificate.certificate_id))
        cipher.decrypt(stored.ciphertext, stored.wrapped_key, binding)
    except (LedgerError, UnicodeDecodeError):
        return None
    return certificate


def _repair_batch(workspace: Workspace, batch: BatchRow) -> Iterator[Repair]:
    """Marks a batch as the chain has it, if its leaves are those that the chain has."""
    facts = _find_anchoring(workspace, batch)
    if facts is None:
        return
    own = AnchoringFacts(
        batch.root or b"",
        batch.anchored_at_unix or 0,
        -1 if batch.log_index is None else batch.log_index,
        batch.transaction_hash or b"",
    )
    if batch.state is BatchState.ANCHORED and own == facts:
        return
    if MerkleTree(workspace.vault.batches.leaf_hashes(batch.pk)).root_hash == facts.root:
        workspace.vault.repairs.correct_batch(batch.pk, facts)
        yield Repair(
            f"batch {batch.batch_key.hex()}",
            f"was {batch.state}; now as anchored by log entry {facts.log_index}",
        )


def _find_anchoring(workspace: Workspace, batch: BatchRow) -> AnchoringFacts | None:
    found = find_anchoring(workspace.index, batch.batch_key)
    if found is None:
        return None
    row, statement = found
    return AnchoringFacts(statement.root, row.time_unix, row.entry_index, row.transaction_hash)


def _resolve_transactions(workspace: Workspace) -> Iterator[Repair]:
    outbox = workspace.vault.outbox
    unresolved = outbox.unresolved(workspace.submitter.account)
    if unresolved:
        workspace.submitter.resolve_unfinished()
    for row in unresolved:
        now = outbox.get(row.pk)
        yield Repair(f"transaction 0x{row.transaction_hash.hex()}", f"{row.purpose}: {now.state}")
    for row, outcome in find_outbox_damage(workspace):
        if outcome is None:
            continue  # nothing says what it should be
        told = describe_outcome(outcome)
        if outcome:
            outbox.mark_mined(row.pk, f"was {row.state}")
        else:
            outbox.mark_reverted(row.pk, f"was {row.state}")
        yield Repair(f"transaction 0x{row.transaction_hash.hex()}", f"was {row.state}; {told}")


def _settle(workspace: Workspace) -> Iterator[Repair]:
    acts = workspace.vault.acts
    before = acts.in_state(ActState.PREPARED, ActState.SENT)
    unknown = {act.pk for act in settle_acts(workspace)}
    for act in before:
        if act.pk not in unknown:
            yield Repair(f"{act.kind} number {act.sequence}", f"now {acts.get(act.pk).state}")


def _erase_again(workspace: Workspace) -> Iterator[Repair]:
    """Erases contents that came back, such as from a copy of the vault's file."""
    returned = workspace.vault.erasures.undone()
    if returned:
        workspace.vault.erasures.reapply(returned)
    for erasure in returned:
        yield Repair(erasure.identifier, "its content had come back and was erased again")
