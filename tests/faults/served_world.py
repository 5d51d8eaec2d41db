"""A whole node as an operator runs it, its chain served beside it, and what may befall either."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ledger.actions.api_keys import create_api_key
from ledger.actions.fsck import fsck
from ledger.actions.issuance.loop import issue_file
from ledger.actions.presentation import present
from ledger.roles import Role
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    HOUSING,
    PASSPHRASE,
    TYPE,
    Ledger,
    identify,
    write_file,
)
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.served_chain import ServedChain, start_serving
from tests.support.served_node import ServedNode, start_node, wait_until

UNLIMITED = {"limits__anonymous": "", "limits__reads": "", "limits__writes": ""}
BEFORE = 3
"""Certificates that were issued before the node began: the rows 0, 1 and 2."""


@dataclass
class ServedWorld:
    """One province: home, node and chain.

    Attributes:
        key: of a program of the housing department's officers.
        documents: certificates from before, as they are presented.
        proxy: between node and chain; the chain is reached through it from the beginning.
        settings: of the node, by their names in the environment.
    """

    ledger: Ledger
    key: str
    documents: tuple[bytes, ...]
    chain: ServedChain
    proxy: FaultProxy
    settings: dict[str, str] = field(default_factory=dict)
    _node: ServedNode | None = None

    @property
    def home(self) -> str:
        return str(self.ledger.home(CHONGQING))

    @property
    def node(self) -> ServedNode:
        assert self._node is not None
        return self._node

    @property
    def port(self) -> int:
        """The same for every start of the node."""
        return int(self.node.url.rpartition(":")[2])

    def start_node(self) -> None:
        """Starts it, at the port that it had before."""
        port = 0 if self._node is None else self.port
        home = self.ledger.home(CHONGQING)
        self.ledger.set_chain(self.proxy.url)
        self._node = start_node(home, PASSPHRASE, port=port, **UNLIMITED, **self.settings)

    def stop_node(self) -> int:
        """As a service manager does; the exit code."""
        code = self.node.stop()
        self.node.process.communicate()
        return code

    def kill(self, what: str) -> None:
        """SIGKILL to one process; the supervisor and the chain are started again by somebody."""
        if what == "chain":
            self.end_chain()
            self.start_chain()
        elif what == "supervisor":
            self.end_node()
            self.start_node()
        else:
            wait_until(lambda: bool(self.node.children(what)), lambda: f"no {what}")
            self.node.kill_child(what)

    @contextmanager
    def frozen(self, what: str) -> Iterator[None]:
        """A process that lives and does nothing for the length of a block."""
        number = self.chain.process.pid if what == "chain" else self.node.children(what)[0]
        os.kill(number, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(number, signal.SIGCONT)

    def end_node(self) -> None:
        """The supervisor is killed; the others end by themselves."""
        os.kill(self.node.process.pid, signal.SIGKILL)
        self.node.process.communicate()
        wait_until(lambda: not self.node.children(""), lambda: "processes outlive the supervisor")

    def end_chain(self) -> None:
        """As the out-of-memory killer does."""
        self.chain.process.kill()
        self.chain.process.communicate()

    def start_chain(self) -> None:
        """Again, where it was."""
        self.chain = start_serving(self.ledger.chain, port=self.chain.port)

    def peak_kib(self, what: str) -> int:
        """The most memory that a process has had."""
        text = Path("/proc", str(self.node.children(what)[0]), "status").read_text()
        return int(text.partition("VmHWM:")[2].split()[0])

    def open(self) -> Workspace:
        """The home, while no node runs; the chain is asked without the proxy."""
        self.ledger.set_chain(self.chain.url)
        return self.ledger.open()

    def require_sound(self) -> None:
        """Nothing that fsck would complain about."""
        with self.open() as workspace:
            report = fsck(workspace)
        assert (report.problems, report.remarks) == ((), ()), report

    def close(self) -> None:
        """Ends whatever still runs."""
        if self._node is not None and self._node.process.poll() is None:
            self.end_node()
        if self.chain.process.poll() is None:
            self.end_chain()


@contextmanager
def serve_world(ledger: Ledger, **settings: str) -> Iterator[ServedWorld]:
    """Node and chain for the length of a block, which may end and start them as it likes."""
    key, documents = prepare(ledger)
    with ExitStack() as stack:
        chain = start_serving(ledger.chain)
        proxy = stack.enter_context(fault_proxy(chain.url))
        world = ServedWorld(ledger, key, documents, chain, proxy, {"workers": "1"} | settings)
        stack.callback(partial(ServedWorld.close, world))
        world.start_node()
        world.node.wait_until_ready()
        yield world


def prepare(ledger: Ledger) -> tuple[str, tuple[bytes, ...]]:
    """A key for the clients, and certificates to verify, made before there is a node."""
    with ledger.open() as workspace:
        made = create_api_key(workspace, "window", Role.OFFICER, departments=[HOUSING])
        rows = write_file(ledger.directory / "before.csv", range(BEFORE))
        assert issue_file(workspace, rows, HOUSING, TYPE).issued == BEFORE
        documents = tuple(
            present(workspace, identify(number), ["holder_name"]).to_json()
            for number in range(BEFORE)
        )
    return made.secret, documents
