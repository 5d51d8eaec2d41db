"""Alembic's way in. It gives `context` its attributes only while it runs this file."""

from __future__ import annotations

from alembic import context

from ledger.vault.tables import REVISION_TABLE, metadata


def migrate() -> None:
    """Migrate on the connection that `schema.upgrade` has put into the configuration."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=REVISION_TABLE,
    )
    with context.begin_transaction():
        context.run_migrations()


if hasattr(context, "config"):
    migrate()
