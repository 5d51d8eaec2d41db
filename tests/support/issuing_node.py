"""A small node that does nothing but issue single requests: `python -m tests.support.issuing_node`.

Prints its address once it serves. Ends with its standard input, or at SIGTERM. `--empty` serves an
application that answers at once, to know what server and load generator cost alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from ledger.actions.issuance.group import GroupIssuer
from ledger.actions.issuance.tickets import GroupLimits
from ledger.identifiers import Uscc
from ledger.workspace import Workspace
from node_api.auth.access import Access
from node_api.auth.principals import LOCAL, Principal
from node_api.hot.http import answer, read_body
from node_api.hot.issue import IssueHandler

PASSPHRASE = "ZHENGLIAN_PASSPHRASE"
BACKLOG = 4_096
_EMPTY_ANSWER = b"{" + b" " * 600 + b"}"
Application = Callable[[Any, Any, Any], Awaitable[None]]


def main() -> None:
    """Serves until standard input ends."""
    run(sys.argv[1:], lambda url: print(url, flush=True), sys.stdin.fileno())


def run(arguments: Sequence[str], announce: Callable[[str], None], until: int) -> None:
    """Serves until there is something to be read from a descriptor, such as its end.

    Args:
        announce: told the address once it serves.
    """
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    options = _parse(arguments)
    listener = socket.create_server(("127.0.0.1", options.port), backlog=BACKLOG)
    if options.empty:
        asyncio.run(_serve(_answer_nothing, listener, announce, until))
        return
    home = Path(options.home)
    with Workspace.open(home, os.environ[PASSPHRASE]) as workspace:
        limits = GroupLimits(
            batch_age_s=options.batch_age_s,
            waiting=options.waiting,
            standing_s=options.standing_s,
            retry_s=options.retry_s,
            longest_wait_s=options.longest_wait_s,
            seals_in_workers=options.workers,
        )
        with GroupIssuer(workspace, limits) as issuer:
            handler = IssueHandler(workspace, issuer, _admit, _permit, wait_s=options.wait_s)
            asyncio.run(_serve(handler, listener, announce, until))


async def _admit(scope: Any, access: Access, operation: str) -> Principal:
    del scope, access, operation
    return LOCAL


def _permit(principal: Principal, access: Access, issuer: Uscc) -> None:
    del principal, access, issuer


async def _answer_nothing(scope: Any, receive: Any, send: Any) -> None:
    await read_body(scope, receive, 1 << 20)
    await answer(send, _EMPTY_ANSWER, status=201)


async def _serve(
    app: Application, listener: socket.socket, announce: Callable[[str], None], until: int
) -> None:
    config = uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=BACKLOG,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    loop = asyncio.get_running_loop()
    loop.add_reader(until, lambda: setattr(server, "should_exit", True))
    announce(f"http://127.0.0.1:{listener.getsockname()[1]}")
    await server.serve([listener])


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--workers", action="store_true")
    parser.add_argument("--batch-age-s", type=float, default=0.2)
    parser.add_argument("--standing-s", type=float, default=1.0)
    parser.add_argument("--retry-s", type=float, default=1.0)
    parser.add_argument("--wait-s", type=float, default=10.0)
    parser.add_argument("--longest-wait-s", type=float, default=10.0)
    parser.add_argument("--waiting", type=int, default=4_000)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
