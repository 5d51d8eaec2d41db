"""A vault is copied as it is at one moment, into a file without data keys and one of them alone."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from ledger.errors import NotFoundError, StorageError
from ledger.vault.acts import OfficerCommitment
from ledger.vault.copies import KeyTerms, VaultCopy, copy_vault, join_copies, read_terms
from ledger.vault.store import DATABASE_NAME, Vault
from ledger.vault.tables import SCHEMA_REVISION
from tests.ledger.vault.vaults import (
    NOW_UNIX,
    PASSPHRASE,
    create_vault,
    new_batch,
    open_vault,
    seal,
    stage,
)

TERMS = KeyTerms(NOW_UNIX, NOW_UNIX + 86_400)


@pytest.fixture
def rest(tmp_path: Path) -> Path:
    return tmp_path / "rest.db"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


@pytest.fixture
def busy(vault: Vault) -> Vault:
    """A vault with three certificates, one of them erased, and an officer."""
    stage(vault, vault.batches.open(new_batch()), "a", "b", "c")
    vault.certificates.erase_key("b", "because", OfficerCommitment.make("丁一"))
    return vault


def join_into(directory: Path, rest: Path, keys: Path, *erased: str) -> Vault:
    """A vault made of the two files."""
    join_copies(rest, keys, erased)
    directory.mkdir()
    rest.rename(directory / DATABASE_NAME)
    return open_vault(directory)


def test_copy_of_an_open_vault_joins_to_the_same_vault(
    busy: Vault, directory: Path, tmp_path: Path, rest: Path, keys: Path
) -> None:
    copy = copy_vault(directory, rest, keys, TERMS)
    erasures = tuple(busy.erasures.all())
    assert (copy.revision, copy.certificates) == (SCHEMA_REVISION, 3)
    assert [(e.identifier, e.reason) for e in copy.erasures] == [("b", "because")]
    with join_into(tmp_path / "again", rest, keys) as again:
        assert again.integrity_check() == []
        assert tuple(again.erasures.all()) == erasures
        officer = erasures[0].officer
        assert officer is not None
        assert again.acts.open_officer(officer).officer == "丁一"
        for name in "ac":
            found, original = again.certificates.find(name), busy.certificates.find(name)
            assert found == original
            assert found is not None
            assert again.certificates.decrypt(found).decode() == name
        gone = again.certificates.find("b")
        assert gone is not None
        assert gone.wrapped_key is None


def test_file_without_data_keys_has_none_and_that_of_data_keys_no_content(
    vault: Vault, directory: Path, rest: Path, keys: Path
) -> None:
    batch = vault.batches.open(new_batch())
    staged = [seal(vault.row_cipher, f"certificate {n}", n) for n in range(200)]
    vault.certificates.stage(batch.pk, staged)
    copy_vault(directory, rest, keys, TERMS)
    without, only = rest.read_bytes(), keys.read_bytes()
    for row in staged:
        assert row.wrapped_key not in without
        assert row.content_mac not in without
        assert row.wrapped_key in only
        assert row.ciphertext not in only
        assert row.identifier.encode() not in only


def test_neither_file_has_what_was_erased_before(
    vault: Vault, directory: Path, rest: Path, keys: Path
) -> None:
    batch = vault.batches.open(new_batch())
    staged = [seal(vault.row_cipher, f"certificate {n}", n) for n in range(200)]
    vault.certificates.stage(batch.pk, staged)
    vault.certificates.erase_key("certificate 7", "because")
    copy_vault(directory, rest, keys, TERMS)
    assert staged[7].wrapped_key not in rest.read_bytes() + keys.read_bytes()


def test_copies_are_private(busy: Vault, directory: Path, rest: Path, keys: Path) -> None:
    copy_vault(directory, rest, keys, TERMS)
    assert [path.stat().st_mode & 0o777 for path in (rest, keys)] == [0o600, 0o600]
    assert read_terms(keys) == TERMS


def test_keys_of_contents_erased_since_are_left_out(
    busy: Vault, directory: Path, tmp_path: Path, rest: Path, keys: Path
) -> None:
    original = busy.certificates.find("a")
    assert original is not None
    assert original.wrapped_key is not None
    copy_vault(directory, rest, keys, TERMS)
    with join_into(tmp_path / "again", rest, keys, "a", "nobody") as again:
        found = again.certificates.find("a")
        assert found is not None
        assert found.wrapped_key is None
        assert original.wrapped_key not in (tmp_path / "again" / DATABASE_NAME).read_bytes()


def test_copies_made_while_a_writer_works_are_of_one_moment(
    vault: Vault, directory: Path, tmp_path: Path
) -> None:
    """Chunks of ten are staged meanwhile: a copy has whole chunks, and every key to them."""
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
        copies = [_copy(directory, tmp_path / "0")]
        while len(copies) < 8 or copies[-1] == copies[0]:
            copies.append(_copy(directory, tmp_path / str(len(copies))))
    finally:
        stop.set()
        writer.join()
    counts = []
    for number, copy in enumerate(copies):
        place = tmp_path / str(number)
        with join_into(place / "vault", place / "rest.db", place / "keys.db") as again:
            assert again.integrity_check() == []
            found = list(again.certificates.iterate(batch.pk))
            assert all(again.certificates.decrypt(c).decode() == c.identifier for c in found)
            assert len(found) == copy.certificates
            assert len(found) % 10 == 0
            counts.append(len(found))
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def _copy(directory: Path, place: Path) -> VaultCopy:
    place.mkdir()
    return copy_vault(directory, place / "rest.db", place / "keys.db", TERMS)


def test_tables_of_the_node_are_copied_with_the_vault(
    busy: Vault, directory: Path, rest: Path, keys: Path
) -> None:
    name = '"session of ""x"""'
    raw = sqlite3.connect(directory / DATABASE_NAME)
    raw.execute(f"CREATE TABLE {name} (value TEXT)")
    raw.execute(f"INSERT INTO {name} VALUES ('kept')")
    raw.commit()
    raw.close()
    copy_vault(directory, rest, keys, TERMS)
    copied = sqlite3.connect(rest)
    assert copied.execute(f"SELECT value FROM {name}").fetchall() == [("kept",)]
    copied.close()


