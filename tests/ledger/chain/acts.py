"""Acts for many threads to submit, and what the chain and the outbox have of them afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ledger.actions.issuers import find_seal_key
from ledger.chain.accounts import OperatorAccount
from ledger.chain.submitter import Receipt, Submitter
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.records import BatchAnchored
from ledger.vault.outbox import OutboxRow
from ledger.workspace import Workspace
from tests.support.consortium import ISSUER, batch_statement


class Act:
    """One batch to be anchored, sealed once: sent again it is the same act."""

    def __init__(self, workspace: Workspace) -> None:
        key = find_seal_key(workspace, ISSUER)
        self.statement = batch_statement(workspace, key=key)
        digest = compute_digest(self.statement, workspace.gateway.ledger_id)
        self.seal = sign_digest(key.private_key, digest)

    def submit(self, submitter: Submitter) -> Receipt:
        return submitter.submit(
            "CertificateLedger",
            "anchorBatch",
            self.statement.to_abi(),
            self.seal.to_abi(),
            purpose="anchor",
            reference=self.statement.batch_id.hex(),
        )


def make_submitter(workspace: Workspace, **options: float) -> Submitter:
    """Another for the same account and outbox."""
    account = OperatorAccount(workspace.keys.operator_secret())
    return Submitter(workspace.gateway, account, workspace.vault.outbox, **options)  # type: ignore[arg-type]


def unresolved(workspace: Workspace) -> list[OutboxRow]:
    return workspace.vault.outbox.unresolved(workspace.submitter.account)


def count_anchored(workspace: Workspace, acts: Sequence[Act]) -> list[int]:
    """For each act, how many entries of the log anchor its batch."""
    head = workspace.gateway.newest().block_number
    events = [recorded.event for recorded in workspace.gateway.fetch_entries(0, head)]
    anchored = [event.statement for event in events if isinstance(event, BatchAnchored)]
    return [anchored.count(act.statement) for act in acts]


class Crowd:
    """Each act in a thread of its own.

    Attributes:
        results: by act, a receipt or what was raised.
    """

    def __init__(self, acts: Sequence[Act], submitter: Submitter) -> None:
        self.results: dict[Act, Receipt | BaseException] = {}
        self._submitter = submitter
        self._threads = [threading.Thread(target=self._run, args=(act,)) for act in acts]
        for thread in self._threads:
            thread.start()

    def wait(self) -> dict[Act, Receipt | BaseException]:
        for thread in self._threads:
            thread.join()
        return self.results

    def _run(self, act: Act) -> None:
        try:
            self.results[act] = act.submit(self._submitter)
        except BaseException as problem:  # noqa: BLE001 - told to the test's own thread
            self.results[act] = problem


def wait_until(is_so: Callable[[], bool]) -> None:
    """Polls, for as long as the test may take."""
    pause = threading.Event()
    while not is_so():
        pause.wait(0.005)
