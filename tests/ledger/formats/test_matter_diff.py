"""Where two definitions of one matter differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ledger.formats.matter import parse_matter
from ledger.formats.matter_diff import OWN_DEPARTMENT, Difference, compare_matters

EXAMPLES = Path(__file__).parents[3] / "examples/matters"
CHONGQING = (EXAMPLES / "chongqing-safety-licence.json").read_bytes()
SICHUAN = (EXAMPLES / "sichuan-safety-licence.json").read_bytes()
CODE = "11100000000013338W011"


def differences(left: bytes, right: bytes) -> dict[str, tuple[object, object]]:
    found = compare_matters(parse_matter(left), parse_matter(right))
    assert len({each.path for each in found}) == len(found)
    return {each.path: (each.left, each.right) for each in found}


def changed(**members: Any) -> bytes:
    return json.dumps(json.loads(CHONGQING) | members).encode()


def test_definition_does_not_differ_from_itself() -> None:
    assert compare_matters(parse_matter(CHONGQING), parse_matter(CHONGQING)) == ()


def test_examples_of_two_provinces_differ_in_limits_fee_and_materials() -> None:
    found = differences(CHONGQING, SICHUAN)
    assert found["promisedDays"] == (12, 20)
    assert found["fee.amountFen"] == (0, 1000)
    assert found["materials[工伤保险参保证明].isOptional"] == (True, False)
    assert found[f"requiredTypes[{CODE}].maximumAgeDays"] == (None, 1095)
    assert found["steps[审查].limitDays"] == (8, 12)
    left, right = found["steps[专家评审]"]
    assert left is None
    assert isinstance(right, dict)
    assert (right["limitDays"], right["deciders"]) == (5, [OWN_DEPARTMENT])
    assert found["conditions"] == (None, "依法参加工伤保险")
    assert found["channels"] == (None, "kiosk")
    assert "statutoryDays" not in found


def test_codes_versions_and_comments_are_not_compared() -> None:
    assert differences(CHONGQING, changed(version=2, comment="another")) == {}


def test_default_that_is_spelled_out_is_no_difference() -> None:
    steps = [step | {"named": 0} for step in json.loads(CHONGQING)["steps"]]
    assert differences(CHONGQING, changed(steps=steps)) == {}


def test_order_of_lists_counts_only_for_steps() -> None:
    document = json.loads(CHONGQING)
    turned = changed(
        conditions=document["conditions"][::-1],
        materials=document["materials"][::-1],
        steps=document["steps"][::-1],
    )
    assert compare_matters(parse_matter(CHONGQING), parse_matter(turned)) == (
        Difference("steps.order", ["审查", "决定"], ["决定", "审查"]),
    )


def test_values_of_a_list_that_one_side_lacks_are_told_one_by_one() -> None:
    fewer = changed(channels=["pc", "kiosk"])
    found = compare_matters(parse_matter(CHONGQING), parse_matter(fewer))
    assert found == (
        Difference("channels", "mobile", None),
        Difference("channels", "window", None),
        Difference("channels", None, "kiosk"),
    )
