"""Acts on cases that were interrupted: kept and never sent, or recorded and never heard of."""

from __future__ import annotations

import sqlite3

import pytest

from ledger.actions.cases.accepting import accept_case
from ledger.actions.cases.settlement import name_function, settle_case_acts
from ledger.actions.cases.travelling import hand_over
from ledger.actions.fsck import fsck
from ledger.actions.issuers import find_seal_key
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.records import CaseAct, CaseState, CaseStatement, SpecialProcedure
from ledger.vault.acts import OfficerCommitment
from ledger.vault.case_rows import NewCaseAct, Paper
from ledger.vault.store import DATABASE_NAME
from ledger.vault.tables import ActState
from ledger.workspace import Workspace
from tests.ledger.actions.cases.cases import OFFICER, SICHUAN_HOUSING, accept, send, submit
from tests.ledger.actions.homes import CHONGQING, SICHUAN, Ledger

PAPER = Paper("zhenglian-notice/1", b"of an act that was never sent")


def forget(ledger: Ledger, member: object, kind: str) -> None:
    """Leaves a vault as a process does that dies before it hears of its act's receipt."""
    raw = sqlite3.connect(ledger.home(member) / "vault" / DATABASE_NAME)  # type: ignore[arg-type]
    with raw:
        for statement, name in (
            ("UPDATE case_acts SET state = 'prepared' WHERE kind = ?", kind),
            ("UPDATE outbox SET state = 'sent' WHERE purpose = ?", name_function(kind)),
        ):
            assert raw.execute(statement, (name,)).rowcount == 1
    raw.close()


def keep_unsent(home: Workspace, case_id: bytes) -> int:
    """Keeps an acceptance as a process does that dies before it sends it."""
    key, officer = find_seal_key(home, SICHUAN_HOUSING), OfficerCommitment.make(OFFICER)
    statement = CaseStatement(
        SICHUAN_HOUSING,
        key.key_id,
        case_id,
        4,
        CaseAct.ACCEPT,
        SpecialProcedure.NONE,
        home.latest_unix() + 20 * 86_400,
        PAPER.digest,
        officer.commitment,
        "",
        "",
        (),
    )
    signature = sign_digest(key.private_key, compute_digest(statement, home.gateway.ledger_id))
    new = NewCaseAct(
        case_id,
        "accept",
        4,
        b"request",
        statement.encode(),
        signature.r + signature.s,
        officer,
        (PAPER,),
    )
    return home.vault.cases.record(new).pk


@pytest.mark.parametrize(
    ("member", "kind"), [(CHONGQING, "open"), (CHONGQING, "hand_over"), (SICHUAN, "accept")]
)
def test_act_that_nobody_heard_of_is_found_in_the_log(
    two: Ledger, member: object, kind: str
) -> None:
    case_id = accept(two)
    forget(two, member, kind)
    with two.open(member) as home:  # type: ignore[arg-type] # a member
        home.submitter.resolve_unfinished()
        assert settle_case_acts(home) == []
        states = {act.state for act in home.vault.cases.acts_of(case_id)}
        assert states == {ActState.RECORDED}
        assert fsck(home).problems == ()


def test_acceptance_asked_for_again_after_an_interruption_is_one_acceptance(two: Ledger) -> None:
    case_id = accept(two)
    forget(two, SICHUAN, "accept")
    with two.open(SICHUAN) as home:
        size = home.gateway.log_size()
        again = accept_case(home, case_id, OFFICER)
        assert again.was_done
        assert home.gateway.log_size() == size


def test_package_of_a_hand_over_nobody_heard_of_is_there(two: Ledger) -> None:
    case_id = submit(two)
    with two.open() as home:
        given = hand_over(home, case_id)
    forget(two, CHONGQING, "hand_over")
    with two.open() as home:
        assert hand_over(home, case_id).package == given.package


def test_act_that_was_never_sent_is_refused_and_made_anew(two: Ledger) -> None:
    case_id = submit(two)
    send(two, case_id)
    with two.open(SICHUAN) as home:
        unsent = keep_unsent(home, case_id)
        assert accept_case(home, case_id, OFFICER).state is CaseState.ACCEPTED
        states = {act.pk: act.state for act in home.vault.cases.acts_of(case_id)}
        assert states.pop(unsent) is ActState.REFUSED
        assert set(states.values()) == {ActState.RECORDED}
        assert PAPER.digest not in {each.digest for each in home.vault.cases.papers_of(case_id)}
