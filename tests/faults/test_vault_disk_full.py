"""A vault on a full disk refuses by name, keeps what it had and goes on once there is room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHUNK = 300

FILL = """
import os, resource, sys
from pathlib import Path

from ledger.errors import StorageError
from tests.faults.test_vault_disk_full import CHUNK
from tests.ledger.vault.vaults import create_vault, new_batch, open_vault, stage

directory, limit = Path(sys.argv[1]) / "vault", int(sys.argv[2])


def fill(vault, batch, position):
    try:
        while True:
            stage(vault, batch, *(f"c {position + n}" for n in range(CHUNK)), first=position)
            position += CHUNK
    except StorageError as error:
        return position, error.code


def require_whole(vault, batch, count):
    assert vault.integrity_check() == []
    assert vault.batches.get(batch.batch_key).count == count
    stored = list(vault.certificates.iterate(batch.pk))
    assert len(stored) == count
    assert all(vault.certificates.decrypt(c).decode() == c.identifier for c in stored)


ballast = directory.parent / "ballast"
ballast.write_bytes(bytes(5 << 20))
with create_vault(directory) as vault:
    batch = vault.batches.open(new_batch())
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    count, code = fill(vault, batch, 0)
    print(code, count)
    require_whole(vault, batch, count)
    assert fill(vault, batch, count) == (count, code)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
ballast.unlink()
with open_vault(directory) as vault:
    require_whole(vault, batch, count)
    stage(vault, batch, *(f"c {count + n}" for n in range(CHUNK)), first=count)
    require_whole(vault, batch, count + CHUNK)
print("went on")
"""


def run_filling(directory: Path, limit: int, *wrapper: str) -> list[str]:
    """The lines that the filling process prints."""
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", FILL, str(directory), str(limit)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_full_disk_is_named_and_nothing_is_half_written(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=10m none '{tmp_path}'"
    wrapper = ("unshare", "--map-root-user", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh")
    may_mount = subprocess.run([*wrapper, "true"], capture_output=True, check=False)
    if may_mount.returncode:
        pytest.skip("a small disk cannot be mounted here")
    failed, went_on = run_filling(tmp_path, 0, *wrapper)
    code, count = failed.split()
    assert code == "disk_full"
    assert int(count) > CHUNK
    assert went_on == "went on"


def test_file_that_may_not_grow_is_a_failed_disk_and_nothing_is_half_written(
    tmp_path: Path,
) -> None:
    failed, went_on = run_filling(tmp_path, 3 << 20)
    code, count = failed.split()
    assert code == "disk_failed"
    assert int(count) > CHUNK
    assert went_on == "went on"
