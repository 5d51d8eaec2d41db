"""A content is erased once it may be, for good, and is shown as erased wherever it would stand."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.actions.audit import audit_certificate
from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.erasure import (
    compute_retention_end,
    erase_certificate,
    place_hold,
    plan_erasure,
    release_hold,
)
from ledger.actions.fsck import fsck
from ledger.actions.lifecycle import change_status, preview
from ledger.actions.presentation import present, verify_document
from ledger.actions.showing import ErasedCertificate, ShownCertificate, show_certificate
from ledger.errors import ConflictError, LedgerError, MalformedInputError, NotFoundError
from ledger.formats.status_list import Status
from ledger.schemas import load_schema
from ledger.vault.tables import RunState
from ledger.verification.finding import Outcome
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    DECISION,
    OFFICER,
    TYPE,
    Ledger,
    Row,
    identify,
    make_row,
    write_rows,
)

LONG_PAST, PAST, VALID, FOREVER = 1, 2, 3, 4
EXPIRED = {"初次领证日期": "2010-01-05", "发证日期": "2012-01-05", "有效期起": "2012-01-05"}
REASON = "持证人申请"
YEAR_S = 366 * 86_400


def make_rows() -> list[Row]:
    return [
        make_row(LONG_PAST, **EXPIRED, 有效期止="2015-01-04"),
        make_row(PAST, **EXPIRED, 有效期止="2019-01-04"),
        make_row(VALID, 有效期止="2099-01-04"),
        make_row(FOREVER),
    ]


@pytest.fixture(scope="module")
def issued(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing with four certificates. Only to be copied."""
    ledger = founded.copy(tmp_path_factory.mktemp("issued"))
    source = write_rows(ledger.directory / "rows.csv", make_rows())
    assert ledger.issue(source).issued == 4
    return ledger


@pytest.fixture
def ledger(issued: Ledger, tmp_path: Path) -> Ledger:
    """The same, for one test."""
    return issued.copy(tmp_path / "ledger")


def require_refusal(code: str, ledger: Ledger, number: int) -> LedgerError:
    with ledger.open() as workspace:
        with pytest.raises(LedgerError) as planned:
            plan_erasure(workspace, identify(number))
        with pytest.raises(LedgerError) as refused:
            erase_certificate(workspace, identify(number), REASON)
        assert isinstance(show_certificate(workspace, identify(number)), ShownCertificate)
    assert planned.value.code == refused.value.code == code
    return refused.value


