"""A front process: `python -m node_api.serving.front HOME LISTENER_FD`.

Started by the supervisor alone. Opens neither vault nor key nor chain.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
from pathlib import Path

import uvloop

from ledger.errors import LedgerError
from node_api.doors import Door, DoorApp
from node_api.front.app import FrontApp, create_front_app
from node_api.logs import configure_logging
from node_api.observing.requests import Observed
from node_api.protection import protect
from node_api.serving.guarded import AddressPlaces, GuardedProtocol
from node_api.serving.sharing import ConnectionCounts
from node_api.serving.uvicorns import (
    Listening,
    serve_until_stopped,
    stop_on_signals,
    stop_with_parent,
)
from node_api.settings import NodeSettings

logger = logging.getLogger("node_api.serving.front")


def main(arguments: list[str]) -> int:
    """Runs one front. Returns the exit code."""
    home, listener = Path(arguments[0]), socket.socket(fileno=int(arguments[1]))
    try:
        settings = NodeSettings.load(home)
        configure_logging("front", settings.log.level)
        return uvloop.run(_serve(home, settings, listener))
    except LedgerError as error:
        logger.critical("front_cannot_run", extra={"code": error.code, "detail": error.message})
        return 1


async def _serve(home: Path, settings: NodeSettings, listener: socket.socket) -> int:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    stop_on_signals(loop, stopping)
    stop_with_parent(loop, stopping)
    front = create_front_app(home, settings)
    app = DoorApp(Observed(protect(front, settings)), Door.PUBLIC)
    GuardedProtocol.places = AddressPlaces(settings.limits.connections, settings.gateways)
    tls = settings.tls
    pair = (str(tls.certificate), str(tls.key)) if tls else None
    counts = _open_counts(home / "run")
    gc.collect()
    gc.freeze()  # what is there now stays: looking through it would hold requests up
    ending = asyncio.create_task(_end_streams(front, stopping))
    try:
        await serve_until_stopped([Listening(app, listener, pair, counts)], stopping)
    finally:
        ending.cancel()
        front.close()
        if counts is not None:
            counts.close()
    return 0


def _open_counts(directory: Path) -> ConnectionCounts | None:
    """None where the disk is full, say: then each front takes what it gets."""
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        return ConnectionCounts(directory / "connections")
    except OSError as error:
        logger.warning("connections_not_shared", extra={"detail": str(error)})
        return None


async def _end_streams(front: FrontApp, stopping: asyncio.Event) -> None:
    """At once, so that nobody has to wait for them."""
    await stopping.wait()
    front.end_streams()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
