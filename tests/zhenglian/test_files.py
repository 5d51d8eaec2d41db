from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import ConflictError
from zhenglian.files import require_free, write_whole


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
