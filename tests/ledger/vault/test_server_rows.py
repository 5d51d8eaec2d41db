"""A vault on a server is copied as it is at one moment, and what is joined again may go to either.

Every table of the vault has rows here, whoever declares it, so that none is left behind.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.errors import ConflictError, StorageError
from ledger.vault.backups import find_key_tables
from ledger.vault.copies import KeyTerms, VaultCopy, copy_vault, join_copies
from ledger.vault.server_rows import fill_server
from ledger.vault.store import DATABASE_NAME, Vault
from ledger.vault.tables import SCHEMA_REVISION, metadata
from tests.ledger.vault.rows import Rows, fill_every_table, read_rows
from tests.ledger.vault.vaults import CHEAP, NOW_UNIX, PASSPHRASE, new_batch, open_vault, stage
from tests.support.postgresql import use_schema

TERMS = KeyTerms(NOW_UNIX, NOW_UNIX + 86_400)


@pytest.fixture
def url(postgresql: str) -> Iterator[str]:
    with use_schema(postgresql) as url:
        yield url


@pytest.fixture
def other_url(postgresql: str) -> Iterator[str]:
    with use_schema(postgresql) as url:
        yield url


@pytest.fixture
def vault(url: str, directory: Path) -> Iterator[Vault]:
    with Vault.create(directory, PASSPHRASE, url=url, cost=CHEAP, clock=lambda: NOW_UNIX) as opened:
        yield opened


def copy(directory: Path, place: Path, url: str | None) -> VaultCopy:
    place.mkdir()
    return copy_vault(directory, place / "rest.db", place / "keys.db", TERMS, url=url)


def join(place: Path, *erased: str) -> Path:
    """The directory of a vault made of a copy."""
    join_copies(place / "rest.db", place / "keys.db", erased)
    directory = place / "vault"
    directory.mkdir()
    (place / "rest.db").rename(directory / DATABASE_NAME)
    return directory


def read_all(vault: Vault) -> Rows:
    with vault._database.read() as connection:
        return read_rows(connection, metadata)


def test_every_row_goes_from_a_server_to_a_file_and_back(
    vault: Vault, url: str, other_url: str, directory: Path, tmp_path: Path
) -> None:
    with vault._database.write() as connection:
        fill_every_table(connection)
    before = read_all(vault)
    assert all(before.values())
    assert copy(directory, tmp_path / "copy", url).revision == SCHEMA_REVISION
    place = join(tmp_path / "copy")
    with open_vault(place) as in_file:
        assert read_all(in_file) == before
        assert in_file.integrity_check() == []
    fill_server(place / DATABASE_NAME, other_url)
    with Vault.open(tmp_path / "again", PASSPHRASE, url=other_url) as on_server:
        assert read_all(on_server) == before
        for _ in range(2):  # the numbers that are given out go on after those taken
            on_server.batches.open(new_batch())
            on_server.runs.begin("source", b"digest")


def test_rows_that_are_erased_or_expire_stand_in_the_file_of_keys_alone(
    vault: Vault, url: str, directory: Path, tmp_path: Path
) -> None:
    with vault._database.write() as connection:
        fill_every_table(connection)
    copy(directory, tmp_path / "copy", url)
    with (
        closing(sqlite3.connect(tmp_path / "copy" / "rest.db")) as rest,
        closing(sqlite3.connect(tmp_path / "copy" / "keys.db")) as keys,
    ):
        for table in metadata.sorted_tables:
            (kept,) = rest.execute(f"SELECT count(*) FROM {table.name}").fetchone()
            assert bool(kept) == (table.name not in find_key_tables()), table.name
        listed = {name for (name,) in keys.execute("SELECT name FROM sqlite_master")}
        assert listed == {"terms", *find_key_tables()}


def test_every_table_with_a_wrapped_key_expires_with_the_data_keys() -> None:
    secret = {table.name for table in metadata.sorted_tables if "wrapped_key" in table.columns}
    assert secret <= set(find_key_tables())


def test_copies_made_while_a_writer_works_are_of_one_moment(
    vault: Vault, url: str, directory: Path, tmp_path: Path
) -> None:
    batch = vault.batches.open(new_batch())
    stop = threading.Event()

    def write() -> None:
        position = 0
        while not stop.is_set():
            stage(vault, batch, *(f"c {position + n}" for n in range(10)), first=position)
            position += 10

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [copy(directory, tmp_path / "0", url)]
        while len(copies) < 3 or copies[-1] == copies[0]:
            copies.append(copy(directory, tmp_path / str(len(copies)), url))
    finally:
        stop.set()
        writer.join()
    for number, made in enumerate(copies):
        with open_vault(join(tmp_path / str(number))) as again:
            assert again.integrity_check() == []
            found = list(again.certificates.iterate(batch.pk))
            assert all(again.certificates.decrypt(c).decode() == c.identifier for c in found)
            assert len(found) == made.certificates
            assert len(found) % 10 == 0


def test_keys_of_contents_erased_since_are_left_out(
    vault: Vault, url: str, other_url: str, directory: Path, tmp_path: Path
) -> None:
    stage(vault, vault.batches.open(new_batch()), "a", "b")
    copy(directory, tmp_path / "copy", url)
    fill_server(join(tmp_path / "copy", "a") / DATABASE_NAME, other_url)
    with Vault.open(tmp_path / "again", PASSPHRASE, url=other_url) as again:
        found = {c.identifier: c.wrapped_key for c in again.certificates.fetch_many(["a", "b"])}
    assert (found["a"], found["b"] is None) == (None, False)


def test_vault_is_never_filled_over_another(
    vault: Vault, url: str, directory: Path, tmp_path: Path
) -> None:
    copy(directory, tmp_path / "copy", url)
    vault.close()
    with pytest.raises(ConflictError) as refusal:
        fill_server(join(tmp_path / "copy") / DATABASE_NAME, url)
    assert refusal.value.code == "vault_exists"


def test_database_without_a_vault_is_named(url: str, directory: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as refusal:
        copy(directory, tmp_path / "copy", url)
    assert refusal.value.code == "vault_missing"


def test_a_rejected_row_leaves_the_server_as_it_was(
    directory: Path, other_url: str, tmp_path: Path
) -> None:
    with Vault.create(directory, PASSPHRASE, cost=CHEAP) as vault:
        stage(vault, vault.batches.open(new_batch()), "a")
    with closing(sqlite3.connect(directory / DATABASE_NAME)) as raw, raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute("UPDATE certificates SET leaf_hash = 'text'")
    with pytest.raises(StorageError, match="certificates has a value") as refusal:
        fill_server(directory / DATABASE_NAME, other_url)
    assert refusal.value.code == "vault_damaged"
    with pytest.raises(StorageError, match="no vault"):
        Vault.open(tmp_path / "again", PASSPHRASE, url=other_url)
