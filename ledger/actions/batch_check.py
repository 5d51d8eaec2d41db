"""Checks of the batches that this home holds: rows, roots, the chain's records, status words,
and who decided on their changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.actions.batch_history import find_anchoring
from ledger.actions.content_check import recompute_content_mac
from ledger.actions.holdings import find_erasure, read_certificate
from ledger.actions.seal_check import is_signed
from ledger.actions.status_check import find_status_damage
from ledger.errors import LedgerError, MalformedInputError, StorageError
from ledger.formats.certificate import Certificate, Placement, compute_batch_key
from ledger.formats.merkle import MerkleTree
from ledger.records import BatchStatement
from ledger.vault.batches import BatchRow
from ledger.vault.certificates import StoredCertificate
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace

_ADVICE = "`zhenglian fsck --repair` mends it if the content is intact, else restore a backup"


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


def check_root(workspace: Workspace, batch: BatchRow) -> Iterator[Problem]:
    """That the leaf hashes kept give the root that the batch was closed with, and that its key is
    that of its issuer and id."""
    if not _has_own_key(batch):
        yield Problem(
            "batch_differs",
            batch.batch_key.hex(),
            f"issuer {batch.issuer} and batch id {batch.batch_id.hex()} give another key; "
            f"{_ADVICE}",
        )
    try:
        tree = MerkleTree(workspace.vault.batches.leaf_hashes(batch.pk))
    except LedgerError as error:
        yield _unreadable("leaf hashes", batch, error)
        return
    if tree.root_hash != batch.root or len(tree) != batch.count:
        yield Problem(
            "root_differs",
            batch.batch_key.hex(),
            f"the {len(tree)} leaf hashes kept give root {tree.root_hash.hex()}, the batch was "
            f"closed with {batch.count} and {(batch.root or b'').hex()}; {_ADVICE}",
        )


def check_seal(workspace: Workspace, batch: BatchRow) -> Iterator[Problem]:
    """That a closed batch has the time of its closing, and a statement that its seal key signed."""
    statement = read_statement(batch)
    try:
        is_sealed = statement is not None and is_signed(
            workspace, statement, batch.signature or b""
        )
    except (MalformedInputError, UnicodeEncodeError):  # what stands there fits no statement
        is_sealed = False
    if not is_sealed or batch.closed_at_unix is None:
        yield Problem(
            "batch_differs",
            batch.batch_key.hex(),
            f"it was closed at {batch.closed_at_unix} to be anchored until "
            f"{batch.valid_until_unix}, and its signature is {'' if is_sealed else 'not '}over "
            f"that statement; {_ADVICE}",
        )


def read_statement(batch: BatchRow) -> BatchStatement | None:
    """The statement of a closed batch by its row; None if that lacks a part of it."""
    if batch.root is None or batch.valid_until_unix is None or batch.signature is None:
        return None
    return BatchStatement(
        batch.issuer,
        batch.key_id,
        batch.certificate_type,
        batch.batch_id,
        batch.root,
        batch.count,
        batch.valid_until_unix,
    )


def check_on_chain(workspace: Workspace, batch: BatchRow) -> Iterator[Problem]:
    """That the chain has an anchored batch with the same root and count."""
    name = batch.batch_key.hex()
    record = workspace.gateway.batch(batch.batch_key)
    if record is None:
        yield Problem(
            "batch_not_on_chain",
            name,
            "the vault says anchored, the chain has no such: is it another chain, or did it lose "
            "blocks?",
        )
    elif (record.root, record.count) != (batch.root, batch.count):
        yield Problem(
            "batch_differs",
            name,
            f"the chain has root {record.root.hex()} and {record.count}; {_ADVICE}",
        )


def check_anchoring(workspace: Workspace, batch: BatchRow) -> Iterator[Problem]:
    """That the vault says of an anchored batch what its log entry says."""
    found = find_anchoring(workspace.index, batch.batch_key)
    if found is None:
        return  # `check_on_chain` names it
    row, statement = found
    if (row.entry_index, row.time_unix, row.transaction_hash) != (
        batch.log_index,
        batch.anchored_at_unix,
        batch.transaction_hash,
    ):
        yield Problem(
            "batch_differs",
            batch.batch_key.hex(),
            f"the vault has it anchored by entry {batch.log_index} at {batch.anchored_at_unix}, "
            f"the log by entry {row.entry_index} at {row.time_unix}; `zhenglian fsck --repair` "
            "takes over the log's",
        )
    if (statement.key_id, statement.certificate_type) != (batch.key_id, batch.certificate_type):
        yield Problem(
            "batch_differs",
            batch.batch_key.hex(),
            f"the vault has it of type {batch.certificate_type} under key {batch.key_id.hex()}, "
            f"the log of {statement.certificate_type} under {statement.key_id.hex()}; {_ADVICE}",
        )


def check_statuses(workspace: Workspace, batch: BatchRow) -> Iterator[Problem]:
    """That each status word of the chain is what its recorded changes come to."""
    for message in find_status_damage(workspace, batch):
        yield Problem(
            "status_differs",
            batch.batch_key.hex(),
            f"{message}; the chain contradicts its own log: compare with other members' nodes",
        )


def check_strays(workspace: Workspace) -> Iterator[Problem]:
    """Batches that the chain has and that an interruption alone does not leave so here.

    One that is closed with the same root was sent by a run that ended before it knew: `fsck`
    remarks it, and the same run again settles it.
    """
    for batch in workspace.vault.batches.in_state(
        BatchState.OPEN, BatchState.CLOSED, BatchState.ABANDONED
    ):
        record = workspace.gateway.batch(batch.batch_key)
        if record is None or (batch.state, batch.root) == (BatchState.CLOSED, record.root):
            continue
        yield Problem(
            "batch_state_differs",
            batch.batch_key.hex(),
            f"the chain has it anchored with {record.count} certificates, here it is {batch.state} "
            f"with {batch.count}; this vault is an older copy: restore a newer backup, and do not "
            "issue its rows again",
        )


def _has_own_key(batch: BatchRow) -> bool:
    try:
        return compute_batch_key(batch.issuer, batch.batch_id) == batch.batch_key
    except (LedgerError, UnicodeEncodeError):  # what stands there is no issuer at all
        return False


def check_certificates(workspace: Workspace, batch: BatchRow) -> tuple[int, int, list[Problem]]:
    """How many certificates of a batch could be read, how many are erased, and what is wrong."""
    found = erased = 0
    problems: list[Problem] = []
    for stored in _iterate(workspace, batch, problems):
        try:
            if find_erasure(workspace, stored) is not None:
                erased += 1
                continue
            certificate = read_certificate(workspace, stored)
        except LedgerError as error:
            problems.append(Problem(error.code, stored.identifier, f"{error.message}; {_ADVICE}"))
            continue
        found += 1
        problems += _compare(workspace, stored, certificate)
    return found, erased, problems


def _compare(
    workspace: Workspace, stored: StoredCertificate, certificate: Certificate
) -> Iterator[Problem]:
    """What a row says of its certificate and the certificate does not."""
    batch = stored.batch
    told = (str(certificate.certificate_id), certificate.leaf_hash, certificate.placement)
    if told != (
        stored.identifier,
        stored.leaf_hash,
        Placement(batch.batch_key, stored.position),
    ):
        yield Problem(
            "certificate_differs",
            stored.identifier,
            f"content and row do not agree; {_ADVICE}",
        )
    if stored.content_mac != recompute_content_mac(workspace.vault.row_cipher, certificate):
        yield Problem(
            "content_mac_differs",
            stored.identifier,
            "what recognises the row it was issued from was altered, so that issuing it again "
            f"would be refused; {_ADVICE}",
        )


def _iterate(
    workspace: Workspace, batch: BatchRow, problems: list[Problem]
) -> Iterator[StoredCertificate]:
    """The rows of a batch until one cannot be read, which is added to the problems."""
    try:
        yield from workspace.vault.certificates.iterate(batch.pk)
    except StorageError as error:
        problems.append(_unreadable("certificates", batch, error))


def _unreadable(what: str, batch: BatchRow, error: LedgerError) -> Problem:
    return Problem(
        "batch_unreadable",
        batch.batch_key.hex(),
        f"its {what} cannot all be read ({error.message[:120]}); restore a backup",
    )
