"""Any sequence of acts: contract and model agree on every state and on every refusal."""

from __future__ import annotations

import shutil
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger.abi import Statement
from ledger.actions.cases.history import read_standing
from ledger.actions.catalogue import define_matter, import_file
from ledger.actions.issuers import find_seal_key, register_department
from ledger.chain.case_reading import CASE_LEDGER, fetch_case, fetch_decision_digest
from ledger.errors import LedgerError
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.identifiers import RegionCode, Uscc
from ledger.records import (
    AssignmentStatement,
    CaseAct,
    CaseOpeningStatement,
    CaseStatement,
    Channel,
    Decision,
    DecisionStatement,
    HandOverMode,
    HandOverStatement,
    SpecialProcedure,
    TakeOverStatement,
)
from ledger.vault.key_files import SealKey
from ledger.workspace import Workspace
from tests.ledger.actions.cases.case_model import (
    LIMIT_DAYS,
    Attempt,
    CaseModel,
    Due,
    vary,
)
from tests.ledger.actions.cases.cases import DAY_S, ITEM, SICHUAN_HOUSING, WINDOW, define
from tests.ledger.actions.homes import (
    CHONGQING,
    PASSPHRASE,
    SICHUAN,
    TRANSPORT,
    Ledger,
)

DECIDERS = ((WINDOW, SICHUAN_HOUSING), (WINDOW, SICHUAN_HOUSING, TRANSPORT))
NAMES = [
    *(act.name.lower() for act in CaseAct),
    *("hand_over", "take_over", "assign", "decide", "deem", "end"),
]
ENDING = {"withdraw", "refuse_acceptance", "deliver"}
EVERYTHING = [
    Attempt(name, department, approves=approves)
    for name in NAMES
    for department in (WINDOW, SICHUAN_HOUSING, TRANSPORT)
    for approves in ((True, False) if name == "decide" else (True,))
]
ATTEMPTS = [each for each in EVERYTHING if each.name not in ENDING]
ENDS = [each for each in EVERYTHING if each.name in ENDING]
STRAIGHT = [  # the way of a case that is granted, or rejected by whoever has the veto
    Attempt("hand_over", WINDOW),
    Attempt("take_over", SICHUAN_HOUSING),
    Attempt("accept", SICHUAN_HOUSING, due=Due.LAST),
    Attempt("assign", SICHUAN_HOUSING, due=Due.LAST),
    Attempt("decide", WINDOW),
    Attempt("decide", SICHUAN_HOUSING),
    Attempt("assign", SICHUAN_HOUSING, due=Due.LAST),
    Attempt("decide", TRANSPORT),
]
NOTHING, SOMETHING = bytes(32), b"d" * 32
DATED = {CaseAct.SUPPLEMENT, CaseAct.ACCEPT, CaseAct.RESUME, CaseAct.EXTEND}


