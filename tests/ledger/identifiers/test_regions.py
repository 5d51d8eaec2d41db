from __future__ import annotations

import pytest

from ledger.errors import ConflictError, MalformedInputError
from ledger.identifiers import RegionCode, regions, register_province


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("110000", "北京市"),
        ("500103", "重庆市"),
        ("659001", "新疆维吾尔自治区"),
        ("820000", "澳门特别行政区"),
    ],
)
def test_region_knows_its_province(code: str, name: str) -> None:
    region = RegionCode.parse(code)
    assert region.province_name == name
    assert region.province.code == code[:2] + "0000"
    assert region.province.is_province
    assert region.is_province == (code[2:] == "0000")


def test_there_are_31_provinces_and_hong_kong_macao_taiwan() -> None:
    known = [n for n in range(100) if is_known(f"{n:02}0000")]
    assert len(known) == 34
    assert {71, 81, 82} < set(known)


def is_known(code: str) -> bool:
    try:
        RegionCode.parse(code)
    except MalformedInputError:
        return False
    return True


@pytest.mark.parametrize("text", ["", "50", "5000000", "50000O", "５00000", "500000\n", " 500000"])
def test_other_shapes_are_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError, match="expected 6 digits"):
        RegionCode.parse(text)


@pytest.mark.parametrize("text", ["000000", "100000", "160101", "990000"])
def test_unknown_province_is_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError, match="prefix of a province"):
        RegionCode.parse(text)


def test_region_goes_to_the_chain_and_back() -> None:
    region = RegionCode.parse("500103")
    assert region.to_chain() == b"500103"
    assert RegionCode.from_chain(b"500103") == region


def test_chain_is_read_the_same_whatever_provinces_a_node_knows() -> None:
    region = RegionCode.from_chain(b"660100")
    assert (region.code, region.province_name) == ("660100", "660000")
    with pytest.raises(MalformedInputError):
        RegionCode.parse("660100")
    with pytest.raises(MalformedInputError):
        RegionCode.from_chain(b"66010A")


def test_province_outside_the_standard_is_known_once_registered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regions, "_PROVINCES", dict(regions._PROVINCES))
    register_province("66", "新疆生产建设兵团")
    register_province("66", "新疆生产建设兵团")
    assert RegionCode.parse("660000").province_name == "新疆生产建设兵团"
    with pytest.raises(ConflictError):
        register_province("66", "另一个名称")


def test_registered_province_cannot_rename_one_of_the_standard() -> None:
    with pytest.raises(ConflictError):
        register_province("50", "四川省")


@pytest.mark.parametrize(("prefix", "name"), [("6", "甲"), ("660000", "甲"), ("66", " ")])
def test_registering_needs_two_digits_and_a_name(prefix: str, name: str) -> None:
    with pytest.raises(MalformedInputError):
        register_province(prefix, name)
