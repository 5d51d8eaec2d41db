"""Replays what clients of a node were told against its vault and its chain.

Whatever was killed in between: each acknowledgement has exactly one certificate, which is anchored
and verifies; no certificate is there twice; what was answered 202 has come true; what refused a
request refused it altogether.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.issuance.request import RequestState, find_request
from ledger.actions.presentation import present, verify_document
from ledger.formats.merkle import MerkleTree
from ledger.identifiers import CertificateId, Uscc
from ledger.records import BatchAnchored
from ledger.vault.tables import BatchState
from ledger.verification.finding import Outcome
from ledger.workspace import Workspace

NO_ANSWER = 0
MAY_ANSWER = frozenset({NO_ANSWER, 200, 201, 202, 429, 503, 507})
_CLOCK_SLACK_S = 2


@dataclass(slots=True)
class Attempt:
    """One request of one client, and what it was told.

    Attributes:
        identifier: of the certificate that it asked for.
        status: NO_ANSWER where none came.
    """

    issuer: Uscc
    reference: str
    identifier: str
    sent_at: float
    status: int = NO_ANSWER
    answered_at: float = 0.0
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def is_acknowledged(self) -> bool:
        return self.status in (200, 201)

    def answer(self, status: int, body: bytes) -> None:
        """Notes an answer."""
        self.status, self.answered_at = status, time.time()
        self.body = json.loads(body) if body else {}


def check_history(
    workspace: Workspace,
    attempts: Sequence[Attempt],
    *,
    verified: int = 5,
    is_settled: bool = True,
    beside: Collection[str] = frozenset(),
    ahead_s: float = 0.0,
) -> None:
    """Raises AssertionError where anybody was told what is not true.

    Args:
        verified: so many of the acknowledged certificates are presented and verified.
        is_settled: whether a node has run since, and has nothing left to be done.
        beside: identifiers that files had issued, each of which must be there, too.
        ahead_s: how much the chain's time is ahead of the clients' at the most.
    """
    answers = Counter(attempt.status for attempt in attempts)
    assert answers.keys() <= MAY_ANSWER, answers
    workspace.sync_index()
    acknowledged = [attempt for attempt in attempts if attempt.is_acknowledged]
    for attempt in acknowledged:
        _require_kept(workspace, attempt, ahead_s)
    _require_one_each(acknowledged)
    _require_batches(workspace, {attempt.body["batch_key"] for attempt in acknowledged})
    for attempt in _spread(acknowledged, verified):
        _require_verifies(workspace, attempt)
    if is_settled:
        for attempt in attempts:
            if attempt.status == 202:
                status = find_request(workspace, attempt.issuer, attempt.reference)
                assert status.state is RequestState.ISSUED, status
        _require_balance(workspace, attempts, frozenset(beside))


def _require_kept(workspace: Workspace, attempt: Attempt, ahead_s: float) -> None:
    """The certificate is where the answer says, as the answer says."""
    told = attempt.body
    assert told["certificate_id"] == attempt.identifier
    assert told["reference"] == attempt.reference
    stored = find_stored(workspace, CertificateId.parse(attempt.identifier))
    assert stored.batch.state is BatchState.ANCHORED
    assert stored.batch.batch_key.hex() == told["batch_key"]
    assert (stored.position, stored.leaf_hash.hex()) == (told["position"], told["leaf_hash"])
    assert stored.batch.log_index == told["log_index"]
    assert stored.batch.anchored_at_unix == told["anchored_at_unix"]
    assert told["anchored_at_unix"] <= attempt.answered_at + ahead_s + _CLOCK_SLACK_S
    if attempt.status == 201:
        assert told["anchored_at_unix"] >= attempt.sent_at - _CLOCK_SLACK_S
    status = find_request(workspace, attempt.issuer, attempt.reference)
    assert (status.state, status.position) == (RequestState.ISSUED, stored.position)


def _require_one_each(acknowledged: Iterable[Attempt]) -> None:
    """One certificate for a reference, one answer for a certificate, one 201 at most."""
    places: dict[str, tuple[str, int]] = {}
    references: dict[tuple[str, str], str] = {}
    created: Counter[str] = Counter()
    for attempt in acknowledged:
        place = attempt.body["batch_key"], attempt.body["position"]
        assert places.setdefault(attempt.identifier, place) == place
        key = str(attempt.issuer), attempt.reference
        assert references.setdefault(key, attempt.identifier) == attempt.identifier
        created[attempt.identifier] += attempt.status == 201
    assert len(set(places.values())) == len(places)
    assert max(created.values(), default=0) <= 1


def _require_batches(workspace: Workspace, batch_keys: Iterable[str]) -> None:
    """The chain has the very root of the leaves in the vault, and so does the log."""
    for batch_key in map(bytes.fromhex, batch_keys):
        batch = workspace.vault.batches.get(batch_key)
        tree = MerkleTree(workspace.vault.batches.leaf_hashes(batch.pk))
        record = workspace.gateway.batch(batch_key)
        assert record is not None
        assert (record.root, record.count) == (tree.root_hash, len(tree))
        assert batch.log_index is not None
        entry = workspace.index.entry(batch.log_index)
        assert (entry.kind, entry.subject) == (BatchAnchored.TOPIC, batch_key)


def _require_verifies(workspace: Workspace, attempt: Attempt) -> None:
    certificate_id = CertificateId.parse(attempt.identifier)
    document = present(workspace, certificate_id, ["holder_name"]).to_json()
    assert verify_document(workspace, document).outcome is Outcome.PASSED
    certificate = read_certificate(workspace, find_stored(workspace, certificate_id))
    assert certificate.placement.position == attempt.body["position"]


def _require_balance(
    workspace: Workspace, attempts: Sequence[Attempt], beside: frozenset[str]
) -> None:
    """On the chain is what the vault has, each once, and nothing that nobody asked for."""
    asked = {attempt.identifier for attempt in attempts} | beside
    vault = workspace.vault
    assert vault.batches.in_state(BatchState.OPEN, BatchState.CLOSED) == []
    held = [
        (place.identifier, batch.batch_key)
        for batch in vault.batches.in_state(BatchState.ANCHORED)
        for place in vault.certificates.iterate_places(batch.pk)
    ]
    names = [identifier for identifier, _ in held]
    assert len(set(names)) == len(names)
    assert beside <= set(names) <= asked
    anchored = workspace.index.entries_of_kind(BatchAnchored.TOPIC)
    counts = {
        row.subject: BatchAnchored.decode_payload(row.payload or b"").statement.count
        for row in anchored
    }
    assert len(anchored) == len(counts)
    assert counts == Counter(batch_key for _, batch_key in held)
    refused = {a.identifier for a in attempts if a.status in (429, 507)}
    others = {a.identifier for a in attempts if a.status not in (429, 507)}
    assert set(names).isdisjoint(refused - others)


def _spread(attempts: Sequence[Attempt], count: int) -> Sequence[Attempt]:
    return attempts[:: max(1, len(attempts) // count)][: count + 1] if attempts and count else ()
