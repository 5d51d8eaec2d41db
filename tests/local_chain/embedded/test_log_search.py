"""eth_getLogs: the indexes give what reading every log would."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from local_chain.embedded import RpcError, queries
from local_chain.embedded.blocks import LogRecord, Place, SealedBlock
from local_chain.embedded.database import ChainConfig, ChainDatabase
from local_chain.embedded.headers import draft_child, draft_genesis
from local_chain.embedded.log_search import LogFilter, LogLimits, search_logs
from tests.local_chain.embedded.contracts import word
from tests.local_chain.embedded.session import Session, hex_of

ADDRESSES = [bytes([0xA0 + at]) * 20 for at in range(3)]
WORDS = [word(at) for at in range(4)]
BLOCKS = 30


@pytest.fixture(scope="module")
def everything(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, list[tuple[Place, LogRecord]]]:
    """A directory with random logs in it, and the logs."""
    directory = tmp_path_factory.mktemp("logs")
    source = random.Random(7)
    database = ChainDatabase(directory)
    header = draft_genesis(0, 1)
    genesis = SealedBlock(header, header.compute_hash(), [], [], {})
    database.found(ChainConfig(1, 1, 0, True), genesis)
    written = []
    for _ in range(BLOCKS):
        header = draft_child(header, header.compute_hash(), 0)
        logs = [
            LogRecord(
                source.choice(ADDRESSES),
                tuple(source.choices(WORDS, k=source.randrange(5))),
                source.randbytes(source.randrange(40)),
                0,
            )
            for _ in range(source.randrange(6))
        ]
        database.append(SealedBlock(header, header.compute_hash(), [], logs, {}))
        written += [(Place(header.number, at), log) for at, log in enumerate(logs)]
    database.close()
    return directory, written


@pytest.mark.parametrize("seed", range(60))
def test_search_finds_what_reading_everything_finds(
    everything: tuple[Path, list[tuple[Place, LogRecord]]], seed: int
) -> None:
    directory, written = everything
    source = random.Random(seed)
    first, last = sorted(source.choices(range(BLOCKS + 3), k=2))
    topics = tuple(
        frozenset(source.sample(WORDS, source.choice([0, 0, 1, 2])))
        for _ in range(source.randrange(5))
    )
    addresses = frozenset(source.sample(ADDRESSES, source.choice([0, 1, 2])))
    wanted = LogFilter(first, last, addresses, topics)
    database = ChainDatabase(directory)
    found = list(search_logs(database, wanted, LogLimits()))
    database.close()
    assert found == [
        (place, log)
        for place, log in written
        if first <= place.number <= last and wanted.matches(log)
    ]


def test_filter_by_contract_topic_and_range(session: Session, notebook: str) -> None:
    other = session.deploy()
    for slot in range(4):
        session.note(notebook, slot, slot + 1)
        session.note(other, slot, slot + 100)
        session.chain.seal()
    whole = {"fromBlock": "earliest", "toBlock": "latest"}

    def values(**wanted: object) -> list[int]:
        return [int(log["data"], 16) for log in session.ask("eth_getLogs", whole | wanted)]

    assert values() == [1, 100, 2, 101, 3, 102, 4, 103]
    assert values(address=notebook) == [1, 2, 3, 4]
    assert values(address=[notebook, other], topics=[hex_of(word(2))]) == [3, 102]
    assert values(topics=[[hex_of(word(0)), hex_of(word(3))]], address=other) == [100, 103]
    assert values(topics=[None]) == values()
    assert values(topics=[None, None]) == []
    assert values(address=other, fromBlock="0x4", toBlock="0x5") == [101, 102]
    assert values(address=other, fromBlock="0x40", toBlock="0x50") == []
    head = session.ask("eth_getBlockByNumber", "latest")
    assert [
        int(log["data"], 16) for log in session.ask("eth_getLogs", {"blockHash": head["hash"]})
    ] == [4, 103]


def test_log_tells_where_it_comes_from(session: Session, notebook: str) -> None:
    session.note(notebook, 1, 2)
    digest = session.note(notebook, 5, 6)
    session.chain.seal()
    log = session.ask("eth_getLogs", {"topics": [hex_of(word(5))]})[0]
    head = session.ask("eth_getBlockByNumber", "latest")
    assert log == {
        "address": notebook.lower(),
        "topics": [hex_of(word(5))],
        "data": hex_of(word(6)),
        "blockNumber": head["number"],
        "blockHash": head["hash"],
        "transactionHash": digest,
        "transactionIndex": "0x1",
        "logIndex": "0x1",
        "removed": False,
    }
    assert session.receipt(digest)["logs"] == [log]


def limited(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    monkeypatch.setattr(queries, "LOG_LIMITS", LogLimits(**limits))


def write_blocks(session: Session, notebook: str) -> None:
    """Blocks 2 to 6 with two logs of 32 bytes each."""
    for slot in range(5):
        session.note(notebook, slot, 1)
        session.note(notebook, slot + 10, 1)
        session.chain.seal()


@pytest.mark.parametrize(
    ("limit", "refusal"),
    [
        ({"logs": 5}, "query returned more than 5 results"),
        ({"data_bytes": 5 * 32}, "query returned more than 160 bytes of data"),
        ({"candidates": 5}, "query returned more than 5 candidates"),
    ],
)
def test_refused_search_names_a_range_that_is_answered(
    session: Session,
    notebook: str,
    monkeypatch: pytest.MonkeyPatch,
    limit: dict[str, int],
    refusal: str,
) -> None:
    write_blocks(session, notebook)
    limited(monkeypatch, **limit)
    with pytest.raises(RpcError, match=refusal) as refused:
        session.ask("eth_getLogs", {"fromBlock": "0x1", "toBlock": "latest"})
    assert refused.value.code == -32005
    assert "Try with this block range [0x1, 0x3]." in refused.value.message
    assert len(session.ask("eth_getLogs", {"fromBlock": "0x1", "toBlock": "0x3"})) == 4


def test_one_block_is_answered_whole_however_many_logs_it_has(
    session: Session, notebook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_blocks(session, notebook)
    limited(monkeypatch, logs=1)
    with pytest.raises(RpcError, match=r"\[0x3, 0x3\]"):
        session.ask("eth_getLogs", {"fromBlock": "0x3", "toBlock": "0x4"})
    assert len(session.ask("eth_getLogs", {"fromBlock": "0x3", "toBlock": "0x3"})) == 2


def test_search_through_many_blocks_without_matches_is_not_refused(
    session: Session, notebook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_blocks(session, notebook)
    limited(monkeypatch, candidates=2)
    wanted = {"fromBlock": "0x0", "toBlock": "latest", "topics": [hex_of(word(3))]}
    assert len(session.ask("eth_getLogs", wanted)) == 1


def test_filter_with_too_many_alternatives_is_refused(session: Session) -> None:
    with pytest.raises(RpcError, match="at most 1000 alternatives"):
        session.ask("eth_getLogs", {"address": ["0x" + "00" * 20] * 1_001})
