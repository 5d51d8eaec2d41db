"""A chain is reached in its directory or over HTTP, or it is said why not."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.chain.engines import ChainLocation, connect
from ledger.errors import ChainUnavailableError, MalformedInputError, StorageError
from ledger.records import BatchExpiredError
from local_chain.embedded import EmbeddedChain
from tests.ledger.chain.http_node import Handler, HttpNode, serve
from tests.support.consortium import Consortium, anchor, batch_statement, submit_sealed


@pytest.mark.parametrize("text", ["http://127.0.0.1:8545", "https://node.example/rpc?key=1"])
def test_urls_are_nodes(text: str) -> None:
    assert ChainLocation.parse(text) == ChainLocation(None, text)
    assert str(ChainLocation.parse(text)) == text


def test_other_text_is_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert ChainLocation.parse("chain").directory == tmp_path / "chain"
    assert ChainLocation.parse("~/chain").directory == Path("/home/somebody/chain")
    assert str(ChainLocation.parse("/a/链")) == "/a/链"


@pytest.mark.parametrize(
    "text", ["", "ftp://a", "ws://a:1", "http://", "https:///p", "http://[::1"]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(MalformedInputError, match="expected a directory or an http") as caught:
        ChainLocation.parse(text)
    assert caught.value.field == "chain"


def connect_to(text: str | Path, **options: float) -> object:
    with connect(ChainLocation.parse(str(text)), **options) as client:
        return client.request("asking", "eth_blockNumber")


def test_missing_chain_is_not_made_by_asking_for_it(tmp_path: Path) -> None:
    with pytest.raises(ChainUnavailableError, match="there is no chain in") as caught:
        connect_to(tmp_path / "chain")
    assert caught.value.code == "chain_missing"
    assert not (tmp_path / "chain").exists()
    with connect(ChainLocation.parse(str(tmp_path / "chain")), may_create=True) as client:
        assert client.request_quantity("asking", "eth_blockNumber") == 0


def test_chain_in_use_names_who_has_it(tmp_path: Path) -> None:
    with (
        EmbeddedChain.open(tmp_path / "chain"),
        pytest.raises(ChainUnavailableError, match="in use by process") as caught,
    ):
        connect_to(tmp_path / "chain", lock_timeout_s=0.0)
    assert caught.value.code == "chain_in_use"


def test_chain_of_other_settings_or_damaged_is_a_storage_error(tmp_path: Path) -> None:
    EmbeddedChain.open(tmp_path / "other", chain_id=7).close()
    EmbeddedChain.open(tmp_path / "damaged").close()
    (tmp_path / "damaged" / "data.mdb").write_bytes(b"\x07" * 8192)
    (tmp_path / "file").write_bytes(b"")
    for name in ("other", "damaged"):
        with pytest.raises(StorageError, match="opening the chain in") as caught:
            connect_to(tmp_path / name)
        assert caught.value.code == "chain_storage"
    with pytest.raises(ChainUnavailableError):
        connect_to(tmp_path / "file")


@pytest.fixture
def node(consortium: Consortium) -> Iterator[HttpNode]:
    with serve(consortium.chain) as served:
        consortium.set_chain(served.url)
        yield served


def test_everything_works_over_http_on_one_connection(
    consortium: Consortium, node: HttpNode
) -> None:
    with consortium.open() as workspace:
        anchor(workspace)
        assert workspace.sync_index().root == workspace.gateway.log_root()
        expired = replace(batch_statement(workspace), valid_until=1)
        with pytest.raises(BatchExpiredError):
            submit_sealed(workspace, "anchorBatch", expired, workspace.keys.authority())
    assert node.connections == 1
    gc.collect()  # a connection left open would warn here


def test_long_extra_data_of_validators_is_no_obstacle(
    consortium: Consortium, node: HttpNode
) -> None:
    """QBFT and Istanbul BFT put seals into a block's extraData, beyond its 32 bytes."""

    def add_seals(_handler: Handler, request: dict, response: dict) -> bool:
        if request["method"] == "eth_getBlockByNumber":
            response["result"]["extraData"] = "0x" + "ab" * 400
        return False

    node.misbehave = add_seals
    with consortium.open() as workspace:
        assert workspace.sync_index().size == workspace.gateway.log_size()


def test_connection_that_the_node_closed_meanwhile_is_made_again(
    consortium: Consortium, node: HttpNode
) -> None:
    dropped = []

    def drop_first_sending(handler: Handler, request: dict, _response: dict) -> bool:
        if request["method"] == "eth_sendRawTransaction" and not dropped:
            dropped.append(request)
            handler.hang_up()
            return True
        return False

    node.misbehave = drop_first_sending
    with consortium.open() as workspace:
        size = workspace.gateway.log_size()
        anchor(workspace)
        assert workspace.gateway.log_size() == size + 1
    assert len(dropped) == 1


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (502, b"<html>Bad Gateway, transactions reverted</html>", "chain_refused"),
        (200, b"", "chain_refused"),
        (200, b"\xff\xfe", "chain_refused"),
        (200, b"[]", "chain_answer_unusable"),
        (200, b'"yes"', "chain_answer_unusable"),
        (401, b'{"error": "Unauthorized"}', "chain_refused"),
        (413, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"too large"}}', None),
    ],
)
def test_what_a_proxy_answers_is_an_unavailable_chain(
    consortium: Consortium, node: HttpNode, status: int, body: bytes, code: str | None
) -> None:
    def reply(handler: Handler, _request: dict, _response: dict) -> bool:
        handler.reply(status, body)
        return True

    node.misbehave = reply
    with consortium.open() as workspace, pytest.raises(ChainUnavailableError) as caught:
        workspace.gateway.head()
    assert caught.value.code == (code or "chain_refused")


def test_ranges_refused_with_an_http_status_are_narrowed(
    consortium: Consortium, node: HttpNode
) -> None:
    def refuse(handler: Handler, request: dict, _response: dict) -> bool:
        if request["method"] != "eth_getLogs":
            return False
        wanted = request["params"][0]
        if int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) < 4:
            return False
        handler.reply(413, b'{"error":{"code":-32614,"message":"limited to 4 blocks"}}')
        return True

    node.misbehave = refuse
    with consortium.open() as workspace:
        assert workspace.rebuild_index().size == workspace.gateway.log_size()


def test_dead_node_is_an_unavailable_chain_at_once(consortium: Consortium, node: HttpNode) -> None:
    with consortium.open() as workspace:
        workspace.gateway  # noqa: B018 - reached while it was there
        node.misbehave = lambda handler, _request, _response: handler.hang_up() or True
        with pytest.raises(ChainUnavailableError) as caught:
            workspace.sync_index()
    assert caught.value.code == "chain_unavailable"


def test_silent_node_is_given_up_after_the_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(ChainUnavailableError, match="did not answer"):
            connect_to(url, timeout_s=0.2)
        assert time.monotonic() - began < 5


def test_port_without_a_node_is_an_unavailable_chain() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        place = f"127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(ChainUnavailableError) as caught:
        connect_to(f"http://clerk:secret@{place}/path")
    assert caught.value.message.endswith(f"did not answer at {place}: Connection refused")
