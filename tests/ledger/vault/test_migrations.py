"""A vault of every earlier schema, with rows of that time in it, is brought to the newest on SQLite
and on PostgreSQL: every row is still there, and what was encrypted can be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import insert, inspect

from ledger.vault import schema
from ledger.vault.cipher import RowCipher
from ledger.vault.database import Database
from ledger.vault.passphrase import WrappedVaultKey
from ledger.vault.store import DATABASE_NAME, WRAPPED_KEY, Vault
from ledger.vault.tables import SCHEMA_REVISION, metadata, settings
from tests.ledger.vault.rows import (
    CASE,
    CONTENT,
    IDENTIFIER,
    OFFICER,
    PAPER,
    Rows,
    fill_every_table,
    read_rows,
    reflect,
)
from tests.ledger.vault.vaults import CHEAP, PASSPHRASE, new_batch, stage
from tests.support.postgresql import use_schema

REVISIONS = [
    script.revision for script in ScriptDirectory.from_config(schema._configure()).walk_revisions()
][::-1]
PLACES = ["sqlite", "postgresql"]


@pytest.fixture(params=PLACES)
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """URL of a fresh schema; None for a file."""
    if request.param == "sqlite":
        yield None
        return
    with use_schema(request.getfixturevalue("postgresql")) as url:
        yield url


def open_database(directory: Path, url: str | None) -> Database:
    if url is not None:
        return Database.open_url(url, read_only=False)
    directory.mkdir(exist_ok=True)
    (directory / DATABASE_NAME).touch()
    return Database.open_sqlite(directory / DATABASE_NAME, read_only=False)


def make_vault(database: Database, revision: str) -> Rows:
    """A vault of that revision; its rows, with the columns of that time."""
    key = os.urandom(32)
    wrapped = WrappedVaultKey.wrap(key, PASSPHRASE, CHEAP).to_json()
    with database.write() as connection:
        schema.upgrade(connection, revision)
        fill_every_table(connection, RowCipher(key))
        connection.execute(insert(settings).values(name=WRAPPED_KEY, value=wrapped))
        return read_rows(connection, reflect(connection))


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_row_of_an_earlier_schema_is_there_and_can_be_read(
    directory: Path, url: str | None, revision: str
) -> None:
    with closing(open_database(directory, url)) as database:
        before = make_vault(database, revision)
        with database.read() as connection:
            then = reflect(connection)
    assert all(before.values())
    with Vault.open(directory, PASSPHRASE, url=url) as vault:
        with vault._database.read() as connection:
            assert schema.find_revision(connection) == SCHEMA_REVISION
            assert read_rows(connection, then) == before
            assert set(inspect(connection).get_table_names()) >= set(metadata.tables)
        require_readable(vault, has_cases="cases" in before)
        stage(vault, vault.batches.open(new_batch()), "another")
        assert vault.integrity_check() == []


def require_readable(vault: Vault, *, has_cases: bool) -> None:
    """What was encrypted, and what is parsed of a row."""
    found = vault.certificates.find(IDENTIFIER)
    assert found is not None
    assert vault.certificates.decrypt(found) == CONTENT
    (act,) = vault.acts.all()
    assert act.officer is not None
    assert vault.acts.open_officer(act.officer).officer == OFFICER
    assert act.details == {"列": [1, "值"], "none": None}
    assert len(vault.erasures.all()) == 1
    if has_cases:
        (paper,) = vault.cases.papers_of(CASE)
        assert vault.cases.read(paper).content == PAPER


def test_tables_on_postgresql_are_those_that_the_code_uses(
    postgresql: str, directory: Path
) -> None:
    with (
        use_schema(postgresql) as url,
        use_schema(postgresql) as other,
        closing(open_database(directory, url)) as migrated,
        closing(open_database(directory, other)) as made,
    ):
        with migrated.write() as connection:
            schema.upgrade(connection)
            found = describe(reflect(connection))
        with made.write() as connection:
            metadata.create_all(connection)
            wanted = describe(reflect(connection))
    assert found == wanted


def describe(tables: object) -> dict[str, list[str]]:
    """Columns, constraints and indices of tables, in words that can be compared."""
    return {
        name: sorted(
            [f"{c.name} {c.type} {c.nullable} {c.primary_key}" for c in table.columns]
            + [f"{sorted(c.name for c in each.columns)} {each.unique}" for each in table.indexes]
            + [f"{key.parent.name} {key.target_fullname}" for key in table.foreign_keys]
        )
        for name, table in tables.tables.items()  # type: ignore[attr-defined]
    }
