"""Keys to the node for programs: made once and shown once, listed, ended, recognised.

A key is `zl_<id>_<secret>`: 16 digits of hexadecimal, and 32 random bytes in base64url. The vault
has only SHA-256 of the secret: against 256 random bits there is nothing to guess, so no slow hash
is needed.

>>> parse_key("zl_0123456789abcdef_" + "A" * 43)[0]
'0123456789abcdef'
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from ledger.errors import MalformedInputError, NotAuthorizedError
from ledger.identifiers import RegionCode, Uscc
from ledger.roles import Role
from ledger.vault.access_log import NewRecord, RecordKind
from ledger.vault.api_keys import ApiKey, ApiKeys, KeyLimits
from ledger.workspace import Workspace

KEY_PREFIX: Final = "zl_"
SUBJECT_PREFIX: Final = "key:"
_LOCAL: Final = "local"
"""Begins the subject of who uses a key; its id follows."""
MAX_DAYS: Final = 366
DEFAULT_DAYS: Final = 90
_KEY = re.compile(r"zl_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)
_SCOPE = re.compile(r"[a-z][a-z0-9_.]{0,63}", re.ASCII)
_SUBJECT = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_LIMITED: Final = frozenset({Role.CLERK, Role.OFFICER, Role.KIOSK})
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class CreatedApiKey:
    """A key that was made. `secret` is the whole key; it is nowhere else, and never shown again."""

    key: ApiKey
    secret: str = field(repr=False)


def create_api_key(
    workspace: Workspace,
    name: str,
    role: Role,
    *,
    departments: Sequence[Uscc] = (),
    all_departments: bool = False,
    regions: Sequence[RegionCode] = (),
    scopes: Sequence[str] = ("read", "write"),
    days: int = DEFAULT_DAYS,
    owner: str = "",
    created_by: str = "local",
) -> CreatedApiKey:
    """Make a key.

    Args:
        name: what it is for; names no person.
        departments: for which it counts; a clerk, an officer and a kiosk need some.
        all_departments: every department of this member instead.
        regions: within which it counts; none for all of this member.
        scopes: "read", "write" and ids of operations.
        days: until it ends, 1 to 366.
        owner: subject of the person answerable for it; by default who makes it.
        created_by: subject of who makes it.

    Raises:
        MalformedInputError: key_name, key_role, key_limits, key_scope, key_days, key_owner.
    """
    check_api_key(
        workspace,
        name,
        role,
        departments=departments,
        all_departments=all_departments,
        regions=regions,
        scopes=scopes,
        days=days,
        owner=owner,
        created_by=created_by,
    )
    key_id, secret = os.urandom(8).hex(), os.urandom(32)
    text = urlsafe_b64encode(secret).rstrip(b"=").decode()
    with workspace.vault.transaction():
        key = workspace.vault.api_keys.add(
            key_id,
            sha256(text.encode()).digest(),
            name=name,
            owner=owner or created_by,
            role=role,
            limits=KeyLimits(
                tuple(sorted(map(str, departments))),
                all_departments,
                tuple(sorted(map(str, regions))),
                tuple(sorted(set(scopes))),
            ),
            created_by=created_by,
            expires_at_unix=workspace.now_unix() + days * 86_400,
        )
        _remember(workspace, "api_key_created", key_id, created_by)
    return CreatedApiKey(key, f"{KEY_PREFIX}{key_id}_{text}")


def check_api_key(
    workspace: Workspace,  # noqa: ARG001 - as every check takes it
    name: str,
    role: Role,
    *,
    departments: Sequence[Uscc] = (),
    all_departments: bool = False,
    regions: Sequence[RegionCode] = (),  # noqa: ARG001 - any are right
    scopes: Sequence[str] = ("read", "write"),
    days: int = DEFAULT_DAYS,
    owner: str = "",
    created_by: str = "local",
) -> None:
    """Refuses what `create_api_key` would refuse, and makes nothing. Raises as it does."""
    _require(0 < len(name) <= 100 and name.isprintable(), "key_name", "name", "1-100 characters")
    _require(role is not Role.HOLDER, "key_role", "role", "a role that is no holder's")
    _require(1 <= days <= MAX_DAYS, "key_days", "days", f"1 to {MAX_DAYS}")
    _require(not (departments and all_departments), "key_limits", "departments", "some, or all")
    _require(
        bool(departments) or all_departments or role not in _LIMITED,
        "key_limits",
        "departments",
        f"the departments of this {role}, or all of them expressly",
    )
    _require(
        bool(scopes) and all(_SCOPE.fullmatch(each) for each in scopes),
        "key_scope",
        "scopes",
        "read, write or ids of operations",
    )
    _require(bool(_SUBJECT.fullmatch(owner or created_by)), "key_owner", "owner", "a subject")


def list_api_keys(workspace: Workspace) -> list[ApiKey]:
    """Every key there ever was, oldest first; no secret."""
    return workspace.vault.api_keys.all()


def revoke_api_key(workspace: Workspace, key_id: str, *, revoked_by: str = "local") -> ApiKey:
    """End a key at once. Raises NotFoundError, code api_key_unknown."""
    with workspace.vault.transaction():
        key = workspace.vault.api_keys.revoke(key_id, revoked_by)
        _remember(workspace, "api_key_revoked", key_id, revoked_by)
    return key


def recognise_api_key(keys: ApiKeys, text: str, now_unix: int) -> ApiKey:
    """The key that a text is, if it counts now.

    Raises:
        NotAuthorizedError: api_key_invalid, told alike whether the id or the secret is wrong;
            api_key_expired, api_key_revoked to who has the secret.
    """
    key_id, secret = parse_key(text)
    stored = keys.find(key_id)
    expected = _NOBODY if stored is None else stored.secret_hash
    is_right = compare_digest(sha256(secret.encode()).digest(), expected)
    if stored is None or not is_right:
        raise _invalid()
    key = stored.key
    if key.revoked_at_unix is not None:
        raise NotAuthorizedError(f"API key {key_id} was revoked", code="api_key_revoked")
    if key.expires_at_unix <= now_unix:
        raise NotAuthorizedError(f"API key {key_id} has expired", code="api_key_expired")
    return key


def find_people(keys: ApiKeys, key: ApiKey) -> frozenset[str]:
    """Subjects of the people behind a key: its owner, its maker, and whoever is behind a key with
    which it was made, so that nobody becomes two people by making a key with a key.

    The passphrase of the home makes keys for others, and is nobody.
    """
    people: set[str] = set()
    seen: set[str] = set()
    maker: ApiKey | None = key
    while maker is not None and maker.key_id not in seen:
        seen.add(maker.key_id)
        people |= {maker.owner, *({maker.created_by} - {_LOCAL})}
        stored = keys.find(maker.created_by.removeprefix(SUBJECT_PREFIX))
        maker = stored.key if stored and maker.created_by.startswith(SUBJECT_PREFIX) else None
    return frozenset(people)


def parse_key(text: str) -> tuple[str, str]:
    """Id and secret of a key. Raises NotAuthorizedError, code api_key_invalid."""
    found = _KEY.fullmatch(text)
    if found is None:
        raise _invalid()
    return found[1], found[2]


def _invalid() -> NotAuthorizedError:
    return NotAuthorizedError("this is no API key of this node", code="api_key_invalid")


def _remember(workspace: Workspace, event: str, key_id: str, subject: str) -> None:
    workspace.vault.access_log.append(
        [NewRecord(RecordKind.SECURITY, event, subject, object_kind="api_key", object_id=key_id)]
    )


def _require(is_right: bool, code: str, field_name: str, expected: str) -> None:
    if not is_right:
        raise MalformedInputError(f"{field_name}: expected {expected}", code=code, field=field_name)
