"""Disclosures: the salted fields of a certificate that its holder shows or keeps back.

A disclosure is base64url of the JSON array [salt, name, value]; the certificate carries only its
SHA-256, in `_sd`. Fields are flat here: no disclosure contains further digests. Source: RFC 9901
§4.2.1, §4.2.3, §7.1.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from os import urandom
from typing import Any, NamedTuple, TypeAlias

import orjson
from orjson import loads

from ledger.errors import MalformedInputError
from ledger.formats.jws import decode_base64url, encode_base64url, parse_json, require_shallow

SALT_SIZE = 18  # 144 bits, over the 128 that RFC 9901 §9.3 recommends; 24 characters without rest
_SALT_TEXT = 24
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# "-" and "_" as binascii knows them; what stands for them there, and padding, as what it refuses.
_REFUSED = bytes.maketrans(b"-_+/=", b"+/***")
_FILL = ("", "*", "AA", "A")  # no text has one character more than whole groups
_NOTHING: tuple[Any, Any, Any] = (None, None, None)
_DIGEST_NAMES = frozenset({"_sd", "_sd_alg", "..."})


class Disclosure(NamedTuple):
    """One shown field.

    Args:
        name: the field's name.
        value: its JSON value.
        encoded: base64url as it stands in the certificate.
        digest: SHA-256 of `encoded`, 32 bytes; `_sd` has it as base64url.
    """

    name: str
    value: object
    encoded: str
    digest: bytes

    def __repr__(self) -> str:
        """Without the value, which may be personal."""
        return f"Disclosure(name={self.name!r})"


_Parts: TypeAlias = tuple[str, object, str, bytes]
_make: Callable[[_Parts], Disclosure] = partial(tuple.__new__, Disclosure)
"""As `Disclosure(*parts)`, which is a call of a function in Python for every field."""


def create_disclosures(fields: Mapping[str, str]) -> tuple[tuple[bytes, ...], list[str]]:
    """Salt every field afresh.

    Salts are encoded in one go, and so are digests, each with a byte whose character is dropped.

    Args:
        fields: values by name.

    Returns:
        The encoded disclosures in the order of the fields, and their digests, sorted.
    """
    salts = encode_base64url(urandom(SALT_SIZE * len(fields))).decode()
    each_salt = [salts[start : start + _SALT_TEXT] for start in range(0, len(salts), _SALT_TEXT)]
    encoded = [
        b2a_base64(orjson.dumps(each), newline=False).translate(_URL_SAFE, b"=")
        for each in zip(each_salt, fields, fields.values(), strict=True)
    ]
    digests = b"\0".join([sha256(disclosure).digest() for disclosure in encoded])
    joined = encode_base64url(digests).decode()
    each_digest = [joined[start : start + 43] for start in range(0, len(joined), 44)]
    return tuple(encoded), sorted(each_digest)


def parse_disclosure(encoded: str) -> Disclosure:
    """Read one disclosure. Whether the certificate knows its digest is not decided here.

    Raises:
        MalformedInputError: base64url_malformed, json_malformed, json_duplicate_name,
            json_too_deep, disclosure_malformed.
    """
    text = decode_base64url(encoded, "disclosure")
    parts = parse_json(text, "disclosure")
    if not isinstance(parts, list) or len(parts) != 3:
        raise _malformed("expected [salt, name, value]")
    salt, name, value = parts
    if not isinstance(salt, str) or not salt or not isinstance(name, str) or not name:
        raise _malformed("salt and name are texts that are not empty")
    if not isinstance(value, str):
        require_shallow(value, "disclosure")
    if name in _DIGEST_NAMES or (not isinstance(value, str) and _has_digests(value)):
        raise _malformed("digests inside a disclosure are not part of this profile")
    return Disclosure(name, value, encoded, sha256(encoded.encode()).digest())


def parse_disclosures(encoded: Sequence[str]) -> tuple[Disclosure, ...]:
    """As `parse_disclosure` for each, in a fraction of the time where all of them are simple.

    They are decoded in one go, each filled up to whole groups of characters. What is filled in
    decodes to zeros, unless unused bits of the last character are set.

    Raises:
        MalformedInputError: as `parse_disclosure`.
    """
    try:
        texts = "".join([text + _FILL[len(text) & 3] for text in encoded]).encode("ascii")
        data = a2b_base64(texts.translate(_REFUSED), strict_mode=True)
    except ValueError:
        return tuple(map(parse_disclosure, encoded))
    found, start = [], 0  # of the group at which each begins
    for text in encoded:
        size = len(text)
        end = 3 * start + (size * 3 >> 2)
        try:
            parts = None if size & 3 and data[end] else loads(data[3 * start : end])
            salt, name, value = parts if type(parts) is list else _NOTHING
        except ValueError:
            salt, name, value = _NOTHING
        # As texts they hold no object that could repeat a name.
        is_simple = type(salt) is type(name) is type(value) is str and salt and name
        if is_simple and name not in _DIGEST_NAMES:
            digest = sha256(texts[4 * start : 4 * start + size]).digest()
            found.append(_make((name, value, text, digest)))
        else:
            found.append(parse_disclosure(text))
        start += size + 3 >> 2
    return tuple(found)


def parse_digests(digests: list[str]) -> frozenset[bytes]:
    """The digests of an `_sd` array, decoded in one go.

    Raises:
        MalformedInputError: base64url_malformed unless each is 32 bytes as base64url;
            digest_repeated.
    """
    if not {*map(len, digests)} <= {43}:
        raise MalformedInputError(
            "_sd: a digest has 43 characters", code="base64url_malformed", field="_sd"
        )
    joined = decode_base64url("".join([digest + "A" for digest in digests]), "_sd")
    if any(joined[32::33]):
        raise MalformedInputError(
            "_sd is not base64url without padding", code="base64url_malformed", field="_sd"
        )
    decoded = frozenset([joined[start : start + 32] for start in range(0, len(joined), 33)])
    if len(decoded) != len(digests):
        raise MalformedInputError("_sd has a digest twice", code="digest_repeated", field="_sd")
    return decoded


def _has_digests(value: object) -> bool:
    if isinstance(value, dict):
        return not _DIGEST_NAMES.isdisjoint(value) or any(map(_has_digests, value.values()))
    return isinstance(value, list) and any(map(_has_digests, value))


def _malformed(message: str) -> MalformedInputError:
    return MalformedInputError(
        f"disclosure: {message}", code="disclosure_malformed", field="disclosure"
    )
