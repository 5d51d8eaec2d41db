"""Whether requests stand for the certificates they were answered with, and jobs can be read."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions.batch_check import Problem
from ledger.workspace import Workspace


def check_requests(workspace: Workspace) -> Iterator[Problem]:
    """What is wrong with them. Raises StorageError where a job's options were altered or moved."""
    for issuer, reference in workspace.vault.requests.find_strays():
        yield Problem(
            "request_astray",
            f"request {reference} of {issuer}",
            "expected its certificate in the batch that it names, of the same department",
        )
    workspace.vault.jobs.all()
