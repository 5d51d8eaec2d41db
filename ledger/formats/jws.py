"""The pieces of a compact JWS: strict base64url, strict JSON, and ES256 with low s.

One byte string has exactly one accepted encoding here, so that nobody can alter a document without
altering what it says. Knows nothing of certificates. Sources: RFC 4648 §5, RFC 7515, RFC 7518 §3.4.
"""

from __future__ import annotations

import binascii
import json
from hashlib import sha256

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.errors import MalformedInputError
from ledger.formats.p256 import HIGHEST_S, der_to_raw, raw_to_der

SIGNATURE_SIZE = 64
MAX_JSON_DEPTH = 32
ES256 = ec.ECDSA(Prehashed(SHA256()))

# "-" and "_" as binascii knows them; what stands for them there, and padding, as what it refuses.
_STANDARD = bytes.maketrans(b"-_+/=", b"+/***")
_PADDING = (b"", b"", b"==", b"=")
_LAST_CHARACTERS = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")  # those in which no unused bit is set


def encode_base64url(data: bytes) -> bytes:
    """Base64url without padding, as ASCII bytes.

    >>> encode_base64url(b"\\xff\\xfe")
    b'__4'
    """
    standard = binascii.b2a_base64(data, newline=False).rstrip(b"=")
    return standard.replace(b"+", b"-").replace(b"/", b"_")


def decode_base64url(text: str | bytes, field: str) -> bytes:
    """Bytes of a base64url text that has neither padding nor unused bits set.

    Args:
        text: the encoded text.
        field: what it is, for the error.

    Raises:
        MalformedInputError: base64url_malformed.
    """
    try:
        encoded = text.encode("ascii") if isinstance(text, str) else text
        rest = len(encoded) & 3
        is_canonical = not rest or encoded[-1] in _LAST_CHARACTERS[rest]
        standard = encoded.translate(_STANDARD)
        data = binascii.a2b_base64(standard + _PADDING[rest], strict_mode=True)
    except ValueError:
        is_canonical = False
    if not is_canonical:
        raise MalformedInputError(
            f"{field} is not base64url without padding", code="base64url_malformed", field=field
        )
    return data


def parse_json(data: bytes, field: str) -> object:
    """The value of a JSON text in which no object has a name twice.

    Raises:
        MalformedInputError: json_malformed, json_duplicate_name, json_too_deep.
    """
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise MalformedInputError(
            f"{field} is not JSON: {error.msg}", code="json_malformed", field=field
        ) from error
    if b"{" in data:
        _require_distinct_names(data, value, field)
    return value


def parse_json_object(data: bytes, field: str) -> dict[str, object]:
    """As `parse_json`, for an object.

    Raises:
        MalformedInputError: json_malformed, json_duplicate_name, json_too_deep.
    """
    value = parse_json(data, field)
    if not isinstance(value, dict):
        raise MalformedInputError(
            f"{field} is not a JSON object", code="json_malformed", field=field
        )
    return value


def sign_es256(private_key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """ECDSA P-256 signature over a SHA-256 digest: r || s, 64 bytes, s in the lower half."""
    return der_to_raw(private_key.sign(digest, ES256))


def require_low_s(signature: bytes, field: str) -> None:
    """Refuse a signature that has another length or a second form.

    Raises:
        MalformedInputError: signature_malformed, signature_high_s.
    """
    if len(signature) != SIGNATURE_SIZE:
        raise MalformedInputError(
            f"{field} has {len(signature)} bytes, expected {SIGNATURE_SIZE}",
            code="signature_malformed",
            field=field,
        )
    if int.from_bytes(signature[32:]) > HIGHEST_S:
        raise MalformedInputError(
            f"{field} has s in the upper half of the order", code="signature_high_s", field=field
        )


def is_es256_signature(
    public_key: ec.EllipticCurvePublicKey, signature: bytes, digest: bytes
) -> bool:
    """Whether r || s is the key's signature over the SHA-256 digest."""
    try:
        public_key.verify(raw_to_der(signature), digest, ES256)
    except InvalidSignature:
        return False
    return True


def compute_digest(signing_input: bytes) -> bytes:
    """SHA-256, the digest that ES256 signs."""
    return sha256(signing_input).digest()


def require_shallow(value: object, field: str, depth: int = MAX_JSON_DEPTH) -> None:
    """Refuse a JSON value that is nested deeper than `depth`.

    Raises:
        MalformedInputError: json_too_deep.
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        if depth == 0:
            raise _too_deep(field)
        for item in value:
            require_shallow(item, field, depth - 1)


def _require_distinct_names(data: bytes, value: object, field: str) -> None:
    """orjson keeps the last of two equal names: a text it writes back unchanged had none."""
    try:
        if orjson.dumps(value) != data:
            json.loads(data, object_pairs_hook=lambda pairs: _object_of(pairs, field))
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise _too_deep(field) from error


def _object_of(pairs: list[tuple[str, object]], field: str) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedInputError(
            f"{field} has the name {twice[:64]!r} twice", code="json_duplicate_name", field=field
        )
    return result


def _too_deep(field: str) -> MalformedInputError:
    return MalformedInputError(f"{field} is nested too deep", code="json_too_deep", field=field)
