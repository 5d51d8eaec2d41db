"""A process that serves an embedded chain and kills itself, as kill -9 does, at a named moment.

It is forked from a process that has loaded the program already, since each of many serves shortly.
Its listening socket may outlive it, as behind a proxy that holds requests until a server is there.
"""

from __future__ import annotations

import multiprocessing
import signal
import socket
from collections import Counter
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from local_chain.embedded.accounts import AccountQueries
from local_chain.embedded.database import ChainDatabase
from local_chain.embedded.evm import machine
from local_chain.embedded.node import Node
from local_chain.embedded.pending import PendingBlock
from local_chain.embedded.queries import HistoryQueries
from local_chain.server import serve, serving
from local_chain.server.application import Application
from tests.faults.moments import Moment, count_all, stop_at

MOMENTS = {
    "call answered": Moment(AccountQueries, "call"),
    "nonce answered": Moment(AccountQueries, "nonce"),
    "transaction received": Moment(AccountQueries, "send", is_before=True),
    "block begun": Moment(Node, "_begin_block"),
    "transaction carried out": Moment(PendingBlock, "add"),
    "block ending": Moment(PendingBlock, "seal", is_before=True),
    "block ended": Moment(PendingBlock, "seal"),
    "block put, not committed": Moment(ChainDatabase, "_put_block"),
    "block committed": Moment(ChainDatabase, "append"),
    "transaction taken": Moment(AccountQueries, "send"),
    "receipt asked for": Moment(HistoryQueries, "receipt", is_before=True),
    "receipt read": Moment(HistoryQueries, "_shape_receipt"),
    "logs asked for": Moment(HistoryQueries, "logs", is_before=True),
    "logs read": Moment(HistoryQueries, "logs"),
    "request received": Moment(Application, "_call", is_before=True),
}
NEVER = "never"
ALL = "all"
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, machine.__name__])


class ChainProcess:
    """A served chain.

    Args:
        listener: where it serves.
        moment: at which it is killed, the given time; NEVER, or ALL to count all moments.
        seal_interval_s: 0 seals each transaction before its sender is answered.
    """

    def __init__(
        self,
        directory: Path,
        listener: socket.socket,
        moment: str = NEVER,
        occurrence: int = 1,
        *,
        seal_interval_s: float = 0.0,
    ) -> None:
        self._hears, tells = _FORKS.Pipe(duplex=False)
        arguments = (directory, listener, tells, moment, occurrence, seal_interval_s)
        self._process = _FORKS.Process(target=_serve, args=arguments)
        self._process.start()
        tells.close()
        self._hears.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Kills it, if it still lives."""
        self._process.kill()
        self._process.join()

    def require_killed(self) -> None:
        """Waits until it has killed itself."""
        self._process.join()
        assert self._process.exitcode == -signal.SIGKILL

    def stop(self) -> Counter[str]:
        """Asks it to end; how often each moment came, if they were counted."""
        self._process.terminate()
        counts: Counter[str] = self._hears.recv()
        self._process.join()
        assert self._process.exitcode == 0
        return counts


def open_listener(port: int = 0) -> socket.socket:
    """A socket as the server itself opens it."""
    return serving._listen("127.0.0.1", port)


def _serve(
    directory: Path,
    listener: socket.socket,
    tells: Connection,
    moment: str,
    occurrence: int,
    seal_interval_s: float,
) -> None:
    counts = count_all(MOMENTS) if moment == ALL else Counter[str]()
    if moment in MOMENTS:
        stop_at(MOMENTS[moment], occurrence)
    serving._listen = lambda *_: listener
    with closing(tells):
        serve(
            directory,
            *listener.getsockname(),
            seal_interval_s=seal_interval_s,
            announce=lambda *_: tells.send(None),
        )
        tells.send(counts)
