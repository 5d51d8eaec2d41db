"""A damaged vault says so; it never answers as if nothing were wrong, and never repairs by loss."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ledger.errors import StorageError
from ledger.vault.database import PAGE_BYTES
from ledger.vault.store import DATABASE_NAME
from tests.ledger.vault.vaults import create_vault, new_batch, open_vault, stage

PAGE = PAGE_BYTES


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The file of a closed vault with a thousand certificates."""
    with create_vault(tmp_path / "vault") as vault:
        stage(vault, vault.batches.open(new_batch()), *(f"certificate {n}" for n in range(1000)))
    return tmp_path / "vault" / DATABASE_NAME


def require_damage(database: Path) -> None:
    for read_only in (True, False):
        with pytest.raises(StorageError) as refusal:
            open_vault(database.parent, read_only=read_only)
        assert refusal.value.code == "vault_damaged"


@pytest.mark.parametrize("kept", [0.0, 0.0001, 0.01, 0.5, 0.9])
def test_truncated_file_is_damage(database: Path, kept: float) -> None:
    os.truncate(database, int(database.stat().st_size * kept))
    require_damage(database)


def test_file_short_of_its_last_page_is_damage(database: Path) -> None:
    os.truncate(database, database.stat().st_size - PAGE)
    require_damage(database)


def test_file_short_of_its_last_byte_is_damage(database: Path) -> None:
    os.truncate(database, database.stat().st_size - 1)
    with pytest.raises(StorageError) as refusal:
        open_vault(database.parent)
    assert refusal.value.code == "vault_damaged"


@pytest.mark.parametrize("content", [b"not a database" * 1000, bytes(8 * PAGE), b"SQLite format 3"])
def test_file_of_something_else_is_damage(database: Path, content: bytes) -> None:
    database.write_bytes(content)
    require_damage(database)
    assert database.read_bytes() == content


def test_refused_damage_leaves_the_vault_unlocked(database: Path) -> None:
    intact = database.read_bytes()
    os.truncate(database, PAGE)
    require_damage(database)
    database.write_bytes(intact)
    with open_vault(database.parent) as vault:
        assert vault.integrity_check() == []


def test_overwritten_page_is_found_by_the_check_or_by_reading(database: Path) -> None:
    """Each page of the file in turn is overwritten: something must notice every time."""
    intact = database.read_bytes()
    for page in range(1, len(intact) // PAGE):
        garbled = bytearray(intact)
        garbled[page * PAGE : (page + 1) * PAGE] = b"\xa5" * PAGE
        database.write_bytes(garbled)
        assert _is_noticed(database.parent), f"page {page}"


def _is_noticed(directory: Path) -> bool:
    try:
        with open_vault(directory, read_only=True) as vault:
            return vault.integrity_check() != []
    except StorageError as error:
        return error.code == "vault_damaged"
