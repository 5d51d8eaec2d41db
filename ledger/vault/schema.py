"""Which schema a vault has, and bringing an older one up to date in one transaction.

Alembic is imported where it is used: it takes longer to import than a vault to open, and is seldom
needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from ledger.errors import StorageError
from ledger.vault.tables import REVISION_TABLE, SCHEMA_REVISION

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = "ledger.vault:migrations"


def find_revision(connection: Connection) -> str | None:
    """The revision of the vault's schema, or None where there is none yet."""
    if not inspect(connection).has_table(REVISION_TABLE):
        return None
    revision = connection.execute(text(f"SELECT version_num FROM {REVISION_TABLE}")).scalar()  # noqa: S608 - our constant
    return None if revision is None else str(revision)


def is_current(revision: str | None) -> bool:
    """Whether a vault of that revision needs no migration."""
    return revision == SCHEMA_REVISION


def require_known(revision: str | None) -> None:
    """Refuse a vault that a newer program has written.

    Raises:
        StorageError: vault_newer.
    """
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_configure())
    known = [script.revision for script in scripts.walk_revisions()]
    if revision is not None and revision not in known:
        raise StorageError(
            f"the vault has schema {revision}, newer than this program, which knows schemas up to "
            f"{known[0]}: use the newer program",
            code="vault_newer",
        )


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run what is missing up to a migration, inside the connection's transaction.

    Args:
        connection: with a transaction begun; nothing is committed here.
        revision: by default the newest.

    Raises:
        StorageError: vault_newer.
    """
    from alembic import command

    require_known(find_revision(connection))
    config = _configure()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _configure() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    return config
