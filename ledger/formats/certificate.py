"""Certificates as SD-JWT VC, read strictly. `sealing` makes them; docs/spec/certificates.md has
the format.

    <header>.<payload>.<signature>~<disclosure>~...~[<key binding JWT>]

Reading judges form alone: seal, issuer, anchoring and status are for `ledger.verification`. One
certificate has one accepted byte string for each choice of disclosures. Sources: RFC 9901 (SD-JWT),
draft-ietf-oauth-sd-jwt-vc-19 (SD-JWT VC), RFC 7515 §4.1.6 (x5c), GB/T 36903 and GB/T 36904.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.civil_time import CHINA_OFFSET_S
from ledger.formats.disclosure import Disclosure, parse_digests, parse_disclosures
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import decode_base64url, parse_json_object, require_low_s
from ledger.formats.key_binding import KeyBinding, parse_holder_jwk, parse_key_binding
from ledger.identifiers import CertificateId, CertificateType, Uscc

if TYPE_CHECKING:
    from hashlib import _Hash

MAX_CERTIFICATE_CHARACTERS: Final = 256 * 1024
MAX_HEADER_CHARACTERS: Final = 16 * 1024
MAX_POSITION: Final = 65_535
ISSUER_PREFIX: Final = "urn:zhenglian:issuer:"
TYPE_PREFIX: Final = "urn:zhenglian:certificate-type:"
BATCH_PREFIX: Final = "urn:zhenglian:batch:"
CERTIFICATE_TYP: Final = "dc+sd-jwt"

CLEAR_CLAIMS: Final = frozenset(
    {
        *("iss", "vct", "vct#integrity", "sub", "iat", "nbf", "exp", "status", "cnf"),
        *("certificate_id", "certificate_name", "issued_on", "issuer_name"),
        *("related_certificate_id", "case_id", "document", "_sd", "_sd_alg", "..."),
    }
)
"""Names that no disclosure may bear: what stands in the clear, and what RFC 9901 reserves."""

_EPOCH = date(1970, 1, 1)
_BATCH_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a certificate is on the ledger: batch key (32 bytes) and position in the batch."""

    batch_key: bytes
    position: int


