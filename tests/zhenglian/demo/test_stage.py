from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from ledger.errors import ConflictError, StorageError
from ledger.vault.directory_lock import lock_directory
from zhenglian.demo.source import EXAMPLE, read_source
from zhenglian.demo.stage import Stage
from zhenglian.demo.story import run_demo


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    source = read_source(EXAMPLE, date(2026, 11, 22))
    work = tmp_path / "work"
    work.mkdir()
    return Stage(work, source, Console(quiet=True))


def test_what_an_earlier_run_made_is_removed(stage: Stage) -> None:
    stage.clear()
    stage.chain.write_bytes(b"")  # as it is left by a run that was killed
    (stage.work / "away").mkdir()
    (stage.work / "summary.json").write_text("{}")
    (stage.work / "own-notes.txt").write_text("kept")
    stage.clear()
    assert sorted(path.name for path in stage.work.iterdir()) == [
        ".zhenglian-demo",
        "holder",
        "own-notes.txt",
    ]


def test_two_demonstrations_never_play_in_one_directory(stage: Stage) -> None:
    stage.clear()
    (stage.work / "chain").mkdir()
    with lock_directory(stage.work), pytest.raises(StorageError) as caught:
        run_demo(stage.work, stage.source, stage.console)
    assert caught.value.code == "directory_in_use"
    assert stage.chain.is_dir()


@pytest.mark.parametrize("name", ["chain", "homes", "vault", "summary.json"])
def test_directory_that_no_demonstration_made_is_never_cleared(stage: Stage, name: str) -> None:
    (stage.work / name).mkdir()
    (stage.work / name / "precious").write_text("precious")
    with pytest.raises(ConflictError, match="no demonstration made"):
        stage.clear()
    assert (stage.work / name / "precious").read_text() == "precious"
