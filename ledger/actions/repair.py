"""Mends what can be rebuilt of a home: from the chain, or from contents that authenticate.

What cannot be rebuilt stays as it is; `fsck` names it, with what to do. Nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import starmap

from ledger.actions.act_repair import repair_acts, repair_transactions
from ledger.actions.batch_repair import describe, find_facts, possible_keys
from ledger.actions.content_check import recompute_content_mac
from ledger.actions.holdings import read_certificate
from ledger.actions.outbox_check import describe_outcome, find_outbox_damage
from ledger.actions.settlement import settle_acts
from ledger.errors import ConflictError, LedgerError, StorageError
from ledger.formats.certificate import Certificate, parse_certificate
from ledger.index.checking import find_damage
from ledger.vault.batches import BatchRow
from ledger.vault.certificates import StoredCertificate
from ledger.vault.cipher import certificate_binding
from ledger.vault.repairs import RowIdentity
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
    done = [
        Repair(f"{value.table} {value.row_number}", f"{value.column} has its type again")
        for value in workspace.vault.malformed.put_right()
    ]
    done += _repair_index(workspace)
    malformed = workspace.vault.malformed.find()
    left_out = {value.batch_pk for value in malformed}
    for batch in workspace.vault.batches.in_state(BatchState.CLOSED, BatchState.ANCHORED):
        if batch.pk not in left_out:
            done += _repair_rows(workspace, batch)
            done += _repair_batch(workspace, batch)
    if {"acts", "outbox"} & {value.table for value in malformed}:
        return done  # `fsck` names them
    done += starmap(Repair, repair_acts(workspace))
    done += starmap(Repair, repair_transactions(workspace))
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
    right, macs = {}, {}
    batch_keys = set(possible_keys(batch))
    for stored in workspace.vault.certificates.iterate(batch.pk):
        certificate = _read_or_recover(workspace, stored)
        if certificate is None or certificate.placement.batch_key not in batch_keys:
            continue
        mac = recompute_content_mac(workspace.vault.row_cipher, certificate)
        if stored.content_mac != mac:
            macs[certificate.placement.position] = mac
        found = RowIdentity(stored.identifier, stored.position, stored.leaf_hash)
        true = RowIdentity(
            str(certificate.certificate_id), certificate.placement.position, certificate.leaf_hash
        )
        if found != true:
            right[stored.position] = true
    try:
        workspace.vault.repairs.rewrite_rows(batch.pk, right)
    except ConflictError:
        return  # another row claims the place: `fsck` names them
    workspace.vault.repairs.rewrite_content_macs(batch.pk, macs)
    for position in macs:
        subject = f"batch {batch.batch_key.hex()} position {position}"
        yield Repair(subject, "what recognises its row was put right")
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
    facts = find_facts(workspace, batch)
    if facts is None or (batch.state is BatchState.ANCHORED and describe(batch) == facts):
        return
    workspace.vault.repairs.correct_batch(batch.pk, facts)
    yield Repair(
        f"batch {facts.batch_key.hex()}",
        f"was {batch.state}; now as anchored by log entry {facts.log_index}",
    )


def _resolve_transactions(workspace: Workspace) -> Iterator[Repair]:
    outbox = workspace.vault.outbox
    unresolved = outbox.unresolved(workspace.submitter.account)
    if unresolved:
        workspace.submitter.give_up_refused()
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