@dataclass(frozen=True, slots=True)
class DocumentDigest:
    """The sealed OFD or PDF that a certificate accompanies: format, hash algorithm, digest."""

    format: str
    algorithm: str
    digest: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate or a presentation of it, well-formed and not yet judged.

    Args:
        certificate_id: 证照标识.
        type: certificate type.
        issuer: the department whose seal it claims to bear.
        issuer_name: that department's name, by its own statement.
        certificate_name: 证照名称.
        issued_on: 颁发日期, civil date in China.
        sealed_at_unix: when the issuer says it sealed it; the ledger's time counts, not this.
        valid_from_unix: first second of validity.
        valid_until_unix: first second after validity, None for 长期.
        placement: where its issuer placed it.
        related_certificate_id: 关联证照标识, None if there is none.
        case_id: of the case whose result it says it is, 32 bytes; None if it names none.
        document: the document it accompanies, None if none is named.
        holder_jwk: the holder's key, None if presentations cannot be bound.
        disclosures: the fields that are shown.
        hidden_fields: how many fields are not shown.
        x5c: DER of the signing certificate and of the region's root.
        jwt: the issuer-signed JWT.
        signature: r || s, 64 bytes.
        signing_digest: SHA-256 of what the seal signs.
        leaf_hash: its leaf in the batch: SHA-256(0x00 || jwt).
        key_binding: the holder's binding, None in a bearer presentation.
    """

    certificate_id: CertificateId
    type: CertificateType
    issuer: Uscc
    issuer_name: str
    certificate_name: str
    issued_on: date
    sealed_at_unix: int
    valid_from_unix: int
    valid_until_unix: int | None
    placement: Placement
    related_certificate_id: CertificateId | None
    case_id: bytes | None
    document: DocumentDigest | None
    holder_jwk: Mapping[str, object] | None
    disclosures: tuple[Disclosure, ...] = field(repr=False)
    hidden_fields: int
    x5c: tuple[bytes, ...] = field(repr=False)
    jwt: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    signing_digest: bytes = field(repr=False)
    leaf_hash: bytes
    key_binding: KeyBinding | None = field(repr=False)

    @property
    def fields(self) -> dict[str, object]:
        """The shown fields: values by name."""
        return {name: value for name, value, _, _ in self.disclosures}

    @property
    def presentation(self) -> str:
        """Certificate and shown disclosures without key binding, ending in "~"."""
        return join_compact(self.jwt.decode(), [shown.encoded for shown in self.disclosures])

    @property
    def compact(self) -> str:
        """The whole, as it was read."""
        return self.presentation + (self.key_binding.jwt if self.key_binding else "")

    def with_disclosures(self, names: Collection[str]) -> Certificate:
        """The presentation that shows these fields and no others, not bound to a holder.

        Raises:
            NotFoundError: disclosure_unknown, listing the fields there are.
        """
        there = {disclosure.name for disclosure in self.disclosures}
        unknown = sorted(set(names) - there)
        if unknown:
            raise NotFoundError(
                f"the certificate shows no field {', '.join(unknown)}; "
                f"it shows {', '.join(sorted(there)) or 'none'}",
                code="disclosure_unknown",
                field=unknown[0],
            )
        kept = tuple(shown for shown in self.disclosures if shown.name in names)
        hidden = self.hidden_fields + len(self.disclosures) - len(kept)
        return replace(self, disclosures=kept, hidden_fields=hidden, key_binding=None)


def join_compact(jwt: str, disclosures: Collection[str], key_binding: str = "") -> str:
    """The compact form of an SD-JWT. Source: RFC 9901 §4."""
    return "~".join((jwt, *disclosures, key_binding))


def compute_batch_key(issuer: Uscc, batch_id: bytes) -> bytes:
    """What a batch is known by: SHA-256(issuer, 18 bytes || batch_id, 32 bytes)."""
    return sha256(issuer.to_chain() + batch_id).digest()


def compute_midnight_unix(day: date) -> int:
    """When a civil day begins in China: 00:00 at UTC+8.

    The clock changes of 1986 to 1991 and the times before 1949 are not followed: one rule for all
    dates, which needs no time zone database.

    >>> compute_midnight_unix(date(1970, 1, 2))
    57600
    """
    return (day - _EPOCH).days * 86_400 - CHINA_OFFSET_S


@lru_cache(maxsize=4096)
def compute_validity(valid_from: date, valid_until: date | None) -> tuple[int, int | None]:
    """Unix seconds [from, until) of a span of civil days in China, the last day included."""
    begins = compute_midnight_unix(valid_from)
    if valid_until is None:
        return begins, None
    return begins, compute_midnight_unix(valid_until) + 86_400


def parse_certificate(compact: str) -> Certificate:
    """Read a certificate or a presentation.

    Raises:
        MalformedInputError: certificate_too_large, certificate_malformed, header_malformed,
            algorithm_unknown, typ_unknown, field_missing, field_malformed, disclosure_malformed,
            disclosure_unreferenced, disclosure_repeated, disclosure_overwrites_claim,
            digest_repeated, certificate_id_of_another_type, key_binding_malformed,
            holder_key_malformed, and the codes of `jws` and of the identifiers. `field` names the
            claim.
    """
    if len(compact) > MAX_CERTIFICATE_CHARACTERS:
        raise MalformedInputError(
            f"a certificate has at most {MAX_CERTIFICATE_CHARACTERS} characters, "
            f"not {len(compact)}",
            code="certificate_too_large",
        )
    jwt, *encoded_disclosures = compact.split("~")
    parts = jwt.split(".")
    if len(parts) != 3 or not encoded_disclosures:
        raise MalformedInputError(
            "expected <header>.<payload>.<signature>~ and disclosures each followed by ~",
            code="certificate_malformed",
        )
    key_binding_jwt = encoded_disclosures.pop()
    header = _parse_header(parts[0])
    claims = JsonObject(parse_json_object(decode_base64url(parts[1], "payload"), "payload"))
    signature = decode_base64url(parts[2], "signature")
    require_low_s(signature, "signature")
    disclosures, hidden = _match_disclosures(claims, encoded_disclosures)
    jwt_bytes = jwt.encode("ascii")
    signing_hash, leaf_hash = header.signing_hash.copy(), header.leaf_hash.copy()
    signing_hash.update(parts[1].encode("ascii"))
    leaf_hash.update(jwt_bytes[len(parts[0]) + 1 :])
    certificate_id = CertificateId.parse(claims.text("certificate_id"))
    certificate_type = _parse_type(_after(claims, "vct", TYPE_PREFIX))
    if certificate_id.type != certificate_type:
        raise MalformedInputError(
            f"certificate_id is of type {certificate_id.type}, vct is {certificate_type}",
            code="certificate_id_of_another_type",
            field="certificate_id",
        )
    return Certificate(
        certificate_id=certificate_id,
        type=certificate_type,
        issuer=_parse_issuer(_after(claims, "iss", ISSUER_PREFIX)),
        issuer_name=claims.text("issuer_name"),
        certificate_name=claims.text("certificate_name"),
        issued_on=_read_date(claims, "issued_on"),
        sealed_at_unix=claims.integer("iat"),
        valid_from_unix=claims.seconds("nbf"),
        valid_until_unix=claims.seconds("exp") if "exp" in claims else None,
        placement=_read_placement(claims),
        related_certificate_id=_read_related(claims),
        case_id=claims.bytes_of_hex("case_id", 32) if "case_id" in claims else None,
        document=_read_document(claims),
        holder_jwk=_read_holder_jwk(claims),
        disclosures=disclosures,
        hidden_fields=hidden,
        x5c=header.x5c,
        jwt=jwt_bytes,
        signature=signature,
        signing_digest=signing_hash.digest(),
        leaf_hash=leaf_hash.digest(),
        key_binding=parse_key_binding(key_binding_jwt) if key_binding_jwt else None,
    )


@dataclass(frozen=True, slots=True)
class _Header:
    """A header read once for all certificates that share it, with the hash states after it."""

    x5c: tuple[bytes, ...]
    signing_hash: _Hash
    leaf_hash: _Hash


@lru_cache(maxsize=1024)
def _parse_header(encoded: str) -> _Header:
    if len(encoded) > MAX_HEADER_CHARACTERS:
        raise _header_malformed(f"more than {MAX_HEADER_CHARACTERS} characters")
    header = parse_json_object(decode_base64url(encoded, "header"), "header")
    if header.get("alg") != "ES256":
        raise MalformedInputError(
            'header: expected alg "ES256"', code="algorithm_unknown", field="alg"
        )
    if header.get("typ") != CERTIFICATE_TYP:
        raise MalformedInputError(
            f'header: expected typ "{CERTIFICATE_TYP}"', code="typ_unknown", field="typ"
        )
    chain = header.get("x5c")
    if "crit" in header or not isinstance(chain, list) or not 0 < len(chain) <= 4:
        raise _header_malformed("expected x5c with one to four certificates, and no crit")
    prefix = encoded.encode("ascii") + b"."
    return _Header(tuple(map(_decode_der, chain)), sha256(prefix), sha256(b"\x00" + prefix))


def _decode_der(text: object) -> bytes:
    try:
        der = binascii.a2b_base64(text, strict_mode=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        der = b""
    if not der or binascii.b2a_base64(der, newline=False).decode() != text:
        raise _header_malformed("x5c holds DER as base64")
    return der


def _match_disclosures(
    claims: JsonObject, encoded: list[str]
) -> tuple[tuple[Disclosure, ...], int]:
    """The shown disclosures, each known to `_sd`, and how many digests remain unshown."""
    signed = claims.value.get("_sd", [])
    if not isinstance(signed, list) or not {*map(type, signed)} <= {str}:
        claims.refuse("_sd", "an array of digests")
    if claims.value.get("_sd_alg", "sha-256") != "sha-256":
        claims.refuse("_sd_alg", '"sha-256"')
    digests = parse_digests(signed)
    disclosures = parse_disclosures(encoded)
    names = {disclosure.name for disclosure in disclosures}
    if (
        len(names) == len(disclosures)
        and names.isdisjoint(claims.value)
        and names.isdisjoint(CLEAR_CLAIMS)
        and digests.issuperset([disclosure.digest for disclosure in disclosures])
    ):
        return disclosures, len(digests) - len(disclosures)
    raise _find_refusal(claims, digests, disclosures)


def _find_refusal(
    claims: JsonObject, digests: frozenset[bytes], disclosures: tuple[Disclosure, ...]
) -> MalformedInputError:
    """Why the disclosures, of which one is refused, are not taken: by the first that is."""
    taken = CLEAR_CLAIMS | claims.value.keys()
    names: set[str] = set()
    for disclosure in disclosures:
        name = disclosure.name
        if disclosure.digest not in digests:
            return _disclosure_refused(
                "disclosure_unreferenced", name, "the issuer did not sign it"
            )
        if name in taken:
            return _disclosure_refused("disclosure_overwrites_claim", name, "it is a claim")
        if name in names:
            return _disclosure_refused("disclosure_repeated", name, "it is there twice")
        names.add(name)
    raise AssertionError("every disclosure is in order")


def _disclosure_refused(code: str, name: str, why: str) -> MalformedInputError:
    return MalformedInputError(f"disclosure of {name[:64]!r}: {why}", code=code, field=name[:64])


@lru_cache(maxsize=4096)
def _parse_issuer(text: str) -> Uscc:
    return Uscc.parse(text)


@lru_cache(maxsize=4096)
def _parse_type(text: str) -> CertificateType:
    return CertificateType.parse(text)


def _after(claims: JsonObject, name: str, prefix: str) -> str:
    text = claims.text(name)
    if not text.startswith(prefix):
        claims.refuse(name, f"{prefix}...")
    return text[len(prefix) :]


def _read_date(claims: JsonObject, name: str) -> date:
    text = claims.text(name)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        claims.refuse(name, "a date as YYYY-MM-DD")
    if day.isoformat() != text:
        claims.refuse(name, "a date as YYYY-MM-DD")
    return day


def _read_placement(claims: JsonObject) -> Placement:
    status_list = claims.member("status").member("status_list")
    key = _after(status_list, "uri", BATCH_PREFIX)
    if not _BATCH_KEY.fullmatch(key):
        status_list.refuse("uri", f"{BATCH_PREFIX}<32 bytes as lower-case hex>")
    return Placement(bytes.fromhex(key), status_list.integer("idx", MAX_POSITION))


def _read_related(claims: JsonObject) -> CertificateId | None:
    if "related_certificate_id" not in claims:
        return None
    return CertificateId.parse(claims.text("related_certificate_id"))


def _read_document(claims: JsonObject) -> DocumentDigest | None:
    if "document" not in claims:
        return None
    document = claims.member("document")
    return DocumentDigest(
        document.text("format", 64), document.text("algorithm", 64), document.text("digest", 256)
    )


def _read_holder_jwk(claims: JsonObject) -> Mapping[str, object] | None:
    if "cnf" not in claims:
        return None
    jwk = claims.member("cnf").member("jwk").value
    parse_holder_jwk(jwk)
    return jwk


def _header_malformed(message: str) -> MalformedInputError:
    return MalformedInputError(f"header: {message}", code="header_malformed", field="header")
