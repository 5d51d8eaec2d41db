"""A directory is held by one alone, or by several who share it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import StorageError
from ledger.vault.directory_lock import lock_directory


def test_held_directory_is_refused_to_others(tmp_path: Path) -> None:
    with lock_directory(tmp_path):
        for shared in (False, True):
            with (
                pytest.raises(StorageError) as refusal,
                lock_directory(tmp_path, shared=shared, timeout_s=0.1),
            ):
                pass
            assert refusal.value.code == "directory_in_use"
    with lock_directory(tmp_path):
        pass


def test_shared_directory_is_refused_only_to_who_wants_it_alone(tmp_path: Path) -> None:
    with (
        lock_directory(tmp_path, shared=True),
        lock_directory(tmp_path, shared=True),
        pytest.raises(StorageError),
        lock_directory(tmp_path),
    ):
        pass
    with lock_directory(tmp_path):
        pass
