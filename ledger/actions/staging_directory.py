"""A directory that appears complete or not at all: it is filled beside its place, then renamed.

What an interrupted process left beside it is removed by the next one; it may hold keys.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import ConflictError, StorageError
from ledger.vault.directory_lock import lock_directory
from ledger.vault.durability import sync_path
from ledger.vault.failures import is_disk_full

_SUFFIX = re.compile(r"\.[0-9a-f]{8}\.part", re.ASCII)


def require_room(target: Path) -> None:
    """Raises ConflictError, code target_not_empty, unless it is missing or an empty directory."""
    if target.is_symlink() or (target.exists() and not _is_empty_directory(target)):
        raise ConflictError(
            f"{target} is there and not empty; name a new directory", code="target_not_empty"
        )


@contextmanager
def staging_directory(target: Path) -> Iterator[Path]:
    """A private directory (mode 0700) beside `target` that takes its place at the end.

    Raises:
        ConflictError: target_not_empty, before and after.
        StorageError: disk_full, disk_failed; nothing of it is left then.
    """
    require_room(target)
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(target)
    staging = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    staging.mkdir(mode=0o700)
    try:
        with lock_directory(staging):
            yield staging
            _sync_tree(staging)
            require_room(target)
            staging.rename(target)
            sync_path(target.parent)
    except OSError as error:
        is_full = is_disk_full(error)
        raise StorageError(
            f"the disk of {target.parent} is full; nothing was left there"
            if is_full
            else f"{error.filename or target.parent}: {error.strerror}; nothing was left there",
            code="disk_full" if is_full else "disk_failed",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _is_empty_directory(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _remove_leftovers(target: Path) -> None:
    """Removes what interrupted processes left; one that is still at work holds its lock."""
    prefix = f".{target.name}"
    for path in target.parent.iterdir():
        if path.name.startswith(prefix) and _SUFFIX.fullmatch(path.name[len(prefix) :]):
            try:
                with lock_directory(path):
                    shutil.rmtree(path)
            except StorageError:
                continue


def _sync_tree(directory: Path) -> None:
    for path in sorted(directory.rglob("*"), reverse=True):
        sync_path(path)
    sync_path(directory)
