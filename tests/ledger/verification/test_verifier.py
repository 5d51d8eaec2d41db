"""Whole verdicts: the honest one, and a document in which nothing can be altered unnoticed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.formats.evidence import Evidence, parse_evidence
from ledger.formats.jws import encode_base64url
from ledger.formats.p256 import P256_ORDER
from ledger.formats.status_list import Status
from ledger.records import StatusChanged
from ledger.verification.finding import Outcome
from ledger.verification.policy import DEFAULT_POLICY, VerificationPolicy
from ledger.verification.reasons import Reason
from ledger.verification.report import CHECK_NAMES, CheckName, Report
from ledger.verification.verifier import verify, verify_document
from tests.support.departments import SICHUAN_HOUSING
from tests.support.ledger_world import DAY_S, SCHEMA, found_world, issue, prepare

WORLD = found_world()
BATCH = issue(WORLD)
WORLD.pass_time(60)
WORLD.change_status(BATCH, 1, Status.SUSPENDED)
WORLD.pass_time(60)
WORLD.attest_all(BATCH)
WORLD.pass_time(60)
EVIDENCE = WORLD.evidence(BATCH)
TEXT = EVIDENCE.to_json()
POLICY = VerificationPolicy(trusted_log=WORLD.head, schemas={SCHEMA.schema_hash: SCHEMA})
NOW = WORLD.now_unix

Path = tuple[str | int, ...]


def judge(document: object) -> Report:
    return verify_document(orjson.dumps(document), POLICY, NOW)


def leaves(value: object, path: Path = ()) -> Iterator[Path]:
    """Where every text and number of a JSON document stands."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path


def with_leaf(path: Path, change: Any) -> object:
    document: Any = orjson.loads(TEXT)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = change(parent[path[-1]])
    return document


def alterations(value: object) -> list[Any]:
    """Other values of the same type: numbers next to it, texts with one character flipped."""
    if isinstance(value, int):
        return [value + 1, max(0, value - 1) if value else 2**32]
    assert isinstance(value, str)
    flip = {"0": "1"}
    places = {0, len(value) // 2, len(value) - 1}
    return [
        value[:place] + flip.get(value[place], "0") + value[place + 1 :] for place in sorted(places)
    ]


# The tamper table: which check must not pass when a member of the document is altered.
FORM, ANCHORED = CheckName.WELL_FORMED, CheckName.ANCHORED
TAMPER_TABLE: list[tuple[str, set[CheckName]]] = [
    (r"format", {FORM}),
    (r"batch_proof\.(batch_id|position|count|path\.\d+)", {ANCHORED}),
    (r"log\.(ledger_id|size|root)", {ANCHORED}),
    (r"facts\.\d+\.index", {FORM, ANCHORED}),
    (r"facts\.\d+\.entry\.(kind|payload_hash)", {FORM}),
    (r"facts\.\d+\.entry\.region", {FORM, ANCHORED}),
    (r"facts\.\d+\.entry\.(actor|subject|time_unix)", {ANCHORED}),
    (r"facts\.\d+\.payload", {FORM}),
    (r"facts\.\d+\.path\.\d+", {ANCHORED}),
]
NOT_BELIEVED = ("log", "time_unix")
LEAVES = [
    path for path in leaves(orjson.loads(TEXT)) if path not in {NOT_BELIEVED, ("certificate",)}
]


def test_honest_evidence_passes_every_required_check() -> None:
    report = verify_document(TEXT, POLICY, NOW)
    assert report.outcome is report.authenticity is report.reliance is Outcome.PASSED
    assert [check.name for check in report.checks] == list(CHECK_NAMES)
    assert [check.outcome for check in report.checks if check.is_required] == [Outcome.PASSED] * 9
    assert report == verify(EVIDENCE, POLICY, NOW)


def test_department_of_another_region_passes_as_well() -> None:
    world, batch = prepare(SICHUAN_HOUSING)
    assert world.verify(world.evidence(batch)).outcome is Outcome.PASSED


def test_tamper_table_has_a_row_for_every_member() -> None:
    for path in LEAVES:
        name = ".".join(map(str, path))
        assert sum(bool(re.fullmatch(row, name)) for row, _ in TAMPER_TABLE) == 1, name


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: ".".join(map(str, path)))
def test_altered_member_makes_its_check_not_pass(path: Path) -> None:
    name = ".".join(map(str, path))
    guards = next(checks for row, checks in TAMPER_TABLE if re.fullmatch(row, name))
    value: Any = orjson.loads(TEXT)
    for step in path:
        value = value[step]
    for altered in alterations(value):
        report = judge(with_leaf(path, lambda _value, altered=altered: altered))
        assert report.outcome is not Outcome.PASSED, altered
        stopped = {check.name for check in report.checks if check.outcome is not Outcome.PASSED}
        assert stopped & guards, altered


def test_time_claimed_for_the_log_alone_changes_nothing() -> None:
    report = judge(with_leaf(NOT_BELIEVED, lambda value: value + DAY_S))
    assert report == verify_document(TEXT, POLICY, NOW)


def test_altered_character_of_the_certificate_fails_form_or_seal() -> None:
    compact = EVIDENCE.certificate.compact
    for place in range(0, len(compact), 13):
        other = "A" if compact[place] != "A" else "B"
        altered = compact[:place] + other + compact[place + 1 :]
        report = judge(with_leaf(("certificate",), lambda _value, altered=altered: altered))
        assert report.authenticity is Outcome.FAILED, place
        assert Outcome.FAILED in {
            report.check(CheckName.WELL_FORMED).outcome,
            report.check(CheckName.SEAL_SIGNATURE).outcome,
        }, place


