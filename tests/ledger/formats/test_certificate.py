"""Certificates: what is sealed is read back, and every other byte string is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.certificate import (
    CLEAR_CLAIMS,
    MAX_CERTIFICATE_CHARACTERS,
    Certificate,
    DocumentDigest,
    Placement,
    compute_batch_key,
    compute_midnight_unix,
    compute_validity,
    join_compact,
    parse_certificate,
)
from ledger.formats.jws import (
    compute_digest,
    decode_base64url,
    encode_base64url,
    is_es256_signature,
    sign_es256,
)
from ledger.formats.key_binding import create_holder_jwk, create_key_binding, parse_holder_jwk
from ledger.formats.merkle import leaf_hash
from ledger.formats.p256 import P256_ORDER
from ledger.identifiers import RegionCode
from tests.support.departments import (
    CHONGQING_HOUSING,
    SEALED_AT_UNIX,
    create_draft,
    create_key,
)

ISSUER = CHONGQING_HOUSING.issuer
SEALER = CHONGQING_HOUSING.sealer
SEAL_KEY = CHONGQING_HOUSING.seal_key
PLACEMENT = Placement(compute_batch_key(ISSUER, bytes(range(32))), 4711)
HOLDER_KEY = create_key()
DRAFT = create_draft(ISSUER)
SEALED = SEALER.seal(
    DRAFT, PLACEMENT, SEALED_AT_UNIX, holder_jwk=create_holder_jwk(HOLDER_KEY.public_key())
)
COMPACT = SEALED.to_compact(SEALER.header)
DISCLOSURES = tuple(text.decode() for text in SEALED.disclosures)
CERTIFICATE = parse_certificate(COMPACT)


def to_jwk(key: ec.EllipticCurvePrivateKey) -> JWK:
    return JWK.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def claims_of(certificate: Certificate = CERTIFICATE) -> dict[str, object]:
    payload = certificate.jwt.split(b".")[1]
    claims: dict[str, object] = orjson.loads(decode_base64url(payload, "payload"))
    return claims


def reseal(
    payload: bytes,
    disclosures: tuple[str, ...] = DISCLOSURES,
    header: bytes = SEALER.header,
) -> str:
    """Any payload, truly sealed: for what a faulty or hostile issuer might make."""
    signing_input = header + b"." + encode_base64url(payload)
    signature = encode_base64url(sign_es256(SEAL_KEY, compute_digest(signing_input)))
    return join_compact(f"{signing_input.decode()}.{signature.decode()}", disclosures)


def with_claims(change: Callable[[dict[str, object]], object]) -> str:
    claims = claims_of()
    change(claims)
    return reseal(orjson.dumps(claims))


def disclose(name: str, value: object, salt: str = "c2FsdHNhbHRzYWx0c2FsdA") -> str:
    return encode_base64url(orjson.dumps([salt, name, value])).decode()


def with_disclosure(encoded: str, *others: str) -> str:
    """A truly sealed certificate whose `_sd` knows these disclosures."""
    claims = claims_of()
    claims["_sd"] = [
        encode_base64url(sha256(text.encode()).digest()).decode() for text in (encoded, *others)
    ]
    return reseal(orjson.dumps(claims), (encoded, *others))


def refusal_of(compact: str) -> MalformedInputError:
    with pytest.raises(MalformedInputError) as refusal:
        parse_certificate(compact)
    return refusal.value


def test_everything_sealed_is_read_back() -> None:
    assert CERTIFICATE.certificate_id == DRAFT.certificate_id
    assert CERTIFICATE.type == DRAFT.certificate_id.type
    assert CERTIFICATE.issuer == ISSUER
    assert CERTIFICATE.issuer_name == CHONGQING_HOUSING.name
    assert CERTIFICATE.certificate_name == DRAFT.certificate_name
    assert CERTIFICATE.issued_on == DRAFT.issued_on
    assert CERTIFICATE.sealed_at_unix == SEALED_AT_UNIX
    assert CERTIFICATE.placement == PLACEMENT
    assert CERTIFICATE.x5c == CHONGQING_HOUSING.x5c
    assert CERTIFICATE.fields == {
        "certificate_number": DRAFT.certificate_number,
        "holder_name": DRAFT.holder_name,
        "holder_code": DRAFT.holder_code,
        "holder_code_type": DRAFT.holder_code_type,
        **DRAFT.holder_fields,
    }
    assert CERTIFICATE.hidden_fields == 0
    assert CERTIFICATE.key_binding is None
    assert CERTIFICATE.compact == COMPACT


def test_seal_holds_and_leaf_is_that_of_the_jwt() -> None:
    assert CERTIFICATE.leaf_hash == SEALED.leaf_hash == leaf_hash(CERTIFICATE.jwt)
    signing_input = CERTIFICATE.jwt.rpartition(b".")[0]
    assert CERTIFICATE.signing_digest == compute_digest(signing_input)
    assert is_es256_signature(
        SEAL_KEY.public_key(), CERTIFICATE.signature, CERTIFICATE.signing_digest
    )


def test_validity_is_counted_in_civil_days_of_china() -> None:
    assert CERTIFICATE.valid_from_unix == datetime(2025, 2, 28, 16, tzinfo=UTC).timestamp()
    assert CERTIFICATE.valid_until_unix == datetime(2028, 2, 29, 16, tzinfo=UTC).timestamp()
    for day in (date(1991, 9, 16), date(2000, 2, 29), date(2099, 12, 31)):
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Asia/Shanghai"))
        assert compute_midnight_unix(day) == midnight.timestamp()


def test_long_term_certificate_has_no_end() -> None:
    sealed = SEALER.seal(DRAFT._replace(valid_until=None), PLACEMENT, SEALED_AT_UNIX)
    certificate = parse_certificate(sealed.to_compact(SEALER.header))
    assert certificate.valid_until_unix is None
    assert "exp" not in claims_of(certificate)
    assert compute_validity(date(1970, 1, 1), None) == (-28_800, None)


def test_optional_claims_are_read_back() -> None:
    related = create_draft(ISSUER, "20200000001").certificate_id
    document = DocumentDigest("ofd", "sm3", "66c7f0f4" * 8)
    sealed = SEALER.seal(
        DRAFT,
        PLACEMENT,
        SEALED_AT_UNIX,
        related=related,
        case_id=bytes(range(32)),
        document=document,
    )
    certificate = parse_certificate(sealed.to_compact(SEALER.header))
    assert certificate.related_certificate_id == related
    assert certificate.case_id == bytes(range(32))
    assert certificate.document == document
    assert certificate.holder_jwk is None
    assert CERTIFICATE.related_certificate_id is None
    assert CERTIFICATE.case_id is None
    assert CERTIFICATE.document is None


def test_presentation_shows_what_was_chosen_under_the_same_leaf() -> None:
    shown = CERTIFICATE.with_disclosures({"holder_name", "postCategory"})
    assert shown.fields == {"holder_name": "张三", "postCategory": "C3"}
    assert shown.hidden_fields == 7
    read = parse_certificate(shown.compact)
    assert read == shown
    assert read.leaf_hash == CERTIFICATE.leaf_hash
    assert "110101199003070011" not in shown.compact
    nothing = parse_certificate(shown.with_disclosures(()).compact)
    assert nothing.fields == {}
    assert nothing.hidden_fields == 9


def test_choosing_an_unknown_field_lists_those_there_are() -> None:
    with pytest.raises(NotFoundError) as refusal:
        CERTIFICATE.with_disclosures({"holder_name", "salary"})
    assert refusal.value.code == "disclosure_unknown"
    assert refusal.value.field == "salary"
    assert "certificate_number, employer" in refusal.value.message


# What must not be read.

FORGED = disclose("postCategory", "C1")


@pytest.mark.parametrize(
    ("compact", "code"),
    [
        ("", "certificate_malformed"),
        ("a.b.c", "certificate_malformed"),
        (COMPACT.replace("~", "AAAA~", 1), "signature_malformed"),
        (COMPACT + "x" * MAX_CERTIFICATE_CHARACTERS, "certificate_too_large"),
        (COMPACT + FORGED + "~", "disclosure_unreferenced"),
        (COMPACT + DISCLOSURES[0] + "~", "disclosure_repeated"),
        (COMPACT + "~", "json_malformed"),
        (COMPACT.replace("~", "=~", 1), "base64url_malformed"),
        (" " + COMPACT, "base64url_malformed"),
        (COMPACT + "\n", "key_binding_malformed"),
    ],
)
def test_altered_form_is_refused(compact: str, code: str) -> None:
    assert refusal_of(compact).code == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"alg": "none", "typ": "dc+sd-jwt"}, "algorithm_unknown"),
        ({"alg": "HS256", "typ": "dc+sd-jwt"}, "algorithm_unknown"),
        ({"typ": "dc+sd-jwt"}, "algorithm_unknown"),
        ({"alg": "ES256", "typ": "JWT"}, "typ_unknown"),
        ({"alg": "ES256"}, "typ_unknown"),
        ({"alg": "ES256", "typ": "dc+sd-jwt"}, "header_malformed"),
        ({"alg": "ES256", "typ": "dc+sd-jwt", "x5c": []}, "header_malformed"),
        ({"alg": "ES256", "typ": "dc+sd-jwt", "x5c": ["MA"]}, "header_malformed"),
        ({"alg": "ES256", "typ": "dc+sd-jwt", "x5c": ["MB=="]}, "header_malformed"),
        ({"alg": "ES256", "typ": "dc+sd-jwt", "x5c": [1]}, "header_malformed"),
        ({"alg": "ES256", "typ": "dc+sd-jwt", "x5c": ["证"]}, "header_malformed"),
        (
            {"alg": "ES256", "typ": "dc+sd-jwt", "x5c": ["MAAA"], "crit": ["b64"]},
            "header_malformed",
        ),
        ({"alg": "ES256", "typ": "dc+sd-jwt", "x5c": ["A" * 16_000]}, "header_malformed"),
    ],
)
def test_another_header_is_refused(header: dict[str, object], code: str) -> None:
    encoded = encode_base64url(orjson.dumps(header))
    assert refusal_of(reseal(orjson.dumps(claims_of()), header=encoded)).code == code


MANDATORY = {
    *("iss", "vct", "iat", "nbf", "status"),
    *("certificate_id", "certificate_name", "issued_on", "issuer_name"),
}


@pytest.mark.parametrize("name", sorted(MANDATORY))
def test_missing_claim_is_named(name: str) -> None:
    refusal = refusal_of(with_claims(lambda claims: claims.pop(name)))
    assert (refusal.code, refusal.field) == ("field_missing", name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iss", "https://example.org"),
        ("iss", 7),
        ("vct", "urn:zhenglian:certificate-type"),
        ("iat", "1760000000"),
        ("iat", True),
        ("iat", -1),
        ("nbf", 1.5),
        ("exp", None),
        ("certificate_name", ""),
        ("issued_on", "2025-13-01"),
        ("issued_on", "20250301"),
        ("status", {}),
        ("status", []),
        ("status", {"status_list": {"idx": -1, "uri": "urn:zhenglian:batch:" + "0" * 64}}),
        ("status", {"status_list": {"idx": 65_536, "uri": "urn:zhenglian:batch:" + "0" * 64}}),
        ("status", {"status_list": {"idx": 1, "uri": "urn:zhenglian:batch:" + "A" * 64}}),
        ("status", {"status_list": {"idx": 1, "uri": "urn:zhenglian:batch:" + "0" * 63}}),
        ("cnf", {"kid": "1"}),
        ("case_id", "0" * 63),
        ("case_id", "A" * 64),
        ("case_id", None),
        ("document", {"format": "ofd"}),
        ("_sd", "x"),
        ("_sd", ["x"]),
        ("_sd", [7]),
        ("_sd_alg", "sha-512"),
    ],
)
def test_malformed_claim_is_refused(name: str, value: object) -> None:
    refusal = refusal_of(with_claims(lambda claims: claims.update({name: value})))
    assert refusal.code in {"field_malformed", "field_missing", "base64url_malformed"}
    assert refusal.field is not None
    assert refusal.field.startswith(name)


def test_identifier_of_another_type_is_refused() -> None:
    other = "urn:zhenglian:certificate-type:11100000000013338W012"
    refusal = refusal_of(with_claims(lambda claims: claims.update(vct=other)))
    assert refusal.code == "certificate_id_of_another_type"


def test_wrong_check_characters_are_refused() -> None:
    def alter(name: str) -> Callable[[dict[str, object]], None]:
        def change(claims: dict[str, object]) -> None:
            text = str(claims[name])
            claims[name] = text[:-1] + ("0" if text[-1] != "0" else "1")

        return change

    for name in ("iss", "certificate_id"):
        assert refusal_of(with_claims(alter(name))).code == "wrong_check_character"


def test_digest_signed_twice_is_refused() -> None:
    def repeat(claims: dict[str, object]) -> None:
        assert isinstance(claims["_sd"], list)
        claims["_sd"].append(claims["_sd"][0])

    assert refusal_of(with_claims(repeat)).field == "_sd"


def test_claim_given_twice_is_refused() -> None:
    payload = orjson.dumps(claims_of())
    assert refusal_of(reseal(payload[:-1] + b',"iat":1}')).code == "json_duplicate_name"


@pytest.mark.parametrize("name", sorted(CLEAR_CLAIMS - {"_sd", "_sd_alg", "..."}))
def test_disclosure_that_overwrites_a_claim_is_refused(name: str) -> None:
    assert refusal_of(with_disclosure(disclose(name, "x"))).code == "disclosure_overwrites_claim"


def test_two_disclosures_of_one_name_are_refused() -> None:
    compact = with_disclosure(disclose("grade", "1"), disclose("grade", "2", "b3RoZXI"))
    assert refusal_of(compact).code == "disclosure_repeated"


@pytest.mark.parametrize(
    "text",
    [
        b'["salt","name"]',
        b'["salt","name","value","more"]',
        b'{"salt":"name"}',
        b'["","name","value"]',
        b'["salt","","value"]',
        b'[7,"name","value"]',
        b'["salt",7,"value"]',
        b'["salt","_sd","value"]',
        b'["salt","...","value"]',
        b'["salt","name",{"_sd":["x"]}]',
        b'["salt","name",[{"...":"x"}]]',
        b'["salt","name",[{"a":[{"_sd_alg":"sha-256"}]}]]',
    ],
)
def test_disclosure_of_another_shape_is_refused(text: bytes) -> None:
    assert refusal_of(with_disclosure(encode_base64url(text).decode())).code == (
        "disclosure_malformed"
    )


def test_disclosure_with_a_repeated_or_deeply_nested_value_is_refused() -> None:
    repeated = encode_base64url(b'["salt","name",{"a":1,"a":2}]').decode()
    assert refusal_of(with_disclosure(repeated)).code == "json_duplicate_name"
    nested = encode_base64url(b'["s","n",' + b"[" * 40 + b"]" * 40 + b"]").decode()
    assert refusal_of(with_disclosure(nested)).code == "json_too_deep"


def test_structured_value_is_read() -> None:
    value = {"地址": ["重庆市", {"zip": 400000}]}
    assert parse_certificate(with_disclosure(disclose("site", value))).fields == {"site": value}


def test_high_s_twin_of_the_seal_is_refused() -> None:
    s = P256_ORDER - int.from_bytes(SEALED.signature[32:])
    twin = replace(SEALED, signature=SEALED.signature[:32] + s.to_bytes(32))
    assert refusal_of(twin.to_compact(SEALER.header)).code == "signature_high_s"


def test_every_altered_character_of_the_jwt_is_noticed() -> None:
    jwt = CERTIFICATE.jwt.decode()
    for place in range(0, len(jwt), 7):
        altered = jwt[:place] + ("A" if jwt[place] != "A" else "B") + jwt[place + 1 :]
        try:
            certificate = parse_certificate(COMPACT.replace(jwt, altered))
        except MalformedInputError:
            continue
        assert certificate.leaf_hash != CERTIFICATE.leaf_hash
        assert not is_es256_signature(
            SEAL_KEY.public_key(), certificate.signature, certificate.signing_digest
        )


# The standard library of SD-JWT agrees.


def test_sd_jwt_library_accepts_what_we_seal() -> None:
    shown = CERTIFICATE.with_disclosures({"holder_name", "employerName"})
    verifier = SDJWTVerifier(shown.compact, lambda _issuer, _header=None: to_jwk(SEAL_KEY))
    payload = verifier.get_verified_payload()
    assert payload["holder_name"] == "张三"
    assert payload["employerName"] == "某建设工程有限公司"
    assert "holder_code" not in payload
    assert payload["certificate_id"] == str(DRAFT.certificate_id)


def test_sd_jwt_library_accepts_our_holder_binding() -> None:
    bound = create_key_binding(
        CERTIFICATE.presentation,
        HOLDER_KEY,
        audience=RegionCode.parse("510000"),
        nonce="n-0S6_WzA2Mj",
        issued_at_unix=SEALED_AT_UNIX,
        valid_until_unix=SEALED_AT_UNIX + 300,
    )
    verifier = SDJWTVerifier(
        bound,
        lambda _issuer, _header=None: to_jwk(SEAL_KEY),
        "urn:zhenglian:region:510000",
        "n-0S6_WzA2Mj",
    )
    assert verifier.get_verified_payload()["holder_name"] == "张三"


def issue_with_library() -> tuple[str, SDJWTIssuer]:
    """A certificate made by the sd-jwt library; it does not look at s, so ask until it is low."""
    header = orjson.loads(decode_base64url(SEALER.header, "header"))
    claims = claims_of()
    for name in ("_sd", "_sd_alg", "cnf"):
        del claims[name]
    shown = {SDObj(name): value for name, value in CERTIFICATE.fields.items()}
    while True:
        issuer = SDJWTIssuer(
            claims | shown,
            to_jwk(SEAL_KEY),
            to_jwk(HOLDER_KEY),
            sign_alg="ES256",
            extra_header_parameters={"typ": "dc+sd-jwt", "x5c": header["x5c"]},
        )
        compact: str = issuer.sd_jwt_issuance
        signature = decode_base64url(compact.split("~")[0].rpartition(".")[2], "signature")
        if int.from_bytes(signature[32:]) <= P256_ORDER // 2:
            return compact, issuer


def test_we_read_what_the_sd_jwt_library_makes() -> None:
    compact, _ = issue_with_library()
    certificate = parse_certificate(compact)
    assert certificate.fields == CERTIFICATE.fields
    assert certificate.holder_jwk is not None
    public_numbers = parse_holder_jwk(certificate.holder_jwk).public_numbers()
    assert public_numbers == HOLDER_KEY.public_key().public_numbers()
    assert is_es256_signature(
        SEAL_KEY.public_key(), certificate.signature, certificate.signing_digest
    )


def test_holder_binding_without_an_end_is_not_of_the_profile() -> None:
    holder = SDJWTHolder(issue_with_library()[0])
    holder.create_presentation(
        {"holder_name": True}, "nonce", "urn:zhenglian:region:510000", to_jwk(HOLDER_KEY)
    )
    refusal = refusal_of(holder.sd_jwt_presentation)
    assert refusal.code in {"key_binding_malformed", "signature_high_s"}
