"""The processes of a node: what dies is started again, what is stopped is gone, nothing is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from node_api.doors import LOCAL_SOCKET
from node_api.settings import SETTINGS_NAME, write_template
from tests.support.consortium import PASSPHRASE, Consortium
from tests.support.served_node import ServedNode, serve_node, wait_until


@pytest.fixture
def served(consortium: Consortium) -> Iterator[ServedNode]:
    with serve_node(consortium.home(), PASSPHRASE, workers="1") as node:
        node.wait_until_ready()
        yield node


def test_a_killed_core_is_started_again_and_fronts_go_on_verifying(served: ServedNode) -> None:
    size = served.get("/v1/log").json()["size"]
    killed = served.kill_child("core")
    answer = served.get("/v1/log")
    assert (answer.status_code, answer.json()["size"]) == (200, size)
    served.wait_until_ready()
    assert served.children("core") != [killed]
    assert any(event["event"] == "process_ended" for event in served.events())


def test_what_needs_a_dead_core_is_refused_with_a_time_to_ask_again(served: ServedNode) -> None:
    os.kill(served.children("core")[0], signal.SIGSTOP)  # so that nothing starts another
    os.kill(served.children("core")[0], signal.SIGKILL)
    answer = served.get("/health/ready")
    if answer.status_code != 200:  # unless the next core was quicker than this request
        assert answer.status_code == 503
        assert answer.headers["retry-after"].isdigit()
        assert answer.json()["missing"] == ["core"]
        assert answer.json()["dependencies"][0]["code"] == "core_unavailable"


def test_a_killed_front_is_started_again(served: ServedNode) -> None:
    killed = served.kill_child("front")
    wait_until(lambda: served.children("front") not in ([], [killed]), lambda: "no front")
    served.wait_until_ready()


def test_a_stopped_node_ends_whole_and_well(served: ServedNode) -> None:
    assert served.stop() == 0
    assert served.children("") == []
    with pytest.raises(httpx.ConnectError):
        served.get("/health/live")


def test_no_process_outlives_a_killed_supervisor(served: ServedNode) -> None:
    os.kill(served.process.pid, signal.SIGKILL)
    wait_until(lambda: served.children("") == [], lambda: "processes are left")


def test_a_second_node_on_the_same_home_is_refused(served: ServedNode) -> None:
    done = _serve(served.home, PASSPHRASE)
    assert done.returncode == 1
    assert "node_running" in done.stderr


def test_a_wrong_passphrase_is_told_to_who_typed_it(consortium: Consortium) -> None:
    write_template(consortium.home() / SETTINGS_NAME, "127.0.0.1:0")
    done = _serve(consortium.home(), "wrong")
    assert done.returncode == 1
    assert "wrong_passphrase" in done.stderr


def test_a_port_that_is_taken_is_named(consortium: Consortium) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write_template(consortium.home() / SETTINGS_NAME, f"127.0.0.1:{port}")
        done = _serve(consortium.home(), PASSPHRASE)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "cannot_listen" in done.stderr


def test_a_socket_that_a_dead_node_left_keeps_nobody_out(consortium: Consortium) -> None:
    path = consortium.home() / LOCAL_SOCKET
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with serve_node(consortium.home(), PASSPHRASE, workers="0") as node:
        node.wait_until_ready()


def test_a_node_comes_up_without_its_chain_and_names_it(
    consortium: Consortium, tmp_path: Path
) -> None:
    consortium.set_chain("http://127.0.0.1:9")  # discard: nobody answers there
    with serve_node(consortium.home(), PASSPHRASE, workers="0") as node:
        wait_until(lambda: _is_away(node), lambda: node.log.read_text())
        consortium.set_chain(str(tmp_path / "nowhere"))
        assert node.get("/v1/log").status_code == 200


def _is_away(node: ServedNode) -> bool:
    try:
        answer = node.get("/health/ready")
    except httpx.HTTPError:
        return False
    return answer.status_code == 503 and answer.json().get("missing") == ["index", "chain"]


def _serve(home: Path, passphrase: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zhenglian", "node", "serve", "--home", str(home)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=120,
        env=os.environ | {"ZHENGLIAN_PASSPHRASE": passphrase, "ZHENGLIAN_LANG": "en"},
    )
