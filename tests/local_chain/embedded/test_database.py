"""What the tables refuse to read: damage is named, never taken for history."""

from __future__ import annotations

from pathlib import Path

import lmdb
import pytest

from local_chain.embedded import (
    ChainDamagedError,
    ChainMismatchError,
    ChainStorageError,
    EmbeddedChain,
)
from local_chain.embedded.database import ChainDatabase
from tests.local_chain.conftest import NEVER_S
from tests.local_chain.embedded.session import Session

HEAD = (2).to_bytes(8, "big")


@pytest.fixture
def written(directory: Path) -> Path:
    """A closed chain of three blocks."""
    with EmbeddedChain.open(directory, seal_interval_s=NEVER_S) as chain:
        session = Session.start(chain)
        session.note(session.deploy(), 1, 2)
    return directory


def tamper(directory: Path, table: str, key: bytes, value: bytes | None) -> None:
    database = ChainDatabase(directory)

    def change(transaction: lmdb.Transaction[bytes]) -> None:
        if value is None:
            assert transaction.delete(key, db=database.environment.table(table))
        else:
            transaction.put(key, value, db=database.environment.table(table))

    database.environment.write(change)
    database.close()


def fetch_state_root(directory: Path) -> bytes:
    database = ChainDatabase(directory)
    header, _ = database.fetch_head()
    database.close()
    return header.state_root


@pytest.mark.parametrize(
    ("table", "key", "value", "complaint"),
    [
        ("meta", b"config", None, "no configuration"),
        ("meta", b"config", b"{}", "unreadable chain configuration"),
        ("meta", b"config", b'{"format_number": 1}', "unreadable chain configuration"),
        ("meta", b"head", None, "head block is missing"),
        ("headers", HEAD, None, "head block is missing"),
        ("headers", HEAD, b"\xc0", "unreadable record"),
    ],
)
def test_directory_without_a_readable_head_is_called_damaged(
    written: Path, table: str, key: bytes, value: bytes | None, complaint: str
) -> None:
    tamper(written, table, key, value)
    with pytest.raises(ChainDamagedError, match=complaint):
        EmbeddedChain.open(written)


def test_header_swapped_for_another_is_called_damaged(written: Path) -> None:
    database = ChainDatabase(written)
    other = database.fetch_header(1)
    database.close()
    assert other is not None
    tamper(written, "headers", HEAD, other.encode())
    with pytest.raises(ChainDamagedError, match="not the block its hash names"):
        EmbeddedChain.open(written)


def test_head_without_its_state_is_called_damaged(written: Path) -> None:
    tamper(written, "nodes", fetch_state_root(written), None)
    with pytest.raises(ChainDamagedError, match="the state of block 2 is missing"):
        EmbeddedChain.open(written)


def test_changed_state_is_not_believed(written: Path) -> None:
    tamper(written, "nodes", fetch_state_root(written), b"\x80")
    with pytest.raises(ChainDamagedError, match="not what its hash names"):
        EmbeddedChain.open(written)


def test_chain_of_another_format_is_refused(written: Path) -> None:
    tamper(written, "meta", b"config", b'{"format_number": 2}')
    with pytest.raises(ChainMismatchError, match="format: expected 1, found 2"):
        EmbeddedChain.open(written)


def test_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ChainStorageError, match="file"):
        EmbeddedChain.open(tmp_path / "file" / "chain")
