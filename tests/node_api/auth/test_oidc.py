"""Tokens of a provider on loopback: what counts, what never counts, and keys that change."""

from __future__ import annotations

import asyncio
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey
from pydantic import ValidationError

from ledger.errors import LedgerError
from node_api.auth.failures import IdentityProviderUnavailableError, NotAuthenticatedError
from node_api.auth.oidc_keys import ProviderKeys, parse_keys
from node_api.auth.oidc_tokens import MAX_CHARACTERS, find_key, verify_token
from node_api.auth.settings import OidcSettings
from tests.support.identity_provider import AUDIENCE, IdentityProvider, rsa_key, run_provider


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with run_provider() as running:
        yield running


@pytest.fixture
def settings(provider: IdentityProvider) -> OidcSettings:
    return OidcSettings(issuer=provider.issuer, audience=AUDIENCE)


def check(settings: OidcSettings, *tokens: str) -> list[Any]:
    """What each token comes to, one after the other, with the keys of one node."""

    async def run() -> list[Any]:
        keys, found = ProviderKeys(settings), []
        for text in tokens:
            try:
                found.append((await verify_token(text, settings, keys, time.time()))["sub"])
            except LedgerError as error:
                found.append(error.code)
        return found

    return asyncio.run(run())


def test_token_of_the_provider_counts(provider: IdentityProvider, settings: OidcSettings) -> None:
    assert check(settings, provider.sign(), provider.sign()) == ["8d1f", "8d1f"]
    assert provider.fetched == ["/.well-known/openid-configuration", "/keys"]


def test_every_algorithm_of_the_settings_counts(provider: IdentityProvider) -> None:
    provider.keys = {
        "rsa": rsa_key(),
        "p256": ECKey.generate_key("P-256"),
        "p384": ECKey.generate_key("P-384"),
        "ed": OKPKey.generate_key("Ed25519"),
    }
    settings = OidcSettings(issuer=provider.issuer, audience=AUDIENCE)
    signed = [("RS256", "rsa"), ("PS256", "rsa"), ("ES256", "p256"), ("ES384", "p384")]
    tokens = [provider.sign(key_id=key_id, algorithm=name) for name, key_id in signed]
    assert check(settings, *tokens) == ["8d1f"] * len(tokens)


def replace_header(token: str, **changes: Any) -> str:
    header, rest = token.split(".", 1)
    told = orjson.loads(urlsafe_b64decode(header + "=="))
    told = {name: value for name, value in (told | changes).items() if value is not None}
    return urlsafe_b64encode(orjson.dumps(told)).rstrip(b"=").decode() + "." + rest


def test_unsigned_token_is_refused(provider: IdentityProvider, settings: OidcSettings) -> None:
    token = provider.sign()
    stripped = token.rsplit(".", 1)[0] + "."
    assert check(
        settings,
        replace_header(token, alg="none"),
        replace_header(stripped, alg="none"),
        replace_header(token, alg="NONE"),
        replace_header(token, alg=None),
        replace_header(token, alg=["ES256"]),
    ) == [
        "token_algorithm",
        "token_malformed",
        "token_algorithm",
        "token_algorithm",
        "token_algorithm",
    ]


def test_public_key_as_shared_secret_is_refused(
    provider: IdentityProvider, settings: OidcSettings
) -> None:
    public = rsa_key().as_pem(private=False)
    provider.keys = {"rsa": rsa_key()}
    token = provider.sign(
        key_id="rsa", key=OctKey.import_key(public.replace(b"-----", b"=====")), algorithm="HS256"
    )
    assert check(settings, token) == ["token_algorithm"]


def test_shared_secret_can_not_even_be_configured() -> None:
    for algorithm in ("HS256", "none", "RS1"):
        with pytest.raises(ValidationError):
            OidcSettings(issuer="https://id.example.cn", audience="a", algorithms=(algorithm,))


def test_symmetric_key_in_the_set_is_left_out() -> None:
    secret = {"kty": "oct", "kid": "a", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}
    assert parse_keys({"keys": [secret]}) == ()


def test_key_that_is_short_or_for_something_else_is_left_out() -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()
    modulus = weak.public_numbers().n.to_bytes(128)
    short = {"kty": "RSA", "e": "AQAB", "n": urlsafe_b64encode(modulus).rstrip(b"=").decode()}
    good = ECKey.generate_key("P-256").as_dict(private=False)
    others: list[dict[str, Any]] = [
        {**good, "use": "enc"},
        {**good, "key_ops": ["sign"]},
        {**good, "crv": "P-999"},
        {**good, "x": "AAAA"},
        {"kty": "EC"},
        short,
    ]
    assert parse_keys({"keys": [*others, "text"]}) == ()
    assert len(parse_keys({"keys": [good, {**good, "use": "sig"}]})) == 2