class CaseMachine(RuleBasedStateMachine):
    """One case on a chain of its own, and the model of it."""

    origin: ClassVar[Ledger]

    @initialize(along=st.integers(0, len(STRAIGHT) + 2), is_granted=st.booleans())
    def open(self, along: int, is_granted: bool) -> None:
        """Opens the case, and brings it some of the way."""
        self.directory = Path(tempfile.mkdtemp())
        ledger = self.origin.copy(self.directory / "ledger")
        self.now = int(time.time()) + 60
        self.keys = {}
        for member, departments in (
            (SICHUAN, (SICHUAN_HOUSING,)),
            (CHONGQING, (WINDOW, TRANSPORT)),
        ):
            with ledger.open(member) as home:
                self.keys |= {each: find_seal_key(home, each) for each in departments}
        self.home = Workspace.open(ledger.home(CHONGQING), PASSPHRASE, clock=lambda: self.now)
        statement = CaseOpeningStatement(
            WINDOW,
            self.keys[WINDOW].key_id,
            SOMETHING,
            ITEM,
            2,
            Channel.WINDOW,
            *(SOMETHING, SOMETHING, SOMETHING, NOTHING),
            0,
            self.now,
        )
        self.case_id = sha256(WINDOW.to_chain() + SOMETHING).digest()
        self._send("openCase", statement, self.keys[WINDOW])
        self.model = CaseModel(WINDOW, SICHUAN_HOUSING, DECIDERS, self.now)
        veto = Attempt("decide", WINDOW, approves=is_granted)
        last = Attempt("grant" if is_granted else "reject", SICHUAN_HOUSING)
        for attempt in [*STRAIGHT, veto, last][:along]:
            self._try(attempt)

    def teardown(self) -> None:
        self.home.__exit__()
        shutil.rmtree(self.directory)

    @rule(seconds=st.sampled_from([1, 3600, 2 * DAY_S, 8 * DAY_S, 28 * DAY_S]))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    @precondition(lambda self: self._list_allowed())
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        self._try(data.draw(st.sampled_from(self._list_allowed())))

    @precondition(lambda self: self._list_allowed())
    @rule(data=st.data())
    def go_on_with_one_thing_wrong(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(self._list_allowed()))
        self._try(data.draw(st.sampled_from(vary(chosen))))

    @rule(attempt=st.sampled_from(ATTEMPTS).flatmap(lambda each: st.sampled_from(vary(each))))
    def do_anything_that_goes_on(self, attempt: Attempt) -> None:
        self._try(attempt)

    @rule(attempt=st.sampled_from(ENDS), chance=st.integers(0, 15))
    def end_it_seldom(self, attempt: Attempt, chance: int) -> None:
        if chance == 0 or self.model.find_refusal(attempt, self.now) is not None:
            self._try(attempt)

    @invariant()
    def agree(self) -> None:
        record, model = fetch_case(self.home.gateway, self.case_id), self.model
        assert (
            *(record.state, record.round, record.step, record.outcome, record.sequence),
            *(record.custodian, any(record.pending_hand_over), record.accept_by, record.due_at),
            *(record.step_due_at, record.paused_at, record.was_supplemented, record.was_extended),
        ) == (
            *(model.state, model.round, model.step, model.outcome, model.sequence),
            *(model.custodian, model.taker is not None, model.accept_by, model.due_at),
            *(model.step_due_at, model.paused_at, model.was_supplemented, model.was_extended),
        )

    @invariant()
    def events_tell_the_same(self) -> None:
        self.home.sync_index()
        standing = read_standing(self.home.index, self.case_id)
        assert (standing.state, standing.due_at_unix, standing.step_due_at_unix) == (
            self.model.state,
            self.model.due_at,
            self.model.step_due_at,
        )
        assert len(standing.decisions) == len(self.model.decisions)

    def _list_allowed(self) -> list[Attempt]:
        return [each for each in ATTEMPTS if self.model.find_refusal(each, self.now) is None]

    def _try(self, attempt: Attempt) -> None:
        expected = self.model.find_refusal(attempt, self.now)
        if expected is None:
            self._carry_out(attempt)
            self.model.apply(attempt, self.now)
            return
        with pytest.raises(LedgerError) as refusal:
            self._carry_out(attempt)
        assert refusal.type is expected, (attempt, refusal.value)

    # Statements.

    def _carry_out(self, attempt: Attempt) -> None:
        if attempt.name in ("deem", "end"):
            function = {"deem": "deemAccepted", "end": "endStepTime"}[attempt.name]
            self.home.submitter.submit(CASE_LEDGER, function, self.case_id, purpose="test")
            return
        key = self.keys[attempt.department]
        made = {
            "hand_over": ("handOver", self._give),
            "take_over": ("takeOver", self._take),
            "assign": ("assignStep", self._assign),
            "decide": ("decideStep", self._decide),
        }.get(attempt.name, ("advanceCase", self._advance))
        self._send(made[0], made[1](attempt, key), key)

    def _send(self, function: str, statement: Statement, key: SealKey) -> None:
        digest = compute_digest(statement, self.home.gateway.ledger_id)
        signature = sign_digest(key.private_key, digest)
        self.home.submitter.submit(
            CASE_LEDGER, function, statement.to_abi(), signature.to_abi(), purpose="test"
        )

    def _sequence(self, attempt: Attempt) -> int:
        return self.model.sequence + (1 if attempt.is_next else 2)

    def _due(self, attempt: Attempt) -> int:
        bounds = self.model.bounds(attempt.name, self.now)
        return attempt.due.within(*bounds) if any(bounds) else 0

    def _advance(self, attempt: Attempt, key: SealKey) -> CaseStatement:
        act = CaseAct[attempt.name.upper()]
        refuses = act in (CaseAct.REFUSE_ACCEPTANCE, CaseAct.REJECT)
        return CaseStatement(
            attempt.department,
            key.key_id,
            self.case_id,
            self._sequence(attempt),
            act,
            SpecialProcedure(act is CaseAct.PAUSE),
            max(1, self._due(attempt)) if act in DATED else 0,
            SOMETHING if attempt.is_whole else NOTHING,
            NOTHING,
            "《某规定》第一条" if refuses or act is CaseAct.EXTEND else "",
            "行政复议" if refuses else "",
            (SOMETHING,) if act is CaseAct.ACCEPT else (),
        )

    def _give(self, attempt: Attempt, key: SealKey) -> HandOverStatement:
        other = WINDOW if self.model.is_with_handler else SICHUAN_HOUSING
        return HandOverStatement(
            attempt.department,
            key.key_id,
            self.case_id,
            self._sequence(attempt),
            other if attempt.is_true else TRANSPORT,
            HandOverMode.POSTAL,
            SOMETHING if attempt.is_whole else NOTHING,
            NOTHING,
        )

    def _take(self, attempt: Attempt, key: SealKey) -> TakeOverStatement:
        pending = fetch_case(self.home.gateway, self.case_id).pending_hand_over
        return TakeOverStatement(
            attempt.department,
            key.key_id,
            self.case_id,
            self._sequence(attempt),
            pending if attempt.is_true else b"o" * 32,
            SOMETHING if attempt.is_whole else NOTHING,
            self._due(attempt),
            NOTHING,
        )

    def _assign(self, attempt: Attempt, key: SealKey) -> AssignmentStatement:
        return AssignmentStatement(
            attempt.department,
            key.key_id,
            self.case_id,
            self._sequence(attempt),
            self.model.step + (0 if attempt.is_true else 1),
            self._due(attempt),
            (),
            NOTHING,
        )

    def _decide(self, attempt: Attempt, key: SealKey) -> DecisionStatement:
        record = fetch_case(self.home.gateway, self.case_id)
        preceding = NOTHING
        if record.step == 0 and attempt.department != WINDOW:
            gateway = self.home.gateway
            preceding = fetch_decision_digest(gateway, self.case_id, 0, WINDOW) or NOTHING
        return DecisionStatement(
            attempt.department,
            key.key_id,
            self.case_id,
            record.step,
            record.round + (0 if attempt.is_true else 1),
            Decision.APPROVE if attempt.approves else Decision.REJECT,
            record.matter_version,
            record.materials_digest if attempt.is_next else b"o" * 32,
            SOMETHING if attempt.is_whole else NOTHING,
            preceding if attempt.due.is_good else b"o" * 32,
            NOTHING,
            self.now,
        )


