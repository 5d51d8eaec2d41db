"""A node is there from its supervisor's start to its end, whether or not its core answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import ConflictError
from node_api.doors import LOCAL_SOCKET
from node_api.presence import announce_node, is_node_answering, is_node_there
from node_api.sockets import listen_unix


def test_nobody_is_there_where_no_node_ever_was(tmp_path: Path) -> None:
    assert not is_node_there(tmp_path)
    assert not is_node_answering(tmp_path)


def test_a_node_is_there_until_it_ends(tmp_path: Path) -> None:
    with announce_node(tmp_path):
        assert is_node_there(tmp_path)
    assert not is_node_there(tmp_path)


def test_a_second_node_of_a_home_is_refused_before_the_first_answers(tmp_path: Path) -> None:
    with (
        announce_node(tmp_path),
        pytest.raises(ConflictError) as refused,
        announce_node(tmp_path),
    ):
        pass
    assert refused.value.code == "node_running"


def test_one_that_starts_is_waited_for(tmp_path: Path) -> None:
    opened = []

    def start(_: float) -> None:
        opened.append(listen_unix(tmp_path / LOCAL_SOCKET))

    with announce_node(tmp_path):
        assert is_node_answering(tmp_path, sleep=start)
    (listener,) = opened
    listener.close()


def test_one_that_never_answers_is_named_instead_of_passed_over(tmp_path: Path) -> None:
    with announce_node(tmp_path), pytest.raises(ConflictError) as refused:
        is_node_answering(tmp_path, within_s=0.0)
    assert refused.value.code == "node_starting"


def test_what_a_killed_node_left_counts_for_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom node_api.presence import announce_node\n"
        "with announce_node(Path(sys.argv[1])):\n    print('there', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        assert is_node_there(tmp_path)
        os.kill(process.pid, signal.SIGKILL)
    assert not is_node_there(tmp_path)
