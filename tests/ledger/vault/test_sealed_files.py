"""Files that only the vault's key opens: whole or not at all, and nothing of them in clear."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

from ledger.errors import StorageError
from ledger.vault.cipher import RowCipher
from ledger.vault.sealed_files import CHUNK_SIZE, SealedFile, SealedWriter

CIPHER, BINDING = RowCipher(bytes(32)), b"upload\x00one"
WORD = "王小明 160101199003071233".encode()
SIZES = [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE, 3 * CHUNK_SIZE + 7]


def make(size: int) -> bytes:
    return (WORD * (size // len(WORD) + 1))[:size]


def write(path: Path, content: bytes, step: int = 100_000) -> SealedFile:
    with SealedWriter(path, CIPHER, BINDING) as writer:
        for start in range(0, len(content), step):
            writer.write(content[start : start + step])
        writer.finish()
    return SealedFile(path, CIPHER, BINDING, ".csv")


def read(path: Path, cipher: RowCipher = CIPHER, binding: bytes = BINDING) -> bytes:
    with SealedFile(path, cipher, binding).open() as stream:
        return stream.read()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read_and_lies_there_in_no_byte(tmp_path: Path, size: int) -> None:
    content = make(size)
    sealed = write(tmp_path / "a.upload", content)
    assert (sealed.measure(), sealed.name, sealed.is_file()) == (size, "a.csv", True)
    assert read(sealed.path) == content
    assert WORD[:9] not in sealed.path.read_bytes()
    assert sealed.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a.upload"]


def test_it_is_read_in_any_order_as_an_archive_is(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("one", random.Random(1).randbytes(300_000))
        archive.writestr("two", make(70_000))
    sealed = write(tmp_path / "a", plain.read_bytes(), 33)
    with sealed.open() as stream, zipfile.ZipFile(stream) as archive:
        assert archive.read("two") == make(70_000)
        assert len(archive.read("one")) == 300_000


def test_what_was_not_finished_leaves_nothing_and_touches_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a", b"before")
    with SealedWriter(tmp_path / "a", CIPHER, BINDING) as writer:
        writer.write(make(200_000))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert read(tmp_path / "a") == b"before"


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: stored[:-1],
        lambda stored: stored[: 68 + CHUNK_SIZE + 16],  # whole chunks are left
        lambda stored: stored[:68],
        lambda stored: stored[:10],
        lambda stored: b"",
        lambda stored: stored + b"\0",
        lambda stored: stored[:100] + bytes([stored[100] ^ 1]) + stored[101:],
        lambda stored: stored[:20] + bytes([stored[20] ^ 1]) + stored[21:],
        lambda stored: (  # two chunks changed places
            stored[:68]
            + stored[68 + CHUNK_SIZE + 16 : 68 + 2 * (CHUNK_SIZE + 16)]
            + stored[68 : 68 + CHUNK_SIZE + 16]
            + stored[68 + 2 * (CHUNK_SIZE + 16) :]
        ),
    ],
)
def test_a_file_that_was_altered_is_refused(tmp_path: Path, damage: object) -> None:
    path = write(tmp_path / "a", make(2 * CHUNK_SIZE + 9)).path
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(StorageError) as refusal:
        read(path)
    assert refusal.value.code == "file_damaged"


def test_another_vault_and_another_place_open_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"content").path
    for cipher, binding in ((RowCipher(bytes(31) + b"\1"), BINDING), (CIPHER, b"upload\x00two")):
        with pytest.raises(StorageError) as refusal:
            read(path, cipher, binding)
        assert refusal.value.code == "file_damaged"