@pytest.fixture(scope="module")
def joint(catalogued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """The matter with two steps of several departments. Only to be copied."""
    ledger = catalogued.copy(tmp_path_factory.mktemp("joint"))
    with ledger.open() as home:
        name, region = "重庆市交通运输委员会（虚构）", RegionCode.parse("500000")
        register_department(home, TRANSPORT, name, region)
    definition = define(version=2, steps=[_ordered(DECIDERS[0]), _threshold(DECIDERS[1])])
    with ledger.open(SICHUAN) as home:
        file = define_matter(home, definition).file
    with ledger.open() as home:
        import_file(home, file)
    return ledger


def _ordered(deciders: tuple[Uscc, ...]) -> dict[str, object]:
    return {
        "name": "审查",
        "rule": "ordered",
        "deciders": [str(each) for each in deciders],
        "limitDays": LIMIT_DAYS[0],
    }


def _threshold(deciders: tuple[Uscc, ...]) -> dict[str, object]:
    return {
        "name": "联审",
        "rule": "threshold",
        "threshold": 1,
        "vetoes": [0],
        "deciders": [str(each) for each in deciders],
        "limitDays": LIMIT_DAYS[1],
    }


def test_contract_and_model_agree_on_every_state_and_every_refusal(joint: Ledger) -> None:
    CaseMachine.origin = joint
    run_state_machine_as_test(
        CaseMachine,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_both_ends_of_a_bound_are_good_and_one_second_beyond_is_not() -> None:
    assert [due.within(10, 20) for due in Due] == [9, 10, 20, 21]
    assert [due.is_good for due in Due] == [False, True, True, False]
