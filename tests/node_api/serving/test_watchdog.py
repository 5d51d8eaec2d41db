"""A process that hangs is told from one that is slow, not there yet, or gone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node_api.serving.watchdog import Watchdog, is_answering
from tests.support.served_node import wait_until


class Listener:
    """Answers at a Unix socket while it is told to; else it takes connections and says nothing."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self.is_answering = True
        self.asked = 0
        self._kept: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.asked += 1
            if self.is_answering:
                connection.recv(1024)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                connection.close()
            else:
                self._kept.append(connection)

    def close(self) -> None:
        self._socket.close()


@contextmanager
def watching(path: Path) -> Iterator[tuple[Watchdog, list[float]]]:
    hung: list[float] = []
    dog = Watchdog(path, lambda: hung.append(time.monotonic()), interval_s=0.02, hung_after_s=0.4)
    dog.start()
    try:
        yield dog, hung
    finally:
        dog.stop()


def test_who_answers_and_then_no_more_is_found_hanging_once(tmp_path: Path) -> None:
    listener = Listener(tmp_path / "s")
    with watching(tmp_path / "s") as (_, hung):
        wait_until(lambda: listener.asked > 3, lambda: "never asked")
        assert hung == []
        listener.is_answering = False
        wait_until(lambda: len(hung) == 1, lambda: "not found hanging")
        asked = listener.asked
        wait_until(lambda: listener.asked > asked + 3, lambda: "asked no more")
        assert len(hung) == 1
    listener.close()


def test_who_was_never_there_does_not_hang(tmp_path: Path) -> None:
    with watching(tmp_path / "none") as (_, hung):
        time.sleep(0.6)
        assert hung == []


def test_who_takes_the_place_of_another_may_take_its_time(tmp_path: Path) -> None:
    listener = Listener(tmp_path / "s")
    with watching(tmp_path / "s") as (dog, hung):
        wait_until(lambda: listener.asked > 3, lambda: "never asked")
        listener.close()
        (tmp_path / "s").unlink()
        time.sleep(0.05)  # a question under way has been answered
        dog.forget()
        time.sleep(0.6)
        assert hung == []


def test_a_silent_listener_is_not_answering(tmp_path: Path) -> None:
    listener = Listener(tmp_path / "s")
    assert is_answering(tmp_path / "s", 5)
    listener.is_answering = False
    assert not is_answering(tmp_path / "s", 0.1)
    listener.close()
