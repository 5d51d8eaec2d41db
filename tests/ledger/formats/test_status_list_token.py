from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from ledger.errors import MalformedInputError
from ledger.formats.jws import compute_digest, encode_base64url, sign_es256
from ledger.formats.status_list import EMPTY_WORD, Status, set_status
from ledger.formats.status_list_token import (
    MAX_LIST_SIZE,
    make_status_list_token,
    parse_status_list_token,
)
from tests.support.departments import CHONGQING_HOUSING, create_key

BATCH_KEY = bytes(range(32))
WORDS = set_status(set_status(EMPTY_WORD, 5, Status.SUSPENDED), 127, Status.REVOKED) + EMPTY_WORD
NOW = 1_790_000_000


def make(words: bytes = WORDS) -> bytes:
    department = CHONGQING_HOUSING
    return make_status_list_token(
        department.seal_key,
        department.x5c,
        BATCH_KEY,
        words,
        issued_at_unix=NOW,
        expires_at_unix=NOW + 3600,
        ttl_s=300,
        log_size=7,
        log_time_unix=NOW - 1,
    )


def decode(part: bytes) -> Any:
    return orjson.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))


def remake(token: bytes, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    """The token with header and claims changed, signed again by its own key."""
    header, claims = (decode(part) for part in token.split(b".")[:2])
    change(header, claims)
    signed = b".".join(encode_base64url(orjson.dumps(part)) for part in (header, claims))
    signature = sign_es256(CHONGQING_HOUSING.seal_key, compute_digest(signed))
    return signed + b"." + encode_base64url(signature)


def test_a_token_says_what_the_draft_wants_said() -> None:
    header, claims = (decode(part) for part in make().split(b".")[:2])
    assert (header["alg"], header["typ"], len(header["x5c"])) == ("ES256", "statuslist+jwt", 2)
    assert claims["sub"] == f"urn:zhenglian:batch:{BATCH_KEY.hex()}"
    assert (claims["iat"], claims["exp"], claims["ttl"]) == (NOW, NOW + 3600, 300)
    assert claims["status_list"]["bits"] == 2
    lst = claims["status_list"]["lst"]
    assert zlib.decompress(base64.urlsafe_b64decode(lst + "=" * (-len(lst) % 4))) == WORDS


def test_what_was_made_is_read_and_its_signature_holds() -> None:
    token = parse_status_list_token(make())
    assert token.is_signed
    assert (token.batch_key, token.words, token.log_size) == (BATCH_KEY, WORDS, 7)
    told = {position: token.status(position) for position in (0, 4, 5, 6, 127, 128, 255)}
    assert {p: s for p, s in told.items() if s is not Status.VALID} == {
        5: Status.SUSPENDED,
        127: Status.REVOKED,
    }
    for position in (-1, 256):
        with pytest.raises(MalformedInputError, match="has no position"):
            token.status(position)


def test_the_vector_of_the_draft_is_read_bit_by_bit() -> None:
    """Section 4.1 of the draft: statuses 1 2 0 3 0 1 0 1 1 2 3 3 are the bytes c9 44 f9."""
    token = parse_status_list_token(make(bytes.fromhex("c944f9")))
    assert [int(token.status(n)) for n in range(12)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]


def test_an_altered_list_is_not_signed() -> None:
    token = make()
    head, claims, signature = token.split(b".")
    other = decode(claims) | {"exp": NOW + 7200}
    altered = b".".join((head, encode_base64url(orjson.dumps(other)), signature))
    assert not parse_status_list_token(altered).is_signed


def _set(name: str, value: object) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda _, claims: claims.update({name: value})


def _list(**members: object) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda _, claims: claims["status_list"].update(members)


def _packed(data: bytes) -> str:
    return encode_base64url(data).decode()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda header, _: header.update(alg="none"), "algorithm_unknown"),
        (lambda header, _: header.update(typ="JWT"), "typ_unknown"),
        (lambda header, _: header.update(x5c=["%"]), "status_list_malformed"),
        (_set("sub", "https://example.invalid/1"), "field_malformed"),
        (_set("sub", "urn:zhenglian:batch:00"), "field_malformed"),
        (_set("exp", "soon"), "field_malformed"),
        (_list(bits=1), "field_malformed"),
        (_list(lst="***"), "base64url_malformed"),
        (_list(lst=_packed(b"no stream")), "status_list_malformed"),
        (_list(lst=_packed(zlib.compress(b"a") + b"b")), "status_list_malformed"),
        (_list(lst=_packed(zlib.compress(b"a")[:-1])), "status_list_malformed"),
        (_list(lst=_packed(zlib.compress(bytes(MAX_LIST_SIZE + 1)))), "status_list_malformed"),
        (_list(lst=_packed(zlib.compress(bytes(100 << 20)))), "status_list_malformed"),
    ],
)
def test_what_is_no_such_token_is_refused(
    change: Callable[[dict[str, Any], dict[str, Any]], None], code: str
) -> None:
    with pytest.raises(MalformedInputError) as caught:
        parse_status_list_token(remake(make(), change))
    assert caught.value.code == code


@pytest.mark.parametrize("token", [b"", b"a.b", b"a.b.c.d", b"." * 3, bytes(300_000)])
def test_what_is_no_jwt_is_refused(token: bytes) -> None:
    with pytest.raises(MalformedInputError):
        parse_status_list_token(token)


def test_another_key_than_that_of_the_certificate_signs_nothing() -> None:
    department = CHONGQING_HOUSING
    token = make_status_list_token(
        create_key(),
        department.x5c,
        BATCH_KEY,
        WORDS,
        issued_at_unix=NOW,
        expires_at_unix=NOW + 1,
        ttl_s=1,
        log_size=1,
        log_time_unix=NOW,
    )
    assert not parse_status_list_token(token).is_signed
