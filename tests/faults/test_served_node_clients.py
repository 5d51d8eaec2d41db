"""Clients that go away in the middle, that are slow, or that only hold connections open."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.faults.node_load import Caller, Job, NodeLoad, Told
from tests.faults.served_books import require_balanced
from tests.faults.served_world import ServedWorld, serve_world
from tests.ledger.actions.homes import CHONGQING, HOUSING, TYPE, Ledger, identify, make_row
from tests.support.in_clear import find_in_clear
from tests.support.served_node import wait_until

IDLE = 1_000
PERSONAL = (make_row(0)["身份证号"], f"持证人{500_000 + 1_000}")
FROM = 500_000
"""Numbers of rows that no client of a load takes."""


@pytest.fixture(scope="module")
def world(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedWorld]:
    """One for all: a client that does badly is to leave nothing behind."""
    ledger = founded.copy(tmp_path_factory.mktemp("clients") / "ledger")
    with serve_world(ledger) as served:
        yield served


@pytest.fixture(scope="module")
def load(world: ServedWorld) -> NodeLoad:
    """Only to ask by, until the last test."""
    return NodeLoad(world)


def connect(world: ServedWorld) -> socket.socket:
    return socket.create_connection(("127.0.0.1", world.port), timeout=60)


def write_request(world: ServedWorld, path: str, body: bytes, *headers: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "host: localhost",
        f"authorization: Bearer {world.key}",
        f"content-length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def write_issue(world: ServedWorld, number: int) -> bytes:
    document = {"issuer": str(HOUSING), "certificate_type": str(TYPE), "fields": make_row(number)}
    body = json.dumps(document).encode()
    kind = "content-type: application/json"
    return write_request(world, "/v1/certificates", body, f"idempotency-key: c-{number}", kind)


def write_upload(world: ServedWorld, rows: int) -> bytes:
    job = Job(range(FROM + 1_000, FROM + 1_000 + rows))
    path = f"/v1/jobs?issuer={HOUSING}&certificate_type={TYPE}"
    return write_request(world, path, job.to_csv(), "content-type: text/csv")


def ask(load: NodeLoad, path: str) -> Told:
    caller = Caller(load)
    told = caller.ask("GET", path)
    caller.close()
    return told


def find_state(load: NodeLoad, number: int) -> str:
    """Of a request to issue."""
    told = ask(load, f"/v1/issuance-requests/{HOUSING}/c-{number}")
    return "unknown" if told.status == 404 else str(told.document["state"])


def read_status(connection: socket.socket) -> int:
    return int(connection.recv(4_096).split(b" ")[1])


def test_who_goes_away_before_the_answer_finds_one_certificate(
    world: ServedWorld, load: NodeLoad
) -> None:
    for number in range(FROM, FROM + 10):
        with connect(world) as connection:
            connection.sendall(write_issue(world, number))
            time.sleep(0.01 * (number - FROM))
    numbers = range(FROM, FROM + 10)
    states = dict.fromkeys(numbers, "")

    def are_settled() -> bool:
        states.update((number, find_state(load, number)) for number in numbers)
        return set(states.values()) <= {"issued", "unknown"}

    wait_until(are_settled, lambda: str(states))
    for number in numbers:
        with connect(world) as connection:
            connection.sendall(write_issue(world, number))
            told = read_status(connection)
        assert told == 200 or (told == 201 and states[number] == "unknown"), states
        load.others.add(str(identify(number)))
    assert load.strange == []


def test_half_a_request_issues_nothing(world: ServedWorld, load: NodeLoad) -> None:
    number = FROM + 20
    request = write_issue(world, number)
    for part in (0.2, 0.9, 0.999):
        with connect(world) as connection:
            connection.sendall(request[: int(len(request) * part)])
    time.sleep(0.5)
    assert find_state(load, number) == "unknown"


def test_half_an_upload_is_no_job_and_leaves_no_file(world: ServedWorld, load: NodeLoad) -> None:
    before = ask(load, "/v1/jobs").document["jobs"]
    spool = world.ledger.home(CHONGQING) / "uploads"
    request = write_upload(world, 5_000)
    connections = [connect(world) for _ in range(5)]
    for connection in connections:
        connection.sendall(request[: len(request) // 2])
    wait_until(lambda: len(list(spool.iterdir())) == 5, lambda: "uploads do not arrive")
    assert load.issue_and_verify() == "passed"
    for connection in connections:
        connection.close()
    wait_until(lambda: list(spool.iterdir()) == [], lambda: "files of half uploads are left")
    assert ask(load, "/v1/jobs").document["jobs"] == before


def test_half_an_upload_over_a_killed_core_leaves_no_file(world: ServedWorld) -> None:
    spool = world.ledger.home(CHONGQING) / "uploads"
    request = write_upload(world, 5_000)
    with connect(world) as connection:
        connection.sendall(request[: len(request) // 2])
        wait_until(lambda: list(spool.iterdir()) != [], lambda: "uploads do not arrive")
        world.kill("core")
        assert find_in_clear(world.ledger.home(CHONGQING), PERSONAL) == []
        world.node.wait_until_ready()
    assert list(spool.iterdir()) == []


def test_a_slow_body_is_read_to_its_end(world: ServedWorld, load: NodeLoad) -> None:
    request = write_issue(world, FROM + 30)
    parts = [request[at : at + 64] for at in range(0, len(request), 64)]
    with connect(world) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.1)
        assert read_status(connection) == 201
    load.others.add(str(identify(FROM + 30)))


def test_idle_connections_keep_nobody_out(world: ServedWorld, load: NodeLoad) -> None:
    """Some have said nothing, some half a request, some wait for another answer."""
    begun = b"GET /v1/version HTTP/1.1\r\nhost: loc"
    whole = b"GET /v1/version HTTP/1.1\r\nhost: localhost\r\n\r\n"
    idle = [connect(world) for _ in range(IDLE)]
    for number, connection in enumerate(idle):
        connection.sendall((b"", begun, whole)[number % 3])
    for _ in range(10):
        assert load.issue_and_verify() == "passed"
    for connection in idle[2::3]:
        assert read_status(connection) == 200
    for connection in idle:
        connection.close()
    assert load.issue_and_verify() == "passed"


def test_the_books_balance_after_all_of_them(world: ServedWorld, load: NodeLoad) -> None:
    with load:
        load.wait_for_more()
        world.kill("front")
        load.wait_for_more()
    require_balanced(world, load)
