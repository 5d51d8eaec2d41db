"""Recomputes what this home holds and compares it with what the chain recorded.

Certificates against leaf hashes, leaf hashes against roots, roots against the chain, the index
against itself and the chain's log, the outbox against receipts. Damage and erasure are told apart.
Changes nothing; only acts whose outcome the chain tells are marked with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.actions.holdings import read_certificate
from ledger.actions.index_check import find_index_damage
from ledger.actions.settlement import settle_acts
from ledger.errors import ChainUnavailableError, LedgerError, NotFoundError, StorageError
from ledger.formats.merkle import MerkleTree
from ledger.records import BatchAnchored
from ledger.vault.batches import BatchRow
from ledger.vault.tables import ActState, BatchState
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it must be.

    Attributes:
        code: stable name.
        subject: what it is about.
        message: what was expected, what was found, what to do.
    """

    code: str
    subject: str
    message: str


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
        problems += _check_root(workspace, batch)
    for batch in anchored:
        problems += _check_root(workspace, batch)
        problems += _check_on_chain(workspace, batch)
        found, gone, wrong = _check_certificates(workspace, batch)
        certificates, erased, problems = certificates + found, erased + gone, problems + wrong
    remarks = list(_remark_unfinished(workspace))
    if not damage:
        remarks += _remark_unknown_batches(workspace)
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
        for message in find_index_damage(workspace.index):
            told = f"{message}; run `zhenglian index rebuild`"
            problems.append(Problem("index_altered", "index", told))
    except ChainUnavailableError:
        raise
    except LedgerError as error:
        return b"", [*problems, Problem(error.code, "index", error.message)]
    return root, problems


def _check_root(workspace: Workspace, batch: BatchRow) -> Iterator[Problem]:
    tree = MerkleTree(workspace.vault.batches.leaf_hashes(batch.pk))
    if tree.root_hash != batch.root or len(tree) != batch.count:
        yield Problem(
            "root_differs",
            batch.batch_key.hex(),
            f"the {len(tree)} leaf hashes kept give root {tree.root_hash.hex()}, the batch was "
            f"closed with {batch.count} and {(batch.root or b'').hex()}; restore a backup",
        )


def _check_on_chain(workspace: Workspace, batch: BatchRow) -> Iterator[Problem]:
    name = batch.batch_key.hex()
    record = workspace.gateway.batch(batch.batch_key)
    if record is None:
        yield Problem("batch_not_on_chain", name, "the vault says anchored, the chain has no such")
    elif (record.root, record.count) != (batch.root, batch.count):
        yield Problem(
            "batch_differs", name, f"the chain has root {record.root.hex()} and {record.count}"
        )


def _check_certificates(workspace: Workspace, batch: BatchRow) -> tuple[int, int, list[Problem]]:
    found = erased = 0
    problems = []
    for stored in workspace.vault.certificates.iterate(batch.pk):
        try:
            certificate = read_certificate(workspace, stored)
        except NotFoundError:
            erased += 1
            continue
        except LedgerError as error:
            problems.append(Problem(error.code, stored.identifier, error.message))
            continue
        found += 1
        told = (str(certificate.certificate_id), certificate.leaf_hash, certificate.placement)
        if told[:2] != (stored.identifier, stored.leaf_hash) or (
            certificate.placement.batch_key,
            certificate.placement.position,
        ) != (batch.batch_key, stored.position):
            problems.append(
                Problem("certificate_differs", stored.identifier, "content and row do not agree")
            )
    return found, erased, problems


def _remark_unfinished(workspace: Workspace) -> Iterator[str]:
    """What an interrupted run left; it is not damage."""
    for batch in workspace.vault.batches.in_state(BatchState.OPEN, BatchState.CLOSED):
        yield (
            f"batch {batch.batch_key.hex()} with {batch.count} certificates is {batch.state}, "
            "not anchored: run the interrupted `zhenglian issue` again"
        )
    account = bytes.fromhex(workspace.submitter.address[2:])
    for row in workspace.vault.outbox.unresolved(account):
        yield f"transaction 0x{row.transaction_hash.hex()} ({row.purpose}) has no receipt yet"
    try:
        unknown = settle_acts(workspace)
    except StorageError:  # told as a problem of the index
        unknown = workspace.vault.acts.in_state(ActState.PREPARED, ActState.SENT)
    for act in unknown:
        yield f"{act.kind} number {act.sequence} was signed; whether it was recorded is unknown"


def _remark_unknown_batches(workspace: Workspace) -> Iterator[str]:
    """Batches sealed with a key of this home that its vault does not know."""
    known = {batch.batch_key for batch in workspace.vault.batches.in_state(*BatchState)}
    held = {issuer: set(workspace.keys.seal_key_ids(issuer)) for issuer in workspace.keys.issuers()}
    for row in workspace.index.entries_of_kind(BatchAnchored.TOPIC):
        if row.payload is None or row.subject in known:
            continue
        statement = BatchAnchored.decode_payload(row.payload).statement
        if statement.key_id in held.get(statement.issuer, ()):
            yield (
                f"the chain has batch {row.subject.hex()} with {statement.count} certificates "
                "sealed with a key of this home, the vault has not: was an old backup restored, "
                "or the key used elsewhere?"
            )
