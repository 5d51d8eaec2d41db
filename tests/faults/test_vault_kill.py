"""A vault whose process is killed: what was acknowledged is there, chunks are whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from ledger.errors import NotFoundError, StorageError
from ledger.vault.store import Vault
from ledger.vault.tables import BatchState
from tests.ledger.vault.vaults import create_vault, new_batch, open_vault, stage

ROOT = Path(__file__).parents[2]
CHUNK = 300
KILLS = 8


def stage_until_killed(directory: Path, acknowledgements: int, delay_s: float) -> int:
    """Run the staging process and kill it some time after it has acknowledged so many chunks.

    Returns:
        The count it acknowledged last.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.vault.staging_process", str(directory), str(CHUNK)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for _ in range(acknowledgements):
        assert process.stdout.readline()
    time.sleep(delay_s)
    process.kill()
    acknowledged = [int(line) for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    process.wait()
    return acknowledged[-1] if acknowledged else 0


def require_whole_chunks(vault: Vault, acknowledged: int) -> None:
    assert vault.integrity_check() == []
    for batch in vault.batches.in_state(BatchState.OPEN):
        assert batch.count >= acknowledged
        assert batch.count % CHUNK == 0
        stored = list(vault.certificates.iterate(batch.pk))
        assert len(stored) == batch.count
        assert len(vault.batches.leaf_hashes(batch.pk)) == batch.count
        for certificate in stored[-2 * CHUNK :]:
            assert vault.certificates.decrypt(certificate).decode() == certificate.identifier


def test_killed_while_staging_loses_nothing_acknowledged_and_keeps_no_part_of_a_chunk(
    tmp_path: Path,
) -> None:
    chance = random.Random(20261122)
    directory = tmp_path / "vault"
    create_vault(directory).close()
    for _ in range(KILLS):
        acknowledged = stage_until_killed(
            directory, chance.randint(1, 12), chance.uniform(0.0, 0.02)
        )
        with open_vault(directory, read_only=True) as reader:
            require_whole_chunks(reader, acknowledged)
        with open_vault(directory) as vault:
            require_whole_chunks(vault, acknowledged)
    with open_vault(directory) as vault:
        (batch,) = vault.batches.in_state(BatchState.OPEN)
        assert batch.count > KILLS * CHUNK


def test_killed_before_the_first_acknowledgement_leaves_a_vault_that_opens(
    tmp_path: Path,
) -> None:
    chance = random.Random(1)
    directory = tmp_path / "vault"
    with create_vault(directory) as vault:
        stage(vault, vault.batches.open(new_batch()), *(f"old {n}" for n in range(CHUNK)))
    for _ in range(4):
        stage_until_killed(directory, 0, chance.uniform(0.2, 1.0))
        with open_vault(directory) as vault:
            require_whole_chunks(vault, CHUNK)


def test_killed_while_creating_leaves_a_vault_or_room_for_one(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from tests.ledger.vault.vaults import create_vault;"
        "print('ready', flush=True); create_vault(Path(sys.argv[1])).close();"
        "print('done', flush=True); sys.stdin.read()"
    )
    chance = random.Random(2)
    for number in range(6):
        directory = tmp_path / str(number)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(directory)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        was_acknowledged = process.stdout.read() == "done\n"
        process.stdout.close()
        process.stdin.close()
        process.wait()
        if not was_acknowledged and not _opens(directory):
            create_vault(directory).close()
        assert _opens(directory)


def _opens(directory: Path) -> bool:
    try:
        open_vault(directory).close()
    except (NotFoundError, StorageError):
        return False
    return True
