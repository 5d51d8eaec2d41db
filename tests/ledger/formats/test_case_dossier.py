from __future__ import annotations

import pytest

from ledger.errors import MalformedInputError
from ledger.formats.case_documents import Application, Notice, NoticeKind, Party
from ledger.formats.case_dossier import Dossier, parse_document
from ledger.formats.case_materials import MaterialFile, MaterialKind, MaterialsList
from ledger.identifiers import ItemCode

SALT = bytes(range(32))
FILE = MaterialFile("劳动合同", MaterialKind.DOCUMENT, None, SALT, b"%PDF-")
DOSSIER = Dossier(
    (
        Application(
            SALT,
            ItemCode.parse("11370800MB285591843370117002011"),
            Party("持证人（虚构）", "111", "160101199003071232"),
        ),
        MaterialsList(SALT, 1, (FILE.listed,)),
        FILE,
        Notice(SALT, b"c" * 32, NoticeKind.SUPPLEMENT, "请补正", ("社保证明",)),
    )
)


def test_dossier_is_read_as_it_was_written() -> None:
    assert Dossier.parse(DOSSIER.to_json()) == DOSSIER
    assert list(DOSSIER.of(MaterialFile)) == [FILE]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"zhenglian-dossier/1", b"zhenglian-dossier/2"),
        (b"zhenglian-notice/1", b"zhenglian-letter/1"),
        (b'"documents"', b'"papers"'),
        (b'\\"round\\":1', b'\\"round\\":\\"1\\"'),
    ],
)
def test_dossier_with_what_it_cannot_hold_is_refused(old: bytes, new: bytes) -> None:
    assert old in DOSSIER.to_json()
    with pytest.raises(MalformedInputError):
        Dossier.parse(DOSSIER.to_json().replace(old, new))


def test_paper_without_a_kind_is_refused() -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_document(b"{}")
    assert refusal.value.code == "dossier_malformed"
