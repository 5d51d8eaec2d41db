"""Disclosures: made in one go, read one by one."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError
from ledger.formats.disclosure import (
    Disclosure,
    create_disclosures,
    parse_digests,
    parse_disclosure,
    parse_disclosures,
)
from ledger.formats.jws import decode_base64url, encode_base64url

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda name: name not in {"_sd", "_sd_alg", "..."}
)


def digest_of(encoded: str) -> str:
    return encode_base64url(sha256(encoded.encode()).digest()).decode()


@given(st.dictionaries(NAMES, TEXTS, max_size=12))
def test_what_is_made_is_read_back_and_known_to_its_digest(fields: dict[str, str]) -> None:
    made, digests = create_disclosures(fields)
    encoded = [text.decode() for text in made]
    disclosures = [parse_disclosure(text) for text in encoded]
    assert {shown.name: shown.value for shown in disclosures} == fields
    assert digests == sorted(map(digest_of, encoded))
    assert parse_digests(digests) == {shown.digest for shown in disclosures}


def test_example_of_rfc_9901_is_read() -> None:
    # RFC 9901 section 4.2.1 and 4.2.3: the disclosure of family_name and its digest.
    encoded = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    disclosure = parse_disclosure(encoded)
    assert (disclosure.name, disclosure.value) == ("family_name", "Möbius")
    assert digest_of(encoded) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"


def encode(json: bytes) -> str:
    return encode_base64url(json).decode()


SIMPLE = [encode(b'["salt","%b","%b"]' % (b"name" * (n + 1), b"v" * n)) for n in range(4)]
ODD = [
    *("", "A", "AA", "AAA", "W", "W10", "WyJzIiwibiIsInYiXQ==", "WyJzIiwibiIsInYiXR", "证", "\0"),
    encode(b'["s","n","??>>"]').replace("-", "+").replace("_", "/"),
    *map(encode, (b'["s","n","v"],["t","m","w"]', b'["s","n","v"]\0', b'["s","n","v"] ', b"[]")),
    *map(encode, (b'["s","n",7]', b'["s","n",{"a":1,"a":2}]', b'["","n","v"]', b'["s","","v"]')),
    *map(encode, (b'["s","_sd","v"]', b'["s","n"]', b'"abc"', b'{"a":1}', b'["s","n",{"_sd":[]}]')),
    *(encode(b'["s","n","v"]')[:-1] + last for last in "ABCDhwx_"),
    encode(b'["s","') + encode(b'n","v"]'),
]


@pytest.mark.parametrize("before", [0, 1, 2, 3])
@pytest.mark.parametrize("odd", ODD)
def test_read_together_they_are_what_each_is_alone(odd: str, before: int) -> None:
    texts = [*SIMPLE[:before], odd, *SIMPLE]

    def read(parse: Callable[[], list[Disclosure]]) -> object:
        try:
            return parse()
        except MalformedInputError as error:
            return error.code, error.message, error.field

    assert read(lambda: list(parse_disclosures(texts))) == read(
        lambda: [*map(parse_disclosure, texts)]
    )


def test_what_it_says_is_not_shown_where_it_is_printed() -> None:
    assert "secret" not in repr(parse_disclosure(encode(b'["salt","name","secret"]')))


@pytest.mark.parametrize(
    ("digests", "code"),
    [
        (["A" * 42], "base64url_malformed"),
        (["A" * 42 + "B"], "base64url_malformed"),
        (["A" * 42 + "="], "base64url_malformed"),
        (["A" * 42, "A" * 44], "base64url_malformed"),
        (["A" * 43, "A" * 43], "digest_repeated"),
    ],
)
def test_what_is_no_list_of_digests_is_malformed(digests: list[str], code: str) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_digests(digests)
    assert refusal.value.code == code


def test_digest_is_read_as_the_bytes_it_encodes() -> None:
    text = digest_of("x")
    assert parse_digests([text]) == {decode_base64url(text, "digest")}
    assert parse_digests([]) == frozenset()
