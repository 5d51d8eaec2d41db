"""Holder binding and holder keys, read strictly."""

from __future__ import annotations

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import MalformedInputError
from ledger.formats.jws import (
    compute_digest,
    encode_base64url,
    is_es256_signature,
    sign_es256,
)
from ledger.formats.key_binding import (
    create_holder_jwk,
    create_key_binding,
    encode_holder_key,
    parse_holder_jwk,
    parse_holder_key,
    parse_key_binding,
)
from ledger.identifiers import RegionCode

KEY = ec.derive_private_key(4711, ec.SECP256R1())
JWK = create_holder_jwk(KEY.public_key())
PRESENTATION = "a.b.c~d~"
CLAIMS: dict[str, object] = {
    "iat": 1,
    "exp": 2,
    "aud": "urn:zhenglian:region:510000",
    "nonce": "n",
    "sd_hash": encode_base64url(bytes(32)).decode(),
}


HEADER: dict[str, object] = {"alg": "ES256", "typ": "kb+jwt"}


def sign(claims: dict[str, object], header: dict[str, object] = HEADER) -> str:
    text = encode_base64url(orjson.dumps(header)) + b"." + encode_base64url(orjson.dumps(claims))
    return (text + b"." + encode_base64url(sign_es256(KEY, compute_digest(text)))).decode()


def test_binding_is_read_back_and_holds() -> None:
    bound = create_key_binding(
        PRESENTATION,
        KEY,
        audience=RegionCode.parse("510000"),
        nonce="n-0S6",
        issued_at_unix=1_760_000_000,
        valid_until_unix=1_760_000_300,
        purpose="企业资质核验",
    )
    assert bound.startswith(PRESENTATION)
    binding = parse_key_binding(bound.removeprefix(PRESENTATION))
    assert binding.audience == "urn:zhenglian:region:510000"
    assert binding.nonce == "n-0S6"
    assert binding.purpose == "企业资质核验"
    assert (binding.issued_at_unix, binding.valid_until_unix) == (1_760_000_000, 1_760_000_300)
    assert binding.sd_hash == compute_digest(PRESENTATION.encode())
    assert is_es256_signature(KEY.public_key(), binding.signature, binding.signing_digest)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": ["urn:zhenglian:region:510000"]},
        {"aud": None},
        {"nonce": ""},
        {"nonce": "n" * 257},
        {"nonce": 7},
        {"purpose": 7},
        {"purpose": "p" * 257},
        {"iat": "1"},
        {"iat": True},
        {"exp": None},
        {"exp": 1.5},
        {"sd_hash": None},
    ],
)
def test_malformed_claim_of_a_binding_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_key_binding(sign(CLAIMS | change))
    assert refusal.value.code == "key_binding_malformed"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "kb+jwt"},
        {"alg": "ES256", "typ": "JWT"},
        {"alg": "ES256"},
        {"alg": "ES256", "typ": "kb+jwt", "crit": ["exp"]},
    ],
)
def test_another_header_of_a_binding_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_key_binding(sign(CLAIMS, header))
    assert refusal.value.code == "key_binding_malformed"


@pytest.mark.parametrize("jwt", ["a", "a.b", "a.b.c.d"])
def test_binding_of_another_form_is_refused(jwt: str) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_key_binding(jwt)
    assert refusal.value.code == "key_binding_malformed"


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        JWK | {"d": "AAAA"},
        JWK | {"kty": "RSA"},
        JWK | {"crv": "secp256k1"},
        JWK | {"x": 7},
        JWK | {"x": "AAAA"},
        JWK | {"y": JWK["x"]},
    ],
)
def test_holder_key_that_is_no_public_p256_key_is_refused(jwk: dict[str, object]) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_holder_jwk(jwk)
    assert refusal.value.code == "holder_key_malformed"


def test_holder_key_is_read_back_with_whatever_else_is_said_of_it() -> None:
    assert (
        parse_holder_jwk(JWK | {"kid": "1"}).public_numbers() == KEY.public_key().public_numbers()
    )


def test_holder_key_is_handed_in_as_44_characters() -> None:
    text = encode_holder_key(KEY.public_key())
    assert len(text) == 44
    assert parse_holder_key(text).public_numbers() == KEY.public_key().public_numbers()


@pytest.mark.parametrize("text", ["", "A" * 43, "A" * 44, "A" * 48, "中" * 44])
def test_text_that_is_no_point_is_no_holder_key(text: str) -> None:
    with pytest.raises(MalformedInputError):
        parse_holder_key(text)
