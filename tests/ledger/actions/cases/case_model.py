"""What a case should do, in plain Python, by docs/spec/cases.md."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from ledger.errors import LedgerError
from ledger.identifiers import Uscc
from ledger.records import (
    AcceptanceTimeOverError,
    AcceptanceTimeRunsError,
    CaseAct,
    CaseFieldMalformedError,
    CaseNotPausedError,
    CasePausedError,
    CaseSequenceUnexpectedError,
    CaseState,
    CaseStateUnexpectedError,
    ConclusionUnexpectedError,
    DecidedBeforeError,
    DecidedOnOtherGroundsError,
    DecisionOutOfTurnError,
    DecisionTooLateError,
    DepartmentNotCompetentError,
    DueDateOutOfRangeError,
    ExtendedBeforeError,
    HandOverPendingError,
    HandOverUnexpectedError,
    NotCustodianError,
    PrecedingDecisionUnexpectedError,
    RoundUnexpectedError,
    StepOutcome,
    StepStillOpenError,
    StepUnexpectedError,
    SupplementedBeforeError,
)

DAY_S = 86_400
PROMISED_DAYS = 10
LIMIT_DAYS = (5, 3)
NEEDED = (2, 1)

Refusal = type[LedgerError] | None
_AFTER = {
    "request_supplement": CaseState.SUPPLEMENTING,
    "supplement": CaseState.RECEIVED,
    "refuse_acceptance": CaseState.NOT_ACCEPTED,
    "accept": CaseState.ACCEPTED,
    "deem": CaseState.ACCEPTED,
    "assign": CaseState.REVIEWING,
    "grant": CaseState.APPROVED,
    "reject": CaseState.REJECTED,
    "issue_result": CaseState.ISSUED,
    "deliver": CaseState.DELIVERED,
    "withdraw": CaseState.WITHDRAWN,
}


class Due(Enum):
    """A date within its bounds or just outside."""

    EARLY = -1
    FIRST = 0
    LAST = 1
    LATE = 2

    def within(self, first: int, last: int) -> int:
        return {
            Due.EARLY: first - 1,
            Due.FIRST: first,
            Due.LAST: last,
            Due.LATE: last + 1,
        }[self]

    @property
    def is_good(self) -> bool:
        return self in (Due.FIRST, Due.LAST)


@dataclass(frozen=True)
class Attempt:
    """Something that somebody tries.

    Attributes:
        name: an act of `CaseAct` in lower case, or hand_over, take_over, assign, decide, deem, end.
        is_whole: whether its form is right: fields that it needs there, and no others.
    """

    name: str
    department: Uscc
    due: Due = Due.FIRST
    is_next: bool = True
    is_whole: bool = True
    is_true: bool = True  # about the right hand-over, step, round, materials
    approves: bool = True


@dataclass
class CaseModel:
    """A case as it should be. `deciders` of step 0 decide in order, those of step 1 by threshold 1
    with a veto of the first."""

    receiver: Uscc
    handler: Uscc
    deciders: tuple[tuple[Uscc, ...], ...]
    opened_at: int
    state: CaseState = CaseState.RECEIVED
    is_with_handler: bool = False
    taker: Uscc | None = None
    round: int = 1
    step: int = 0
    outcome: StepOutcome = StepOutcome.OPEN
    sequence: int = 1
    accept_by: int = 0
    due_at: int = 0
    step_due_at: int = 0
    paused_at: int = 0
    was_supplemented: bool = False
    was_extended: bool = False
    decisions: dict[tuple[int, Uscc], bool] = field(default_factory=dict)

    @property
    def custodian(self) -> Uscc:
        return self.handler if self.is_with_handler else self.receiver

    def bounds(self, name: str, now: int) -> tuple[int, int]:
        """First and last second of the date that an act states; 0, 0 if it states none."""
        acceptance = now + 5 * DAY_S, now + 21 * DAY_S
        if name == "supplement":
            return acceptance
        if name == "take_over":
            is_to_accept = not self.is_with_handler and self.state is CaseState.RECEIVED
            return acceptance if is_to_accept else (0, 0)
        if name == "accept":
            return _working(now, PROMISED_DAYS)
        if name == "assign":
            return _working(now, LIMIT_DAYS[min(self.step, 1)])
        if name == "resume":
            moved = self.due_at + (now - self.paused_at if self.paused_at else 0)
            return moved, moved + 21 * DAY_S
        if name == "extend":
            return self.due_at + 1, self.due_at + 31 * DAY_S
        return 0, 0

    # What should be refused, and with which error.

    def find_refusal(self, attempt: Attempt, now: int) -> Refusal:
        if attempt.name in ("deem", "end"):
            return self._refuse_passing(attempt.name, now)
        if attempt.name == "decide":
            return self._refuse_decision(attempt, now)
        if not attempt.is_whole and attempt.name != "assign":
            return CaseFieldMalformedError
        if not attempt.is_next:
            return CaseSequenceUnexpectedError
        refuse = {
            "hand_over": self._refuse_hand_over,
            "take_over": self._refuse_take_over,
            "assign": self._refuse_assignment,
        }.get(attempt.name, self._refuse_act)
        return refuse(attempt, now)

    def _refuse_act(self, attempt: Attempt, now: int) -> Refusal:
        act = CaseAct[attempt.name.upper()]
        either = act in (CaseAct.SUPPLEMENT, CaseAct.DELIVER, CaseAct.WITHDRAW)
        allowed = {self.handler, self.receiver} if either else {self.handler}
        if attempt.department not in allowed:
            return DepartmentNotCompetentError
        if act in (CaseAct.REQUEST_SUPPLEMENT, CaseAct.REFUSE_ACCEPTANCE, CaseAct.ACCEPT):
            return self._refuse_answer(act, attempt, now)
        if act is CaseAct.SUPPLEMENT:
            if self.state is not CaseState.SUPPLEMENTING:
                return CaseStateUnexpectedError
            return None if attempt.due.is_good else DueDateOutOfRangeError
        if act is CaseAct.DELIVER:
            return self._refuse_delivery(attempt)
        if act is CaseAct.WITHDRAW:
            early = (CaseState.RECEIVED, CaseState.SUPPLEMENTING)
            is_possible = self.state in early or self._is_under_review
            return None if is_possible else CaseStateUnexpectedError
        if act is CaseAct.ISSUE_RESULT:
            return None if self.state is CaseState.APPROVED else CaseStateUnexpectedError
        if act in (CaseAct.GRANT, CaseAct.REJECT):
            return self._refuse_conclusion(act)
        return self._refuse_clock(act, attempt)

    def _refuse_answer(self, act: CaseAct, attempt: Attempt, now: int) -> Refusal:
        if self.state is not CaseState.RECEIVED:
            return CaseStateUnexpectedError
        if self.taker is not None:
            return HandOverPendingError
        if attempt.department != self.custodian:
            return NotCustodianError
        if now > self.accept_by:
            return AcceptanceTimeOverError
        if act is CaseAct.REQUEST_SUPPLEMENT and self.was_supplemented:
            return SupplementedBeforeError
        if act is CaseAct.ACCEPT and not attempt.due.is_good:
            return DueDateOutOfRangeError
        return None

    def _refuse_delivery(self, attempt: Attempt) -> Refusal:
        if self.state not in (CaseState.APPROVED, CaseState.REJECTED, CaseState.ISSUED):
            return CaseStateUnexpectedError
        if self.taker is not None:
            return HandOverPendingError
        return None if attempt.department == self.custodian else NotCustodianError

    def _refuse_conclusion(self, act: CaseAct) -> Refusal:
        if self.state is not CaseState.DECIDED:
            return CaseStateUnexpectedError
        if self.paused_at:
            return CasePausedError
        is_granted = self.outcome is StepOutcome.APPROVED
        return None if is_granted is (act is CaseAct.GRANT) else ConclusionUnexpectedError

    def _refuse_clock(self, act: CaseAct, attempt: Attempt) -> Refusal:
        if not self._is_under_review:
            return CaseStateUnexpectedError
        if act is CaseAct.RESUME:
            if not self.paused_at:
                return CaseNotPausedError
            return None if attempt.due.is_good else DueDateOutOfRangeError
        if self.paused_at:
            return CasePausedError
        if act is CaseAct.EXTEND:
            if self.was_extended:
                return ExtendedBeforeError
            return None if attempt.due.is_good else DueDateOutOfRangeError
        return None

    def _refuse_hand_over(self, attempt: Attempt, now: int) -> Refusal:
        if self.taker is not None:
            return HandOverPendingError
        if attempt.department != self.custodian:
            return NotCustodianError
        if not attempt.is_true:
            return DepartmentNotCompetentError  # to a department that is neither side
        answered = (
            CaseState.NOT_ACCEPTED,
            CaseState.APPROVED,
            CaseState.REJECTED,
            CaseState.ISSUED,
        )
        is_first = self.state is CaseState.RECEIVED and not self.is_with_handler
        return None if is_first or self.state in answered else CaseStateUnexpectedError

    def _refuse_take_over(self, attempt: Attempt, now: int) -> Refusal:
        if self.taker is None or not attempt.is_true:
            return HandOverUnexpectedError
        if attempt.department != self.taker:
            return DepartmentNotCompetentError
        is_dated = self.bounds("take_over", now) != (0, 0)
        return DueDateOutOfRangeError if is_dated and not attempt.due.is_good else None

    def _refuse_assignment(self, attempt: Attempt, now: int) -> Refusal:
        if attempt.department != self.handler:
            return DepartmentNotCompetentError
        if self.state is not CaseState.ACCEPTED:
            return CaseStateUnexpectedError
        if self.paused_at:
            return CasePausedError
        if not attempt.is_true:
            return StepUnexpectedError
        return None if attempt.due.is_good else DueDateOutOfRangeError

    def _refuse_decision(self, attempt: Attempt, now: int) -> Refusal:
        if not attempt.is_whole:
            return CaseFieldMalformedError
        if self.state is not CaseState.REVIEWING:
            return CaseStateUnexpectedError
        if self.paused_at:
            return CasePausedError
        if not attempt.is_true:
            return RoundUnexpectedError
        if not attempt.is_next:  # stands for other materials
            return DecidedOnOtherGroundsError
        row = self.deciders[self.step]
        if attempt.department not in row:
            return DepartmentNotCompetentError
        if (self.step, attempt.department) in self.decisions:
            return DecidedBeforeError
        place = row.index(attempt.department)
        if self.step == 1 and place == 0 and now > self.step_due_at:
            return DecisionTooLateError
        if self.step == 0 and any((0, each) not in self.decisions for each in row[:place]):
            return DecisionOutOfTurnError
        return None if attempt.due.is_good else PrecedingDecisionUnexpectedError

    def _refuse_passing(self, name: str, now: int) -> Refusal:
        if name == "deem":
            if self.state is not CaseState.RECEIVED:
                return CaseStateUnexpectedError
            if not self.is_with_handler:
                return NotCustodianError
            return None if now > self.accept_by else AcceptanceTimeRunsError
        if self.state is not CaseState.REVIEWING:
            return CaseStateUnexpectedError
        if self.paused_at:
            return CasePausedError
        return StepStillOpenError if self._weigh(now) is StepOutcome.OPEN else None

    # What follows.

    def apply(self, attempt: Attempt, now: int) -> None:
        due = attempt.due.within(*self.bounds(attempt.name, now))
        self.sequence += attempt.name not in ("decide", "deem", "end")
        before, self.state = self.state, _AFTER.get(attempt.name, self.state)
        match attempt.name:
            case "request_supplement":
                self.was_supplemented = True
            case "supplement":
                self.accept_by, self.round = due, self.round + 1
            case "accept" | "extend":
                self.due_at, self.was_extended = due, attempt.name == "extend"
            case "deem":
                self.due_at = _working(now, PROMISED_DAYS)[1]
            case "pause":
                self.paused_at = now
            case "resume":
                stood = now - self.paused_at
                self.step_due_at += stood if before is CaseState.REVIEWING else 0
                self.due_at, self.paused_at = due, 0
            case "hand_over":
                self.taker = self.receiver if self.is_with_handler else self.handler
            case "take_over":
                self._take(due, now)
            case "assign":
                self.step_due_at = due
            case "decide" | "end":
                if attempt.name == "decide":
                    self.decisions[self.step, attempt.department] = attempt.approves
                self._conclude(now)

    def _take(self, due: int, now: int) -> None:
        if self.bounds("take_over", now) != (0, 0):
            self.accept_by = due
        self.is_with_handler, self.taker = not self.is_with_handler, None

    def _conclude(self, now: int) -> None:
        outcome = self._weigh(now)
        if outcome is StepOutcome.OPEN:
            return
        self.step_due_at = 0
        if outcome is StepOutcome.APPROVED and self.step == 0:
            self.step, self.state = 1, CaseState.ACCEPTED
        else:
            self.outcome, self.state = outcome, CaseState.DECIDED

    def _weigh(self, now: int) -> StepOutcome:
        row = self.deciders[self.step]
        given = {each: self.decisions.get((self.step, each)) for each in row}
        approvals = sum(1 for each in given.values() if each)
        lost = sum(1 for each in given.values() if each is False)
        if self.step == 0:
            if lost:
                return StepOutcome.REJECTED
            return StepOutcome.APPROVED if approvals == len(row) else StepOutcome.OPEN
        veto, is_late = given[row[0]], now > self.step_due_at
        if veto is False:
            return StepOutcome.REJECTED
        lost += veto is None and is_late
        if len(row) - lost < NEEDED[1]:
            return StepOutcome.REJECTED
        has_waited = veto is not None or is_late
        return StepOutcome.APPROVED if approvals >= NEEDED[1] and has_waited else StepOutcome.OPEN

    @property
    def _is_under_review(self) -> bool:
        return self.state in (CaseState.ACCEPTED, CaseState.REVIEWING, CaseState.DECIDED)


def _working(now: int, days: int) -> tuple[int, int]:
    return now + days * DAY_S, now + (2 * days + 21) * DAY_S


def vary(attempt: Attempt) -> list[Attempt]:
    """The attempt, and it with one thing wrong each."""
    return [
        attempt,
        replace(attempt, due=Due.LAST),
        replace(attempt, due=Due.EARLY),
        replace(attempt, due=Due.LATE),
        replace(attempt, is_next=False),
        replace(attempt, is_whole=False),
        replace(attempt, is_true=False),
    ]
