"""From the headers of a request to who asks.

* `Authorization: Bearer zl_…`: an API key of this node;
* `Authorization: Bearer <JWT>`: a token of one of the identity providers;
* `Authorization: Passphrase <base64 of UTF-8>`: the home's passphrase, on the local socket alone;
* nothing: anonymous.

Whatever is given must be genuine: an operation refuses wrong credentials even where it needs none.
What was found is remembered for seconds, under a hash of the credentials; an API key that is
revoked counts no more at once. Sources: RFC 6750 §2.1, RFC 9110 §11.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, Protocol

from ledger.actions.api_keys import KEY_PREFIX, SUBJECT_PREFIX, find_people, recognise_api_key
from ledger.errors import NotAuthorizedError
from ledger.identifiers import RegionCode, Uscc
from ledger.vault.access_log import NewRecord, RecordKind
from ledger.vault.api_keys import ApiKey, ApiKeys
from node_api.auth.claims import read_principal
from node_api.auth.failures import NotAuthenticatedError
from node_api.auth.oidc_keys import ProviderKeys
from node_api.auth.oidc_tokens import read_issuer, verify_token
from node_api.auth.principals import ANONYMOUS, LOCAL, Principal, PrincipalKind
from node_api.auth.rates import RateClass, RateLimits
from node_api.auth.settings import AuthSettings
from node_api.doors import Door

Headers = Iterable[tuple[bytes, bytes]]
MAX_REMEMBERED: Final = 4096
MAX_CREDENTIALS: Final = 20 * 1024
_MAX_PASSPHRASE: Final = 4096


class Journal(Protocol):
    """Where failed logins are remembered; see `node_api.auth.journal`."""

    def note(self, record: NewRecord) -> None:
        """Remember soon, without waiting for it."""


class Passphrases(Protocol):
    """What knows the passphrase: the vault."""

    def is_passphrase(self, text: str) -> bool:
        """Whether a text is it."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal
    until_unix: float
    generation: int