def test_altered_field_with_a_fitting_disclosure_is_forged() -> None:
    forged = encode_base64url(
        orjson.dumps(["c2FsdHNhbHRzYWx0c2FsdA", "postCategory", "C1"])
    ).decode()
    compact = EVIDENCE.certificate.with_disclosures({"holder_name"}).compact + forged + "~"
    report = judge(with_leaf(("certificate",), lambda _value: compact))
    check = report.check(CheckName.WELL_FORMED)
    assert check.reason is Reason.NOT_WELL_FORMED
    assert check.detail["code"] == "disclosure_unreferenced"
    assert check.detail["field"] == "postCategory"


def test_high_s_twin_of_the_seal_is_not_well_formed() -> None:
    certificate = EVIDENCE.certificate
    s = P256_ORDER - int.from_bytes(certificate.signature[32:])
    twin = encode_base64url(certificate.signature[:32] + s.to_bytes(32)).decode()
    jwt = certificate.jwt.decode()
    compact = certificate.compact.replace(jwt, f"{jwt.rpartition('.')[0]}.{twin}")
    check = judge(with_leaf(("certificate",), lambda _value: compact)).check(FORM)
    assert check.detail["code"] == "signature_high_s"


def test_document_that_cannot_be_read_gives_a_report_not_an_error() -> None:
    report = verify_document(b"{", POLICY, NOW)
    assert report.outcome is report.authenticity is Outcome.FAILED
    assert report.reliance is Outcome.INDETERMINATE
    assert report.certificate is None
    assert report.checks[0].detail["code"] == "json_malformed"
    assert {check.reason for check in report.checks[1:]} == {Reason.CERTIFICATE_UNREADABLE}


def test_bare_certificate_is_in_doubt_and_its_seal_is_checked() -> None:
    report = verify(Evidence(EVIDENCE.certificate), DEFAULT_POLICY, NOW)
    assert report.outcome is Outcome.INDETERMINATE
    assert report.check(CheckName.SEAL_SIGNATURE).outcome is Outcome.PASSED
    assert report.check(CheckName.VALIDITY_PERIOD).outcome is Outcome.PASSED
    assert Outcome.FAILED not in {check.outcome for check in report.checks}


def test_later_checks_run_after_a_failed_one() -> None:
    certificate = replace(EVIDENCE.certificate, signature=BATCH.certificates[1].signature)
    report = verify(EVIDENCE.with_certificate(certificate), POLICY, NOW)
    assert report.check(CheckName.SEAL_SIGNATURE).outcome is Outcome.FAILED
    for name in (CheckName.SIGNING_CERTIFICATE, CheckName.ISSUER, CheckName.STATUS):
        assert report.check(name).outcome is Outcome.PASSED
    assert (report.authenticity, report.reliance) == (Outcome.FAILED, Outcome.PASSED)


def test_only_required_checks_move_the_verdict() -> None:
    ends = EVIDENCE.certificate.valid_until_unix
    assert ends is not None
    world_log = replace(WORLD.head, time_unix=ends)
    late = replace(POLICY, as_of_unix=ends, trusted_log=world_log, has_complete_facts=True)
    assert verify(EVIDENCE, late, NOW).outcome is Outcome.FAILED
    lenient = replace(late, required=late.required - {CheckName.VALIDITY_PERIOD})
    report = verify(EVIDENCE, lenient, NOW)
    check = report.check(CheckName.VALIDITY_PERIOD)
    assert (check.outcome, check.is_required) == (Outcome.FAILED, False)
    assert report.outcome is Outcome.PASSED


REVOKED_WORLD = found_world()
REVOKED_BATCH = issue(REVOKED_WORLD)
REVOKED_WORLD.pass_time(2 * DAY_S)
REVOKED_WORLD.change_status(REVOKED_BATCH, 0, Status.REVOKED)
REVOKED_WORLD.pass_time(2 * DAY_S)
REVOKED_WORLD.attest_all(REVOKED_BATCH)
REVOKED = REVOKED_WORLD.evidence(REVOKED_BATCH)


@given(st.sets(st.sampled_from(REVOKED.facts)))
def test_no_selection_of_facts_makes_a_revoked_certificate_pass(facts: set[Any]) -> None:
    chosen = tuple(sorted(facts, key=lambda fact: fact.index))
    report = REVOKED_WORLD.verify(replace(REVOKED, facts=chosen))
    assert report.outcome is not Outcome.PASSED


@given(st.sets(st.sampled_from(EVIDENCE.facts)))
def test_no_selection_of_facts_makes_an_honest_certificate_fail(facts: set[Any]) -> None:
    chosen = tuple(sorted(facts, key=lambda fact: fact.index))
    report = verify(replace(EVIDENCE, facts=chosen), POLICY, NOW)
    assert report.outcome is not Outcome.FAILED


def test_equal_facts_give_equal_verdicts_however_they_were_read() -> None:
    again = parse_evidence(TEXT)
    assert verify(again, POLICY, NOW).to_json() == verify(EVIDENCE, POLICY, NOW).to_json()
    assert any(isinstance(fact.record, StatusChanged) for fact in again.facts)
