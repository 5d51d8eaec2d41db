"""Evidence as documents: presented by who issued it, completed by whoever has a copy of the log."""

from __future__ import annotations

from dataclasses import replace

from ledger.actions.facts import current_head, gather_facts, select_for_presentation
from ledger.actions.presentation import make_batch_proof, present
from ledger.actions.verifying import wrap_certificate
from ledger.formats.evidence import BatchProof, Evidence, parse_evidence
from ledger.identifiers import CertificateId, RegionCode
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace

ALL_FIELDS = "all"


def present_document(
    workspace: Workspace,
    certificate_id: CertificateId,
    disclose: tuple[str, ...] = (),
    relying_regions: tuple[RegionCode, ...] = (),
) -> bytes:
    """A certificate that shows only the named fields, with every proof there is today.

    The document is for its holder, who hands it over, and who binds it to themselves with their own
    key where the certificate names one.

    Args:
        disclose: names or column titles of fields, "all" among them for every field; none shows
            nothing about the holder.
        relying_regions: regions for which it is to prove that they recognise the certificate.

    Raises:
        NotFoundError: certificate_unknown, not_anchored, content_erased; disclosure_unknown, which
            lists the fields there are.
    """
    wanted = None if ALL_FIELDS in disclose else disclose
    return present(workspace, certificate_id, wanted, relying_regions=relying_regions).to_json()


def complete_evidence(
    workspace: Workspace, document: str, relying_regions: tuple[RegionCode, ...] = ()
) -> bytes:
    """A presented certificate with every proof that the own copy of the log has today.

    It shows what it showed. Its batch proof is kept, or added where this home issued it.

    Args:
        document: an evidence document, or a bare SD-JWT.
        relying_regions: regions for which it is to prove that they recognise the certificate.

    Raises:
        MalformedInputError: the document cannot be read.
    """
    evidence = parse_evidence(wrap_certificate(document.encode()))
    certificate = evidence.certificate
    workspace.sync_index()
    head = current_head(workspace.index)
    gathered = gather_facts(workspace.index, certificate, head, relying_regions=relying_regions)
    facts = select_for_presentation(gathered.facts, certificate.placement)
    proof = evidence.batch_proof or _find_batch_proof(workspace, evidence)
    return replace(evidence, batch_proof=proof, log=head, facts=facts).to_json()


def _find_batch_proof(workspace: Workspace, evidence: Evidence) -> BatchProof | None:
    placement = evidence.certificate.placement
    stored = workspace.vault.certificates.by_position(placement.batch_key, placement.position)
    if stored is None or stored.batch.state is not BatchState.ANCHORED:
        return None
    if stored.leaf_hash != evidence.certificate.leaf_hash:
        return None
    return make_batch_proof(workspace, stored)
