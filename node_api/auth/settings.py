"""Settings of credentials, limits, second officers and logs; a part of `node_api.settings`."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from limits import parse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from ledger.actions.access_log import MIN_RETENTION_DAYS
from ledger.roles import Role

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""Signatures with a public key alone: neither "none" nor a shared secret can be chosen."""

_DEFAULT_ALGORITHMS: Final[tuple[Algorithm, ...]] = ("RS256", "PS256", "ES256", "ES384", "EdDSA")


class Section(BaseModel):
    """A part of the settings: nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClaimNames(Section):
    """In which claims of a token the provider says what. A dot leads into an object.

    Attributes:
        holder_code: 持证主体代码 of a holder, as the provider has checked it.
    """

    roles: str = "roles"
    regions: str = "regions"
    departments: str = "departments"
    holder_code: str = "holder_code"
    display_name: str = "name"


class OidcSettings(Section):
    """One provider of identities.

    Attributes:
        name: stands in the subjects of its people; two providers have two names.
        issuer: its URL, exactly as it stands in tokens.
        audience: what tokens for this node have as `aud`.
        authorized_parties: clients whose tokens count (`azp`, `client_id`); any if empty.
        jwks_uri: where its keys are; by default its discovery document says so.
        algorithms: of signatures that count.
        roles: what it calls each role; where empty, as we call them.
        whole_member_roles: roles that a token without departments has for all of the member's.
        leeway_s: by which clocks may differ.
        max_age_s: since `iat`, beyond which no token counts, whatever its `exp`.
        keys_for_s: how long its keys are used without asking again.
        stale_for_s: how much longer when it cannot be asked.
        refetch_after_s: at least so long between two fetches because of an unknown key.
        timeout_s: of one fetch.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "oidc"
    issuer: str
    audience: Annotated[str, Field(min_length=1)]
    authorized_parties: tuple[str, ...] = ()
    jwks_uri: str = ""
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = _DEFAULT_ALGORITHMS
    claims: ClaimNames = ClaimNames()
    roles: Mapping[str, Role] = Field(default_factory=dict)
    whole_member_roles: frozenset[Role] = frozenset({Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR})
    leeway_s: Annotated[int, Field(ge=0, le=300)] = 30
    max_age_s: Annotated[int, Field(gt=0, le=7 * 86_400)] = 43_200
    keys_for_s: Annotated[float, Field(gt=0)] = 300.0
    stale_for_s: Annotated[float, Field(ge=0)] = 86_400.0
    refetch_after_s: Annotated[float, Field(ge=0)] = 10.0
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 5.0

    @field_validator("issuer", "jwks_uri")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if value:
            require_safe_url(value)
        return value


_SECONDED: Final = frozenset(
    {
        *("create_api_key", "register_department", "change_mandate"),
        *("propose_act", "propose_applicant", "propose_freeze", "propose_installation"),
        *("propose_national", "propose_removal", "vote", "execute"),
        *("set_policy", "sign_pact_document"),
    }
)
"""What would let one operator alone become more, and what binds the member towards others. Ending a
key, a policy or declaring a compromise must not wait."""


class ApprovalSettings(Section):
    """Acts that need a second officer.

    Attributes:
        operations: ids of operations.
        lifetime_s: how long a request waits.
    """

    operations: frozenset[str] = _SECONDED
    lifetime_s: Annotated[int, Field(gt=0, le=90 * 86_400)] = 7 * 86_400


class AuthSettings(Section):
    """Who is let in, and what is remembered of it.

    Attributes:
        oidc: providers of identities; none leaves API keys and the passphrase.
        cache_s: how long credentials count as checked.
        log_retention_days: of the access and security log, at least half a year.
    """

    oidc: tuple[OidcSettings, ...] = ()
    cache_s: Annotated[float, Field(ge=0, le=60)] = 5.0
    approvals: ApprovalSettings = ApprovalSettings()
    log_retention_days: Annotated[int, Field(ge=MIN_RETENTION_DAYS)] = 400


class LimitSettings(Section):
    """How often and how much may be asked; "600/minute", several joined by ";", "" for no limit.

    Attributes:
        anonymous: requests without credentials, by address, in one process.
        reads, writes: by principal.
        address: all requests of an address together, in one process, what anybody may ask included.
            By default 200 a second: more than a hall of counters behind one address asks, and a
            small part of what a front answers. This machine's own addresses are not counted.
        connections: that an address may have open at once at one process; more are closed at once.
        failed_logins: by address; beyond, refusals are not even explained.
        max_body_bytes: of an ordinary request.
        max_document_bytes: of one with documents: cases, catalogue, what is sent to others.
        max_upload_bytes: of a file with rows.
    """

    anonymous: str = "600/minute"
    reads: str = "6000/minute"
    writes: str = "6000/minute"
    address: str = "12000/minute"
    connections: Annotated[int, Field(gt=0)] = 1_000
    failed_logins: str = "30/minute"
    max_body_bytes: Annotated[int, Field(gt=0)] = 1 << 20
    max_document_bytes: Annotated[int, Field(gt=0)] = 8 << 20
    max_upload_bytes: Annotated[int, Field(gt=0)] = 1 << 30

    @field_validator("anonymous", "reads", "writes", "address", "failed_logins")
    @classmethod
    def _check_rate(cls, value: str) -> str:
        for part in filter(None, map(str.strip, value.split(";"))):
            parse(part)
        return value


def require_safe_url(url: str) -> None:
    """Refuses what is not https, but for an address of this machine itself.

    >>> require_safe_url("http://id.example.cn")
    Traceback (most recent call last):
    ValueError: expected an https URL without user, query or fragment, got 'http://id.example.cn'
    """
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    if not is_safe or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(f"expected an https URL without user, query or fragment, got {url!r}")


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False
