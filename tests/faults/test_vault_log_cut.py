"""The vault's write-ahead log is cut short, as by a disk that acknowledged what it never wrote.

SQLite then takes the transactions that are still whole. Nothing half is ever read; and what the
chain has and the vault lost is told.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.actions.fsck import fsck
from ledger.errors import ConflictError
from ledger.vault.store import DATABASE_NAME
from ledger.vault.tables import BatchState
from tests.faults.stopping import is_stopped_at
from tests.ledger.actions.homes import CHONGQING, Ledger, write_file
from tests.ledger.vault.vaults import open_vault

ROOT = Path(__file__).parents[2]
CHUNK = 20
CHUNKS = 6
LOG_NAME = f"{DATABASE_NAME}-wal"

STAGE = """
import os, signal, sys
from pathlib import Path
from tests.faults.test_vault_log_cut import CHUNK, CHUNKS
from tests.ledger.vault.vaults import create_vault, new_batch, open_vault, stage

create_vault(Path(sys.argv[1])).close()
vault = open_vault(Path(sys.argv[1]))
batch = vault.batches.open(new_batch())
for number in range(CHUNKS):
    first = number * CHUNK
    stage(vault, batch, *(f"c {first + n}" for n in range(CHUNK)), first=first)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault whose process was killed, with all its chunks in the log."""
    directory = tmp_path_factory.mktemp("killed") / "vault"
    subprocess.run([sys.executable, "-c", STAGE, str(directory)], cwd=ROOT, check=False)
    assert (directory / LOG_NAME).stat().st_size > 0
    return directory


def count_after_cut(killed: Path, directory: Path, kept: int) -> int:
    """How many certificates a vault has whose log was cut to so many bytes."""
    shutil.copytree(killed, directory)
    os.truncate(directory / LOG_NAME, kept)
    with open_vault(directory) as vault:
        assert vault.integrity_check() == []
        batches = vault.batches.in_state(BatchState.OPEN)
        if not batches:
            return 0
        stored = list(vault.certificates.iterate(batches[0].pk))
        assert len(stored) == batches[0].count == len(vault.batches.leaf_hashes(batches[0].pk))
        assert all(vault.certificates.decrypt(c).decode() == c.identifier for c in stored)
        return len(stored)


def test_cut_log_leaves_whole_chunks_and_no_part_of_one(killed: Path, tmp_path: Path) -> None:
    size = (killed / LOG_NAME).stat().st_size
    lengths = [size * n // 24 for n in range(25)]
    counts = [count_after_cut(killed, tmp_path / str(kept), kept) for kept in lengths]
    assert counts == sorted(counts)
    assert {count % CHUNK for count in counts} == {0}
    assert (counts[0], counts[-1]) == (0, CHUNK * CHUNKS)


def test_log_cut_by_its_last_byte_loses_the_last_chunk_alone(killed: Path, tmp_path: Path) -> None:
    size = (killed / LOG_NAME).stat().st_size
    assert count_after_cut(killed, tmp_path / "cut", size - 1) == CHUNK * (CHUNKS - 1)


def test_damaged_log_is_read_up_to_the_damage(killed: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(killed, tmp_path / "damaged"))
    log = directory / LOG_NAME
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    with open_vault(directory) as vault:
        assert vault.integrity_check() == []
        (batch,) = vault.batches.in_state(BatchState.OPEN)
        assert 0 < batch.count < CHUNK * CHUNKS
        assert len(list(vault.certificates.iterate(batch.pk))) == batch.count


def test_batch_on_the_chain_that_a_cut_log_lost_is_told_by_the_check(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(3))
    assert is_stopped_at(ledger, "issue", "batch anchored", 1, source)
    os.truncate(ledger.home(CHONGQING) / "vault" / LOG_NAME, 0)
    with ledger.open() as workspace:
        (problem,) = fsck(workspace).problems
    assert problem.code == "batch_lost"
    assert (
        "with 3 certificates sealed with a key of this home, the vault has not" in problem.message
    )
    with pytest.raises(ConflictError) as refusal:
        ledger.issue(source)
    assert refusal.value.code == "batches_lost"
