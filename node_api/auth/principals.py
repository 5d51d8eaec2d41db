"""Who asks: a person, a program or nobody in particular, with the limits within which they may act.

A principal is made by `authenticator` alone and never changes. It holds no more of a person than
the identity provider's own name for them; names and codes are left out of `repr`, so that they
reach no log.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ledger.identifiers import RegionCode, Uscc
from ledger.roles import Role

__all__ = [
    "ANONYMOUS",
    "EVERY_ROLE",
    "LOCAL",
    "SCOPE_READ",
    "SCOPE_WRITE",
    "Principal",
    "PrincipalKind",
    "Role",
]


class PrincipalKind(StrEnum):
    """By what somebody was recognised."""

    OIDC = "oidc"
    API_KEY = "api_key"
    LOCAL = "local"  # the passphrase of the home, on this machine
    ANONYMOUS = "anonymous"


EVERY_ROLE: Final = frozenset(Role)
SCOPE_READ: Final = "read"
SCOPE_WRITE: Final = "write"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks.

    Attributes:
        subject: opaque and stable, such as "oidc:<sub>" or "key:<id>".
        roles: none for somebody anonymous.
        regions: within which; empty for all of this member.
        departments: for which; empty for all of this member's.
        display_name: for a screen, never for a log.
        holder_code: of a holder: the 持证主体代码 that the provider asserts.
        key_id: of an API key; empty otherwise.
        scopes: operation ids, "read", "write"; None for whatever the roles allow.
        answerable: subjects of the people behind it. Two principals with one of these in common are
            one pair of eyes.
        expires_at_unix: when it has to be recognised anew; None for never.
    """

    kind: PrincipalKind
    subject: str
    roles: frozenset[Role] = frozenset()
    regions: frozenset[RegionCode] = frozenset()
    departments: frozenset[Uscc] = frozenset()
    display_name: str = field(default="", repr=False)
    holder_code: str | None = field(default=None, repr=False)
    key_id: str = ""
    scopes: frozenset[str] | None = None
    answerable: frozenset[str] = frozenset()
    expires_at_unix: int | None = None

    def has_any(self, roles: AbstractSet[Role]) -> bool:
        """Whether it has one of the roles."""
        return not self.roles.isdisjoint(roles)

    @property
    def people(self) -> frozenset[str]:
        """Who stands behind it; itself if nobody else was named."""
        return self.answerable or frozenset({self.subject})

    def is_independent_of(self, people: AbstractSet[str]) -> bool:
        """Whether nobody of these people stands behind it."""
        return self.people.isdisjoint(people)


ANONYMOUS: Final = Principal(PrincipalKind.ANONYMOUS, "anonymous")
LOCAL: Final = Principal(PrincipalKind.LOCAL, "local", roles=EVERY_ROLE - {Role.HOLDER})
"""Who knows the passphrase of the home can read and sign everything in it without a node."""
