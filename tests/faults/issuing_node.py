"""A node that issues single requests, killed at a named moment, and clients that never give up."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from ledger.actions.issuance.group_books import GroupBooks
from ledger.actions.issuance.open_group import OpenGroup
from ledger.vault.batches import Batches
from ledger.vault.certificates import Certificates
from ledger.vault.outbox import Outbox
from ledger.vault.requests import Requests
from tests.faults.moments import Moment, stop_at
from tests.ledger.actions.homes import HOUSING, PASSPHRASE, TYPE, identify, make_row
from tests.support import issuing_node
from tests.support.history_checker import Attempt

MOMENTS = {
    "looked up": Moment(Requests, "places"),
    "storing": Moment(OpenGroup, "store", is_before=True),
    "batch opened": Moment(Batches, "open"),
    "staged": Moment(Certificates, "stage"),
    "requests added": Moment(Requests, "add"),
    "closed, not committed": Moment(Batches, "close"),
    "stored": Moment(OpenGroup, "store"),
    "transaction kept": Moment(Outbox, "add"),
    "receipts seen": Moment(Outbox, "mark_all_mined", is_before=True),
    "transactions settled": Moment(Outbox, "mark_all_mined"),
    "batch anchored": Moment(Batches, "mark_anchored"),
    "acknowledging": Moment(GroupBooks, "acknowledge", is_before=True),
    "acknowledged": Moment(GroupBooks, "acknowledge"),
}
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])
QUICK = ("--batch-age-s", "0.05", "--standing-s", "0.2", "--retry-s", "0.2")


class IssuingNode:
    """A process with one node. Use as a context manager.

    Forked from a process that has loaded the program already, since each of many lives shortly.

    Args:
        moment: at which it kills itself; empty for never.
    """

    def __init__(
        self, home: Path, moment: str = "", occurrence: int = 1, options: Iterable[str] = ()
    ) -> None:
        hears, tells = _FORKS.Pipe(duplex=False)
        until, self._ends = _FORKS.Pipe(duplex=False)
        arguments = ["--home", str(home), *QUICK, *options]
        self._process = _FORKS.Process(
            target=_serve, args=(moment, occurrence, arguments, tells, until)
        )
        self._process.start()
        tells.close()
        until.close()
        with hears, suppress(EOFError):  # killed before it served
            self.port = int(str(hears.recv()).rpartition(":")[2])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stops it in good order, if it lives."""
        self._ends.close()
        self._process.join(30)
        assert self._process.exitcode in (0, -signal.SIGKILL)

    def kill(self) -> None:
        """As the out-of-memory killer does."""
        self._process.kill()
        self._process.join()
        self._ends.close()

    @property
    def lives(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def require_killed(self) -> None:
        """Waits until it has killed itself."""
        self._process.join(30)
        exitcode = self._process.exitcode
        self.kill()
        assert exitcode == -signal.SIGKILL


def _serve(
    moment: str, occurrence: int, arguments: list[str], tells: Connection, until: Connection
) -> None:
    if moment:
        stop_at(MOMENTS[moment], occurrence)
    os.environ[issuing_node.PASSPHRASE] = PASSPHRASE
    issuing_node.run(arguments, tells.send, until.fileno())


class Clients:
    """Threads that each send one request after the other, and note what they are told.

    Attributes:
        attempts: all that were made so far.
    """

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self._lock = threading.Lock()

    def send(
        self, port: int, numbers: Iterable[int], *, threads: int = 12, wait_s: int = 10
    ) -> None:
        """Asks for the certificates of these numbers; who gets no answer goes on all the same."""
        left = list(numbers)
        workers = [
            threading.Thread(target=self._work, args=(port, left, wait_s)) for _ in range(threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def start(
        self, port: int, numbers: Iterable[int], *, threads: int = 12, wait_s: int = 10
    ) -> threading.Thread:
        """The same beside whatever else is done; join the thread."""
        options = {"threads": threads, "wait_s": wait_s}
        thread = threading.Thread(target=self.send, args=(port, list(numbers)), kwargs=options)
        thread.start()
        return thread

    def send_until_acknowledged(self, port: int, numbers: Iterable[int]) -> None:
        """Asks for all of them until each is acknowledged."""
        left = set(numbers)
        for _ in range(100):
            self.send(port, sorted(left))
            done = {attempt.reference for attempt in self.attempts if attempt.is_acknowledged}
            left = {number for number in left if f"r-{number}" not in done}
            if not left:
                return
            time.sleep(0.1)
        raise AssertionError(f"never acknowledged: {sorted(left)[:5]}")

    def _work(self, port: int, left: list[int], wait_s: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with self._lock:
                if not left:
                    break
                number = left.pop(0)
            self._ask(connection, number, wait_s)
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, number: int, wait_s: int) -> None:
        attempt = Attempt(HOUSING, f"r-{number}", str(identify(number)), time.time())
        with self._lock:
            self.attempts.append(attempt)
        body = json.dumps(
            {"issuer": str(HOUSING), "certificate_type": str(TYPE), "fields": make_row(number)}
        )
        headers = {"Idempotency-Key": attempt.reference, "Prefer": f"wait={wait_s}"}
        try:
            connection.request("POST", "/v1/certificates", body, headers)
            response = connection.getresponse()
            attempt.answer(response.status, response.read())
        except (OSError, http.client.HTTPException):
            connection.close()