def test_certificate_past_its_retention_is_erased_with_reason_and_officer(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        plan = plan_erasure(workspace, identify(LONG_PAST))
        assert (plan.holder_name, plan.status) == ("持证人1", Status.VALID)
        assert plan.retained_until_unix == int(datetime(2025, 1, 4, 16, tzinfo=UTC).timestamp())
        result = erase_certificate(workspace, identify(LONG_PAST), REASON, officer=OFFICER)
        assert (result.was_erased, result.erasure.reason) == (False, REASON)
        assert result.erasure.officer is not None
        assert workspace.vault.acts.open_officer(result.erasure.officer).officer == OFFICER
        again = plan_erasure(workspace, identify(LONG_PAST))
        assert (again.erasure, again.holder_name) == (result.erasure, None)


def test_erasing_again_changes_nothing(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        first = erase_certificate(workspace, identify(LONG_PAST), REASON)
        again = erase_certificate(workspace, identify(LONG_PAST), "another", officer=OFFICER)
        assert (again.erasure, again.was_erased) == (first.erasure, True)


def test_erasure_of_a_certificate_that_must_be_kept_is_refused(ledger: Ledger) -> None:
    refusal = require_refusal("certificate_retained", ledger, PAST)
    assert "until 2029-01-05" in refusal.message
    require_refusal("certificate_retained", ledger, VALID)
    refusal = require_refusal("certificate_retained", ledger, FOREVER)
    assert "no end yet" in refusal.message


def test_retention_ends_by_the_clock_of_the_chain(ledger: Ledger) -> None:
    ledger.ahead_s = datetime(2029, 1, 5, tzinfo=UTC).timestamp() - datetime.now(UTC).timestamp()
    with ledger.open() as workspace:
        assert not erase_certificate(workspace, identify(PAST), REASON).was_erased


def test_retention_runs_from_a_revocation_that_came_before_the_end(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        change_status(workspace, LifecycleAct.REVOKE, [identify(FOREVER)], _revocation())
    refusal = require_refusal("certificate_retained", ledger, FOREVER)
    assert f"until {datetime.now(UTC).year + 10}" in refusal.message
    ledger.ahead_s = 10 * YEAR_S
    with ledger.open() as workspace:
        erase_certificate(workspace, identify(FOREVER), REASON)


def test_suspension_ends_no_validity(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        change_status(workspace, LifecycleAct.SUSPEND, [identify(FOREVER)], DECISION)
    assert "no end yet" in require_refusal("certificate_retained", ledger, FOREVER).message


def test_type_without_a_period_lets_its_certificates_be_erased(ledger: Ledger) -> None:
    tree = json.loads(load_schema(TYPE).document)
    del tree["x-zhenglian"]["retentionYears"]
    with ledger.open() as workspace:
        schemas = workspace.home / "schemas"
        schemas.mkdir()
        (schemas / f"{TYPE}.json").write_text(json.dumps(tree), "utf-8")
        assert plan_erasure(workspace, identify(VALID)).retained_until_unix is None
        assert not erase_certificate(workspace, identify(VALID), REASON).was_erased


def test_held_certificate_is_erased_only_after_its_release(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        first = place_hold(workspace, identify(LONG_PAST), "诉讼", officer=OFFICER)
        place_hold(workspace, identify(LONG_PAST), "审计")
    assert "诉讼" in require_refusal("certificate_held", ledger, LONG_PAST).message
    with ledger.open() as workspace:
        with pytest.raises(ConflictError, match=f"number {first.number}: 诉讼") as refusal:
            release_hold(workspace, identify(LONG_PAST), "done")
        assert refusal.value.code == "hold_ambiguous"
        release_hold(workspace, identify(LONG_PAST), "judgment", number=first.number)
        release_hold(workspace, identify(LONG_PAST), "done")
        with pytest.raises(NotFoundError) as missing:
            release_hold(workspace, identify(LONG_PAST), "done")
        assert missing.value.code == "hold_missing"
        erase_certificate(workspace, identify(LONG_PAST), REASON)
        with pytest.raises(ConflictError) as late:
            place_hold(workspace, identify(LONG_PAST), "too late")
        assert late.value.code == "content_erased"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_erasure_and_hold_need_a_reason(ledger: Ledger, reason: str) -> None:
    with ledger.open() as workspace:
        for act in (erase_certificate, place_hold):
            with pytest.raises(MalformedInputError) as refusal:
                act(workspace, identify(LONG_PAST), reason)
            assert refusal.value.field == "reason"
        assert isinstance(show_certificate(workspace, identify(LONG_PAST)), ShownCertificate)


def test_certificate_that_is_unknown_or_not_anchored_cannot_be_erased(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        with pytest.raises(NotFoundError) as unknown:
            erase_certificate(workspace, identify(9), REASON)
        assert unknown.value.code == "certificate_unknown"
        _pretend_closed(workspace)
        with pytest.raises(NotFoundError) as staged:
            erase_certificate(workspace, identify(LONG_PAST), REASON)
        assert staged.value.code == "not_anchored"


def test_erased_certificate_is_shown_as_such_and_cannot_be_presented(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        before = show_certificate(workspace, identify(LONG_PAST))
        erase_certificate(workspace, identify(LONG_PAST), REASON)
        shown = show_certificate(workspace, identify(LONG_PAST))
        assert isinstance(shown, ErasedCertificate)
        assert (shown.erasure_reason, shown.status) == (REASON, Status.VALID)
        assert (shown.batch_key, shown.position, shown.log_index) == (
            before.batch_key,
            before.position,
            before.log_index,
        )
        with pytest.raises(NotFoundError, match=f"was erased at .*{REASON}") as refusal:
            present(workspace, identify(LONG_PAST), None)
        assert refusal.value.code == "content_erased"


def test_what_was_presented_before_and_all_others_still_verify(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        presented = present(workspace, identify(LONG_PAST), None).to_json()
        erase_certificate(workspace, identify(LONG_PAST), REASON)
        other = present(workspace, identify(VALID), None).to_json()
        assert verify_document(workspace, other).outcome is Outcome.PASSED
        report = verify_document(workspace, presented)
        failed = {check.name for check in report.checks if check.outcome is Outcome.FAILED}
        assert failed == {"validity_period"}


def test_erased_certificate_can_be_revoked_and_is_audited(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        erase_certificate(workspace, identify(LONG_PAST), REASON)
        (affected,) = preview(
            workspace, LifecycleAct.REVOKE, [identify(LONG_PAST)], _revocation()
        ).affected
        assert (affected.holder_name, affected.is_erased) == (None, True)
        change_status(workspace, LifecycleAct.REVOKE, [identify(LONG_PAST)], _revocation())
        trail = audit_certificate(workspace, identify(LONG_PAST))
        acts = [step.act for step in trail.steps]
        assert acts[-1] == "revoked"
        assert "batch_anchored" in acts
        shown = show_certificate(workspace, identify(LONG_PAST))
        assert shown.status is Status.REVOKED


def test_check_counts_an_erased_certificate_as_erased_and_not_as_damage(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        erase_certificate(workspace, identify(LONG_PAST), REASON)
        report = fsck(workspace)
    assert (report.problems, report.erased, report.certificates) == ((), 1, 3)


def test_issuing_an_erased_row_again_says_that_it_was_erased(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        erase_certificate(workspace, identify(LONG_PAST), REASON)
    report = ledger.issue(write_rows(ledger.directory / "again.csv", make_rows()))
    assert report.state is RunState.FAILED
    assert [(e.code, e.line, e.value) for e in report.errors] == [
        ("erased_certificate", 2, str(identify(LONG_PAST)))
    ]
    assert datetime.now(UTC).strftime("%Y-") in report.errors[0].expected_en
    assert report.already_issued == 3


def test_bytes_of_the_key_are_nowhere_in_the_home_afterwards(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        stored = workspace.vault.certificates.find(str(identify(LONG_PAST)))
        kept = workspace.vault.certificates.find(str(identify(VALID)))
        assert stored is not None
        assert kept is not None
        assert stored.wrapped_key is not None
        assert kept.wrapped_key is not None
        erase_certificate(workspace, identify(LONG_PAST), REASON)
        raw = [p.read_bytes() for p in workspace.home.rglob("*") if p.is_file()]
    assert not any(stored.wrapped_key in content for content in raw)
    assert any(kept.wrapped_key in content for content in raw)


def test_retention_of_a_leap_day_ends_the_day_after() -> None:
    leap_day = int(datetime(2024, 2, 28, 16, tzinfo=UTC).timestamp())
    ends = datetime.fromtimestamp(compute_retention_end(leap_day, 1), UTC)
    assert ends == datetime(2025, 2, 28, 16, tzinfo=UTC)
    assert compute_retention_end(leap_day, 4) == int(
        datetime(2028, 2, 28, 16, tzinfo=UTC).timestamp()
    )


def _revocation() -> Decision:
    return replace(DECISION, reason_code=3)


def _pretend_closed(workspace: Workspace) -> None:
    with sqlite3.connect(workspace.home / "vault" / "vault.db") as raw:
        raw.execute("UPDATE batches SET state = 'closed'")
    raw.close()
