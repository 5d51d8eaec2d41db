"""What a holder hands over: chosen fields with their proofs; and how a relying party judges it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from ledger.actions.facts import (
    Gathered,
    LogSubject,
    current_head,
    gather_facts,
    select_for_presentation,
)
from ledger.actions.holder_binding import HolderBinding, bind_certificate
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.verifying import VerificationQuestion, judge, wrap_certificate
from ledger.errors import LedgerError, NotFoundError
from ledger.formats.certificate import Certificate
from ledger.formats.evidence import BatchProof, Evidence, LogHead
from ledger.formats.merkle import MerkleTree
from ledger.identifiers import CertificateId, RegionCode
from ledger.schemas.shelf import read_titles
from ledger.vault.certificates import StoredCertificate
from ledger.verification.report import Report
from ledger.workspace import Workspace

EVIDENCE_SUFFIX = ".zhenglian.json"
MAX_FILE_BYTES = 4 << 20


def present(
    workspace: Workspace,
    certificate_id: CertificateId,
    disclose: Sequence[str] | None,
    *,
    binding: HolderBinding | None = None,
    relying_regions: Collection[RegionCode] = (),
) -> Evidence:
    """A certificate that shows only the named fields, with every proof there is today.

    Args:
        disclose: property names or column titles of the type's schema; None shows every field.
        relying_regions: regions for which it is to prove that they recognise it; the reader of a
            bound presentation is one of them anyway.

    Raises:
        NotFoundError: no such certificate here, or no such field (the message lists them).
    """
    stored = find_stored(workspace, certificate_id)
    certificate = read_certificate(workspace, stored)
    shown = certificate
    if disclose is not None:
        shown = certificate.with_disclosures(resolve_fields(workspace, certificate, disclose))
    if binding is not None:
        shown = bind_certificate(shown, binding, workspace.now_unix())
    workspace.sync_index()
    head = current_head(workspace.index)
    regions = {*relying_regions, *([binding.audience] if binding is not None else ())}
    gathered = gather_facts(workspace.index, certificate, head, relying_regions=regions)
    facts = select_for_presentation(gathered.facts, certificate.placement)
    return Evidence(shown, make_batch_proof(workspace, stored), head, facts)


def make_batch_proof(workspace: Workspace, stored: StoredCertificate) -> BatchProof:
    """That a certificate is in its batch; only its issuer can make this proof."""
    tree = MerkleTree(workspace.vault.batches.leaf_hashes(stored.batch.pk))
    return BatchProof(
        stored.batch.batch_id, stored.position, len(tree), tree.inclusion_path(stored.position)
    )


def resolve_fields(
    workspace: Workspace, certificate: Certificate, names: Sequence[str]
) -> list[str]:
    """Field names for names or column titles.

    Raises:
        NotFoundError: a name is neither; the message lists the fields of this certificate.
    """
    titles = field_titles(workspace, certificate)
    by_title = {title: name for name, title in titles.items()}
    found = []
    for name in names:
        resolved = by_title.get(name, name)
        if resolved not in titles:
            listed = "、".join(f"{title} ({field})" for field, title in titles.items())
            raise NotFoundError(
                f"disclose: no field {name!r}; this certificate has {listed}",
                code="disclosure_unknown",
                field="disclose",
            )
        found.append(resolved)
    return found


def field_titles(workspace: Workspace, certificate: Certificate) -> dict[str, str]:
    """Shown fields of a certificate with their Chinese titles, by the type's schema."""
    titles = read_titles(certificate.type, workspace.home / "schemas")
    return {name: titles.get(name, name) for name in certificate.fields}


def read_document(path: Path) -> bytes:
    """The bytes of a presented file; a bare SD-JWT is wrapped into an evidence document.

    Raises:
        NotFoundError: no such file. What is in it is for the verifier to judge.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise NotFoundError(
            f"no file {path} that can be read: {error.strerror}", field="file"
        ) from error
    return wrap_certificate(content)


def verify_document(
    workspace: Workspace,
    document: bytes,
    *,
    relying_region: RegionCode | None = None,
    as_of_unix: int | None = None,
    nonce: str | None = None,
    on_unavailable: Callable[[LedgerError], None] = lambda _: None,
) -> Report:
    """Judges a presented document by this home's own copy of the log.

    What the document says about the log counts for nothing where the own index can be asked;
    without a chain the verdict is INDETERMINATE, never FAILED.

    Args:
        document: an evidence document; what cannot be read gives a report that says so.
        relying_region: region that wants to rely on it; makes recognition required.
        as_of_unix: time the verdict is about, default now.
        on_unavailable: told why the own log could not be asked, or not be read in full.
    """
    question = VerificationQuestion(
        relying_region, as_of_unix, nonce, relying_region or _own_region(workspace)
    )
    return judge(
        document,
        question,
        partial(_ask_log, workspace),
        workspace.schema_versions,
        workspace.now_unix(),
        on_unavailable,
    )


def _ask_log(
    workspace: Workspace, subject: LogSubject, relying_regions: tuple[RegionCode, ...]
) -> tuple[LogHead, Gathered]:
    """What the own index, brought up to the chain, says about a certificate."""
    workspace.sync_index()
    head = current_head(workspace.index)
    found = gather_facts(workspace.index, subject, relying_regions=relying_regions)
    return head, found.until(head)


def _own_region(workspace: Workspace) -> RegionCode | None:
    own = workspace.member.value
    return own if isinstance(own, RegionCode) else None
