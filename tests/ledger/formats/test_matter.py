"""Definitions of matters: what is read, and what is refused by the name of the member at fault."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import MalformedInputError
from ledger.formats.matter import (
    AcceptanceMode,
    ApplicationChannel,
    HolderRule,
    parse_matter,
)
from ledger.identifiers import CertificateType, Uscc
from ledger.records import MatterStatement, StepRule

EXAMPLES = Path(__file__).parents[3] / "examples/matters"
CHONGQING = (EXAMPLES / "chongqing-safety-licence.json").read_bytes()
TRANSFER = (EXAMPLES / "sichuan-constructor-transfer.json").read_bytes()
HOUSING = Uscc.build("11500000000000001")
SICHUAN_HOUSING = Uscc.build("11510000000000001")


def tree() -> dict[str, Any]:
    return json.loads(CHONGQING)  # type: ignore[no-any-return]


def encode(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def changed(path: str, value: object) -> bytes:
    """The example with another value at a path such as "steps.0.rule"."""
    document = tree()
    place: Any = document
    *outer, last = path.split(".")
    for name in outer:
        place = place[int(name) if name.isdecimal() else name]
    place[last] = value
    return encode(document)


def refusal_of(data: bytes) -> MalformedInputError:
    with pytest.raises(MalformedInputError) as caught:
        parse_matter(data)
    return caught.value


def test_example_is_read_into_types() -> None:
    matter = parse_matter(CHONGQING)
    assert matter.item_code.department == HOUSING
    assert matter.channels == (
        ApplicationChannel.PC,
        ApplicationChannel.MOBILE,
        ApplicationChannel.WINDOW,
    )
    assert matter.acceptance_modes == (AcceptanceMode.ONLINE, AcceptanceMode.PROXY)
    assert [step.name for step in matter.steps] == ["审查", "决定"]
    assert (matter.statutory_days, matter.promised_days) == (30, 12)
    assert matter.fee.amount_fen == 0
    assert [each.is_optional for each in matter.materials] == [False, False, True]
    qualification, staff = matter.required
    assert qualification.type == CertificateType.parse("11100000000013338W901")
    assert (qualification.holder, staff.holder) == (HolderRule.APPLICANT, HolderRule.DELEGATION)
    assert qualification.maximum_age_days is None


def test_every_example_says_that_it_is_synthetic() -> None:
    for path in EXAMPLES.glob("*.json"):
        assert "虚构" in parse_matter(path.read_bytes()).comment


def test_statement_has_what_the_contract_needs() -> None:
    matter = parse_matter(CHONGQING)
    key_id = bytes(range(32))
    assert matter.to_statement(key_id) == MatterStatement(
        department=HOUSING,
        key_id=key_id,
        item_code=matter.item_code,
        version=1,
        definition_hash=matter.definition_hash,
        statutory_days=30,
        promised_days=12,
        name=matter.name,
        steps=matter.steps,
        required_types=tuple(each.type for each in matter.required),
        result_types=(CertificateType.parse("11100000000013338W050"),),
    )


def test_hash_is_that_of_the_canonical_form_whatever_the_spelling() -> None:
    spread = json.dumps(dict(reversed(tree().items())), indent=4).encode()
    matter, other = parse_matter(CHONGQING), parse_matter(spread)
    assert other.definition_hash == matter.definition_hash
    assert matter.definition_hash == hashlib.sha256(matter.document).digest()
    canonical = json.dumps(tree(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert matter.document == canonical.encode()  # ASCII names, small integers: as RFC 8785


def test_ordered_step_needs_every_decider() -> None:
    (step,) = parse_matter(TRANSFER).steps
    assert (step.rule, step.threshold, step.vetoes) == (StepRule.ORDERED, 2, 0)
    assert step.deciders == (HOUSING, SICHUAN_HOUSING)


def test_threshold_counts_those_who_are_named_later() -> None:
    step = {
        "name": "联审",
        "rule": "threshold",
        "threshold": 2,
        "deciders": [str(HOUSING)],
        "named": 2,
        "vetoes": [0, 2],
        "limitDays": 5,
    }
    (read,) = parse_matter(changed("steps", [step])).steps
    assert (read.rule, read.threshold, read.named, read.vetoes) == (StepRule.THRESHOLD, 2, 2, 0b101)


def test_version_without_steps_is_read_since_it_ends_the_matter() -> None:
    assert parse_matter(changed("steps", [])).steps == ()


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        ("format", "zhenglian-matter/2", "format", "zhenglian-matter/1"),
        ("itemCode", "11500000000000001G", "itemCode", "13 digits"),
        ("itemCode", "11500000000000001H0117001001000", "itemCode", "check"),
        ("version", 0, "version", "from 1"),
        ("version", "1", "version", "whole number"),
        ("name", "安" * 86, "name", "256 bytes"),
        ("conditions", ["甲", "甲"], "conditions", "different texts"),
        ("channels", [], "channels", "1 to 4"),
        ("channels", ["fax"], "channels", "kiosk"),
        ("acceptanceModes", "online", "acceptanceModes", "array"),
        ("statutoryDays", True, "statutoryDays", "whole number"),
        ("promisedDays", 31, "promisedDays", "at most the 30"),
        ("fee.amountFen", 9.5, "fee.amountFen", "whole number"),
        ("fee.currency", "CNY", "fee.currency", "only amountFen, basis"),
        ("strange", 1, "strange", "only "),
        ("steps.1.name", "审查", "steps", "no two"),
        ("steps.0.rule", "any", "steps[0].rule", "all, threshold, ordered"),
        ("steps.0.rule", "threshold", "steps[0].threshold", "whole number"),
        ("steps.0.threshold", 1, "steps[0].threshold", "every decider"),
        ("steps.0.vetoes", [0], "steps[0].vetoes", "every decider"),
        ("steps.0.deciders", [], "steps[0].deciders", "1 to 16"),
        ("steps.0.deciders", ["11500000000000001X"], "steps[0].deciders", "check"),
        ("steps.0.named", 16, "steps[0].deciders", "1 to 16"),
        ("steps.0.limitDays", 0, "steps[0].limitDays", "from 1"),
        ("requiredTypes.0.type", "W901", "requiredTypes[0].type", "3 digits"),
        ("requiredTypes.0.holder", "nobody", "requiredTypes[0].holder", "applicant"),
        ("requiredTypes.0.maximumAgeDays", 0, "requiredTypes[0].maximumAgeDays", "from 1"),
        ("requiredTypes.0.minimumSealLevel", 256, "requiredTypes[0].minimumSealLevel", "255"),
        ("requiredTypes.1.type", "11100000000013338W901", "requiredTypes", "no two"),
        ("materials.0.isOptional", "no", "materials[0].isOptional", "true or false"),
        ("resultTypes", ["11100000000013338W050"] * 2, "resultTypes", "different"),
    ],
)
def test_member_at_fault_is_named_with_what_was_expected(
    path: str, value: object, field: str, expected: str
) -> None:
    error = refusal_of(changed(path, value))
    assert error.field == field
    assert expected in error.message


def test_refusal_says_what_was_there() -> None:
    assert "got '31'" in refusal_of(changed("promisedDays", 31)).message


@pytest.mark.parametrize("name", ["itemCode", "name", "steps", "fee", "resultTypes"])
def test_missing_member_is_named(name: str) -> None:
    document = tree()
    del document[name]
    error = refusal_of(encode(document))
    assert (error.code, error.field) == ("field_missing", name)


def test_veto_of_nobody_is_refused() -> None:
    step = tree()["steps"][0] | {"rule": "threshold", "threshold": 1, "vetoes": [1]}
    assert refusal_of(changed("steps", [step])).field == "steps[0].vetoes"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[]", "json_malformed"),
        (b'{"name": "a", "name": "b"}', "json_duplicate_name"),
        (b" " * ((1 << 20) + 1), "definition_too_large"),
    ],
)
def test_file_that_is_no_definition_is_refused(data: bytes, code: str) -> None:
    assert refusal_of(data).code == code
