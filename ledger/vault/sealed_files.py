"""Files beside the vault that only its key opens, written and read as streams.

A file is a head, in which its own data key lies wrapped, and chunks of AES-256-GCM. The nonce of a
chunk is its number and whether it is the last, so that none can be taken away, moved or repeated;
whatever is read was checked before. Taking the file away takes its key away with it.

Source: Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance" (2015), STREAM; NIST SP 800-38D.
"""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import StorageError
from ledger.vault.cipher import NONCE_SIZE, TAG_SIZE, WRAPPED_KEY_SIZE, RowCipher
from ledger.vault.durability import sync_path
from ledger.vault.failures import translate_disk

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

CHUNK_SIZE: Final = 64 * 1024
PART_SUFFIX: Final = ".part"
_MAGIC: Final = b"ZLFILE1\n"
_HEAD_SIZE: Final = len(_MAGIC) + WRAPPED_KEY_SIZE
_SEALED_SIZE: Final = CHUNK_SIZE + TAG_SIZE


class SealedWriter(io.RawIOBase):
    """One file that is being written: whole and on the disk after `finish`, gone otherwise.

    Use as a context manager.

    Args:
        path: where it will be; until then it has another name beside. What was there is replaced.
        cipher: of the vault.
        binding: what the file belongs to; reading asks for the same bytes.

    Raises:
        StorageError: disk_full and others.
    """

    def __init__(self, path: Path, cipher: RowCipher, binding: bytes) -> None:
        super().__init__()
        self._path = path
        self._part = path.with_name(path.name + PART_SUFFIX)
        data_key, wrapped_key = cipher.make_key(binding)
        self._key = AESGCM(data_key)
        self._number = 0
        self._rest = bytearray()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        try:
            self._file = os.fdopen(os.open(self._part, flags, 0o600), "wb", buffering=0)
        except OSError as error:
            raise translate_disk(error, path) from error
        try:
            self._put(_MAGIC + wrapped_key)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def writable(self) -> bool:
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Adds to it. Raises StorageError, disk_full and others."""
        view = memoryview(content)
        self._rest += view
        while len(self._rest) > CHUNK_SIZE:  # the last chunk is known by `finish` alone
            self._put(self._seal(bytes(self._rest[:CHUNK_SIZE]), is_last=False))
            del self._rest[:CHUNK_SIZE]
        return view.nbytes

    def finish(self) -> None:
        """Has it at its place and on the disk, whatever happens now. Raises as `write` does."""
        self._put(self._seal(bytes(self._rest), is_last=True))
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)
            sync_path(self._path.parent)
        except OSError as error:
            raise translate_disk(error, self._path) from error

    def close(self) -> None:
        """Takes away what was not finished."""
        if not self.closed:
            with contextlib.suppress(OSError):
                self._file.close()
            self._part.unlink(missing_ok=True)  # finished, it has another name
            super().close()

    def _seal(self, content: bytes, *, is_last: bool) -> bytes:
        sealed = self._key.encrypt(_make_nonce(self._number, is_last=is_last), content, None)
        self._number += 1
        return sealed

    def _put(self, content: bytes) -> None:
        left = memoryview(content)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise translate_disk(error, self._path) from error


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file as it was finished, to be read in any order.

    Attributes:
        path: where it lies.
        cipher, binding: as of `SealedWriter`.
        suffix: of what is in it, such as ".csv".
    """

    path: Path
    cipher: RowCipher = field(repr=False)
    binding: bytes = field(repr=False)
    suffix: str = ""

    @property
    def name(self) -> str:
        """For people; what it was called where it came from is not known here."""
        return self.path.stem + self.suffix

    def is_file(self) -> bool:
        """Whether it is there."""
        return self.path.is_file()

    def measure(self) -> int:
        """Bytes of what is in it, as far as the file's own size tells."""
        return _compute_size(self.path.stat().st_size)

    def open(self) -> io.BufferedReader:
        """Its content as a stream, in little memory.

        Raises:
            StorageError: file_damaged, here and while it is read.
        """
        file = self.path.open("rb", buffering=0)
        try:
            reader = _SealedReader(self.path, file, self._open_key(file.read(_HEAD_SIZE)))
        except BaseException:
            file.close()
            raise
        return io.BufferedReader(reader, CHUNK_SIZE)

    def _open_key(self, head: bytes) -> AESGCM:
        if len(head) < _HEAD_SIZE or not head.startswith(_MAGIC):
            raise _damaged(self.path)
        try:
            return AESGCM(self.cipher.recover_key(head[len(_MAGIC) :], self.binding))
        except StorageError as error:
            raise _damaged(self.path) from error


class _SealedReader(io.RawIOBase):
    """The content of an open file, one chunk of which is in memory."""

    def __init__(self, path: Path, file: io.FileIO, key: AESGCM) -> None:
        super().__init__()
        self._path = path
        self._file = file
        self._key = key
        stored = os.fstat(file.fileno()).st_size
        self._size = _compute_size(stored)
        self._last = max(0, -(-(stored - _HEAD_SIZE) // _SEALED_SIZE) - 1)
        self._place = 0
        self._number, self._chunk = 0, self._unseal(0)
        if self._last:
            self._unseal(self._last)  # its end is there: nothing was cut off

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("expected a place within the file")
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if self._place >= self._size:
            return 0
        number, offset = divmod(self._place, CHUNK_SIZE)
        if number != self._number:
            self._number, self._chunk = number, self._unseal(number)
        view = memoryview(buffer)
        content = self._chunk[offset : offset + len(view)]
        view[: len(content)] = content
        self._place += len(content)
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _unseal(self, number: int) -> bytes:
        sealed = os.pread(self._file.fileno(), _SEALED_SIZE, _HEAD_SIZE + number * _SEALED_SIZE)
        nonce = _make_nonce(number, is_last=number == self._last)
        try:
            return self._key.decrypt(nonce, sealed, None)
        except (InvalidTag, ValueError) as error:
            raise _damaged(self._path) from error


def _make_nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(NONCE_SIZE - 1) + bytes([is_last])


def _compute_size(stored: int) -> int:
    sealed = max(0, stored - _HEAD_SIZE)
    return max(0, sealed - TAG_SIZE * -(-sealed // _SEALED_SIZE))


def _damaged(path: Path) -> StorageError:
    return StorageError(f"{path.name} is damaged, or of another vault", code="file_damaged")
