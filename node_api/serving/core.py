"""The core process: `python -m node_api.serving.core HOME PASSPHRASE_FD [LISTENER_FD]`.

Started by the supervisor alone. Holds the home until it is told to stop or its parent is gone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

import uvloop

from ledger.errors import LedgerError, StorageError
from ledger.workspace import Workspace
from node_api.assembly import assemble
from node_api.doors import CORE_SOCKET, LOCAL_SOCKET, Door, DoorApp
from node_api.logs import configure_logging
from node_api.runtime import NodeRuntime
from node_api.serving.absence import clear_absence, tell_absence
from node_api.serving.guarded import AddressPlaces, GuardedProtocol
from node_api.serving.supervisor import EXIT_CANNOT_START, EXIT_VAULT_IN_USE
from node_api.serving.uvicorns import (
    Listening,
    serve_until_stopped,
    stop_on_signals,
    stop_with_parent,
)
from node_api.serving.writer_watch import IN_USE, WriterWatch
from node_api.settings import NodeSettings
from node_api.sockets import listen_unix

logger = logging.getLogger("node_api.serving.core")  # __name__ is that of a program here
_FOR_EVER = frozenset({"wrong_passphrase", "vault_missing", "vault_newer", "home_not_found"})
"""Codes of what no further try will mend."""


def main(arguments: list[str]) -> int:
    """Runs the core. Returns the exit code."""
    home = Path(arguments[0])
    with os.fdopen(int(arguments[1]), "rb") as pipe:
        passphrase = pipe.read().decode()
    listener = socket.socket(fileno=int(arguments[2])) if len(arguments) > 2 else None
    try:
        settings = NodeSettings.load(home)
        configure_logging("core", settings.log.level)
        with (
            Workspace.open(home, passphrase) as workspace,
            NodeRuntime(workspace, settings) as runtime,
        ):
            return uvloop.run(_serve(runtime, listener))
    except LedgerError as error:
        logger.critical("core_cannot_run", extra={"code": error.code, "detail": error.message})
        tell_absence(home, error)
        if error.code == IN_USE:
            return EXIT_VAULT_IN_USE
        return EXIT_CANNOT_START if error.code in _FOR_EVER else 1


async def _serve(runtime: NodeRuntime, listener: socket.socket | None) -> int:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    stop_on_signals(loop, stopping)
    stop_with_parent(loop, stopping)
    node = assemble(runtime)
    tls = runtime.settings.tls
    doors = [
        Listening(DoorApp(node.app, Door.FRONT), listen_unix(runtime.home / CORE_SOCKET)),
        Listening(DoorApp(node.app, Door.LOCAL), listen_unix(runtime.home / LOCAL_SOCKET)),
    ]
    if listener is not None:
        limits = runtime.settings.limits
        GuardedProtocol.places = AddressPlaces(limits.connections, runtime.settings.gateways)
        pair = (str(tls.certificate), str(tls.key)) if tls else None
        doors.append(Listening(DoorApp(node.app, Door.PUBLIC), listener, pair))
    vault = runtime.workspace.vault
    watch = WriterWatch(vault, lambda: _stop_soon(loop, stopping))
    runtime.add_loop(watch.loop)
    clear_absence(runtime.home)
    logger.info("core_ready", extra={"home": str(runtime.home)})
    telling = asyncio.create_task(_tell_stopping(runtime, stopping))
    await serve_until_stopped(doors, stopping)
    telling.cancel()
    logger.info("core_stopped")
    if watch.is_lost:
        raise StorageError("another process has become the vault's writer", code=IN_USE)
    return 0


def _stop_soon(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """From another thread."""
    loop.call_soon_threadsafe(stopping.set)


async def _tell_stopping(runtime: NodeRuntime, stopping: asyncio.Event) -> None:
    """At once, so that streams end and nobody has to wait for them."""
    await stopping.wait()
    runtime.is_stopping.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
