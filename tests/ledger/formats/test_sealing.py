"""Sealing: nothing of the holder in the clear, fresh salts, and what is not sealed."""

from __future__ import annotations

import orjson
import pytest

from ledger.errors import MalformedInputError, NotAuthorizedError
from ledger.formats.certificate import (
    CLEAR_CLAIMS,
    Placement,
    compute_batch_key,
    parse_certificate,
)
from ledger.formats.jws import decode_base64url
from ledger.formats.key_binding import create_holder_jwk
from ledger.formats.sealing import CertificateSealer
from tests.support.departments import (
    CHONGQING_HOUSING,
    CHONGQING_TRANSPORT,
    SEALED_AT_UNIX,
    create_draft,
    create_key,
)

ISSUER = CHONGQING_HOUSING.issuer
SEALER = CHONGQING_HOUSING.sealer
SEAL_KEY = CHONGQING_HOUSING.seal_key
PLACEMENT = Placement(compute_batch_key(ISSUER, bytes(range(32))), 4711)
DRAFT = create_draft(ISSUER)
SEALED = SEALER.seal(DRAFT, PLACEMENT, SEALED_AT_UNIX)
CERTIFICATE = parse_certificate(SEALED.to_compact(SEALER.header))


def claims_of() -> dict[str, object]:
    claims: dict[str, object] = orjson.loads(decode_base64url(SEALED.payload, "payload"))
    return claims


def test_clear_claims_hold_nothing_about_the_holder() -> None:
    payload = decode_base64url(CERTIFICATE.jwt.split(b".")[1], "payload").decode()
    for value in CERTIFICATE.fields.values():
        assert f'"{value}"' not in payload
    assert claims_of().keys() <= CLEAR_CLAIMS


def test_salts_are_fresh_and_of_at_least_128_bits() -> None:
    again = SEALER.seal(DRAFT, PLACEMENT, SEALED_AT_UNIX)
    salts = [
        orjson.loads(decode_base64url(text, "disclosure"))[0]
        for text in (*SEALED.disclosures, *again.disclosures)
    ]
    assert len(set(salts)) == 2 * len(SEALED.disclosures)
    assert all(len(decode_base64url(salt, "salt")) >= 16 for salt in salts)


def test_digests_stand_sorted_so_that_their_order_says_nothing() -> None:
    digests = claims_of()["_sd"]
    assert isinstance(digests, list)
    assert digests == sorted(digests)
    assert len(digests) == len(SEALED.disclosures)


@pytest.mark.parametrize("name", ["iss", "status", "_sd", "holder_name"])
def test_field_with_the_name_of_a_claim_is_not_sealed(name: str) -> None:
    draft = DRAFT._replace(holder_fields={"sex": "男", name: "x"})
    with pytest.raises(MalformedInputError) as refusal:
        SEALER.seal(draft, PLACEMENT, SEALED_AT_UNIX)
    assert (refusal.value.code, refusal.value.field) == ("field_name_reserved", name)


def test_sealer_refuses_a_key_or_department_the_signing_certificate_does_not_name() -> None:
    for key, issuer in ((create_key(), ISSUER), (SEAL_KEY, CHONGQING_TRANSPORT.issuer)):
        with pytest.raises(NotAuthorizedError) as refusal:
            CertificateSealer(key, CHONGQING_HOUSING.x5c, issuer, "x")
        assert refusal.value.code == "seal_key_of_another_certificate"


def test_private_holder_key_is_not_sealed() -> None:
    jwk = {**create_holder_jwk(create_key().public_key()), "d": "AAAA"}
    with pytest.raises(MalformedInputError) as refusal:
        SEALER.seal(DRAFT, PLACEMENT, SEALED_AT_UNIX, holder_jwk=jwk)
    assert refusal.value.code == "holder_key_malformed"


def test_what_is_secret_or_personal_is_not_printed() -> None:
    shown = repr(SEALED) + repr(CERTIFICATE) + repr(CERTIFICATE.disclosures)
    for value in CERTIFICATE.fields.values():
        assert repr(value) not in shown
    assert SEALED.disclosures[0].decode() not in shown
