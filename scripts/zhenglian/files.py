"""Files for people: written whole or not at all, and never over another by accident."""

from __future__ import annotations

import io
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ledger.errors import ConflictError, MalformedInputError


def require_free(path: Path, *, force: bool) -> None:
    """Raises ConflictError when there is such a file and it may not be overwritten."""
    if path.is_dir():
        raise ConflictError(
            f"{path} is a directory; name a file in it", code="file_exists", field="out"
        )
    if path.exists() and not force:
        raise ConflictError(
            f"{path} exists already; choose another name, or overwrite it with --force",
            code="file_exists",
            field="out",
        )


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Has a file written beside `path`, and puts it in place once it is complete.

    Raises:
        OSError: it cannot be written; names `path`, never the file beside it.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        write(beside)
        beside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a person's text file, in UTF-8 or, as spreadsheets in China save it, GB18030.

    They are decoded as they are asked for: a long file takes no more memory than its bytes.

    Raises:
        MalformedInputError: it is neither; before the first line.
    """
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            deque(_decode_lines(content, encoding), maxlen=0)
        except UnicodeDecodeError:
            continue
        yield from _decode_lines(content, encoding)
        return
    raise MalformedInputError(
        f"{path}: expected a text file in UTF-8 or GB18030", code="not_text", field="file"
    )


def _decode_lines(content: bytes, encoding: str) -> Iterator[str]:
    for line in io.TextIOWrapper(io.BytesIO(content), encoding):
        yield from line.splitlines()
