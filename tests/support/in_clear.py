"""Looks for what must not be readable on a disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_ENCODINGS = ("utf-8", "gb18030", "utf-16-le")


def find_in_clear(directory: Path, words: Iterable[str]) -> list[str]:
    """Files below a directory in which one of the words can be read, in whatever encoding."""
    wanted = {word.encode(code) for word in words for code in _ENCODINGS}
    found = []
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if any(word in content for word in wanted):
                found.append(str(path.relative_to(directory)))
    return found