def test_claims_for_another_node_or_another_time_are_refused(
    provider: IdentityProvider, settings: OidcSettings
) -> None:
    now = int(time.time())
    cases: list[tuple[dict[str, Any], str]] = [
        ({"aud": "another"}, "token_audience"),
        ({"aud": ["another"]}, "token_audience"),
        ({"aud": [AUDIENCE + "x"]}, "token_audience"),
        ({"aud": None}, "token_audience"),
        ({"aud": {AUDIENCE: 1}}, "token_audience"),
        ({"iss": provider.issuer + "/"}, "token_issuer"),
        ({"iss": None}, "token_issuer"),
        ({"exp": now - 60}, "token_expired"),
        ({"exp": now - 20}, "8d1f"),
        ({"exp": None}, "token_malformed"),
        ({"exp": "tomorrow"}, "token_malformed"),
        ({"exp": True}, "token_malformed"),
        ({"exp": 1e300}, "token_malformed"),
        ({"iat": None}, "token_malformed"),
        ({"iat": now + 60}, "token_not_yet_valid"),
        ({"nbf": now + 60}, "token_not_yet_valid"),
        ({"nbf": now + 10}, "8d1f"),
        ({"iat": now - 90_000, "exp": now + 300}, "token_too_old"),
        ({"sub": None}, "token_subject"),
        ({"sub": "with blank"}, "token_subject"),
        ({"sub": ""}, "token_subject"),
    ]
    tokens = [provider.sign(provider.claims(**changes)) for changes, _ in cases]
    assert check(settings, *tokens) == [expected for _, expected in cases]


def test_token_given_to_another_client_is_refused(provider: IdentityProvider) -> None:
    settings = OidcSettings(
        issuer=provider.issuer, audience=AUDIENCE, authorized_parties=("window",)
    )
    assert check(
        settings,
        provider.sign(provider.claims(azp="window")),
        provider.sign(provider.claims(client_id="window")),
        provider.sign(provider.claims(azp="other", client_id="window")),
        provider.sign(),
    ) == ["8d1f", "8d1f", "token_party", "token_party"]


def test_key_named_or_enclosed_by_the_token_is_not_looked_at(
    provider: IdentityProvider, settings: OidcSettings
) -> None:
    own = ECKey.generate_key("P-256")
    enclosed = {
        "jwk": own.as_dict(private=False),
        "jku": f"{provider.issuer}/attacker",
        "x5u": f"{provider.issuer}/attacker",
    }
    told = [
        provider.sign(key=own, header=enclosed),
        provider.sign(key=own, header={**enclosed, "kid": None}),
        provider.sign(key=own, header={**enclosed, "kid": f"{provider.issuer}/attacker"}),
    ]
    assert check(settings, *told) == [
        "token_signature",
        "token_signature",
        "token_key_unknown",
    ]
    assert "/attacker" not in provider.fetched


def test_key_id_of_another_kind_of_key_is_refused(
    provider: IdentityProvider, settings: OidcSettings
) -> None:
    ec = ECKey.generate_key("P-256")
    provider.keys = {"same": rsa_key(), "other": ec}
    tokens = [
        provider.sign(key_id="same", key=ec),  # the EC key, under the RSA key's id
        provider.sign(key_id="other", key=rsa_key(), algorithm="RS256"),
        provider.sign(key_id="other", header={"kid": "../other"}),
        provider.sign(key_id="other", header={"kid": "' OR 1=1 --"}),
    ]
    assert check(settings, *tokens) == ["token_key_unknown"] * 4
    assert check(settings, replace_header(tokens[0], kid=["other"])) == ["token_malformed"]


def test_two_keys_of_one_id_and_kind_are_none() -> None:
    told = [{**ECKey.generate_key("P-256").as_dict(private=False), "kid": "a"} for _ in range(2)]
    keys = parse_keys({"keys": told})
    assert find_key(keys, "a", "ES256") is None
    assert find_key(keys, "", "ES256") is None
    assert find_key(keys[:1], "", "ES256") is keys[0]


def test_key_meant_for_one_algorithm_verifies_no_other() -> None:
    told = {**rsa_key().as_dict(private=False), "kid": "a", "alg": "PS256"}
    keys = parse_keys({"keys": [told]})
    assert find_key(keys, "a", "PS256") is not None
    assert find_key(keys, "a", "RS256") is None


def test_altered_claims_are_refused(provider: IdentityProvider, settings: OidcSettings) -> None:
    header, _, signature = provider.sign().split(".")
    claims = orjson.dumps(provider.claims(roles=["operator"]))
    forged = urlsafe_b64encode(claims).rstrip(b"=").decode()
    assert check(settings, f"{header}.{forged}.{signature}") == ["token_signature"]


