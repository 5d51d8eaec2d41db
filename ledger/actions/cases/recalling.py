"""追溯 as it is asked: of one certificate or of all, for the whole home or for one department."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.cases.recall import Reliance, find_place, find_recalls
from ledger.actions.departments import read_department
from ledger.actions.viewers import EVERYTHING, Viewer
from ledger.errors import MalformedInputError
from ledger.formats.certificate import Placement
from ledger.identifiers import CertificateId, Uscc
from ledger.index.store import IndexStore
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Recalls:
    """Cases that relied on certificates, in the order of their acceptance."""

    reliances: tuple[Reliance, ...]


def recall(
    workspace: Workspace,
    certificate_id: CertificateId | None = None,
    batch_key: bytes | None = None,
    position: int | None = None,
    since_unix: int = 0,
    *,
    viewer: Viewer = EVERYTHING,
) -> Recalls:
    """Which cases of this home relied on certificates that lost their validity since.

    Of a certificate that is named: all that relied on it, whatever became of it.

    Args:
        certificate_id: a certificate of any province.
        batch_key, position: or its place in the ledger, which its evidence tells.
        since_unix: only those of whose certificates a change was recorded then or later.
        viewer: who looks; one with limits is told of what departments within them accepted.

    Raises:
        MalformedInputError: a batch key without a position, or the reverse.
    """
    if (batch_key is None) is not (position is None):
        raise MalformedInputError(
            "batch_key: expected a batch key and a position together", field="batch_key"
        )
    placement: Placement | None = None
    if batch_key is not None and position is not None:
        placement = Placement(batch_key, position)
    elif certificate_id is not None:
        placement = find_place(workspace, certificate_id)
    named = certificate_id if placement is None else None
    found = find_recalls(
        workspace, placement=placement, certificate_id=named, since_unix=since_unix
    )
    return Recalls(tuple(each for each in found if _is_for(viewer, workspace.index, each)))


def recall_of_department(
    workspace: Workspace,
    department: Uscc,
    certificate_id: CertificateId | None = None,
    since_unix: int = 0,
) -> Recalls:
    """The same of the cases that one department accepted."""
    found = recall(workspace, certificate_id, since_unix=since_unix)
    return Recalls(tuple(each for each in found.reliances if each.handler == department))


def _is_for(viewer: Viewer, index: IndexStore, reliance: Reliance) -> bool:
    if not viewer.is_limited:
        return True
    return viewer.includes(reliance.handler, read_department(index, reliance.handler).region)