class Authenticator:
    """Tells who asks. Belongs to one event loop.

    Args:
        settings: of credentials.
        keys: API keys of the vault.
        passphrases: the vault.
        executor: for what blocks.
        providers: keys of the providers by issuer; made from the settings by default.
    """

    def __init__(
        self,
        settings: AuthSettings,
        keys: ApiKeys,
        passphrases: Passphrases,
        executor: Executor,
        *,
        rates: RateLimits | None = None,
        journal: Journal | None = None,
        providers: Mapping[str, ProviderKeys] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._oidc = {each.issuer: each for each in settings.oidc}
        self._providers = providers or {i: ProviderKeys(each) for i, each in self._oidc.items()}
        self._keys = keys
        self._passphrases = passphrases
        self._executor = executor
        self._rates = rates
        self._journal = journal
        self._clock = clock
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()
        self._secret = os.urandom(32)
        self._passphrase_mac: bytes | None = None
        self._one_guess = asyncio.Lock()

    async def authenticate(
        self, headers: Headers, door: Door, *, address: str = "", request_id: str = ""
    ) -> Principal:
        """Who asks.

        Args:
            headers: names in lower case, as ASGI gives them.
            door: by which the request came.
            address: of who asks, for the limit of failures.

        Raises:
            NotAuthenticatedError: the credentials do not count.
            TooManyRequestsError: too many that did not.
            IdentityProviderUnavailableError: nobody can say whether they do.
        """
        given = [value for name, value in headers if name == b"authorization"]
        if not given:
            return ANONYMOUS
        try:
            return await self._recognise(given, door, address)
        except NotAuthenticatedError as error:
            self._count_failure(error, address, request_id)
            raise

    async def _recognise(self, given: list[bytes], door: Door, address: str) -> Principal:
        if len(given) > 1 or len(given[0]) > MAX_CREDENTIALS:
            raise _refusal("credentials_malformed", "expected one Authorization header, not long")
        scheme, _, text = given[0].decode("latin-1").strip().partition(" ")
        text = text.strip()
        match scheme.lower():
            case "bearer" if text:
                return await self._from_bearer(text)
            case "passphrase" if text:
                return await self._from_passphrase(text, door, address)
        raise _refusal("credentials_scheme", "expected the scheme Bearer")

    async def _from_bearer(self, text: str) -> Principal:
        digest = hmac.digest(self._secret, text.encode("latin-1"), "sha256")
        known = self._remembered.get(digest)
        now_unix, generation = self._clock(), self._keys.generation
        if known is not None and known.until_unix > now_unix and known.generation == generation:
            return known.principal
        if text.startswith(KEY_PREFIX):
            principal = await self._from_api_key(text, now_unix)
        else:
            principal = await self._from_token(text, now_unix)
        until_unix = now_unix + self._settings.cache_s
        if principal.expires_at_unix is not None:
            until_unix = min(until_unix, principal.expires_at_unix)
        self._remembered[digest] = _Remembered(principal, until_unix, generation)
        self._remembered.move_to_end(digest)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return principal

    async def _from_api_key(self, text: str, now_unix: float) -> Principal:
        def recognise() -> Principal:
            key = recognise_api_key(self._keys, text, int(now_unix))
            self._keys.note_use(key.key_id)
            return to_principal(key, find_people(self._keys, key))

        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, recognise)
        except NotAuthorizedError as error:
            raise NotAuthenticatedError(error.message, code=error.code) from error

    async def _from_token(self, text: str, now_unix: float) -> Principal:
        if not self._oidc:
            raise _refusal("token_issuer", "this node takes API keys alone")
        issuer = read_issuer(text)
        settings = self._oidc.get(issuer)
        if settings is None:
            raise _refusal("token_issuer", "the token is from an issuer that this node knows not")
        claims = await verify_token(text, settings, self._providers[issuer], now_unix)
        return read_principal(claims, settings)

    async def _from_passphrase(self, text: str, door: Door, address: str) -> Principal:
        if door is not Door.LOCAL:
            raise _refusal("credentials_scheme", "a passphrase counts on the local socket alone")
        try:
            passphrase = base64.b64decode(text, validate=True).decode()
        except ValueError as error:
            raise _refusal("credentials_malformed", "expected base64 of UTF-8") from error
        if not 0 < len(passphrase) <= _MAX_PASSPHRASE:
            raise _refusal("credentials_malformed", "expected a passphrase")
        mac = hmac.digest(self._secret, b"passphrase" + passphrase.encode(), "sha256")
        if self._passphrase_mac is not None and hmac.compare_digest(mac, self._passphrase_mac):
            return LOCAL
        if self._rates is not None:  # a guess costs memory and time: not one too many
            self._rates.require_room(RateClass.FAILED_LOGINS, f"local {address}")
        async with self._one_guess:
            is_right = await asyncio.get_running_loop().run_in_executor(
                self._executor, self._passphrases.is_passphrase, passphrase
            )
        if not is_right:
            if self._rates is not None:
                self._rates.count(RateClass.FAILED_LOGINS, f"local {address}")
            raise _refusal("wrong_passphrase", "this passphrase does not open the vault")
        self._passphrase_mac = mac
        return LOCAL

    def forget(self) -> None:
        """Has everybody recognised anew: after the passphrase was changed."""
        self._remembered.clear()
        self._passphrase_mac = None

    def _count_failure(self, error: NotAuthenticatedError, address: str, request_id: str) -> None:
        """Remembers a failure. Beyond the limit it is neither told nor written down.

        Raises:
            TooManyRequestsError: beyond the limit.
        """
        if self._rates is not None:
            self._rates.count(RateClass.FAILED_LOGINS, address)
        if self._journal is not None:
            self._journal.note(
                NewRecord(
                    RecordKind.SECURITY,
                    "login_failed",
                    "unknown",
                    outcome=error.code,
                    request_id=request_id,
                )
            )


def to_principal(key: ApiKey, people: frozenset[str]) -> Principal:
    """Who an API key stands for. Args: people: behind it."""
    limits = key.limits
    return Principal(
        PrincipalKind.API_KEY,
        f"{SUBJECT_PREFIX}{key.key_id}",
        frozenset({key.role}),
        frozenset(RegionCode.parse(each) for each in limits.regions),
        frozenset(Uscc.parse(each) for each in limits.departments),
        key.name,
        key_id=key.key_id,
        scopes=frozenset(limits.scopes),
        answerable=people,
        expires_at_unix=key.expires_at_unix,
    )


def _refusal(code: str, message: str) -> NotAuthenticatedError:
    return NotAuthenticatedError(message, code=code)
