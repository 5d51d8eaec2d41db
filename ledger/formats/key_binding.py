"""Holder binding: the JWT by which a holder shows, now and to one relying party, to own the key.

The audience is a region of the ledger, "urn:zhenglian:region:<code>". `sd_hash` ties it to exactly
the certificate and the disclosures in front of it. Whether nonce, audience and times suit is for
`ledger.verification`. Sources: RFC 9901 §4.3, RFC 7800 §3.2, RFC 7517.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.errors import MalformedInputError
from ledger.formats.jws import (
    compute_digest,
    decode_base64url,
    encode_base64url,
    parse_json_object,
    require_low_s,
    sign_es256,
)
from ledger.identifiers import RegionCode

KEY_BINDING_TYPE: Final = "kb+jwt"
AUDIENCE_PREFIX: Final = "urn:zhenglian:region:"
MAX_NONCE_CHARACTERS: Final = 256
MAX_PURPOSE_CHARACTERS: Final = 256
_HEADER = encode_base64url(orjson.dumps({"alg": "ES256", "typ": KEY_BINDING_TYPE}))


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """A key binding JWT, read but not judged.

    Args:
        jwt: as it stands at the end of the certificate.
        audience: `aud`.
        nonce: `nonce`, chosen by the relying party.
        purpose: what the holder shows the certificate for, None if not said.
        issued_at_unix: `iat`.
        valid_until_unix: `exp`, exclusive.
        sd_hash: 32 bytes: SHA-256 of the presentation before the JWT.
        signature: r || s, 64 bytes.
    """

    jwt: str
    audience: str
    nonce: str
    purpose: str | None
    issued_at_unix: int
    valid_until_unix: int
    sd_hash: bytes
    signature: bytes

    @property
    def signing_digest(self) -> bytes:
        """What the holder signed: SHA-256 of header and payload."""
        return compute_digest(self.jwt.rpartition(".")[0].encode())


def create_key_binding(
    presentation: str,
    holder_key: ec.EllipticCurvePrivateKey,
    *,
    audience: RegionCode,
    nonce: str,
    issued_at_unix: int,
    valid_until_unix: int,
    purpose: str | None = None,
) -> str:
    """Bind a presentation to its moment and its reader.

    Args:
        presentation: certificate and chosen disclosures, ending in "~".
        holder_key: the private key whose public half is the certificate's `cnf`.
        audience: region of the relying party.
        nonce: what the relying party asked to be repeated.
        issued_at_unix: now.
        valid_until_unix: when the binding ends.
        purpose: what it is shown for.

    Returns:
        The presentation with the key binding JWT behind it.
    """
    claims: dict[str, object] = {
        "iat": issued_at_unix,
        "exp": valid_until_unix,
        "aud": AUDIENCE_PREFIX + str(audience),
        "nonce": nonce,
        "sd_hash": encode_base64url(compute_digest(presentation.encode())).decode(),
    }
    if purpose is not None:
        claims["purpose"] = purpose
    signing_input = _HEADER + b"." + encode_base64url(orjson.dumps(claims))
    signature = sign_es256(holder_key, compute_digest(signing_input))
    return f"{presentation}{signing_input.decode()}.{encode_base64url(signature).decode()}"


def parse_key_binding(jwt: str) -> KeyBinding:
    """Read a key binding JWT.

    Raises:
        MalformedInputError: key_binding_malformed, and the codes of `jws`.
    """
    parts = jwt.split(".")
    if len(parts) != 3:
        raise _malformed("expected header, payload and signature")
    header = parse_json_object(decode_base64url(parts[0], "key_binding"), "key_binding")
    if header.get("alg") != "ES256" or header.get("typ") != KEY_BINDING_TYPE or "crit" in header:
        raise _malformed(f'expected alg "ES256" and typ "{KEY_BINDING_TYPE}"')
    claims = parse_json_object(decode_base64url(parts[1], "key_binding"), "key_binding")
    signature = decode_base64url(parts[2], "key_binding")
    require_low_s(signature, "key_binding")
    audience, nonce, purpose = claims.get("aud"), claims.get("nonce"), claims.get("purpose")
    issued_at, valid_until = claims.get("iat"), claims.get("exp")
    sd_hash = claims.get("sd_hash")
    if not isinstance(audience, str) or not isinstance(nonce, str) or not nonce:
        raise _malformed("aud and nonce are texts")
    if len(nonce) > MAX_NONCE_CHARACTERS:
        raise _malformed(f"nonce has more than {MAX_NONCE_CHARACTERS} characters")
    if purpose is not None and (
        not isinstance(purpose, str) or len(purpose) > MAX_PURPOSE_CHARACTERS
    ):
        raise _malformed(f"purpose is a text of at most {MAX_PURPOSE_CHARACTERS} characters")
    if type(issued_at) is not int or type(valid_until) is not int:
        raise _malformed("iat and exp are whole seconds")
    if not isinstance(sd_hash, str):
        raise _malformed("sd_hash is missing")
    return KeyBinding(
        jwt=jwt,
        audience=audience,
        nonce=nonce,
        purpose=purpose,
        issued_at_unix=issued_at,
        valid_until_unix=valid_until,
        sd_hash=decode_base64url(sd_hash, "key_binding"),
        signature=signature,
    )


def encode_holder_key(public_key: ec.EllipticCurvePublicKey) -> str:
    """The key as a holder hands it in: compressed point (SEC 1 §2.3.3), base64url."""
    point = public_key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return encode_base64url(point).decode()


def parse_holder_key(text: str) -> ec.EllipticCurvePublicKey:
    """Read what `encode_holder_key` wrote.

    Raises:
        MalformedInputError: holder_key_malformed; base64url_malformed.
    """
    point = decode_base64url(text, "holder_key")
    if len(point) != 33:
        raise _holder_key_malformed("a compressed point has 33 bytes")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise _holder_key_malformed("the point is not on the curve") from error


def create_holder_jwk(public_key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """The JWK of a holder's P-256 key, for `cnf`."""
    numbers = public_key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": encode_base64url(numbers.x.to_bytes(32)).decode(),
        "y": encode_base64url(numbers.y.to_bytes(32)).decode(),
    }


def parse_holder_jwk(jwk: Mapping[str, object]) -> ec.EllipticCurvePublicKey:
    """The holder's public key.

    Raises:
        MalformedInputError: holder_key_malformed unless it is a P-256 key without its private part;
            base64url_malformed.
    """
    x, y = jwk.get("x"), jwk.get("y")
    if (
        "d" in jwk
        or (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256")
        or not isinstance(x, str)
        or not isinstance(y, str)
    ):
        raise _holder_key_malformed("expected kty EC, crv P-256, x and y, and no private part")
    coordinates = decode_base64url(x, "cnf"), decode_base64url(y, "cnf")
    if any(len(coordinate) != 32 for coordinate in coordinates):
        raise _holder_key_malformed("a coordinate has 32 bytes")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), b"\x04" + b"".join(coordinates)
        )
    except ValueError as error:
        raise _holder_key_malformed("the point is not on the curve") from error


def _malformed(message: str) -> MalformedInputError:
    return MalformedInputError(
        f"key binding: {message}", code="key_binding_malformed", field="key_binding"
    )


def _holder_key_malformed(message: str) -> MalformedInputError:
    return MalformedInputError(f"cnf: {message}", code="holder_key_malformed", field="cnf")
