"""Commands while the chain is away: those that read go on, and say on standard error how old it is.

Also where no node holds the home, and whether the chain is a directory or a URL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.index.reading import AsOf
from tests.support.command_line import Issued, make_id
from tests.support.consortium import PASSPHRASE
from tests.support.node import run_node
from tests.zhenglian.test_through_node import listening
from zhenglian.ages import describe_age
from zhenglian.language import Language

NOBODY = "http://127.0.0.1:9"  # the port of `discard`
FIRST = make_id(1)
READ = (
    ("list",),
    ("show", FIRST),
    ("catalogue", "list"),
    ("recognise", "list"),
    ("govern", "list"),
    ("govern", "members"),
    ("issuer", "list"),
    ("audit", FIRST),
    ("audit", "--since", "2020-01-01"),
    ("case", "list"),
    ("recall",),
    ("notices",),
    ("log", "root"),
    ("lost-batches", "list"),
)
TOLD = re.compile(r"^chain unreachable: as of block \d+, \d+ (s|min|h|d) ago$")
WHY = ("--legal-basis", "《某条例》第十四条", "--officer", "李四", "--yes")


@pytest.fixture(scope="module", params=["a directory", "a URL", "a URL of a node"])
def cut_off(
    request: pytest.FixtureRequest, issued_once: Issued, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Issued]:
    """A home whose index is whole and whose chain is not there any more."""
    issued = issued_once.copy(tmp_path_factory.mktemp("cut_off") / "ledger")
    with issued.consortium.open() as workspace:
        workspace.sync_index()
    if request.param == "a directory":
        issued.consortium.chain.rename(issued.consortium.directory / "not mounted")
    else:
        issued.consortium.set_chain(NOBODY)
    if request.param != "a URL of a node":
        yield issued
        return
    with run_node(issued.consortium.open(), PASSPHRASE) as node, listening(node):
        yield issued


@pytest.mark.parametrize("command", READ, ids=" ".join)
def test_a_command_that_reads_tells_what_was_known(
    cut_off: Issued, command: tuple[str, ...]
) -> None:
    found = cut_off.chongqing.run(*command)
    (warning,) = [line for line in found.stderr.splitlines() if "chain" in line]
    assert TOLD.fullmatch(warning)
    as_json = cut_off.chongqing.run(*command, "--json")
    json.loads(as_json.stdout)
    assert TOLD.fullmatch(as_json.stderr.strip())


def test_it_is_told_in_chinese(cut_off: Issued) -> None:
    told = cut_off.chongqing.run("list", "--lang", "zh").stderr.strip()
    assert re.fullmatch(r"链不可达，以下为 \d+ (秒|分钟|小时|天)前（区块 \d+）的数据", told)


def test_a_command_that_changes_something_is_refused(cut_off: Issued) -> None:
    refused = cut_off.chongqing.run("revoke", FIRST, "--reason", "07", *WHY, code=1)
    assert re.search(r"\[chain_(unavailable|missing)\]", refused.stderr)
    assert not re.search("as of block", refused.stderr)


def test_without_an_index_nothing_is_known(issued: Issued) -> None:
    issued.consortium.set_chain(NOBODY)
    for file in issued.chongqing.home.glob("index.sqlite*"):
        file.unlink()
    refused = issued.chongqing.run("list", code=1)
    assert "[chain_unavailable]" in refused.stderr


def test_an_index_that_was_not_compared_is_not_answered_from(
    issued: Issued, tmp_path: Path
) -> None:
    with issued.consortium.open() as workspace:
        workspace.sync_index()
        with workspace.index._database.transaction(write=True) as connection:
            connection.exec_driver_sql("UPDATE cursor SET proved_root = x''")
    issued.consortium.set_chain(NOBODY)
    refused = issued.chongqing.run("list", code=1)
    assert "[chain_unavailable]" in refused.stderr


@pytest.mark.parametrize(
    ("problem", "english", "chinese"),
    [
        (
            "chain_unavailable",
            "chain unreachable: as of block 7, 9 s ago",
            "链不可达，以下为 9 秒前",
        ),
        (
            "index_old",
            "the chain makes no blocks: as of block 7, 9 s ago",
            "链没有新的区块，以下为",
        ),
        ("chain_lost_blocks", "the chain lost blocks: as of block 7, 9 s ago", "链丢失了区块，"),
    ],
)
def test_it_says_why(problem: str, english: str, chinese: str) -> None:
    as_of = AsOf(7, 1_767_578_400, 9, problem)
    assert describe_age(as_of, Language.EN) == english
    assert describe_age(as_of, Language.ZH).startswith(chinese)
