"""How findings weigh: a failure before a doubt, a doubt before the rest."""

from __future__ import annotations

from ledger.verification.finding import failed, indeterminate, passed, weigh
from ledger.verification.reasons import Reason
from tests.support.ledger_world import found_world

FAILED, OTHER = failed(Reason.SEAL_INVALID), failed(Reason.EXPIRED)
DOUBT = indeterminate(Reason.STALE)
PASSED = passed({"as": "last word"})


def test_first_failure_outweighs_doubts_and_later_failures() -> None:
    assert weigh([None, DOUBT, FAILED, OTHER], PASSED) is FAILED


def test_first_doubt_stands_where_nothing_failed() -> None:
    assert weigh([passed(), DOUBT, indeterminate(Reason.NO_TRUSTED_LOG)], PASSED) is DOUBT


def test_last_word_stands_where_nothing_is_wrong() -> None:
    assert weigh([None, passed()], PASSED) is PASSED


def test_facts_are_cited_once_in_the_order_of_the_log() -> None:
    facts = found_world().facts()
    assert passed(None, facts[3], facts[1], facts[3]).evidence == (1, 3)
