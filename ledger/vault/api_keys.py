"""Keys to the node for programs: kept as hashes, limited, expiring, revocable, never deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, RowMapping, insert, select, update

from ledger.errors import NotFoundError
from ledger.roles import Role
from ledger.vault.access_tables import api_keys
from ledger.vault.database import Database

USE_WRITTEN_EVERY_S = 60


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """Within what a key may be used.

    Attributes:
        departments: USCC of each; empty only with `has_all_departments`.
        has_all_departments: every department of this member.
        regions: GB/T 2260 codes; empty for the whole of this member.
        scopes: "read", "write" and ids of operations; empty allows nothing.
    """

    departments: tuple[str, ...] = ()
    has_all_departments: bool = False
    regions: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the vault has it, without what would let anybody use it.

    Attributes:
        key_id: 16 digits of hexadecimal; stands in the key itself.
        name: what it is for.
        owner: subject of the person answerable for what it does.
        created_by: subject of who made it.
        last_used_at_unix: to the minute; None if never.
    """

    key_id: str
    name: str
    owner: str
    role: Role
    limits: KeyLimits
    created_by: str
    created_at_unix: int
    expires_at_unix: int
    revoked_at_unix: int | None = None
    revoked_by: str | None = None
    last_used_at_unix: int | None = None


@dataclass(frozen=True, slots=True)
class StoredApiKey:
    """A key and the hash of its secret, 32 bytes."""

    key: ApiKey
    secret_hash: bytes = field(repr=False)


class ApiKeys:
    """The API keys of a vault."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self.generation = 0
        """Grows whenever a key is made or revoked, so that who remembers keys forgets them."""

    def add(
        self,
        key_id: str,
        secret_hash: bytes,
        *,
        name: str,
        owner: str,
        role: Role,
        limits: KeyLimits,
        created_by: str,
        expires_at_unix: int,
    ) -> ApiKey:
        """Keep a new key."""
        row = {
            "id": key_id,
            "secret_hash": secret_hash,
            "name": name,
            "owner": owner,
            "role": role.value,
            "limits": {
                "departments": list(limits.departments),
                "all_departments": limits.has_all_departments,
                "regions": list(limits.regions),
                "scopes": list(limits.scopes),
            },
            "created_by": created_by,
            "created_at_unix": self._clock(),
            "expires_at_unix": expires_at_unix,
        }
        with self._database.write() as connection:
            connection.execute(insert(api_keys).values(row))
        self.generation += 1
        return self.get(key_id)

    def find(self, key_id: str) -> StoredApiKey | None:
        """A key with the hash of its secret, whether it still counts or not."""
        found = self._select(api_keys.c.id == key_id)
        return found[0] if found else None

    def get(self, key_id: str) -> ApiKey:
        """One key. Raises NotFoundError, code api_key_unknown."""
        if (found := self.find(key_id)) is None:
            raise NotFoundError(
                f"this node has no API key {key_id!r}", code="api_key_unknown", field="key_id"
            )
        return found.key

    def all(self) -> list[ApiKey]:
        """Every key there ever was, oldest first."""
        return [each.key for each in self._select()]

    def revoke(self, key_id: str, revoked_by: str) -> ApiKey:
        """End a key now; one that has ended so stays as it is. Raises NotFoundError."""
        with self._database.write() as connection:
            connection.execute(
                update(api_keys)
                .where(api_keys.c.id == key_id, api_keys.c.revoked_at_unix.is_(None))
                .values(revoked_at_unix=self._clock(), revoked_by=revoked_by)
            )
        self.generation += 1
        return self.get(key_id)

    def note_use(self, key_id: str) -> None:
        """Remember that a key was used, at most once a minute. Raises NotFoundError."""
        now_unix, known = self._clock(), self.get(key_id)
        last = known.last_used_at_unix
        if last is not None and last > now_unix - USE_WRITTEN_EVERY_S:
            return
        with self._database.write() as connection:
            connection.execute(
                update(api_keys).where(api_keys.c.id == key_id).values(last_used_at_unix=now_unix)
            )

    def _select(self, *conditions: ColumnElement[bool]) -> list[StoredApiKey]:
        query = (
            select(api_keys).where(*conditions).order_by(api_keys.c.created_at_unix, api_keys.c.id)
        )
        with self._database.read() as connection:
            return [_to_stored(row) for row in connection.execute(query).mappings()]


def _to_stored(row: RowMapping) -> StoredApiKey:
    told = row["limits"]
    limits = KeyLimits(
        tuple(told["departments"]),
        bool(told["all_departments"]),
        tuple(told["regions"]),
        tuple(told["scopes"]),
    )
    key = ApiKey(
        row["id"],
        row["name"],
        row["owner"],
        Role(row["role"]),
        limits,
        row["created_by"],
        row["created_at_unix"],
        row["expires_at_unix"],
        row["revoked_at_unix"],
        row["revoked_by"],
        row["last_used_at_unix"],
    )
    return StoredApiKey(key, row["secret_hash"])
