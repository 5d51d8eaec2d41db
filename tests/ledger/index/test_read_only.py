"""Whoever only reads an index goes on through every rebuild, and needs no right to write."""

from __future__ import annotations

import itertools
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import NotFoundError, StorageError
from ledger.index.store import IndexStore
from tests.ledger.index.test_store import CONSORTIUM, LEDGER_ID, fill

ROOT = Path(__file__).parents[3]
SIZES = (1_500, 700, 1_501)
KILLS = 15

READER = """
import os, sys
from pathlib import Path
from sqlalchemy import create_engine, text
from ledger.index.store import IndexStore

if user := int(sys.argv[2]):
    with create_engine("sqlite://").connect() as connection:  # loads what it may not read later
        connection.execute(text("SELECT 1"))
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
known, wanted = {bytes.fromhex(root) for root in sys.argv[4:]}, int(sys.argv[3])
seen, reads = set(), 0
with IndexStore.open(Path(sys.argv[1]), read_only=True) as store:
    proof = store.inclusion_path(650, 700)
    while len(seen) < wanted or reads < 100:
        root = store.root()
        assert root in known, root.hex()
        assert store.inclusion_path(650, 700) == proof
        assert [row.entry_index for row in store.iterate()][-1] > 600
        seen.add(root)
        reads += 1
print("read")
"""

SWAPPER = """
import itertools, os, random, signal, sys, time
from pathlib import Path
from ledger.index.store import IndexStore

target, *sources = map(Path, sys.argv[1:-1])
known = set()
for source in sources:
    with IndexStore.open(source) as store:
        known.add(store.root())
chance = random.Random(20261130)
for _ in range(int(sys.argv[-1])):
    child = os.fork()
    if child == 0:
        for source in itertools.cycle(sources):
            with IndexStore.open(source) as store:
                store.copy_over(target)
    time.sleep(chance.uniform(0.001, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with IndexStore.open(target, read_only=True) as store:
        assert store.root() in known
        assert sum(1 for _ in store.iterate()) == store.cursor().size
print("whole")
"""


def run(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> list[str]:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out.splitlines()


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Indexes that may take each other's place."""
    directory = tmp_path_factory.mktemp("rebuilt")
    for size in SIZES:
        with IndexStore.create(directory / f"{size}.sqlite", LEDGER_ID, CONSORTIUM) as store:
            fill(store, size)
    return [directory / f"{size}.sqlite" for size in SIZES]


def root_of(path: Path) -> bytes:
    with IndexStore.open(path) as store:
        return store.root()


def copy_over(source: Path, target: Path) -> None:
    with IndexStore.open(source) as store:
        store.copy_over(target)


def rebuild_meanwhile(rebuilt: list[Path], path: Path, *readers: subprocess.Popen[str]) -> None:
    """Puts one index after the other in the place until the readers have seen enough."""
    for source in itertools.cycle(rebuilt):
        copy_over(source, path)
        if all(reader.poll() is not None for reader in readers):
            return


def test_readers_in_other_processes_go_on_through_many_rebuilds(
    rebuilt: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "index.sqlite"
    copy_over(rebuilt[0], path)
    roots = [root_of(source).hex() for source in rebuilt]
    readers = [run(READER, path, 0, len(SIZES), *roots) for _ in range(2)]
    rebuild_meanwhile(rebuilt, path, *readers)
    for reader in readers:
        assert finish(reader) == ["read"]


def test_rebuild_killed_at_any_instant_leaves_a_whole_index(
    rebuilt: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "index.sqlite"
    copy_over(rebuilt[0], path)
    assert finish(run(SWAPPER, path, *rebuilt, KILLS)) == ["whole"]


def test_what_another_process_adds_is_seen_by_the_next_question(
    rebuilt: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "index.sqlite"
    copy_over(rebuilt[1], path)
    with IndexStore.open(path) as writer, IndexStore.open(path, read_only=True) as reader:
        for expected in range(701, 720):
            fill(writer, 1)
            assert (reader.cursor().size, reader.root()) == (expected, writer.root())


def test_nothing_is_written_through_it(rebuilt: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    copy_over(rebuilt[1], path)
    before = path.read_bytes()
    with IndexStore.open(path, read_only=True) as reader:
        for write in (lambda: fill(reader, 1), lambda: reader.mark_synced(700, b"", b"", 1)):
            with pytest.raises(StorageError) as refusal:
                write()
            assert refusal.value.code == "index_read_only"
    assert path.read_bytes() == before


def test_missing_index_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        IndexStore.open(tmp_path / "index.sqlite", read_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"no database" * 500, b"SQLite format 3\0" + b"\7" * 9_000])
def test_reader_follows_a_damaged_file_that_was_made_anew(
    rebuilt: list[Path], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "index.sqlite"
    copy_over(rebuilt[1], path)
    with IndexStore.open(path, read_only=True) as reader:
        for beside in tmp_path.glob("index.sqlite-*"):
            beside.unlink()
        path.write_bytes(content)
        copy_over(rebuilt[0], path)
        assert reader.root() == root_of(rebuilt[0])


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that everybody may enter, and its owner alone may change."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def find_another() -> int:
    """Number of a user who may not write what is ours."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    return pwd.getpwnam("nobody").pw_uid


@pytest.mark.parametrize("has_writer", [True, False])
def test_it_reads_from_a_directory_that_is_not_writable_to_it(
    rebuilt: list[Path], public: Path, has_writer: bool
) -> None:
    path = public / "index.sqlite"
    copy_over(rebuilt[0], path)
    roots = [root_of(source).hex() for source in rebuilt]
    other = find_another()
    with IndexStore.open(path) as writer:
        if has_writer:
            writer.mark_synced(SIZES[0], b"", b"", 1)
            assert path.with_name("index.sqlite-wal").exists()
        else:
            writer.close()
        for file in public.iterdir():
            file.chmod(0o644)
        reader = run(READER, path, other, len(SIZES) if has_writer else 1, *roots)
        if has_writer:
            rebuild_meanwhile(rebuilt, path, reader)
        assert finish(reader) == ["read"]
    if not has_writer:
        assert [file.name for file in public.iterdir()] == ["index.sqlite"]
