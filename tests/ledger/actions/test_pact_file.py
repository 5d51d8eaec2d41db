from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from ledger.actions.pact_file import PactDraft, parse_pact, read_pact
from ledger.errors import MalformedInputError, NotFoundError
from tests.support.departments import SAFETY_STAFF
from tests.support.recognition_world import CHUANYU, make_terms

DRAFT = PactDraft(bytes(range(32)), make_terms(types=[SAFETY_STAFF], minimum_seal_level=2))


@pytest.mark.parametrize(
    "draft", [DRAFT, PactDraft(bytes(32), make_terms(CHUANYU, CHUANYU))], ids=["two", "group"]
)
def test_terms_come_back_as_they_were_written(draft: PactDraft) -> None:
    assert parse_pact(draft.to_json()) == draft


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("format", "zhenglian-pact/2"),
        ("ledger_id", "00"),
        ("party_a", "@"),
        ("party_b", "51000"),
        ("certificate_types", "W011"),
        ("certificate_types", [1]),
        ("certificate_types", ["W011"]),
        ("minimum_seal_level", 4),
        ("valid_from_unix", -1),
        ("valid_until_unix", "2030-01-01"),
        ("conditions_hash", "0" * 63),
        ("sign_until_unix", 1 << 40),
        ("nonce", None),
        ("signature", "unknown member"),
    ],
)
def test_altered_terms_are_refused(member: str, value: object) -> None:
    document = orjson.loads(DRAFT.to_json()) | {member: value}
    with pytest.raises(MalformedInputError):
        parse_pact(orjson.dumps(document))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b" " * 70_000])
def test_what_is_no_pact_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedInputError):
        parse_pact(content)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no\.json"):
        read_pact(tmp_path / "no.json")
