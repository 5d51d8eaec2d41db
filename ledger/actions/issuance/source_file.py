"""A file with rows, wherever it lies and in whatever form: what issuing it asks for."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class SourceFile(Protocol):
    """A whole file, which can be read more than once and in any order."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def suffix(self) -> str:
        """Of its kind, such as ".csv"."""

    def is_file(self) -> bool:
        """Whether it is there."""

    def measure(self) -> int:
        """Its bytes."""

    def open(self) -> io.BufferedReader:
        """Its content, from the beginning."""


@dataclass(frozen=True, slots=True)
class PlainFile:
    """A file as it lies on the disk. Attributes: path: of it."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def name(self) -> str:
        """Of the file itself."""
        return self.path.name

    @property
    def suffix(self) -> str:
        """Of its name."""
        return self.path.suffix

    def is_file(self) -> bool:
        """Whether it is there."""
        return self.path.is_file()

    def measure(self) -> int:
        """Its bytes."""
        return self.path.stat().st_size

    def open(self) -> io.BufferedReader:
        """Its content, from the beginning."""
        return self.path.open("rb")


def as_source(source: Path | SourceFile) -> SourceFile:
    """A path as a file to be read; what is one already stays."""
    return PlainFile(source) if isinstance(source, Path) else source


def compute_digest(source: SourceFile) -> bytes:
    """SHA-256 of its bytes."""
    with source.open() as stream:
        return hashlib.file_digest(stream, "sha256").digest()
