from __future__ import annotations

import json
from hashlib import sha256

import pytest

from ledger.errors import MalformedInputError
from ledger.formats.case_documents import (
    Application,
    CaseDocument,
    Delegation,
    IdentityCheck,
    Notice,
    NoticeKind,
    Opinion,
    Party,
    compute_commitment,
    make_salt,
)
from ledger.identifiers import ItemCode, Uscc
from ledger.records import Decision

SALT = bytes(range(32))
CASE = b"c" * 32
ITEM = ItemCode.parse("11370800MB285591843370117002011")
PERSON = Party("持证人（虚构）", "111", "160101199003071232")
AGENT = Party("某某代理有限公司（虚构）", "001", "91160101MA0000001X")
DOCUMENTS: list[CaseDocument] = [
    Application(SALT, ITEM, PERSON),
    Application(SALT, ITEM, PERSON, (Delegation(PERSON, AGENT, "授权委托书", 1_800_000_000),)),
    IdentityCheck(SALT, "居民身份证，人证一致", 1_800_000_000),
    IdentityCheck(SALT, "居民身份证", 1_800_000_000, "复印件存档"),
    Opinion(SALT, CASE, 0, 1, Uscc.parse("11100000000013338W"), Decision.REJECT, "业绩不符"),
    Notice(SALT, CASE, NoticeKind.SUPPLEMENT, "请一次性补正下列材料", ("劳动合同", "社保证明")),
    Notice(SALT, CASE, NoticeKind.GRANT, "准予许可"),
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document_is_read_as_it_was_written(document: CaseDocument) -> None:
    assert type(document).parse(document.to_json()) == document
    assert document.digest == sha256(document.to_json()).digest()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document_without_any_of_its_members_is_refused(document: CaseDocument) -> None:
    members = json.loads(document.to_json())
    for name in members:
        less = {key: value for key, value in members.items() if key != name}
        if name != "note":
            with pytest.raises(MalformedInputError) as refusal:
                type(document).parse(_canonical(less))
            assert refusal.value.field == name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_other_spelling_of_a_document_is_refused(document: CaseDocument) -> None:
    data = document.to_json()
    others = [
        data.replace(b'":', b'": ', 1),
        data.replace(b"{", b'{"also":1,', 1),
        json.dumps(json.loads(data)).encode(),
        data.replace(b'"salt":"00', b'"salt":"0A'),
    ]
    for other in others:
        with pytest.raises(MalformedInputError):
            type(document).parse(other)


def test_document_of_one_kind_is_not_read_as_another() -> None:
    with pytest.raises(MalformedInputError) as refusal:
        Notice.parse(DOCUMENTS[0].to_json())
    assert refusal.value.code == "case_document_format"


def test_same_words_twice_have_different_digests() -> None:
    first, second = (Notice(make_salt(), CASE, NoticeKind.GRANT, "准予许可") for _ in range(2))
    assert first.digest != second.digest


def test_commitment_is_the_hash_of_salt_and_value() -> None:
    assert compute_commitment(SALT, b"value") == sha256(SALT + b"value").digest()
    with pytest.raises(MalformedInputError):
        compute_commitment(b"short", b"value")


def test_applicant_is_committed_to_alone() -> None:
    alone, represented = DOCUMENTS[0], DOCUMENTS[1]
    assert isinstance(alone, Application)
    assert isinstance(represented, Application)
    assert alone.commitment == represented.commitment
    text = '{"code":"160101199003071232","code_type":"111","name":"持证人（虚构）"}'
    assert alone.commitment == sha256(SALT + text.encode()).digest()
    other = Application(SALT, ITEM, AGENT)
    assert other.commitment != alone.commitment


def test_personal_data_is_not_shown_by_accident() -> None:
    assert PERSON.name not in repr(DOCUMENTS[0])
    assert PERSON.code not in repr(DOCUMENTS[0])


def _canonical(members: dict[str, object]) -> bytes:
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
