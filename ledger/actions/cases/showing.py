"""One case as the log tells it, with what this home's vault adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.actions.audit.cases import audit_case
from ledger.actions.audit.steps import Trail
from ledger.actions.cases.deadlines import load_calendar
from ledger.actions.cases.history import CaseEvent, CaseStanding, iterate_events, iterate_standings
from ledger.actions.cases.overdue import Deadline, compute_ranges, list_deadlines
from ledger.actions.cases.papers import read_papers
from ledger.actions.cases.shown_steps import ShownStep, list_steps
from ledger.actions.catalogue_listing import MatterVersion, find_matter_version
from ledger.actions.departments import read_department
from ledger.errors import NotFoundError
from ledger.formats.case_materials import JudgedMaterials, MaterialsList
from ledger.identifiers import ItemCode, Uscc
from ledger.records import CaseState, Channel, SpecialProcedure, StepOutcome
from ledger.workspace import Workspace

_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class CaseParty:
    """A department that has part in a case.

    Attributes:
        region: where it is, of GB/T 2260; member: who is accountable for it. Empty if the log
            does not know it.
    """

    department: Uscc
    name: str
    region: str
    member: str


@dataclass(frozen=True, slots=True)
class ShownMaterial:
    """A material of the present round. Attributes: outcome: empty before it is judged."""

    name: str
    kind: str
    outcome: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptCase:
    """What only this home's vault has of a case.

    Attributes:
        outcome: of the materials as a whole, empty before they are judged.
        result: the certificate that the case ended in: batch key and position.
    """

    outcome: str
    materials: tuple[ShownMaterial, ...]
    is_erased: bool
    result: tuple[bytes, int] | None


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case.

    Attributes:
        receiver: 收件地. handler: 办理地.
        custodian: who has the material; taker: to whom it is on its way.
        reliances: how many certificates it relies on.
        result_commitment: to the certificate it ended in, None while there is none.
        kept: None where this home has no papers of it, or the vault stays closed.
        trail: who is accountable for what, with proofs.
    """

    case_id: bytes
    item_code: ItemCode
    matter_version: int
    matter_name: str
    channel: Channel
    state: CaseState
    outcome: StepOutcome
    round: int
    receiver: CaseParty
    handler: CaseParty
    custodian: CaseParty
    taker: CaseParty | None
    procedure: SpecialProcedure
    paused_at_unix: int
    deadlines: tuple[Deadline, ...]
    steps: tuple[ShownStep, ...]
    reliances: int
    result_commitment: bytes | None
    kept: KeptCase | None
    trail: Trail


def show_case(workspace: Workspace, case_id: bytes, *, open_vault: bool = True) -> ShownCase:
    """One case, whole.

    Args:
        open_vault: for this home's officers, and for the verdicts on the materials.

    Raises:
        NotFoundError: case_unknown.
    """
    trail = audit_case(workspace, case_id, show_officers=open_vault)
    index = workspace.index
    history = list(iterate_standings(iterate_events(index, case_id)))
    standing = history[-1][1]
    matter = _find_matter(workspace, standing)
    taker = standing.taker
    result = standing.result_commitment
    return ShownCase(
        case_id,
        standing.item_code,
        standing.matter_version,
        matter.name if matter else "",
        standing.channel,
        standing.state,
        standing.outcome,
        standing.round,
        _tell_party(workspace, standing.receiver),
        _tell_party(workspace, standing.handler),
        _tell_party(workspace, standing.custodian),
        _tell_party(workspace, taker) if taker else None,
        standing.procedure,
        standing.paused_at_unix,
        _tell_deadlines(workspace, history, standing, matter),
        list_steps([each for each, _ in history], standing, matter),
        len(standing.reliances),
        None if result == _NOTHING else result,
        _read_kept(workspace, standing) if open_vault else None,
        trail,
    )


def show_case_record(workspace: Workspace, case_id: bytes) -> ShownCase:
    """One case as the log tells it: nothing of it is about people. Raises NotFoundError."""
    return show_case(workspace, case_id, open_vault=False)


def show_case_contents(workspace: Workspace, case_id: bytes) -> ShownCase:
    """The same with what this home's vault has: officers, materials and their verdicts."""
    return show_case(workspace, case_id, open_vault=True)


def _find_matter(workspace: Workspace, standing: CaseStanding) -> MatterVersion | None:
    try:
        return find_matter_version(workspace.index, standing.item_code, standing.matter_version)
    except NotFoundError:
        return None


def _tell_party(workspace: Workspace, department: Uscc) -> CaseParty:
    try:
        found = read_department(workspace.index, department)
    except NotFoundError:
        return CaseParty(department, "", "", "")
    return CaseParty(department, found.name, str(found.region), found.member)


def _tell_deadlines(
    workspace: Workspace,
    history: Sequence[tuple[CaseEvent, CaseStanding]],
    standing: CaseStanding,
    matter: MatterVersion | None,
) -> tuple[Deadline, ...]:
    calendar = load_calendar(workspace)
    ranges = compute_ranges(history, matter, calendar)
    return list_deadlines(standing, calendar, workspace.latest_unix(), ranges)


def _read_kept(workspace: Workspace, standing: CaseStanding) -> KeptCase | None:
    cases = workspace.vault.cases
    if cases.find(standing.case_id) is None:
        return None
    references = [each.reference for each in cases.references_of(standing.case_id)]
    result = next(
        (
            (each.batch_key, each.position)
            for each in references
            if each.commitment == standing.result_commitment
        ),
        None,
    )
    if cases.find_erasure(standing.case_id) is not None:
        return KeptCase("", (), True, None)
    outcome, materials = _read_materials(workspace, standing)
    return KeptCase(outcome, materials, False, result)


def _read_materials(
    workspace: Workspace, standing: CaseStanding
) -> tuple[str, tuple[ShownMaterial, ...]]:
    """The verdicts that the case was accepted on; before that, what was handed in."""
    papers = read_papers(workspace, standing.case_id)
    for judged in papers.of(JudgedMaterials):
        if judged.digest == standing.materials_digest:
            return judged.outcome, tuple(
                ShownMaterial(
                    each.material.name, each.material.kind.value, each.outcome, each.reasons
                )
                for each in judged.verdicts
            )
    for listed in papers.of(MaterialsList):
        if listed.digest == standing.materials_digest:
            materials = listed.materials
            return "", tuple(ShownMaterial(m.name, m.kind.value, "", ()) for m in materials)
    return "", ()
