"""The application of a member to be: a JSON file that a member takes to propose its admission.

It holds public keys only. Whether they are the applicant's is for the members to find out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.abi import parse_address
from ledger.chain.submitter import load_account
from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.seals import public_coordinates
from ledger.formats.signing_certificate import compute_fingerprint
from ledger.identifiers import MemberId
from ledger.records import Admission, MemberKeys
from ledger.vault.key_files import SUITE_P256, KeyFiles

APPLICATION_NAME = "application.json"
APPLICATION_MEDIA_TYPE = "application/vnd.zhenglian.application+json"
_MAX_NAME_BYTES = 128
_HASH = re.compile("[0-9a-f]{64}")
_KINDS = {str: "text", int: "a number", dict: "an object"}

T = TypeVar("T", str, int, dict[str, Any])


def make_application(keys: KeyFiles, member: MemberId, name: str) -> Admission:
    """What the holder of these keys asks to be admitted with."""
    authority = public_coordinates(keys.authority().public_key())
    encryption = public_coordinates(keys.encryption().public_key())
    return Admission(
        member,
        name,
        MemberKeys(
            SUITE_P256,
            *authority,
            compute_fingerprint(keys.region_root().certificate),
            keys.checkpoint_public_key(),
            *encryption,
            # The embedded chain has no validators of its own; an operator of a network of
            # validators replaces it (`changeMemberKeys`).
            load_account(keys.operator_secret()).address,
        ),
    )


def write_application(path: Path, admission: Admission) -> None:
    """Writes what `read_application` reads."""
    keys = admission.keys
    document = {
        "member": str(admission.member),
        "name": admission.name,
        "keys": {
            "suite": keys.suite,
            "authority_x": keys.authority_x.hex(),
            "authority_y": keys.authority_y.hex(),
            "ca_fingerprint": keys.ca_fingerprint.hex(),
            "checkpoint_key": keys.checkpoint_key.hex(),
            "encryption_x": keys.encryption_x.hex(),
            "encryption_y": keys.encryption_y.hex(),
            "validator": keys.validator,
        },
    }
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_application(path: Path) -> Admission:
    """What a member to be asks to be admitted with.

    Raises:
        NotFoundError: no such file.
        MalformedInputError: as `parse_application`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"no application file {path}") from None
    try:
        return parse_application(content)
    except MalformedInputError as error:
        raise MalformedInputError(
            f"{path}: not an application for admission: {error.message}", field=error.field
        ) from error


def parse_application(content: bytes) -> Admission:
    """Reads an application; unknown fields are passed over.

    Raises:
        MalformedInputError: names the field that is missing or not of its form.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise MalformedInputError(f"expected JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedInputError(f"expected an object, got {type(document).__name__}")
    name = _get(document, "name", str)
    require_name(name)
    return Admission(
        MemberId.parse(_get(document, "member", str)),
        name,
        _parse_keys(_get(document, "keys", dict)),
    )


def require_name(name: str) -> None:
    """Raises MalformedInputError when a member cannot be called so."""
    if not name.isprintable() or not 0 < len(name.encode()) <= _MAX_NAME_BYTES:
        raise MalformedInputError(
            f"name: expected 1 to {_MAX_NAME_BYTES} bytes of UTF-8 without control characters, "
            f"got {name[:_MAX_NAME_BYTES]!r}",
            field="name",
        )


def require_address(field: str, text: str) -> None:
    """Raises MalformedInputError, under the field's name, for what is no EIP-55 address."""
    try:
        parse_address(text)
    except MalformedInputError as error:
        raise MalformedInputError(f"{field}: {error.message}", field=field) from error


def _parse_keys(keys: Mapping[str, Any]) -> MemberKeys:
    suite = _get(keys, "suite", int)
    if suite != SUITE_P256:
        raise MalformedInputError(f"suite: expected {SUITE_P256}, got {suite}", field="suite")
    authority = _parse_point(keys, "authority")
    ca_fingerprint, checkpoint_key = (
        _parse_word(keys, field) for field in ("ca_fingerprint", "checkpoint_key")
    )
    encryption = _parse_point(keys, "encryption")
    validator = _get(keys, "validator", str)
    require_address("validator", validator)
    return MemberKeys(suite, *authority, ca_fingerprint, checkpoint_key, *encryption, validator)


def _parse_point(keys: Mapping[str, Any], name: str) -> tuple[bytes, bytes]:
    """The coordinates of a public key on P-256, 32 bytes each."""
    x, y = _parse_word(keys, f"{name}_x"), _parse_word(keys, f"{name}_y")
    try:
        ec.EllipticCurvePublicNumbers(
            int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()
        ).public_key()
    except ValueError as error:
        raise MalformedInputError(
            f"{name}_x: expected, with {name}_y, a point on P-256", field=f"{name}_x"
        ) from error
    return x, y


def _parse_word(keys: Mapping[str, Any], field: str) -> bytes:
    text = _get(keys, field, str)
    if not _HASH.fullmatch(text):
        raise MalformedInputError(
            f"{field}: expected 64 digits of lower-case hexadecimal, got {text[:64]!r}", field=field
        )
    return bytes.fromhex(text)


def _get(document: Mapping[str, Any], field: str, kind: type[T]) -> T:
    if field not in document:
        raise MalformedInputError(f"the field {field} is missing", field=field)
    value = document[field]
    if type(value) is not kind:
        raise MalformedInputError(
            f"{field}: expected {_KINDS[kind]}, got {str(value)[:64]!r}", field=field
        )
    return value
