from __future__ import annotations

from hashlib import sha256

import pytest

from ledger.errors import MalformedInputError
from ledger.formats.case_materials import (
    CertificateReference,
    JudgedMaterials,
    Material,
    MaterialFile,
    MaterialKind,
    MaterialsList,
    MaterialVerdict,
)
from ledger.identifiers import CertificateType, ItemCode

SALT = bytes(range(32))
ITEM = ItemCode.parse("11370800MB285591843370117002011")
TYPE = CertificateType.parse("11100000000013338W011")
FILES = (
    MaterialFile("安管人员考核合格证书", MaterialKind.CERTIFICATE, TYPE, b"a" * 32, b"evidence"),
    MaterialFile("劳动合同", MaterialKind.DOCUMENT, None, b"b" * 32, b"%PDF-"),
    MaterialFile("告知承诺书", MaterialKind.COMMITMENT, None, b"c" * 32, b"%PDF-"),
)
LISTED = MaterialsList(SALT, 1, tuple(file.listed for file in FILES))
JUDGED = JudgedMaterials(
    SALT,
    1,
    ITEM,
    2,
    1_800_000_000,
    "INDETERMINATE",
    ("missing:社保证明",),
    (
        MaterialVerdict(LISTED.materials[0], "FAILED", ("certificate_revoked",), b"r" * 32),
        MaterialVerdict(LISTED.materials[1], "PASSED", (), None),
    ),
)


@pytest.mark.parametrize("document", [LISTED, JUDGED])
def test_list_is_read_as_it_was_written(document: MaterialsList | JudgedMaterials) -> None:
    assert type(document).parse(document.to_json()) == document


@pytest.mark.parametrize(
    "file", [*FILES, MaterialFile("空", MaterialKind.DOCUMENT, None, SALT, b"")]
)
def test_file_is_read_as_it_was_written(file: MaterialFile) -> None:
    assert MaterialFile.parse(file.to_json()) == file


def test_file_under_the_commitment_of_another_is_refused() -> None:
    data = FILES[1].to_json()
    other = data.replace(
        FILES[1].listed.commitment.hex().encode(), FILES[2].listed.commitment.hex().encode()
    )
    for altered in (other, data.replace(b'"content":"', b'"content":"AAAA')):
        with pytest.raises(MalformedInputError):
            MaterialFile.parse(altered)


def test_material_is_committed_to_by_the_digest_of_its_file() -> None:
    listed = FILES[0].listed
    assert listed.commitment == sha256(b"a" * 32 + sha256(b"evidence").digest()).digest()
    assert listed == Material(
        "安管人员考核合格证书", MaterialKind.CERTIFICATE, TYPE, listed.commitment
    )


def test_same_file_under_another_salt_looks_different() -> None:
    assert FILES[1].listed.commitment != FILES[2].listed.commitment


def test_changed_verdict_changes_the_digest_that_decisions_are_about() -> None:
    better = MaterialVerdict(LISTED.materials[0], "PASSED", (), b"r" * 32)
    changed = JudgedMaterials(
        JUDGED.salt,
        JUDGED.round,
        JUDGED.item_code,
        JUDGED.matter_version,
        JUDGED.judged_at_unix,
        JUDGED.outcome,
        JUDGED.reasons,
        (better, JUDGED.verdicts[1]),
    )
    assert changed.digest != JUDGED.digest


def test_two_materials_of_one_name_are_refused() -> None:
    with pytest.raises(MalformedInputError) as refusal:
        MaterialsList(SALT, 1, (LISTED.materials[1], LISTED.materials[1]))
    assert refusal.value.code == "materials_repeated"


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"FAILED"', b'"REVOKED"'), (b'"document"', b'"paper"'), (b'"round":1', b'"round":70000')],
)
def test_list_with_a_word_that_is_none_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(MalformedInputError):
        JudgedMaterials.parse(JUDGED.to_json().replace(old, new))


def test_reference_is_committed_to_under_its_own_salt() -> None:
    reference = CertificateReference(b"k" * 32, 258, SALT)
    assert reference.commitment == sha256(SALT + b"k" * 32 + b"\0\0\1\2").digest()
    assert CertificateReference(b"k" * 32, 259, SALT).commitment != reference.commitment
    assert CertificateReference(b"k" * 32, 258, b"s" * 32).commitment != reference.commitment