def test_what_is_no_compact_jwt_is_refused(
    provider: IdentityProvider, settings: OidcSettings
) -> None:
    token = provider.sign()
    shapes = [
        "",
        "a.b",
        token + ".x",
        token.replace(".", ".."),
        token + "=",
        token + " ",
        "[]." + token.split(".", 1)[1],
        "W10." + token.split(".", 1)[1],
        replace_header(token, crit=["exp"]),
        replace_header(token, typ="dc+sd-jwt"),
        "e" * (MAX_CHARACTERS + 1),
    ]
    assert set(check(settings, *shapes)) == {"token_malformed"}


def test_detached_payload_is_refused(provider: IdentityProvider, settings: OidcSettings) -> None:
    token = jws.serialize_compact(
        {"alg": "ES256", "kid": "first", "b64": False, "crit": ["b64"]},
        b"x",
        provider.keys["first"],
        registry=jws.JWSRegistry({"b64": jws_header()}, strict_check_header=False),
    )
    assert check(settings, token) == ["token_malformed"]


def jws_header() -> Any:
    from joserfc.registry import HeaderParameter

    return HeaderParameter("b64", "bool")


def test_rotated_key_is_fetched_once_and_the_old_one_ends(
    provider: IdentityProvider,
) -> None:
    settings = OidcSettings(issuer=provider.issuer, audience=AUDIENCE, refetch_after_s=0)
    old = provider.sign()

    async def run() -> list[str]:
        keys, found = ProviderKeys(settings), []

        async def verify(text: str) -> str:
            try:
                return str((await verify_token(text, settings, keys, time.time()))["sub"])
            except NotAuthenticatedError as error:
                return error.code

        found.append(await verify(old))
        provider.rotate("second")
        new = provider.sign()
        found += await asyncio.gather(*(verify(new) for _ in range(5)))
        found.append(await verify(old))
        return found

    assert asyncio.run(run()) == ["8d1f", *["8d1f"] * 5, "token_key_unknown"]
    assert provider.fetched.count("/keys") == 3


def test_invented_key_ids_do_not_make_the_node_a_nuisance(
    provider: IdentityProvider, settings: OidcSettings
) -> None:
    invented = [provider.sign(header={"kid": f"k{number}"}) for number in range(20)]
    assert set(check(settings, *invented)) == {"token_key_unknown"}
    assert provider.fetched.count("/keys") == 1


def test_silent_provider_lets_nobody_in(provider: IdentityProvider, settings: OidcSettings) -> None:
    token = provider.sign()
    provider.answers["/keys"] = (503, {}, b"")
    assert check(settings, token, token) == ["identity_provider_unavailable"] * 2
    assert provider.fetched.count("/keys") == 1


def test_known_keys_outlive_the_provider_for_a_while(provider: IdentityProvider) -> None:
    settings = OidcSettings(
        issuer=provider.issuer,
        audience=AUDIENCE,
        keys_for_s=10,
        stale_for_s=100,
        refetch_after_s=0,
    )
    token, now = provider.sign(), [1000.0]

    async def run() -> None:
        keys = ProviderKeys(settings, monotonic=lambda: now[0])
        await verify_token(token, settings, keys, time.time())
        provider.answers["/keys"] = (500, {}, b"")
        now[0] += 109
        await verify_token(token, settings, keys, time.time())
        now[0] += 2
        with pytest.raises(IdentityProviderUnavailableError):
            await verify_token(token, settings, keys, time.time())
        del provider.answers["/keys"]
        await verify_token(token, settings, keys, time.time())

    asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/keys", (302, {"Location": "/elsewhere"}, b"")),
        ("/keys", (200, {}, b"[]")),
        ("/keys", (200, {}, b'{"keys":[]}')),
        ("/keys", (200, {}, b"not JSON")),
        ("/keys", (200, {}, b" " * (600 * 1024))),
        ("/.well-known/openid-configuration", (200, {}, b'{"issuer":"https://other"}')),
        ("/.well-known/openid-configuration", (301, {"Location": "/x"}, b"")),
    ],
)
def test_provider_that_misbehaves_opens_no_door(
    provider: IdentityProvider, settings: OidcSettings, path: str, answer: Any
) -> None:
    provider.answers[path] = answer
    assert check(settings, provider.sign()) == ["identity_provider_unavailable"]
    assert not {"/elsewhere", "/x"} & set(provider.fetched)


def test_discovery_that_points_to_plain_http_is_not_followed(
    provider: IdentityProvider, settings: OidcSettings
) -> None:
    document = {"issuer": provider.issuer, "jwks_uri": "http://192.0.2.1/keys"}
    provider.answers["/.well-known/openid-configuration"] = (200, {}, orjson.dumps(document))
    assert check(settings, provider.sign()) == ["identity_provider_unavailable"]


def test_unsafe_addresses_can_not_be_configured() -> None:
    for issuer in (
        "http://id.example.cn",
        "ftp://id.example.cn",
        "https://a@id.example.cn",
        "https://id.example.cn?x=1",
        "id.example.cn",
    ):
        with pytest.raises(ValidationError):
            OidcSettings(issuer=issuer, audience="a")
