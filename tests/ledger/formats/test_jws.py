"""One byte string has one accepted encoding: base64url, JSON and signatures."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError
from ledger.formats.jws import (
    compute_digest,
    decode_base64url,
    encode_base64url,
    is_es256_signature,
    parse_json,
    parse_json_object,
    require_low_s,
    require_shallow,
    sign_es256,
)
from ledger.formats.p256 import HIGHEST_S, P256_ORDER

KEY = ec.derive_private_key(1234567, ec.SECP256R1())


@given(st.binary(max_size=80))
def test_base64url_comes_back(data: bytes) -> None:
    encoded = encode_base64url(data)
    assert decode_base64url(encoded, "text") == data
    assert decode_base64url(encoded.decode(), "text") == data


@pytest.mark.parametrize(
    "text",
    ["__4=", "__5", "_", "ab cd", "ab+/", "ab\n", "证", "=", "A===", "ab=c", "____\0"],
)
def test_second_encoding_of_the_same_bytes_is_malformed(text: str) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        decode_base64url(text, "salt")
    assert refusal.value.code == "base64url_malformed"
    assert refusal.value.field == "salt"


@pytest.mark.parametrize(
    "text", [b"{", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"", b"[" * 5000 + b"]" * 5000]
)
def test_text_that_is_no_json_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_json(text, "payload")
    assert refusal.value.code == "json_malformed"


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'[{"b":{"c":1,"c":2}}]',
        b'{ "a" : 1 , "a" : 2 }',
    ],
)
def test_name_given_twice_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_json(text, "payload")
    assert refusal.value.code == "json_duplicate_name"


def test_other_spellings_of_json_without_duplicates_are_read() -> None:
    assert parse_json_object(b'{ "a": 1.50, "b": "\\u8bc1" }', "payload") == {"a": 1.5, "b": "证"}


@pytest.mark.parametrize("text", [b"[]", b"1", b'"a"', b"null"])
def test_value_that_is_no_object_is_malformed_where_one_is_expected(text: bytes) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_json_object(text, "payload")
    assert refusal.value.code == "json_malformed"


@pytest.mark.parametrize("depth", [300, 900])
def test_nested_garbage_is_refused(depth: int) -> None:
    for text in (b'{"a":' * depth + b"1" + b"}" * depth, b'[{"a":' * depth + b" 1" + b"}]" * depth):
        with pytest.raises(MalformedInputError) as refusal:
            parse_json(text, "payload")
        assert refusal.value.code in {"json_too_deep", "json_malformed"}


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_value_within_the_depth_is_shallow_and_no_deeper_one(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    require_shallow(parse_json(opening * 32 + b"1" + closing * 32, "value"), "value")
    with pytest.raises(MalformedInputError) as refusal:
        require_shallow(parse_json(opening * 33 + b"1" + closing * 33, "value"), "value")
    assert refusal.value.code == "json_too_deep"


@given(st.binary(max_size=20))
def test_signature_has_low_s_and_holds(message: bytes) -> None:
    digest = compute_digest(message)
    signature = sign_es256(KEY, digest)
    require_low_s(signature, "signature")
    assert is_es256_signature(KEY.public_key(), signature, digest)
    assert not is_es256_signature(KEY.public_key(), signature, compute_digest(message + b"x"))


def test_high_s_twin_of_a_signature_is_malformed_though_it_holds() -> None:
    digest = compute_digest(b"message")
    signature = sign_es256(KEY, digest)
    twin = signature[:32] + (P256_ORDER - int.from_bytes(signature[32:])).to_bytes(32)
    assert is_es256_signature(KEY.public_key(), twin, digest)
    with pytest.raises(MalformedInputError) as refusal:
        require_low_s(twin, "signature")
    assert refusal.value.code == "signature_high_s"


def test_highest_low_s_is_still_low() -> None:
    require_low_s(bytes(32) + HIGHEST_S.to_bytes(32), "signature")


@pytest.mark.parametrize("size", [0, 63, 65])
def test_signature_of_another_length_is_malformed(size: int) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        require_low_s(bytes(size), "signature")
    assert refusal.value.code == "signature_malformed"


@pytest.mark.parametrize("signature", [bytes(64), b"\xff" * 64])
def test_numbers_outside_the_group_are_no_signature(signature: bytes) -> None:
    assert not is_es256_signature(KEY.public_key(), signature, compute_digest(b""))
