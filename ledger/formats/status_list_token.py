"""Status lists as signed tokens: a batch's status words for whoever knows IETF Token Status Lists.

The list's bytes are the batch's words in order, compressed; the subject is the `uri` that every
certificate of the batch carries. Signed by the issuing department with the key that its signing
certificate names. Says nothing that the ledger does not: the ledger is what counts. Source:
draft-ietf-oauth-status-list-21 §4 (list), §5.1 (token as JWT), §6.2 (reference), §7.1 (types).
"""

from __future__ import annotations

import binascii
import zlib
from dataclasses import dataclass, field
from typing import Final

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import MalformedInputError
from ledger.formats.certificate import BATCH_PREFIX
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import (
    compute_digest,
    decode_base64url,
    encode_base64url,
    is_es256_signature,
    parse_json_object,
    require_low_s,
    sign_es256,
)
from ledger.formats.signing_certificate import load_chain
from ledger.formats.status_list import Status

STATUS_LIST_TYP: Final = "statuslist+jwt"
STATUS_LIST_MEDIA_TYPE: Final = "application/statuslist+jwt"
BITS: Final = 2
MAX_LIST_SIZE: Final = 65_536 * BITS // 8
MAX_TOKEN_SIZE: Final = 256 * 1024
_LEVEL: Final = 9


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """A token as it was read; whether its signature holds is asked of it.

    Args:
        batch_key: of the batch it is about, 32 bytes.
        words: the status words in order, decompressed.
        issued_at_unix: when it was signed.
        expires_at_unix: from when on it must not be used.
        ttl_s: for how long it may be kept before a newer one is asked for.
        log_size: entries of the log that it takes into account.
        log_time_unix: chain time up to which that was the whole log.
        x5c: DER of the signing certificate and of its root.
    """

    batch_key: bytes
    words: bytes = field(repr=False)
    issued_at_unix: int
    expires_at_unix: int
    ttl_s: int
    log_size: int
    log_time_unix: int
    x5c: tuple[bytes, ...] = field(repr=False)
    signature: bytes = field(repr=False)
    signing_digest: bytes = field(repr=False)

    def status(self, position: int) -> Status:
        """The status of a position.

        Raises:
            MalformedInputError: status_index_out_of_range, the list has no such position.
        """
        if not 0 <= position < len(self.words) * 4:
            raise MalformedInputError(
                f"a list of {len(self.words) * 4} positions has no position {position}",
                code="status_index_out_of_range",
            )
        return Status(self.words[position >> 2] >> 2 * (position & 3) & 3)

    @property
    def is_signed(self) -> bool:
        """Whether the signature is that of the key in its signing certificate. Whether that
        certificate is the department's is for who knows the ledger."""
        return is_es256_signature(
            load_chain(self.x5c).public_key, self.signature, self.signing_digest
        )


def make_status_list_token(
    private_key: ec.EllipticCurvePrivateKey,
    x5c: tuple[bytes, ...],
    batch_key: bytes,
    words: bytes,
    *,
    issued_at_unix: int,
    expires_at_unix: int,
    ttl_s: int,
    log_size: int,
    log_time_unix: int,
) -> bytes:
    """Signs a list. Arguments as the members of `StatusListToken`."""
    header = {
        "alg": "ES256",
        "typ": STATUS_LIST_TYP,
        "x5c": [binascii.b2a_base64(der, newline=False).decode() for der in x5c],
    }
    claims = {
        "sub": BATCH_PREFIX + batch_key.hex(),
        "iat": issued_at_unix,
        "exp": expires_at_unix,
        "ttl": ttl_s,
        "status_list": {
            "bits": BITS,
            "lst": encode_base64url(zlib.compress(words, _LEVEL)).decode(),
        },
        "zhenglian_log": {"size": log_size, "time_unix": log_time_unix},
    }
    signed = b".".join((_encode(header), _encode(claims)))
    signature = sign_es256(private_key, compute_digest(signed))
    return b"%b.%b" % (signed, encode_base64url(signature))


def parse_status_list_token(token: bytes) -> StatusListToken:
    """Reads a token. Its signature is not verified here.

    Raises:
        MalformedInputError: status_list_malformed, algorithm_unknown, typ_unknown, field_missing,
            field_malformed, and the codes of `jws`.
    """
    parts = token.split(b".")
    if len(parts) != 3 or len(token) > MAX_TOKEN_SIZE:
        raise _malformed("expected <header>.<payload>.<signature>")
    header = JsonObject(parse_json_object(decode_base64url(parts[0], "header"), "header"))
    if header.value.get("alg") != "ES256":
        raise MalformedInputError(
            'header: expected alg "ES256"', code="algorithm_unknown", field="alg"
        )
    if header.value.get("typ") != STATUS_LIST_TYP:
        raise MalformedInputError(
            f'header: expected typ "{STATUS_LIST_TYP}"', code="typ_unknown", field="typ"
        )
    claims = JsonObject(parse_json_object(decode_base64url(parts[1], "payload"), "payload"))
    signature = decode_base64url(parts[2], "signature")
    require_low_s(signature, "signature")
    listed, log = claims.member("status_list"), claims.member("zhenglian_log")
    if listed.integer("bits") != BITS:
        listed.refuse("bits", str(BITS))
    return StatusListToken(
        batch_key=_read_subject(claims),
        words=_decompress(decode_base64url(listed.text("lst", MAX_TOKEN_SIZE), "lst")),
        issued_at_unix=claims.integer("iat"),
        expires_at_unix=claims.integer("exp"),
        ttl_s=claims.integer("ttl"),
        log_size=log.integer("size"),
        log_time_unix=log.integer("time_unix"),
        x5c=tuple(
            _decode_der(text) for text in header.text_array("x5c", 4, max_characters=16 * 1024)
        ),
        signature=signature,
        signing_digest=compute_digest(parts[0] + b"." + parts[1]),
    )


def _encode(value: object) -> bytes:
    return encode_base64url(orjson.dumps(value))


def _read_subject(claims: JsonObject) -> bytes:
    text = claims.text("sub")
    if not text.startswith(BATCH_PREFIX):
        claims.refuse("sub", f"{BATCH_PREFIX}<batch key>")
    return JsonObject({"sub": text.removeprefix(BATCH_PREFIX)}).bytes_of_hex("sub", 32)


def _decompress(data: bytes) -> bytes:
    """The list, if it is one ZLIB stream and no larger than a batch's can be."""
    reader = zlib.decompressobj()
    try:
        words = reader.decompress(data, MAX_LIST_SIZE + 1)
    except zlib.error as error:
        raise _malformed("lst is no ZLIB stream") from error
    if len(words) > MAX_LIST_SIZE or not reader.eof or reader.unused_data:
        raise _malformed(f"lst is not one ZLIB stream of at most {MAX_LIST_SIZE} bytes")
    return words


def _decode_der(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed("x5c holds DER as base64") from error


def _malformed(message: str) -> MalformedInputError:
    return MalformedInputError(f"status list: {message}", code="status_list_malformed")
