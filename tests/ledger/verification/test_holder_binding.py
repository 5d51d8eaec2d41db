"""Check 11: the holder's own, for this reader, for this occasion."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ledger.formats.certificate import parse_certificate
from ledger.formats.evidence import Evidence
from ledger.formats.key_binding import create_holder_jwk, create_key_binding
from ledger.identifiers import RegionCode
from ledger.verification.finding import Outcome
from ledger.verification.policy import CLOCK_SKEW_S, DEFAULT_REQUIRED
from ledger.verification.reasons import Reason
from ledger.verification.report import CheckName, Presentation, Report
from tests.support.departments import create_key
from tests.support.ledger_world import prepare

HOLDER_KEY = create_key()
WORLD, BATCH = prepare(holder_jwk=create_holder_jwk(HOLDER_KEY.public_key()))
SICHUAN, BEIJING = RegionCode.parse("510000"), RegionCode.parse("110000")
SHOWN = BATCH.certificates[0].with_disclosures({"holder_name", "postCategory"})
RULES: dict[str, object] = {"audience": SICHUAN, "nonce": "n-4711"}


def bind(**changes: object) -> str:
    options: dict[str, object] = {
        "audience": SICHUAN,
        "nonce": "n-4711",
        "issued_at_unix": WORLD.now_unix,
        "valid_until_unix": WORLD.now_unix + 300,
    } | changes
    key = options.pop("key", HOLDER_KEY)
    return create_key_binding(SHOWN.presentation, key, **options)  # type: ignore[arg-type]


def verdict_on(compact: str, rules: Mapping[str, object] = RULES) -> Report:
    evidence: Evidence = WORLD.evidence(BATCH).with_certificate(parse_certificate(compact))
    return WORLD.verify(evidence, **rules)


def test_bound_presentation_passes_and_is_called_bound() -> None:
    report = verdict_on(bind(purpose="企业资质核验"))
    check = report.check(CheckName.HOLDER_BINDING)
    assert check.outcome is Outcome.PASSED
    assert check.is_required
    assert check.detail == {"audience": "urn:zhenglian:region:510000", "purpose": "企业资质核验"}
    assert report.presentation is Presentation.BOUND
    assert report.outcome is Outcome.PASSED


def test_same_certificate_without_binding_is_a_bearer_s() -> None:
    report = verdict_on(SHOWN.compact)
    check = report.check(CheckName.HOLDER_BINDING)
    assert (check.outcome, check.reason) == (Outcome.NOT_REQUIRED, Reason.BEARER)
    assert report.presentation is Presentation.BEARER
    assert report.outcome is Outcome.PASSED


def test_binding_that_is_asked_for_and_missing_leaves_it_in_doubt() -> None:
    required = DEFAULT_REQUIRED | {CheckName.HOLDER_BINDING}
    report = verdict_on(SHOWN.compact, {**RULES, "required": required})
    check = report.check(CheckName.HOLDER_BINDING)
    assert (check.outcome, check.reason) == (
        Outcome.INDETERMINATE,
        Reason.MISSING_KEY_BINDING,
    )
    assert report.outcome is Outcome.INDETERMINATE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"audience": BEIJING}, Reason.WRONG_AUDIENCE),
        ({"nonce": "n-0815"}, Reason.WRONG_NONCE),
        ({"key": create_key()}, Reason.KEY_BINDING_INVALID),
        ({"valid_until_unix": WORLD.now_unix}, Reason.KEY_BINDING_EXPIRED),
        (
            {"issued_at_unix": WORLD.now_unix + CLOCK_SKEW_S + 1},
            Reason.KEY_BINDING_NOT_YET_VALID,
        ),
    ],
)
def test_binding_for_another_occasion_is_rejected(
    changes: dict[str, object], reason: Reason
) -> None:
    report = verdict_on(bind(**changes))
    check = report.check(CheckName.HOLDER_BINDING)
    assert (check.outcome, check.reason) == (Outcome.FAILED, reason)
    assert report.presentation is Presentation.BEARER
    assert report.authenticity is Outcome.FAILED
    assert report.reliance is Outcome.PASSED


def test_expired_binding_is_rejected_even_for_a_past_as_of_time() -> None:
    compact = bind(valid_until_unix=WORLD.now_unix - 1)
    report = verdict_on(compact, {**RULES, "as_of_unix": WORLD.now_unix - 30})
    assert report.check(CheckName.HOLDER_BINDING).reason is Reason.KEY_BINDING_EXPIRED


def test_binding_over_other_disclosures_is_rejected() -> None:
    binding = bind().rpartition("~")[2]
    full = BATCH.certificates[0].presentation + binding
    report = verdict_on(full)
    check = report.check(CheckName.HOLDER_BINDING)
    assert check.reason is Reason.KEY_BINDING_OF_ANOTHER_PRESENTATION


def test_binding_taken_to_another_certificate_is_rejected() -> None:
    binding = bind().rpartition("~")[2]
    other = BATCH.certificates[1].with_disclosures({"holder_name", "postCategory"})
    certificate = parse_certificate(other.presentation + binding)
    report = WORLD.verify(WORLD.evidence(BATCH, 1).with_certificate(certificate), **RULES)
    check = report.check(CheckName.HOLDER_BINDING)
    assert check.reason is Reason.KEY_BINDING_OF_ANOTHER_PRESENTATION


def test_binding_of_a_certificate_without_holder_key_is_rejected() -> None:
    world, batch = prepare()
    compact = create_key_binding(
        batch.certificates[0].presentation,
        HOLDER_KEY,
        audience=SICHUAN,
        nonce="n-4711",
        issued_at_unix=world.now_unix,
        valid_until_unix=world.now_unix + 60,
    )
    evidence = world.evidence(batch).with_certificate(parse_certificate(compact))
    check = world.verify(evidence, **RULES).check(CheckName.HOLDER_BINDING)
    assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.NO_HOLDER_KEY)


def test_verifier_that_names_no_region_of_its_own_cannot_tell() -> None:
    report = verdict_on(bind(), {"nonce": "n-4711"})
    check = report.check(CheckName.HOLDER_BINDING)
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.MISSING_AUDIENCE)


def test_verifier_that_asked_nothing_takes_any_nonce() -> None:
    assert verdict_on(bind(nonce="whatever"), {"audience": SICHUAN}).outcome is Outcome.PASSED
