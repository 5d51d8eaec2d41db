from __future__ import annotations

import json
import pickle
from datetime import date

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError
from ledger.formats.draft import CertificateDraft
from ledger.identifiers import CertificateId

DRAFT = CertificateDraft(
    certificate_id=CertificateId.parse(
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
    ),
    certificate_name="建筑施工企业安全生产管理人员考核合格证书",
    certificate_number="湘建安C3（2023）0000403",
    issued_on=date(2023, 5, 4),
    valid_from=date(2023, 5, 4),
    valid_until=date(2026, 5, 3),
    holder_name="王小明",
    holder_code="160101199003071233",
    holder_code_type="111",
    holder_fields={"sex": "男", "postCategory": "C3"},
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text("abcXYZ019", min_size=1)
DRAFTS = st.builds(
    CertificateDraft,
    certificate_id=st.just(DRAFT.certificate_id),
    certificate_name=TEXTS,
    certificate_number=TEXTS,
    issued_on=st.dates(),
    valid_from=st.dates(),
    valid_until=st.none() | st.dates(),
    holder_name=TEXTS,
    holder_code=TEXTS,
    holder_code_type=st.sampled_from(["111", "001"]),
    holder_fields=st.dictionaries(NAMES, TEXTS),
)


@given(DRAFTS)
def test_content_is_canonical_json(draft: CertificateDraft) -> None:
    content = draft.content_digest_input()
    assert content == rfc8785.dumps(json.loads(content))


@given(DRAFTS)
def test_content_is_read_back(draft: CertificateDraft) -> None:
    assert CertificateDraft.parse(draft.content_digest_input()) == draft


@given(DRAFTS)
def test_draft_comes_to_a_worker_as_it_is(draft: CertificateDraft) -> None:
    again = pickle.loads(pickle.dumps(draft))
    assert again == draft
    assert list(again.holder_fields) == list(draft.holder_fields)


def test_order_of_own_fields_does_not_matter() -> None:
    turned = DRAFT._replace(holder_fields={"postCategory": "C3", "sex": "男"})
    assert turned.content_digest_input() == DRAFT.content_digest_input()


@pytest.mark.parametrize(
    "changed",
    [
        {"valid_until": None},
        {"issued_on": date(2023, 5, 5)},
        {"holder_name": "王小朋"},
        {"holder_code_type": "001"},
        {"holder_fields": {"sex": "男"}},
        {"certificate_number": "湘建安C3(2023)0000403"},
    ],
)
def test_every_change_changes_the_content(changed: dict[str, object]) -> None:
    altered = DRAFT._replace(**changed)  # type: ignore[arg-type]  # the table mixes field types
    assert altered.content_digest_input() != DRAFT.content_digest_input()


def test_repr_shows_nothing_of_the_holder() -> None:
    shown = repr(DRAFT)
    assert "王小明" not in shown
    assert "160101" not in shown
    assert "C3" not in shown


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b" " + DRAFT.content_digest_input(),
        DRAFT.content_digest_input().replace(b'"sex"', b'"sex" '),
        DRAFT.content_digest_input()[:-1] + b',"withMore":"1"}',
        DRAFT.content_digest_input().replace(b"2023-05-04", b"2023-05-34"),
        DRAFT.content_digest_input().replace("王小明".encode(), b"\xff"),
        DRAFT.content_digest_input().replace(b'"holderName":', b'"holderName":1,"x":'),
    ],
)
def test_other_bytes_are_not_a_draft(content: bytes) -> None:
    with pytest.raises(MalformedInputError):
        CertificateDraft.parse(content)


def test_member_that_is_not_text_is_rejected() -> None:
    members = json.loads(DRAFT.content_digest_input())
    members["holderName"] = 7
    with pytest.raises(MalformedInputError):
        CertificateDraft.parse(rfc8785.dumps(members))
