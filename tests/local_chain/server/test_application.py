"""The HTTP face, from outside: what is served and refused, and that nobody waits for others."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from local_chain.server.application import MAX_BODY_BYTES
from tests.local_chain.embedded.contracts import encode_note, word
from tests.local_chain.embedded.session import Session, hex_of
from tests.local_chain.server.remote import RemoteChain
from tests.support.served_chain import RefusedError, ServedChain

NUMBER = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"}


def endless(gas: int) -> dict[str, str]:
    """A call that jumps to its own beginning until its gas is used: 2**20 gas take 0.3 s or so."""
    return {"data": "0x5b600056", "gas": hex(gas)}


@contextmanager
def connected(served: ServedChain) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    try:
        yield connection
    finally:
        connection.close()


def request(connection: http.client.HTTPConnection, content: object) -> Any:
    connection.request("POST", "/", json.dumps(content), {"content-type": "application/json"})
    return json.loads(connection.getresponse().read())


def test_response_is_json_with_its_length(served: ServedChain) -> None:
    answer = served.fetch("/", json.dumps(NUMBER).encode())
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert json.loads(answer.body)["id"] == 1


def test_notification_is_answered_with_no_content(served: ServedChain) -> None:
    answer = served.fetch("/", b'{"jsonrpc": "2.0", "method": "eth_blockNumber"}')
    assert (answer.status, answer.body) == (204, b"")


def test_parse_error_is_told_in_json(served: ServedChain) -> None:
    answer = served.fetch("/", b"{")
    assert answer.status == 200
    assert json.loads(answer.body)["error"]["code"] == -32700


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json-rpc",
        "application/jsonrequest",
    ],
)
def test_json_under_its_usual_names_is_taken(served: ServedChain, content_type: str) -> None:
    assert served.fetch("/", json.dumps(NUMBER).encode(), content_type=content_type).status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_foreign_web_page_can_send_is_refused(
    served: ServedChain, content_type: str
) -> None:
    answer = served.fetch("/", json.dumps(NUMBER).encode(), content_type=content_type)
    assert answer.status == 415
    assert b"application/json" in answer.body


def test_foreign_web_page_gets_no_leave(served: ServedChain) -> None:
    answer = served.fetch(method="OPTIONS")
    assert answer.status == 405
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_people_are_told_what_this_is(served: ServedChain) -> None:
    answer = served.fetch()
    assert answer.status == 200
    assert b"chain 23116" in answer.body
    assert b"POST JSON-RPC" in answer.body


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("PUT", "/", 405, "GET, HEAD, POST"),
        ("DELETE", "/", 405, "GET, HEAD, POST"),
        ("POST", "/health", 405, "GET, HEAD"),
        ("GET", "/else", 404, None),
        ("POST", "/else", 404, None),
    ],
)
def test_nothing_else_is_served(
    served: ServedChain, method: str, path: str, status: int, allowed: str | None
) -> None:
    answer = served.fetch(path, method=method)
    assert answer.status == status
    assert answer.headers.get("allow") == allowed


def test_health_tells_head_time_and_size(served: ServedChain, remote: Session) -> None:
    remote.deploy()
    answer = served.fetch("/health")
    report = json.loads(answer.body)
    head = served.ask("eth_getBlockByNumber", "latest", False)
    assert answer.status == 200
    assert report["status"] == "ok"
    assert report["chain_id"] == 23116
    assert report["head"]["number"] == int(head["number"], 16)
    assert report["head"]["time_unix"] == int(head["timestamp"], 16)
    assert report["size_bytes"] > 10_000
    assert report["problem"] is None


def test_head_request_has_no_body(served: ServedChain) -> None:
    answer = served.fetch("/health", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


def test_body_up_to_the_limit_is_taken(served: ServedChain) -> None:
    body = json.dumps(NUMBER).encode().ljust(MAX_BODY_BYTES)
    assert served.fetch("/", body).status == 200


def test_body_beyond_the_limit_is_refused_and_read_to_its_end(served: ServedChain) -> None:
    answer = served.fetch("/", json.dumps(NUMBER).encode().ljust(MAX_BODY_BYTES + 1))
    assert answer.status == 413
    assert b"limit 5242880 bytes" in answer.body
    assert answer.headers["connection"] == "close"


def test_limit_holds_for_a_body_without_length(served: ServedChain) -> None:
    with connected(served) as connection:
        pieces = iter([b" " * (1 << 20)] * 6)
        connection.request("POST", "/", pieces, {"content-type": "application/json"})
        assert connection.getresponse().status == 413


def test_body_in_pieces_is_put_together(served: ServedChain) -> None:
    with connected(served) as connection:
        pieces = iter([b'{"jsonrpc": "2.0", "id"', b': 3, "method"', b': "net_version"}'])
        connection.request("POST", "/", pieces, {"content-type": "application/json"})
        assert json.loads(connection.getresponse().read())["result"] == "23116"


def test_connection_is_kept_for_further_requests(served: ServedChain) -> None:
    with connected(served) as connection:
        connection.connect()
        own_end = connection.sock.getsockname()
        for _ in range(3):
            assert "result" in request(connection, NUMBER)
            assert connection.sock.getsockname() == own_end


def test_requests_sent_ahead_are_answered_in_order(served: ServedChain) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        for number in (1, 2, 3):
            body = json.dumps(NUMBER | {"id": number}).encode()
            head = f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
            if number == 3:
                head += "connection: close\r\n"
            head += "content-type: application/json\r\n\r\n"
            connection.sendall(head.encode() + body)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    at = [received.index(b'"id":%d' % number) for number in (1, 2, 3)]
    assert at == sorted(at)


def test_what_is_no_http_is_refused(served: ServedChain) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400")
    assert served.ask("net_listening") is True


def test_64_clients_write_and_read_at_once(served: ServedChain, remote_notebook: str) -> None:
    def work(secret: int) -> list[int]:
        session = Session.start(RemoteChain(served), secret)
        digests = [
            session.send(remote_notebook, encode_note(secret * 10 + at, secret), nonce=at)
            for at in range(3)
        ]
        session.chain.seal()
        assert all(session.receipt(digest)["status"] == "0x1" for digest in digests)
        return [session.read(remote_notebook, secret * 10 + at) for at in range(3)]

    with ThreadPoolExecutor(64) as clients:
        found = list(clients.map(work, range(100, 164)))
    assert found == [[secret] * 3 for secret in range(100, 164)]


def test_client_that_sends_or_reads_nothing_is_in_nobodys_way(served: ServedChain) -> None:
    idle = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(40)]
    try:
        call = {"method": "eth_getBlockByNumber", "params": ["0x0", True]}
        body = json.dumps([NUMBER | call] * 1_000).encode()
        for number, connection in enumerate(idle):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            if number < 20:  # never reads its megabytes
                connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
            elif number < 30:  # never ends its body
                connection.sendall(head + b"content-length: 100\r\n\r\n{")
            else:  # never ends its head
                connection.sendall(head)
        assert served.ask("net_version") == "23116"
        assert json.loads(served.fetch("/health").body)["status"] == "ok"
    finally:
        for connection in idle:
            connection.close()


def test_health_waits_for_no_call(served: ServedChain) -> None:
    done = threading.Event()

    def call() -> None:
        with pytest.raises(RefusedError, match="out of gas"):
            served.ask("eth_call", endless(1 << 22))
        done.set()

    caller = threading.Thread(target=call)
    caller.start()
    try:
        time.sleep(0.1)
        assert served.fetch("/health").status == 200
        assert not done.is_set()
    finally:
        caller.join()


def test_single_request_overtakes_a_long_batch(served: ServedChain) -> None:
    call = {"method": "eth_call", "params": [endless(1 << 19)]}
    batch = [NUMBER | call | {"id": at} for at in range(8)]
    finished: list[str] = []

    def send_batch() -> None:
        assert len(served.post(batch)) == 8
        finished.append("batch")

    sender = threading.Thread(target=send_batch)
    sender.start()
    time.sleep(0.1)
    assert served.ask("net_version") == "23116"
    finished.append("single")
    sender.join()
    assert finished == ["single", "batch"]


def test_rest_of_a_batch_is_dropped_when_its_sender_has_gone(served: ServedChain) -> None:
    call = {"method": "eth_call", "params": [endless(1 << 20)]}
    body = json.dumps([NUMBER | call | {"id": at} for at in range(1_000)]).encode()
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.1)
    # The whole batch would take minutes; whoever asks twice waits for two of its calls at most.
    assert served.ask("eth_call", {"data": "0x00"}) == "0x"
    assert served.ask("eth_call", {"data": "0x00"}) == "0x"


@pytest.mark.parametrize(
    ("method", "hint"),
    [
        ("eth_sendTransaction", "eth_sendRawTransaction"),
        ("eth_sign", "sign the transaction yourself"),
        ("eth_subscribe", "poll eth_getFilterChanges"),
        ("eth_newPendingTransactionFilter", "does not exist"),
        ("debug_traceTransaction", "does not exist"),
    ],
)
def test_methods_left_out_are_refused_with_a_hint(
    served: ServedChain, method: str, hint: str
) -> None:
    with pytest.raises(RefusedError, match=hint) as refusal:
        served.ask(method, {})
    assert refusal.value.code == -32601


def test_node_says_what_every_client_asks_first(served: ServedChain) -> None:
    assert served.ask("eth_chainId") == "0x5a4c"
    assert served.ask("eth_accounts") == []
    assert served.ask("eth_syncing") is False
    assert served.ask("net_listening") is True
    latest = served.ask("eth_getBlockByNumber", "latest", False)
    assert served.ask("eth_getBlockByNumber", "safe", False) == latest
    assert served.ask("eth_getBlockByNumber", "finalized", False) == latest


def test_revert_has_code_3_and_its_data(served: ServedChain, remote_notebook: str) -> None:
    with pytest.raises(RefusedError, match="execution reverted") as refusal:
        served.ask("eth_call", {"to": remote_notebook, "data": "0x0badc0de"})
    assert (refusal.value.code, refusal.value.data) == (3, "0x0badc0de")


def test_filters_are_polled_over_http(
    served: ServedChain, remote: Session, remote_notebook: str
) -> None:
    topics = [hex_of(word(77))]
    logs = served.ask("eth_newFilter", {"address": remote_notebook, "topics": topics})
    blocks = served.ask("eth_newBlockFilter")
    digest = remote.note(remote_notebook, 77, 1)
    remote.chain.seal()
    assert [log["transactionHash"] for log in served.ask("eth_getFilterChanges", logs)] == [digest]
    assert remote.receipt(digest)["blockHash"] in served.ask("eth_getFilterChanges", blocks)
    assert served.ask("eth_uninstallFilter", logs) is True
