"""Whether the access log is as it was written, and requests for approval are those that were made.

Whose API key is whose cannot be told from anything else; a key that was put into the vault by who
has the database alone would count. Making and ending keys is in the access log, which is chained.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions.approvals import compute_request_digest
from ledger.actions.batch_check import Problem
from ledger.errors import NotFoundError, StorageError
from ledger.workspace import Workspace


def check_access(workspace: Workspace) -> Iterator[Problem]:
    """What is wrong with the log and with requests for approval."""
    vault = workspace.vault
    for message in vault.access_log.find_damage():
        yield Problem("access_log_altered", "access log", message)
    for approval in vault.approvals.in_state():
        name = f"request {approval.approval_id}"
        try:
            request = vault.approvals.read_request(approval.approval_id)
        except NotFoundError:
            continue
        except StorageError as error:
            yield Problem(error.code, name, error.message)
            continue
        if compute_request_digest(approval.operation, request) != approval.digest:
            yield Problem("request_altered", name, "it is not what its digest says")
