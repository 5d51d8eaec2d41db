from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError
from ledger.identifiers import (
    CertificateId,
    CertificateType,
    RegionCode,
    Uscc,
    WrongCheckCharacterError,
)
from ledger.identifiers.check_characters import ALPHABET

SAMPLE = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"

# Printed in public code of a provincial platform. The standard's check character would be D.
FIELD_VARIANT = (
    "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M"
)

# Identifiers printed in public interface documents and public code.
PUBLIC_SAMPLES = [
    SAMPLE,
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.002.S",
    "1.2.156.3005.2.11100000000013338W087.11370800MB28559184.37080001202411010001.001.3",
    "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
    "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
]

IDS = st.builds(
    CertificateId.build,
    st.sampled_from(["11100000000013338W011", "11100000MB03271699022"]).map(CertificateType.parse),
    st.sampled_from([Uscc.parse("11430000006122244L"), RegionCode.parse("340100")]),
    st.text(alphabet=ALPHABET, min_size=1, max_size=64),
    st.integers(min_value=0, max_value=999).map("{:03}".format),
)


def is_accepted_as_standard(text: str) -> bool:
    try:
        return not CertificateId.parse(text).has_deviant_check
    except MalformedInputError:
        return False


@pytest.mark.parametrize("text", PUBLIC_SAMPLES)
def test_public_sample_is_read_and_rebuilt(text: str) -> None:
    parsed = CertificateId.parse(text)
    rebuilt = CertificateId.build(parsed.type, parsed.issuer, parsed.serial, parsed.version)
    assert str(rebuilt) == text
    assert rebuilt == parsed
    assert not parsed.has_deviant_check


def test_fields_of_the_sample() -> None:
    parsed = CertificateId.parse(SAMPLE)
    assert parsed.root == "1.2.156.3005.2"
    assert parsed.type == CertificateType.parse("11100000000013338W011")
    assert parsed.issuer == Uscc.parse("11430000006122244L")
    assert (parsed.serial, parsed.version, parsed.check) == ("20230000403", "001", "U")


def test_issuer_may_be_an_area_code() -> None:
    assert CertificateId.parse(PUBLIC_SAMPLES[3]).issuer == RegionCode.parse("340100")


def test_field_variant_of_the_check_is_read_and_flagged() -> None:
    parsed = CertificateId.parse(FIELD_VARIANT)
    assert parsed.has_deviant_check
    assert str(parsed) == FIELD_VARIANT
    rebuilt = CertificateId.build(parsed.type, parsed.issuer, parsed.serial, parsed.version)
    assert rebuilt.check == "D"
    assert rebuilt != parsed


def test_wrong_check_character_names_the_right_one() -> None:
    with pytest.raises(WrongCheckCharacterError) as caught:
        CertificateId.parse(SAMPLE[:-1] + "7")
    assert caught.value.expected == "U"
    assert caught.value.code == "wrong_check_character"
    assert "got 7" in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        SAMPLE.lower(),
        f" {SAMPLE}",
        f"{SAMPLE}\n",
        SAMPLE.replace("2023", "２０２３"),
        SAMPLE.replace("1.2.156.3005.2", "1.2.156.3005.3"),
        SAMPLE.replace(".001.", ".1."),
        SAMPLE.replace("20230000403", ""),
        SAMPLE.replace("20230000403", "2023-0000403"),
        SAMPLE.replace("11430000006122244L", "990100"),
        SAMPLE.replace("20230000403", "9" * 100_000),
    ],
)
def test_other_shapes_are_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError):
        CertificateId.parse(text)


@pytest.mark.parametrize(
    ("serial", "version"), [("", "001"), ("a", "001"), ("1", "1"), ("1.2", "001")]
)
def test_build_refuses_fields_that_do_not_fit(serial: str, version: str) -> None:
    sample = CertificateId.parse(SAMPLE)
    with pytest.raises(MalformedInputError):
        CertificateId.build(sample.type, sample.issuer, serial, version)


@given(IDS)
def test_built_identifier_is_read_back(identifier: CertificateId) -> None:
    parsed = CertificateId.parse(str(identifier))
    assert parsed == identifier
    assert not parsed.has_deviant_check


@given(IDS, st.sampled_from(ALPHABET + "."))
def test_single_wrong_character_never_passes_as_standard(
    identifier: CertificateId, character: str
) -> None:
    text = str(identifier)
    for position in range(len(text)):
        if text[position] != character:
            wrong = text[:position] + character + text[position + 1 :]
            assert not is_accepted_as_standard(wrong)


@given(IDS)
def test_transposition_of_unlike_characters_never_passes_as_standard(
    identifier: CertificateId,
) -> None:
    """MOD 37,36 misses, per state, one pair of neighbours of consecutive values, and no other."""
    text = str(identifier)
    for position in range(len(text) - 1):
        first, second = text[position], text[position + 1]
        if "." in (first, second) or first == second:
            continue
        distance = abs(ALPHABET.index(first) - ALPHABET.index(second))
        if distance not in (1, 35):
            wrong = text[:position] + second + first + text[position + 2 :]
            assert not is_accepted_as_standard(wrong)


def test_type_goes_to_the_chain_and_back() -> None:
    parsed = CertificateType.parse("11100000000013338W011")
    assert parsed.to_chain() == b"11100000000013338W011"
    assert CertificateType.from_chain(parsed.to_chain()) == parsed
    assert str(parsed.authority) == "11100000000013338W"


@pytest.mark.parametrize(
    "text", ["11100000000013338W01", "11100000000013338X011", "11100000000013338W01A", ""]
)
def test_malformed_type_is_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError):
        CertificateType.parse(text)
