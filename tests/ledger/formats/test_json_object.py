"""Members of a JSON object: the right type, or an error with the member's path."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.errors import MalformedInputError
from ledger.formats.json_object import JsonObject

OBJECT = JsonObject(
    {
        "text": "证",
        "empty": "",
        "number": 7,
        "negative": -1,
        "flag": True,
        "hex": "00ff",
        "odd": "0",
        "hashes": ["00" * 32],
        "inner": {"deep": 1},
        "items": [{"deep": 1}, 2],
    },
    "here",
)


def test_members_of_the_right_type_are_read() -> None:
    assert OBJECT.text("text") == "证"
    assert OBJECT.integer("number") == 7
    assert OBJECT.seconds("negative") == -1
    assert OBJECT.bytes_of_hex("hex") == OBJECT.bytes_of_hex("hex", 2) == b"\x00\xff"
    assert OBJECT.hashes("hashes") == (bytes(32),)
    assert OBJECT.member("inner").integer("deep") == 1
    assert "text" in OBJECT
    assert "other" not in OBJECT


@pytest.mark.parametrize(
    ("read", "field"),
    [
        (lambda o: o.text("empty"), "here.empty"),
        (lambda o: o.text("number"), "here.number"),
        (lambda o: o.text("text", 0), "here.text"),
        (lambda o: o.integer("flag"), "here.flag"),
        (lambda o: o.integer("negative"), "here.negative"),
        (lambda o: o.integer("number", 6), "here.number"),
        (lambda o: o.seconds("text"), "here.text"),
        (lambda o: o.bytes_of_hex("odd"), "here.odd"),
        (lambda o: o.bytes_of_hex("hex", 3), "here.hex"),
        (lambda o: o.bytes_of_hex("hex", max_size=1), "here.hex"),
        (lambda o: o.bytes_of_hex("number"), "here.number"),
        (lambda o: o.hashes("items"), "here.items"),
        (lambda o: o.hashes("hashes", 0), "here.hashes"),
        (lambda o: o.member("text"), "here.text"),
        (lambda o: o.member("inner").text("deep"), "here.inner.deep"),
        (lambda o: list(o.objects("items", 2)), "here.items"),
        (lambda o: list(o.objects("items", 1)), "here.items"),
        (lambda o: next(o.objects("items", 2)).text("deep"), "here.items[0].deep"),
        (lambda o: o.require_only(frozenset({"text"})), "here.empty"),
    ],
)
def test_member_of_another_type_is_named_by_its_path(
    read: Callable[[JsonObject], object], field: str
) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        read(OBJECT)
    assert (refusal.value.code, refusal.value.field) == ("field_malformed", field)


def test_member_that_is_not_there_is_missing() -> None:
    with pytest.raises(MalformedInputError) as refusal:
        OBJECT.text("other")
    assert (refusal.value.code, refusal.value.field) == ("field_missing", "here.other")
