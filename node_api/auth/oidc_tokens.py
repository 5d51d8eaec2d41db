"""Bearer tokens of an identity provider: from text to claims that may be believed.

1. Shape: three parts of base64url, not too long, a header that is a JSON object.
2. Header: `alg` is one of the provider's; `typ` is a JWT's; nothing in `crit`. Where a key could
   be fetched from or is enclosed (`jku`, `x5u`, `jwk`, `x5c`) is not looked at.
3. Key: that of the provider's own set which `kid` names, and whose kind fits `alg`.
4. Signature.
5. Claims: `iss`, `aud`, `azp`, `exp`, `nbf`, `iat`, `sub`.

Sources: RFC 7515, RFC 7519, RFC 8725 (best current practices), RFC 9068, OpenID Connect Core 1.0
§3.1.3.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError

from node_api.auth.failures import NotAuthenticatedError
from node_api.auth.oidc_keys import ProviderKey, ProviderKeys
from node_api.auth.settings import OidcSettings

MAX_CHARACTERS: Final = 16 * 1024
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_SUBJECT: Final = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt", "application/jwt"})
_CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class _Registry(jws.JWSRegistry):
    """Of a size that long claims of groups fit in."""

    max_header_length = 4096
    max_payload_length = MAX_CHARACTERS


async def verify_token(
    text: str, settings: OidcSettings, keys: ProviderKeys, now_unix: float
) -> Mapping[str, Any]:
    """The claims of a token that counts.

    Raises:
        NotAuthenticatedError: token_malformed, token_algorithm, token_key_unknown,
            token_signature, token_issuer, token_audience, token_party, token_expired,
            token_not_yet_valid, token_too_old, token_subject.
        IdentityProviderUnavailableError: the keys cannot be had.
    """
    header = read_header(text)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in settings.algorithms:
        raise _refusal("token_algorithm", f"expected one of {', '.join(settings.algorithms)}")
    if str(header.get("typ", "JWT")).lower() not in _TYPES or "crit" in header:
        raise _refusal("token_malformed", "expected a JWT without critical extensions")
    key_id = header.get("kid", "")
    if not isinstance(key_id, str):
        raise _refusal("token_malformed", "expected text as key id")
    claims = await _find_claims(text, key_id, algorithm, keys)
    check_claims(claims, settings, now_unix)
    return claims


async def _find_claims(
    text: str, key_id: str, algorithm: str, keys: ProviderKeys
) -> Mapping[str, Any]:
    """The claims under the provider's signature; with its newest keys, where the known ones fail.

    A token that names its key has the keys fetched anew only if there is no such key; one that
    names none, if its signature is not that of the only key there was.
    """
    known = find_key(await keys.current(), key_id, algorithm)
    if known is not None:
        try:
            return _verify_signature(text, algorithm, known)
        except NotAuthenticatedError:
            if key_id:
                raise
    newest = find_key(await keys.after_unknown(), key_id, algorithm)
    if newest is None:
        raise _refusal("token_key_unknown", "the provider has no such key for that algorithm")
    return _verify_signature(text, algorithm, newest)


def read_header(text: str) -> dict[str, Any]:
    """The header of a token, not believed yet. Raises NotAuthenticatedError."""
    return _read_part(text, 0)


def read_issuer(text: str) -> str:
    """Who a token says it is from, not believed yet: to know whose keys to ask for."""
    return str(_read_part(text, 1).get("iss", ""))


def find_key(keys: Iterable[ProviderKey], key_id: str, algorithm: str) -> ProviderKey | None:
    """The one key that a token may be signed with.

    Without a key id, the only key that fits; never one of several.
    """
    fitting = [key for key in keys if _fits(key, algorithm)]
    if key_id:
        fitting = [key for key in fitting if key.key_id == key_id]
    return fitting[0] if len(fitting) == 1 else None


def _fits(key: ProviderKey, algorithm: str) -> bool:
    if key.algorithm not in ("", algorithm):
        return False
    if algorithm.startswith(("RS", "PS")):
        return key.kind == "RSA"
    if algorithm in _CURVES:
        return key.kind == "EC" and key.curve == _CURVES[algorithm]
    return algorithm == "EdDSA" and key.kind == "OKP" and key.curve == "Ed25519"


def check_claims(claims: Mapping[str, Any], settings: OidcSettings, now_unix: float) -> None:
    """Refuses claims that are not for this node, or not for now. Raises NotAuthenticatedError."""
    if claims.get("iss") != settings.issuer:
        raise _refusal("token_issuer", "the token is from another issuer")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or settings.audience not in audiences:
        raise _refusal("token_audience", "the token is not for this node")
    parties = settings.authorized_parties
    if parties and claims.get("azp", claims.get("client_id")) not in parties:
        raise _refusal("token_party", "the token was given to another client")
    leeway_s = settings.leeway_s
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    if expires is None or issued is None:
        raise _refusal("token_malformed", "expected exp and iat")
    if expires + leeway_s <= now_unix:
        raise _refusal("token_expired", "the token has expired")
    begins = _time(claims, "nbf")
    if issued - leeway_s > now_unix or (begins is not None and begins - leeway_s > now_unix):
        raise _refusal("token_not_yet_valid", "the token is from the future")
    if issued + settings.max_age_s + leeway_s <= now_unix:
        raise _refusal("token_too_old", f"the token was issued over {settings.max_age_s} s ago")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise _refusal("token_subject", "expected sub, 1 to 200 printable characters")


def _verify_signature(text: str, algorithm: str, key: ProviderKey) -> dict[str, Any]:
    registry = _Registry(algorithms=[algorithm], strict_check_header=False)
    try:
        found = jws.deserialize_compact(text, key.key, algorithms=[algorithm], registry=registry)
        claims = orjson.loads(found.payload or b"")
    except (JoseError, ValueError) as error:
        raise _refusal("token_signature", "the signature is not the provider's") from error
    if not isinstance(claims, dict):
        raise _refusal("token_malformed", "expected claims")
    return claims


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519 §2); true and false are no numbers."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise _refusal("token_malformed", f"expected a time as {name}")
    return float(value)


def _read_part(text: str, number: int) -> dict[str, Any]:
    if len(text) > MAX_CHARACTERS or not _SHAPE.fullmatch(text):
        raise _refusal("token_malformed", "expected a signed JWT in compact form")
    part = text.split(".")[number]
    try:
        found = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:
        raise _refusal("token_malformed", "expected JSON in base64url") from error
    if not isinstance(found, dict):
        raise _refusal("token_malformed", "expected a JSON object")
    return found


def _refusal(code: str, message: str) -> NotAuthenticatedError:
    return NotAuthenticatedError(message, code=code)
