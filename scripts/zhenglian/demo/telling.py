"""How the second act tells of cases and certificates: short, and from the log."""

from __future__ import annotations

from ledger.actions.cases.history import read_standing
from ledger.identifiers import CertificateId
from ledger.records import Decision
from ledger.workspace import Workspace
from zhenglian.demo.stage import Stage
from zhenglian.demo.summary import CaseOutcome

_SHOWN_DIGITS = 12


def case_text(case_id: bytes) -> str:
    """A case's id as people read it."""
    return f"{case_id.hex()[:_SHOWN_DIGITS]}…"


def short_id(certificate_id: CertificateId | None) -> str:
    """The end of a certificate's identifier: type, serial, version, check character."""
    if certificate_id is None:
        return "unknown"
    parts = str(certificate_id).split(".")
    return ".".join((parts[5][-4:], *parts[7:]))


def keep_standing(
    stage: Stage, workspace: Workspace, case: str, case_id: bytes, expected: str, detail: str = ""
) -> None:
    """Keeps where a case stands, by the log and not by what the story was told."""
    workspace.sync_index()
    standing = read_standing(workspace.index, case_id)
    approvals = sum(each.decision is Decision.APPROVE for each in standing.decisions)
    refusals = len(standing.decisions) - approvals
    outcome = f"{standing.state.name.lower()} in round {standing.round}: {approvals} approved"
    if refusals:
        outcome += f", {refusals} refused"
    reliances = len(standing.reliances)
    if reliances:
        outcome += f", relying on {reliances}"
    stage.keep_case(CaseOutcome(case, case_id.hex(), outcome, detail, reliances, expected))