def test_vault_that_was_killed_is_copied_with_what_it_acknowledged(
    directory: Path, tmp_path: Path, rest: Path, keys: Path
) -> None:
    """The write-ahead log that lies beside the database is part of it."""
    with create_vault(directory) as vault:
        stage(vault, vault.batches.open(new_batch()), "a", "b")
        log = directory / f"{DATABASE_NAME}-wal"
        assert log.stat().st_size > 0
        killed = tmp_path / "killed"
        killed.mkdir()
        for path in (directory / DATABASE_NAME, log):
            (killed / path.name).write_bytes(path.read_bytes())
    assert copy_vault(killed, rest, keys, TERMS).certificates == 2


def test_existing_file_is_not_overwritten(
    busy: Vault, directory: Path, rest: Path, keys: Path
) -> None:
    keys.write_bytes(b"something")
    with pytest.raises(FileExistsError):
        copy_vault(directory, rest, keys, TERMS)
    assert keys.read_bytes() == b"something"


def test_missing_vault_is_named(tmp_path: Path, rest: Path, keys: Path) -> None:
    with pytest.raises(NotFoundError) as refusal:
        copy_vault(tmp_path / "none", rest, keys, TERMS)
    assert refusal.value.code == "vault_missing"


def test_damaged_vault_is_not_copied(directory: Path, rest: Path, keys: Path) -> None:
    with create_vault(directory) as vault:
        stage(vault, vault.batches.open(new_batch()), *(f"c {n}" for n in range(500)))
    os.truncate(directory / DATABASE_NAME, 8 * 4096)
    with pytest.raises(StorageError) as refusal:
        copy_vault(directory, rest, keys, TERMS)
    assert refusal.value.code == "vault_damaged"


@pytest.mark.parametrize("content", [b"", b"no database at all " * 500, b"SQLite format 3\x00"])
def test_file_that_is_no_copy_is_refused(
    busy: Vault, directory: Path, rest: Path, keys: Path, content: bytes
) -> None:
    copy_vault(directory, rest, keys, TERMS)
    keys.write_bytes(content)
    for read in (lambda: read_terms(keys), lambda: join_copies(rest, keys, ())):
        with pytest.raises(StorageError) as refusal:
            read()
        assert refusal.value.code == "copy_damaged"


def test_passphrase_is_needed_to_read_the_copies(
    busy: Vault, directory: Path, rest: Path, keys: Path
) -> None:
    copy_vault(directory, rest, keys, TERMS)
    raw = rest.read_bytes() + keys.read_bytes()
    assert PASSPHRASE.encode() not in raw
    assert "丁一".encode() not in raw
