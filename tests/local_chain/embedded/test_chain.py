"""Opening, closing and reopening a chain directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local_chain.embedded import (
    ChainClosedError,
    ChainDamagedError,
    ChainInUseError,
    ChainMismatchError,
    EmbeddedChain,
)
from local_chain.embedded.environment import DATA_FILE_NAME
from tests.local_chain.conftest import NEVER_S, SteppedClock
from tests.local_chain.embedded.contracts import P256_ASKER_INITCODE
from tests.local_chain.embedded.history import check_history
from tests.local_chain.embedded.p256_vectors import SAMPLE, encode
from tests.local_chain.embedded.session import Session, hex_of

STATE_METHODS = ("eth_getCode", "eth_getBalance", "eth_getTransactionCount")


def write_history(directory: Path, blocks: int = 4) -> tuple[str, list[str]]:
    with EmbeddedChain.open(directory, seal_interval_s=NEVER_S) as chain:
        session = Session.start(chain)
        notebook = session.deploy()
        hashes = []
        for number in range(blocks):
            hashes += [session.note(notebook, 10 * number + slot, slot + 1) for slot in range(3)]
            chain.seal()
        return notebook, hashes


def test_reopened_chain_is_the_one_that_was_closed(directory: Path) -> None:
    with EmbeddedChain.open(directory, seal_interval_s=NEVER_S) as chain:
        session = Session.start(chain)
        notebook = session.deploy()
        hashes = [session.note(notebook, slot, slot + 7) for slot in range(5)]
        chain.seal()
        questions = [
            ("eth_getBlockByNumber", "latest", True),
            ("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"}),
            *((method, notebook, "latest") for method in STATE_METHODS),
            *(("eth_getTransactionReceipt", digest) for digest in hashes),
            *(("eth_getTransactionByHash", digest) for digest in hashes),
        ]
        before = [session.ask(*question) for question in questions]
    with EmbeddedChain.open(directory) as chain:
        session = Session.start(chain)
        assert [session.ask(*question) for question in questions] == before
        assert session.nonce("latest") == session.nonce("pending") == 6
        assert [session.read(notebook, slot) for slot in range(5)] == [7, 8, 9, 10, 11]
    assert check_history(directory) == 2


def test_reopened_chain_goes_on_where_it_stopped(directory: Path) -> None:
    notebook, _ = write_history(directory)
    with EmbeddedChain.open(directory, seal_interval_s=NEVER_S) as chain:
        session = Session.start(chain)
        digest = session.note(notebook, 0, 99)
        chain.seal()
        assert session.receipt(digest)["blockNumber"] == hex(6)
        assert session.read(notebook, 0) == 99
        assert session.read(notebook, 31) == 2
    assert check_history(directory) == 6


def test_closing_seals_what_is_pending(directory: Path) -> None:
    with EmbeddedChain.open(directory, seal_interval_s=NEVER_S) as chain:
        session = Session.start(chain)
        notebook = session.deploy()
        digest = session.note(notebook, 1, 2)
        assert session.receipt(digest) is None
    with EmbeddedChain.open(directory) as chain:
        assert Session.start(chain).receipt(digest)["status"] == "0x1"


def test_closed_chain_refuses_everything_and_closes_again(directory: Path) -> None:
    chain = EmbeddedChain.open(directory)
    chain.close()
    chain.close()
    with pytest.raises(ChainClosedError):
        chain.seal()
    with pytest.raises(ChainClosedError):
        chain.rpc.answer("eth_blockNumber", [])
    response = chain.respond({"id": 1, "method": "eth_blockNumber"})
    assert response["error"] == {"code": -32603, "message": "the chain is closed"}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_child_is_refused(chain: EmbeddedChain) -> None:
    child = os.fork()
    if child == 0:
        try:
            chain.rpc.answer("eth_blockNumber", [])
        except ChainClosedError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0) == (child, 0)


def test_open_chain_keeps_others_out_until_it_is_closed(directory: Path) -> None:
    with (
        EmbeddedChain.open(directory),
        pytest.raises(ChainInUseError, match=f"process {os.getpid()}"),
    ):
        EmbeddedChain.open(directory, lock_timeout_s=0)
    EmbeddedChain.open(directory, lock_timeout_s=0).close()


def test_another_chain_id_than_the_founded_one_is_refused(directory: Path) -> None:
    EmbeddedChain.open(directory, chain_id=77).close()
    with pytest.raises(ChainMismatchError, match=r"chain id: asked for 78, .* has 77"):
        EmbeddedChain.open(directory, chain_id=78)
    EmbeddedChain.open(directory, chain_id=77, lock_timeout_s=0).close()


def test_other_rules_than_the_founded_ones_are_refused(directory: Path) -> None:
    EmbeddedChain.open(directory, precompile=False).close()
    with pytest.raises(ChainMismatchError, match="P-256 precompile"):
        EmbeddedChain.open(directory)


def test_chain_without_precompile_has_an_empty_account_there(directory: Path) -> None:
    with EmbeddedChain.open(directory, precompile=False) as chain:
        session = Session.start(chain)
        asker = session.deploy(P256_ASKER_INITCODE)
        call = {"to": asker, "data": hex_of(encode(*SAMPLE))}
        assert session.ask("eth_call", call, "latest") == "0x"


@pytest.mark.parametrize("kept_part", [0.0, 0.3, 0.9])
def test_cut_off_data_file_is_called_damaged(directory: Path, kept_part: float) -> None:
    write_history(directory, blocks=40)
    data_file = directory / DATA_FILE_NAME
    whole = data_file.read_bytes()
    data_file.write_bytes(whole[: int(len(whole) * kept_part)] or b"\x01" * 4096)
    with pytest.raises(ChainDamagedError, match=DATA_FILE_NAME):
        EmbeddedChain.open(directory)
    data_file.write_bytes(whole)
    EmbeddedChain.open(directory, lock_timeout_s=0).close()


def test_file_of_another_kind_is_called_damaged(directory: Path) -> None:
    directory.mkdir()
    (directory / DATA_FILE_NAME).write_bytes(os.urandom(1 << 16))
    with pytest.raises(ChainDamagedError, match=DATA_FILE_NAME):
        EmbeddedChain.open(directory)


def test_first_block_has_the_time_of_founding(directory: Path, clock: SteppedClock) -> None:
    with EmbeddedChain.open(directory, clock=clock) as chain:
        genesis = Session.start(chain).ask("eth_getBlockByNumber", "0x0")
        assert int(genesis["timestamp"], 16) == int(clock.now_unix)
        assert genesis["baseFeePerGas"] == "0x0"
