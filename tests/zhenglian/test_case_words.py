from __future__ import annotations

import pytest

from ledger.actions.cases.overdue import DeadlineKind
from ledger.records import CaseAct, CaseState, HandOverMode, SpecialProcedure, StepOutcome, StepRule
from ledger.verification.materials import MaterialReason
from ledger.verification.reasons import Reason
from zhenglian.case_words import ACTS, describe, describe_material_reason
from zhenglian.language import Language
from zhenglian.words import describe_act


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("state", [each.name for each in CaseState if each is not CaseState.NONE]),
        ("procedure", [e.name for e in SpecialProcedure if e is not SpecialProcedure.NONE]),
        ("rule", [each.name for each in StepRule]),
        ("other", [each.name for each in HandOverMode]),
        ("other", [each.name for each in StepOutcome]),
        ("deadline", [each.name for each in DeadlineKind]),
    ],
)
def test_everything_has_words_in_chinese(table: str, names: list[str]) -> None:
    for name in names:
        assert not describe(table, name.lower(), Language.ZH).isascii(), name


def test_every_reason_against_a_material_has_words() -> None:
    for reason in (*MaterialReason, *Reason, "missing:合同"):
        assert not describe_material_reason(str(reason), Language.ZH).isascii(), reason
    assert describe_material_reason("of_tomorrow", Language.ZH) == "of_tomorrow"


def test_every_act_on_a_case_has_words() -> None:
    assert len(ACTS) >= len(CaseAct)
    for act in ACTS:
        assert not describe_act(act, Language.ZH).isascii()
