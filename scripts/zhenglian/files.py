"""Files for people: written whole or not at all, and never over another by accident."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from ledger.errors import ConflictError


def require_free(path: Path, *, force: bool) -> None:
    """Raises ConflictError when there is such a file and it may not be overwritten."""
    if path.exists() and not force:
        raise ConflictError(
            f"{path} exists already; choose another name, or overwrite it with --force",
            code="file_exists",
            field="out",
        )


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Has a file written beside `path`, and puts it in place once it is complete."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
