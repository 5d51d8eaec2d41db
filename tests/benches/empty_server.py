"""What HTTP costs alone: reads a body and answers six kilobytes. `empty_server LISTENER_FD`."""

from __future__ import annotations

import asyncio
import socket
import sys

import uvloop

from node_api.doors import Receive, Scope, Send
from node_api.hot.http import answer
from node_api.serving.uvicorns import Listening, serve_until_stopped, stop_on_signals

BODY = b'{"empty":"' + b"x" * 6_000 + b'"}'


async def app(_scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await answer(send, BODY)


async def _serve(listener: socket.socket) -> None:
    stopping = asyncio.Event()
    stop_on_signals(asyncio.get_running_loop(), stopping)
    await serve_until_stopped([Listening(app, listener)], stopping)


if __name__ == "__main__":
    uvloop.run(_serve(socket.socket(fileno=int(sys.argv[1]))))
