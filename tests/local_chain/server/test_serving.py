"""The server's life: ready, asked to stop, refused, out of disk."""

from __future__ import annotations

import json
import resource
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from local_chain.__main__ import main
from local_chain.embedded import EmbeddedChain
from local_chain.embedded.environment import DATA_FILE_NAME
from tests.local_chain.conftest import NEVER_S
from tests.local_chain.embedded.contracts import encode_note
from tests.local_chain.embedded.history import check_history
from tests.local_chain.embedded.session import Session
from tests.local_chain.server.remote import RemoteChain
from tests.support.served_chain import RefusedError, ServedChain, serve_chain

BATCH = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"}


def start(served: ServedChain) -> Session:
    return Session.start(RemoteChain(served))


def complaint(served: ServedChain) -> str:
    """What a server that has ended wrote to standard error."""
    _, errors = served.process.communicate()
    return errors


def write_until_refused(session: Session, notebook: str) -> list[str]:
    """The transactions taken until the disk was full; the last of them is not sealed."""
    digests: list[str] = []
    try:
        while True:
            digests.append(session.send(notebook, encode_note(len(digests), 1)))
    except RefusedError as refusal:
        if "bytes free" not in str(refusal):
            raise
        return digests


def test_ready_line_names_address_chain_and_head(directory: Path) -> None:
    with EmbeddedChain.open(directory) as chain:
        Session.start(chain).deploy()
    with serve_chain(directory) as served:
        assert served.ready == f"http://127.0.0.1:{served.port} chain 23116 head 1\n"
        assert served.port > 0
        assert served.ask("eth_blockNumber") == "0x1"


def test_nothing_is_said_about_requests_good_or_bad(directory: Path) -> None:
    with serve_chain(directory) as served:
        served.ask("eth_blockNumber")
        served.fetch("/", b"{")
        served.fetch("/else")
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            connection.recv(1_000)
        assert served.stop() == 0
        assert served.process.communicate() == ("", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_seals_what_is_pending_and_frees_the_directory(
    directory: Path, number: signal.Signals
) -> None:
    with serve_chain(directory, seal_interval_s=NEVER_S) as served:
        session = start(served)
        session.send(None, b"")  # sealed at once, being the first
        digests = [session.send(None, b"") for _ in range(5)]
        assert session.receipt(digests[0]) is None
        assert served.stop(number) == 0
        assert complaint(served) == ""
    check_history(directory)
    with EmbeddedChain.open(directory, lock_timeout_s=0) as chain:
        reopened = Session.start(chain)
        assert all(reopened.receipt(digest)["status"] == "0x1" for digest in digests)


def test_stop_answers_requests_under_way_and_ignores_idle_connections(directory: Path) -> None:
    with serve_chain(directory) as served:
        idle = socket.create_connection(("127.0.0.1", served.port))
        answers: list[object] = []
        batch = [BATCH] * 900
        sender = threading.Thread(target=lambda: answers.append(served.post(batch)))
        sender.start()
        time.sleep(0.02)
        assert served.stop() == 0
        sender.join()
        idle.close()
        assert len(answers) == 1
        assert len(answers[0]) == 900  # type: ignore[arg-type]


def test_second_server_on_a_directory_names_the_first(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve_chain(directory) as served:
        assert main(["serve", "--data", str(directory), "--port", "0"]) == 1
        said = capsys.readouterr().err
        assert f"in use by process {served.process.pid} " in said
        assert said.count("\n") == 1


def test_port_in_use_is_named_in_one_line(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--data", str(directory), "--port", str(port)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"local_chain serve: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    )
    assert not directory.exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["serve"], "the following arguments are required: --data, --port"),
        (["serve", "--data", "x", "--port", "65536"], "expected a port from 0 to 65535"),
        (["serve", "--data", "x", "--port", "-1"], "expected a port from 0 to 65535"),
        (["serve", "--data", "x", "--port", "0", "--seal-interval", "nan"], "expected seconds"),
        (["serve", "--data", "x", "--port", "0", "--seal-interval", "-1"], "expected seconds"),
        (["mine"], "invalid choice: 'mine'"),
    ],
)
def test_misuse_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert complaint in said.err
    assert said.err.count("\n") == 1


def test_directory_that_holds_no_chain_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / DATA_FILE_NAME).write_bytes(b"no LMDB file" * 1_000)
    assert main(["serve", "--data", str(tmp_path), "--port", "0"]) == 1
    said = capsys.readouterr().err
    assert DATA_FILE_NAME in said
    assert said.count("\n") == 1


def test_address_that_others_reach_comes_with_a_warning(directory: Path) -> None:
    with serve_chain(directory, host="0.0.0.0") as served:
        assert served.ready.startswith("http://0.0.0.0:")
        assert served.ask("net_version") == "23116"
        assert served.stop() == 0
        assert "there is no authentication" in complaint(served)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6_address_is_written_as_a_url(directory: Path) -> None:
    with serve_chain(directory, host="::1") as served:
        assert served.url == f"http://[::1]:{served.port}"
        assert served.ask("net_version") == "23116"


def test_full_disk_is_told_by_health_and_is_over_when_there_is_room(directory: Path) -> None:
    with serve_chain(directory, seal_interval_s=0) as served:
        session = start(served)
        notebook = session.deploy()
        pid, unlimited = served.process.pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        full = (directory / DATA_FILE_NAME).stat().st_size + 100_000
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        digests = write_until_refused(session, notebook)
        report = served.fetch("/health")
        assert report.status == 503
        assert json.loads(report.body)["status"] == "failing"
        assert DATA_FILE_NAME in json.loads(report.body)["problem"]
        with pytest.raises(RefusedError, match=DATA_FILE_NAME):  # the block is tried again
            session.receipt(digests[-1])
        assert session.receipt(digests[0])["status"] == "0x1"  # reading goes on
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
        session.chain.seal()
        assert session.receipt(digests[-1])["status"] == "0x1"
        assert served.fetch("/health").status == 200
        assert served.stop() == 0
        said = complaint(served)
        assert "Traceback" not in said
        assert 1 <= said.count("\n") <= 3  # not a line for each attempt
    check_history(directory)


def test_last_block_that_cannot_be_written_makes_the_stop_fail(directory: Path) -> None:
    with serve_chain(directory, seal_interval_s=0) as served:
        session = start(served)
        notebook = session.deploy()
        full = (directory / DATA_FILE_NAME).stat().st_size
        limits = (full, resource.RLIM_INFINITY)
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, limits)
        *sealed, lost = write_until_refused(session, notebook)
        assert served.stop() == 1
        last = complaint(served).splitlines()[-1]
        assert last.startswith("local_chain serve: ")
        assert DATA_FILE_NAME in last
    with EmbeddedChain.open(directory, lock_timeout_s=0) as chain:
        reopened = Session.start(chain)
        assert reopened.receipt(lost) is None
        assert all(reopened.receipt(digest)["status"] == "0x1" for digest in sealed)
