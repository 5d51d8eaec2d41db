"""From the claims of a token to a principal, by the mapping of the settings.

What is missing gives nothing: a clerk without departments is no clerk. What is there and cannot be
read refuses the whole token, so that a mistyped limit never means no limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ledger.errors import MalformedInputError
from ledger.identifiers import RegionCode, Uscc
from ledger.roles import Role
from node_api.auth.failures import NotAuthenticatedError
from node_api.auth.principals import Principal, PrincipalKind
from node_api.auth.settings import OidcSettings

EVERY: Final = "*"
MAX_VALUES: Final = 1000
_MAX_NAME: Final = 100


def read_principal(claims: Mapping[str, Any], settings: OidcSettings) -> Principal:
    """Who the claims of a verified token are about.

    Raises:
        NotAuthenticatedError: claims_malformed.
    """
    names = settings.claims
    roles = _read_roles(_texts(claims, names.roles), settings)
    try:
        departments = {text: Uscc.parse(text) for text in _limits(claims, names.departments)}
        regions = {text: RegionCode.parse(text) for text in _limits(claims, names.regions)}
    except MalformedInputError as error:
        raise _malformed(error.message) from error
    if not departments and EVERY not in _texts(claims, names.departments):
        roles &= settings.whole_member_roles | {Role.HOLDER}
    if not regions and names.regions in claims and EVERY not in _texts(claims, names.regions):
        roles &= {Role.HOLDER}  # limited to no region at all
    holder_code = _find(claims, names.holder_code)
    if not isinstance(holder_code, str) or not holder_code:
        roles -= {Role.HOLDER}
        holder_code = None
    subject = f"{settings.name}:{claims['sub']}"
    name = _find(claims, names.display_name)
    return Principal(
        PrincipalKind.OIDC,
        subject,
        frozenset(roles),
        frozenset(regions.values()),
        frozenset(departments.values()),
        name[:_MAX_NAME] if isinstance(name, str) and name.isprintable() else "",
        holder_code if Role.HOLDER in roles else None,
        answerable=frozenset({subject}),
        expires_at_unix=int(claims["exp"]),
    )


def _read_roles(told: frozenset[str], settings: OidcSettings) -> frozenset[Role]:
    """The roles that the provider's names stand for; unknown names stand for none."""
    known = settings.roles or {role.value: role for role in Role}
    return frozenset(known[name] for name in told if name in known)


def _limits(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    return _texts(claims, path) - {EVERY}


def _texts(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """The texts of a claim: an array, or one text with blanks between (RFC 6749 §3.3)."""
    value = _find(claims, path)
    if value is None:
        return frozenset()
    values = value.split() if isinstance(value, str) else value
    if not isinstance(values, list) or len(values) > MAX_VALUES:
        raise _malformed(f"{path}: expected an array of texts")
    if not all(isinstance(each, str) for each in values):
        raise _malformed(f"{path}: expected an array of texts")
    return frozenset(values)


def _find(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, else by the path of names that its dots divide."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _malformed(message: str) -> NotAuthenticatedError:
    return NotAuthenticatedError(message, code="claims_malformed")
