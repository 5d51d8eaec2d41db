from __future__ import annotations

from pathlib import Path

import make_bad_examples

DIRECTORY = Path(__file__).parents[2] / "examples" / "bad"


def test_committed_files_are_what_the_script_makes(tmp_path: Path) -> None:
    make_bad_examples.main([str(tmp_path / "bad")])
    made = {path.name: path.read_bytes() for path in (tmp_path / "bad").iterdir()}
    assert made == {path.name: path.read_bytes() for path in DIRECTORY.iterdir()}
