from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.actions.act_check import describe_details
from ledger.actions.decisions import LifecycleAct
from ledger.actions.fsck import fsck
from ledger.actions.holdings import find_stored
from ledger.actions.issuers import find_seal_key
from ledger.actions.lifecycle import change_status
from ledger.actions.repair import repair
from ledger.actions.settlement import settle_acts, status_purpose
from ledger.actions.status_targets import fetch_status, read_targets
from ledger.chain.client import Respond
from ledger.errors import ChainUnavailableError
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import Status
from ledger.records import StatusStatement
from ledger.vault.acts import ActRow, NewAct, OfficerCommitment
from ledger.vault.outbox import NewTransaction
from ledger.vault.tables import ActState
from ledger.workspace import Workspace
from tests.ledger.actions.homes import DECISION, HOUSING, Ledger, identify, write_file
from tests.ledger.chain.faulty_node import refuse, stand_between

REVOKE = LifecycleAct.REVOKE


def prepare(workspace: Workspace, number: int) -> tuple[ActRow, StatusStatement]:
    """A signed revocation that was kept, and no more: an interruption came before its sending."""
    (target,) = read_targets(workspace, [identify(number)])
    key = find_seal_key(workspace, HOUSING)
    officer = OfficerCommitment.make("经办人（虚构）戊二")
    statement = StatusStatement(
        HOUSING,
        key.key_id,
        target.batch_key,
        target.sequence + 1,
        DECISION.reason_code,
        20260115,
        officer.commitment,
        DECISION.legal_basis,
        target.changes(Status.REVOKED),
    )
    seal = sign_digest(key.private_key, compute_digest(statement, workspace.gateway.ledger_id))
    act = NewAct(
        REVOKE.value,
        statement.batch_key,
        statement.sequence,
        statement.encode(),
        seal.r + seal.s,
        officer,
        describe_details(statement),
    )
    return workspace.vault.acts.record(act), statement


def carry(workspace: Workspace, statement: StatusStatement) -> None:
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    seal = sign_digest(find_seal_key(workspace, HOUSING).private_key, digest)
    workspace.submitter.submit(
        "CertificateLedger",
        "changeStatus",
        statement.to_abi(),
        seal.to_abi(),
        purpose=status_purpose("revoke"),
        reference=digest.hex(),
    )


def test_an_act_found_in_the_log_is_recorded(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        act, statement = prepare(workspace, 3)
        carry(workspace, statement)
        assert settle_acts(workspace) == []
        settled = workspace.vault.acts.get(act.pk)
        assert (settled.state, settled.details["settled"]) == (ActState.RECORDED, "in_log")
        commitment = statement.officer_commitment
        assert workspace.vault.acts.open_officer(commitment).officer == "经办人（虚构）戊二"


def test_an_act_that_was_never_sent_is_refused_and_can_be_made_again(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        act, _ = prepare(workspace, 3)
        (result,) = change_status(workspace, REVOKE, [identify(3)], DECISION)
        assert result.sequence == act.sequence
        settled = workspace.vault.acts.get(act.pk)
        assert (settled.state, settled.details["settled"]) == (ActState.REFUSED, "never_sent")
        assert fetch_status(workspace, find_stored(workspace, identify(3))) is Status.REVOKED


def test_an_act_whose_number_another_took_is_refused(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        act, statement = prepare(workspace, 3)
        carry(workspace, replace(statement, legal_basis="《另一依据》"))
        assert settle_acts(workspace) == []
        settled = workspace.vault.acts.get(act.pk)
        assert (settled.state, settled.details["settled"]) == (ActState.REFUSED, "number_taken")


@pytest.mark.parametrize(
    ("mark", "outcome"),
    [("sent", None), ("superseded", ActState.REFUSED), ("reverted", ActState.REFUSED)],
)
def test_an_act_that_was_sent_is_unknown_until_it_was_refused(
    provinces: Ledger, mark: str, outcome: ActState | None
) -> None:
    with provinces.open() as workspace:
        act, statement = prepare(workspace, 3)
        digest = compute_digest(statement, workspace.gateway.ledger_id)
        account = bytes.fromhex(workspace.submitter.address[2:])
        outbox = workspace.vault.outbox
        row = outbox.add(
            NewTransaction(status_purpose("revoke"), digest.hex(), account, 99, b"raw", bytes(32))
        )
        {
            "sent": lambda: outbox.mark_sent(row.pk),
            "superseded": lambda: outbox.mark_superseded(row.pk, "another took the nonce"),
            "reverted": lambda: outbox.mark_reverted(row.pk, "refused"),
        }[mark]()
        unknown = settle_acts(workspace)
        state = workspace.vault.acts.get(act.pk).state
        if outcome is None:
            assert (state, [each.pk for each in unknown]) == (ActState.PREPARED, [act.pk])
            assert any("revoke number 1" in remark for remark in fsck(workspace).remarks)
        else:
            assert (state, unknown) == (outcome, [])
            assert fsck(workspace).remarks == ()


def test_fsck_settles_what_the_chain_tells(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        act, statement = prepare(workspace, 3)
        carry(workspace, statement)
        report = fsck(workspace)
        assert (report.problems, report.remarks) == ((), ())
        assert workspace.vault.acts.get(act.pk).state is ActState.RECORDED


def test_act_that_the_chain_refuses_for_ever_is_given_up_and_decided_anew_once(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.issue(write_file(tmp_path / "rows.csv", range(3)))
    with ledger.open() as workspace:
        node = stand_between(workspace)
        refused: list[str] = []

        def refuse_first(request: dict[str, Any], respond: Respond) -> object:
            raw = request["params"][0]
            refused[:] = refused or [raw]
            return (
                refuse("intrinsic gas too low")(request, respond)
                if raw in refused
                else respond(request)
            )

        node.faults["eth_sendRawTransaction"] = refuse_first
        for number in (0, 1):
            with pytest.raises(ChainUnavailableError) as caught:
                change_status(workspace, REVOKE, [identify(number)], DECISION)
            assert caught.value.code == "transaction_refused"
        assert len(repair(workspace)) == 2
        (act,) = workspace.vault.acts.all()
        assert (act.state, act.details["settled"]) == (ActState.REFUSED, "superseded")
        results = change_status(workspace, REVOKE, [identify(0), identify(1)], DECISION)
        assert [result.certificates for result in results] == [2]
        node.faults.clear()
        with pytest.raises(ChainUnavailableError, match="nonce too low"):
            workspace.gateway.client.request("late", "eth_sendRawTransaction", refused[0])
        assert (fsck(workspace).problems, fsck(workspace).remarks) == ((), ())
