from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import ConflictError, MalformedInputError
from zhenglian.files import read_lines, require_free, write_whole


def test_file_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "f"
    require_free(path, force=False)
    path.touch()
    require_free(path, force=True)
    with pytest.raises(ConflictError) as caught:
        require_free(path, force=False)
    assert caught.value.code == "file_exists"


def test_interrupted_writing_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")

    def write(beside: Path) -> None:
        beside.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, write)
    assert [each.name for each in tmp_path.iterdir()] == ["f"]
    assert path.read_text() == "old"
    write_whole(path, lambda beside: beside.write_text("new"))
    assert [each.name for each in tmp_path.iterdir()] == ["f"]
    assert path.read_text() == "new"


def test_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "f"
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(path, lambda beside: beside.write_text("x"))
    assert caught.value.filename == str(path)


def test_directory_is_not_overwritten_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "directory"
    path.mkdir()
    with pytest.raises(ConflictError, match="is a directory"):
        require_free(path, force=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk always full")
def test_full_disk_is_told_of_the_file_that_was_asked_for(tmp_path: Path) -> None:
    def fill(_: Path) -> None:
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")

    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(tmp_path / "f", fill)
    assert caught.value.filename == str(tmp_path / "f")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_lines_are_read_as_a_spreadsheet_may_have_saved_them(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("# 名单\r\n1.2.156\r\n".encode(encoding))
    assert list(read_lines(path)) == ["# 名单", "1.2.156"]


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xff\xff\x00\x01")
    with pytest.raises(MalformedInputError, match="UTF-8 or GB18030"):
        list(read_lines(path))
