from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.errors import ConflictError, MalformedInputError, NotFoundError
from ledger.identifiers import CertificateType
from ledger.schemas import find_type, list_types, load_schema

W011 = "11100000000013338W011"


def test_types_of_the_home_stand_beside_those_shipped(tmp_path: Path) -> None:
    (tmp_path / "11100000MB03271699022.json").touch()
    (tmp_path / "README.md").touch()
    shipped = list_types()
    assert CertificateType.parse(W011) in shipped
    assert list_types(tmp_path) == (*shipped, CertificateType.parse("11100000MB03271699022"))


@pytest.mark.parametrize("text", [W011, "W011", "w011", "011"])
def test_type_is_found_by_the_end_of_its_code(text: str) -> None:
    assert str(find_type(text)) == W011


def test_type_nobody_described_is_found_by_its_whole_code() -> None:
    assert str(find_type("11100000MB03271699022")) == "11100000MB03271699022"


@pytest.mark.parametrize("text", ["W012", "", "W0110"])
def test_unknown_end_is_rejected_with_the_types_there_are(text: str) -> None:
    with pytest.raises(NotFoundError, match=W011):
        find_type(text)


def test_end_of_two_types_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "11100000000013338W111.json").touch()
    with pytest.raises(ConflictError, match="W111"):
        find_type("11", tmp_path)


def test_code_of_the_right_length_and_wrong_check_character_is_rejected() -> None:
    with pytest.raises(MalformedInputError):
        find_type("11100000000013338X011")


def test_every_shipped_type_names_its_source_or_says_that_it_is_synthetic() -> None:
    for each in list_types():
        schema = load_schema(each)
        comment = json.loads(schema.document)["$comment"]
        is_synthetic = comment.startswith("SYNTHETIC")
        assert is_synthetic or comment.startswith("Sources. Public: the type code")
        assert is_synthetic == ("虚构" in schema.name)
        assert schema.status_codes
