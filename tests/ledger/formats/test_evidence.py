"""Evidence documents: read as written, and refused by the name of the member at fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from ledger.errors import MalformedInputError
from ledger.formats.evidence import (
    MAX_EVIDENCE_SIZE,
    MAX_FACTS,
    Evidence,
    Fact,
    parse_evidence,
)
from ledger.formats.status_list import Status
from ledger.records import BatchAnchored, StatusChanged, WordChange
from tests.support.ledger_world import found_world, issue

WORLD = found_world()
BATCH = issue(WORLD)
WORLD.pass_time(60)
WORLD.change_status(BATCH, 1, Status.SUSPENDED)
WORLD.pass_time(60)
WORLD.attest_all(BATCH)
EVIDENCE = WORLD.evidence(BATCH, 1)
TEXT = EVIDENCE.to_json()

Document = dict[str, Any]


def altered(change: Callable[[Document], object]) -> bytes:
    document = orjson.loads(TEXT)
    change(document)
    return orjson.dumps(document)


def refusal_of(data: bytes) -> MalformedInputError:
    with pytest.raises(MalformedInputError) as refusal:
        parse_evidence(data)
    return refusal.value


def test_evidence_is_read_as_it_was_written() -> None:
    assert parse_evidence(TEXT) == EVIDENCE
    assert parse_evidence(TEXT).to_json() == TEXT


def test_every_fact_leads_to_the_head_and_to_no_other() -> None:
    other = replace(WORLD.head, root=bytes(32))
    for fact in parse_evidence(TEXT).facts:
        assert fact.is_included(WORLD.head)
        assert not fact.is_included(other)
        assert not fact.is_included(replace(WORLD.head, size=WORLD.head.size * 2))
        assert not replace(fact, index=fact.index + 1).is_included(WORLD.head)
        assert not replace(fact, path=None).is_included(WORLD.head)


def test_only_the_certificate_is_obligatory() -> None:
    bare = Evidence(EVIDENCE.certificate)
    assert parse_evidence(bare.to_json()) == bare
    assert set(orjson.loads(bare.to_json())) == {"format", "certificate"}


def test_same_evidence_carries_another_presentation() -> None:
    shown = EVIDENCE.certificate.with_disclosures({"holder_name"})
    evidence = parse_evidence(EVIDENCE.with_certificate(shown).to_json())
    assert evidence.certificate.fields == {"holder_name": "张三"}
    assert evidence.facts == EVIDENCE.facts


def test_fact_of_one_s_own_copy_of_the_log_is_not_written_without_its_proof() -> None:
    evidence = replace(EVIDENCE, facts=tuple(replace(fact, path=None) for fact in EVIDENCE.facts))
    with pytest.raises(MalformedInputError) as refusal:
        evidence.to_json()
    assert refusal.value.code == "fact_without_path"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        (lambda d: d.update(format="zhenglian-evidence/2"), "evidence_format_unknown", "format"),
        (lambda d: d.pop("format"), "evidence_format_unknown", "format"),
        (lambda d: d.pop("certificate"), "field_missing", "certificate"),
        (lambda d: d.update(certificate=7), "field_malformed", "certificate"),
        (lambda d: d.update(extra=1), "field_malformed", "extra"),
        (lambda d: d.update(batch_proof=None), "field_malformed", "batch_proof"),
        (lambda d: d["batch_proof"].update(count=65_537), "field_malformed", "batch_proof.count"),
        (
            lambda d: d["batch_proof"].update(position="1"),
            "field_malformed",
            "batch_proof.position",
        ),
        (
            lambda d: d["batch_proof"].update(batch_id=d["batch_proof"]["batch_id"].upper()),
            "field_malformed",
            "batch_proof.batch_id",
        ),
        (lambda d: d["batch_proof"]["path"].append("00"), "field_malformed", "batch_proof.path"),
        (
            lambda d: d["batch_proof"].update(path=["00" * 32] * 65),
            "field_malformed",
            "batch_proof.path",
        ),
        (lambda d: d["batch_proof"].update(note=""), "field_malformed", "batch_proof.note"),
        (lambda d: d["log"].update(size=-1), "field_malformed", "log.size"),
        (lambda d: d["log"].update(root="0x" + "00" * 31), "field_malformed", "log.root"),
        (lambda d: d["log"].pop("ledger_id"), "field_missing", "log.ledger_id"),
        (lambda d: d["log"].update(time_unix=1.0), "field_malformed", "log.time_unix"),
        (lambda d: d.update(facts={}), "field_malformed", "facts"),
        (lambda d: d["facts"].append(1), "field_malformed", "facts"),
        (lambda d: d["facts"].reverse(), "facts_out_of_order", "facts"),
        (lambda d: d["facts"].append(d["facts"][-1]), "facts_out_of_order", "facts"),
        (lambda d: d["facts"][2].pop("path"), "field_missing", "facts[2].path"),
        (lambda d: d["facts"][2].update(path=None), "field_malformed", "facts[2].path"),
        (lambda d: d["facts"][2].update(index="2"), "field_malformed", "facts[2].index"),
        (lambda d: d["facts"][2].update(more=1), "field_malformed", "facts[2].more"),
        (lambda d: d["facts"][2].update(payload="0"), "field_malformed", "facts[2].payload"),
        (
            lambda d: d["facts"][2].update(payload="00" * 131_073),
            "field_malformed",
            "facts[2].payload",
        ),
        (
            lambda d: d["facts"][2]["entry"].update(actor="00"),
            "field_malformed",
            "facts[2].entry.actor",
        ),
        (
            lambda d: d["facts"][2]["entry"].update(kind="00" * 32),
            "fact_kind_unknown",
            "facts[2]",
        ),
        (
            lambda d: d["facts"][2]["entry"].update(payload_hash="00" * 32),
            "fact_payload_mismatch",
            "facts[2]",
        ),
        (
            lambda d: d["facts"][2].update(payload=d["facts"][3]["payload"]),
            "fact_payload_mismatch",
            "facts[2]",
        ),
    ],
)
def test_malformed_member_is_named(
    change: Callable[[Document], object], code: str, field: str
) -> None:
    refusal = refusal_of(altered(change))
    assert (refusal.code, refusal.field) == (code, field)


def test_event_under_the_kind_of_another_is_malformed() -> None:
    def swap(document: Document) -> None:
        document["facts"][2]["entry"]["kind"] = BatchAnchored.TOPIC.hex()

    assert refusal_of(altered(swap)).field is not None


def test_member_of_the_log_that_is_no_identifier_is_malformed() -> None:
    def alter(document: Document) -> None:
        document["facts"][0]["entry"]["region"] = b"500100".ljust(18, b"\0").hex()

    assert isinstance(refusal_of(altered(alter)), MalformedInputError)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json_malformed"),
        (b"[]", "json_malformed"),
        (TEXT[:-1], "json_malformed"),
        (TEXT[:-1] + b',"facts":[]}', "json_duplicate_name"),
        (b" " * (MAX_EVIDENCE_SIZE + 1), "evidence_too_large"),
    ],
)
def test_what_is_no_document_is_malformed(data: bytes, code: str) -> None:
    assert refusal_of(data).code == code


def test_document_written_in_another_order_or_with_blanks_says_the_same() -> None:
    document = orjson.loads(TEXT)
    turned = dict(reversed(document.items()))
    assert parse_evidence(orjson.dumps(turned)) == EVIDENCE
    assert parse_evidence(orjson.dumps(document, option=orjson.OPT_INDENT_2)) == EVIDENCE
    assert parse_evidence(TEXT + b"\n") == EVIDENCE


def test_facts_inside_another_member_are_no_facts_of_the_document() -> None:
    inside = orjson.loads(TEXT)
    inside["log"]["facts"] = inside.pop("facts")
    assert refusal_of(orjson.dumps(inside)).field == "log.facts"


def test_member_behind_the_facts_is_not_overlooked() -> None:
    assert refusal_of(TEXT[:-1] + b',"extra":[]}').field == "extra"
    assert refusal_of(TEXT + b"]}").code == "json_malformed"


def test_facts_that_are_not_read_are_json_each_time() -> None:
    own = replace(EVIDENCE, facts=())
    for _ in range(2):
        assert parse_evidence(TEXT, with_facts=False) == own
        with pytest.raises(MalformedInputError) as refusal:  # the end alone is the same
            parse_evidence(TEXT.replace(b'"facts":[{', b'"facts":[{{'), with_facts=False)
        assert refusal.value.code == "json_malformed"
    with pytest.raises(MalformedInputError):  # a member behind them
        parse_evidence(TEXT[:-2] + b'],"log":[]}', with_facts=False)


def test_format_that_is_unknown_is_told_before_its_facts_are_read() -> None:
    assert refusal_of(b'{"format":"zhenglian-evidence/2","facts":[1]}').field == "format"


def test_more_facts_than_any_verdict_needs_are_refused() -> None:
    def multiply(document: Document) -> None:
        document["facts"] = document["facts"][:1] * (MAX_FACTS + 1)

    assert refusal_of(altered(multiply)).field == "facts"


def test_fact_too_large_to_be_kept_is_read_like_a_small_one() -> None:
    fact = next(fact for fact in EVIDENCE.facts if isinstance(fact.record, StatusChanged))
    changes = tuple(WordChange(index, bytes(32), b"\1" * 32) for index in range(256))
    record = replace(fact.record, statement=replace(fact.record.statement, changes=changes))
    entry = replace(fact.entry, payload_hash=record.payload_hash())
    evidence = replace(EVIDENCE, facts=(Fact(fact.index, entry, record, fact.path),))
    assert parse_evidence(evidence.to_json()) == evidence


def test_fact_refuses_a_payload_that_the_entry_does_not_hash() -> None:
    fact = EVIDENCE.facts[0]
    payload = fact.record.encode_payload()
    assert Fact.from_payload(fact.index, fact.entry, payload, fact.path) == fact
    with pytest.raises(MalformedInputError) as refusal:
        Fact.from_payload(fact.index, fact.entry, payload + b"\0")
    assert refusal.value.code == "fact_payload_mismatch"
