"""An older vault is brought up to date whole or not at all; a newer one is left alone."""

from __future__ import annotations

import re
import shutil
import sqlite3
from importlib import resources
from pathlib import Path

import pytest
from sqlalchemy import create_engine, create_mock_engine, insert

from ledger.errors import NotAuthorizedError, StorageError
from ledger.vault import certificates, schema
from ledger.vault.erasures import Erasure
from ledger.vault.store import DATABASE_NAME, Vault
from ledger.vault.tables import SCHEMA_REVISION, metadata
from tests.ledger.vault.vaults import create_vault, new_batch, open_vault, stage

NEXT = "9999"
NEXT_STEP = '''"""A later step."""

import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{current}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batches", sa.Column("note", sa.Text))
    op.execute("UPDATE batches SET note = 'brought along'")
    {then}
'''


@pytest.fixture
def old_directory(directory: Path) -> Path:
    """A vault of today's schema with certificates in it."""
    with create_vault(directory) as vault:
        stage(vault, vault.batches.open(new_batch()), "a", "b")
    return directory


def use_later_program(monkeypatch: pytest.MonkeyPatch, path: Path, then: str = "pass") -> None:
    """Give this process the migrations of a program one step ahead."""
    with resources.as_file(resources.files("ledger.vault") / "migrations") as today:
        shutil.copytree(today, path)
    step = NEXT_STEP.format(next=NEXT, current=SCHEMA_REVISION, then=then)
    (path / "versions" / "v9999_later.py").write_text(step)
    monkeypatch.setattr(schema, "MIGRATIONS", str(path))
    monkeypatch.setattr(schema, "SCHEMA_REVISION", NEXT)


def use_first_program(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Give this process only the first migration."""
    with resources.as_file(resources.files("ledger.vault") / "migrations") as today:
        shutil.copytree(today, path, ignore=shutil.ignore_patterns("v000[!1]*", "__pycache__"))
    monkeypatch.setattr(schema, "MIGRATIONS", str(path))
    monkeypatch.setattr(schema, "SCHEMA_REVISION", "0001")


def read(directory: Path, query: str) -> list[tuple[object, ...]]:
    raw = sqlite3.connect(directory / DATABASE_NAME)
    rows = raw.execute(query).fetchall()
    raw.close()
    return rows


def test_migrations_lead_to_the_tables_that_the_code_uses(old_directory: Path) -> None:
    def listed(rows: list[tuple[object, ...]]) -> dict[str, str]:
        return {str(name): re.sub(r"[\s\"]+", "", str(sql)) for name, sql in rows}

    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    migrated = listed(read(old_directory, query))
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        wanted = listed([tuple(row) for row in connection.exec_driver_sql(query)])
    engine.dispose()
    del migrated["vault_revision"]
    assert migrated.keys() == wanted.keys()
    for name, sql in wanted.items():
        assert sorted(migrated[name].split(",")) == sorted(sql.split(",")), name


def test_older_vault_is_brought_up_to_date_with_its_data(
    old_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_later_program(monkeypatch, tmp_path / "migrations")
    with open_vault(old_directory) as vault:
        found = vault.certificates.find("b")
        assert found is not None
        assert vault.certificates.decrypt(found) == b"b"
    assert read(old_directory, "SELECT note FROM batches") == [("brought along",)]
    assert read(old_directory, "SELECT version_num FROM vault_revision") == [(NEXT,)]


def test_erasures_of_the_first_schema_stay_and_holds_can_be_placed(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        use_first_program(earlier, tmp_path / "migrations")
        with create_vault(directory) as vault:
            stage(vault, vault.batches.open(new_batch()), "a", "b")
    raw = sqlite3.connect(directory / DATABASE_NAME)
    with raw:
        raw.execute("DELETE FROM data_keys WHERE certificate = 1")
        raw.execute(
            "INSERT INTO erasures (identifier, erased_at_unix, reason) VALUES ('a', 5, 'early')"
        )
    raw.close()
    with open_vault(directory) as vault:
        assert vault.erasures.all() == [Erasure("a", 5, "early")]
        assert vault.holds.place("b", "audit", None).reason == "audit"
        found = vault.certificates.find("b")
        assert found is not None
        assert vault.certificates.decrypt(found) == b"b"
    assert read(directory, "SELECT version_num FROM vault_revision") == [(SCHEMA_REVISION,)]


def test_older_vault_is_not_migrated_for_a_reader(
    old_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_later_program(monkeypatch, tmp_path / "migrations")
    with pytest.raises(StorageError) as refusal:
        open_vault(old_directory, read_only=True)
    assert refusal.value.code == "vault_older"
    assert read(old_directory, "SELECT version_num FROM vault_revision") == [(SCHEMA_REVISION,)]


def test_wrong_passphrase_migrates_nothing(
    old_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_later_program(monkeypatch, tmp_path / "migrations")
    with pytest.raises(NotAuthorizedError):
        Vault.open(old_directory, "wrong")
    assert read(old_directory, "SELECT version_num FROM vault_revision") == [(SCHEMA_REVISION,)]


def test_failed_migration_leaves_the_vault_as_it_was(
    old_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        use_later_program(later, tmp_path / "migrations", 'op.execute("UPDATE nowhere SET x = 1")')
        with pytest.raises(StorageError, match="no such table"):
            open_vault(old_directory)
    assert "note" not in {row[1] for row in read(old_directory, "PRAGMA table_info(batches)")}
    with open_vault(old_directory) as vault:
        assert vault.certificates.find("a") is not None


@pytest.mark.parametrize("read_only", [False, True])
def test_vault_of_a_newer_program_is_left_alone(
    old_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    with monkeypatch.context() as later:
        use_later_program(later, tmp_path / "migrations")
        open_vault(old_directory).close()
    before = (old_directory / DATABASE_NAME).read_bytes()
    with pytest.raises(StorageError, match=f"schema {NEXT}.*up to {SCHEMA_REVISION}") as refusal:
        open_vault(old_directory, read_only=read_only)
    assert refusal.value.code == "vault_newer"
    assert (old_directory / DATABASE_NAME).read_bytes() == before


def test_tables_of_the_node_in_the_same_database_are_no_hindrance(old_directory: Path) -> None:
    raw = sqlite3.connect(old_directory / DATABASE_NAME)
    with raw:
        raw.execute("CREATE TABLE alembic_version (version_num TEXT)")
        raw.execute("CREATE TABLE sessions (id INTEGER PRIMARY KEY)")
    raw.close()
    open_vault(old_directory).close()


def test_tables_and_queries_can_be_said_in_postgresql() -> None:
    statements: list[str] = []
    engine = create_mock_engine(
        "postgresql+psycopg://", lambda sql, *_: statements.append(str(sql.compile(engine)))
    )
    metadata.create_all(engine, checkfirst=False)
    tables = [sql for sql in statements if sql.strip().startswith("CREATE TABLE")]
    assert len(tables) == len(metadata.tables)
    for query in (certificates._CONTENT, certificates._KNOWN, insert(metadata.tables["outbox"])):
        assert str(query.compile(dialect=engine.dialect))
