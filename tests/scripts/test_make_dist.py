"""What the archive for machines without a registry holds."""

from __future__ import annotations

import re
from pathlib import Path

import make_dist


def test_the_pages_of_the_archive_refer_to_what_is_in_it(tmp_path: Path) -> None:
    make_dist._add_files(tmp_path)
    for page in tmp_path.rglob("*.md"):
        for target in re.findall(r"\]\(([^)\s#]+)", page.read_text("utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_unit_and_its_page_are_where_they_say(tmp_path: Path) -> None:
    make_dist._add_files(tmp_path)
    unit = (tmp_path / "zhenglian.service").read_text("utf-8")
    install = (tmp_path / "install.sh").read_text("utf-8")
    assert "Documentation=file:/opt/zhenglian/share/doc/zhenglian/operations.md" in unit
    assert 'cp -R "$here/docs/." "$prefix/share/doc/zhenglian/"' in install
    assert (tmp_path / "docs" / "operations.md").exists()


def test_installing_asks_no_registry(tmp_path: Path) -> None:
    make_dist._add_files(tmp_path)
    install = (tmp_path / "install.sh").read_text("utf-8")
    installing = [line for line in install.splitlines() if "$pip install" in line]
    assert len(installing) == 2
    assert all("--no-index" in line for line in installing)
    assert "--upgrade-deps" not in install  # `venv` would fetch pip's newest version
