"""The public keys of an identity provider: found, remembered, asked for again when they change.

Discovery and key set are fetched over https alone (http on loopback), without following redirects,
and up to a size. A key set is used for some minutes; while the provider cannot be asked, for a day
more. A token with an unknown key has the set fetched anew, but seldom, so that invented tokens do
not make this node a nuisance. Sources: OpenID Connect Discovery 1.0 §4, RFC 7517, RFC 8414 §3.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from node_api.auth.failures import IdentityProviderUnavailableError
from node_api.auth.settings import OidcSettings, is_loopback, require_safe_url

logger = logging.getLogger(__name__)

PublicKey = RSAKey | ECKey | OKPKey
MAX_BYTES: Final = 512 * 1024
MAX_KEYS: Final = 64
MIN_RSA_BITS: Final = 2048
_DISCOVERY: Final = "/.well-known/openid-configuration"
_KINDS: Final[Mapping[str, type[RSAKey | ECKey | OKPKey]]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A key that may sign tokens. Attributes: algorithm: the only one it signs with, "" for any."""

    key_id: str
    kind: str
    curve: str
    algorithm: str
    key: PublicKey


class ProviderKeys:
    """The keys of one provider, as far as they are known now.

    Args:
        settings: of the provider.
        transport: of HTTP; None for the network.
        monotonic: seconds that never run backwards.
    """

    def __init__(
        self,
        settings: OidcSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._monotonic = monotonic
        self._keys: tuple[ProviderKey, ...] = ()
        self._jwks_uri = settings.jwks_uri
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._rounds = 0
        self._lock = asyncio.Lock()

    async def current(self) -> tuple[ProviderKey, ...]:
        """The keys, fetched if they are too old.

        Raises:
            IdentityProviderUnavailableError: there are none, or none young enough.
        """
        if self._age() > self._settings.keys_for_s:
            await self._refresh()
        return self._keys

    async def after_unknown(self) -> tuple[ProviderKey, ...]:
        """The keys, fetched anew because a token names one that is not among them.

        Raises:
            IdentityProviderUnavailableError: as `current` does.
        """
        await self._refresh()
        return self._keys

    async def _refresh(self) -> None:
        seen = self._rounds
        async with self._lock:
            now, tried_at = self._monotonic(), self._tried_at
            is_early = tried_at is not None and now - tried_at < self._settings.refetch_after_s
            if self._rounds != seen or is_early:  # another request has asked meanwhile
                self._require_usable()
                return
            self._tried_at = now
            try:
                async with asyncio.timeout(2 * self._settings.timeout_s):
                    self._keys = await self._fetch()
                self._fetched_at = self._monotonic()
            except (httpx.HTTPError, TimeoutError, ValueError, JoseError) as error:
                logger.warning(
                    "identity_provider_unreachable",
                    extra={"provider": self._settings.name, "reason": type(error).__name__},
                )
                self._require_usable()
            finally:
                self._rounds += 1

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._monotonic() - self._fetched_at

    def _require_usable(self) -> None:
        settings = self._settings
        if self._age() > settings.keys_for_s + settings.stale_for_s:
            raise IdentityProviderUnavailableError(
                f"the identity provider {settings.name} gives no keys now; try again"
            )

    async def _fetch(self) -> tuple[ProviderKey, ...]:
        settings = self._settings
        async with httpx.AsyncClient(
            transport=self._transport,
            timeout=settings.timeout_s,
            follow_redirects=False,
            trust_env=False,
        ) as client:
            if not self._jwks_uri:
                self._jwks_uri = await self._discover(client)
            try:
                document = await _get(client, self._jwks_uri)
            except (httpx.HTTPError, ValueError):
                self._jwks_uri = settings.jwks_uri  # it may have moved
                raise
        keys = parse_keys(document)
        if not keys:
            raise ValueError("the provider's key set has no key that may sign tokens")
        return keys

    async def _discover(self, client: httpx.AsyncClient) -> str:
        issuer = self._settings.issuer
        document = await _get(client, issuer.rstrip("/") + _DISCOVERY)
        if document.get("issuer") != issuer:
            raise ValueError("the discovery document is another issuer's")
        uri = document.get("jwks_uri")
        if not isinstance(uri, str):
            raise ValueError("the discovery document names no jwks_uri")  # noqa: TRY004 - as above
        require_safe_url(uri)
        if is_loopback(urlsplit(uri).hostname) and not is_loopback(urlsplit(issuer).hostname):
            raise ValueError("the discovery document points at this machine")
        return uri


async def _get(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """A JSON object. Raises ValueError for anything else, a redirect included."""
    async with client.stream("GET", url, headers={"accept": "application/json"}) as response:
        if response.status_code != httpx.codes.OK:
            raise ValueError(f"expected 200, got {response.status_code}")
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > MAX_BYTES:
                raise ValueError(f"expected at most {MAX_BYTES} bytes")
    document = orjson.loads(bytes(content))
    if not isinstance(document, dict):
        raise ValueError("expected a JSON object")  # noqa: TRY004 - a fault of the document
    return document


def parse_keys(document: Mapping[str, Any]) -> tuple[ProviderKey, ...]:
    """The public keys of a key set that may sign; others in it are left out.

    Raises:
        ValueError: it is no key set.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("expected a JWK set")  # noqa: TRY004 - a fault of the document
    found = (_parse_key(each) for each in listed[:MAX_KEYS] if isinstance(each, dict))
    return tuple(key for key in found if key is not None)


def _parse_key(told: dict[str, Any]) -> ProviderKey | None:
    kind = _KINDS.get(str(told.get("kty")))
    operations = told.get("key_ops")
    is_for_signing = told.get("use", "sig") == "sig" and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )
    if kind is None or not is_for_signing:
        return None
    try:
        key = kind.import_key({k: v for k, v in told.items() if k not in _PRIVATE})
    except (JoseError, SecurityWarning, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey) and key.public_key.key_size < MIN_RSA_BITS:
        return None
    return ProviderKey(
        str(told.get("kid", "")),
        str(told["kty"]),
        str(told.get("crv", "")),
        str(told.get("alg", "")),
        key,
    )
