"""An ASGI application at a real socket, served from a thread of this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, at_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._at_end = at_end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._at_end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def serve(
    app: Any, unix: Path | None = None, *, at_end: Callable[[], None] = lambda: None
) -> Iterator[str]:
    """Serves until the block ends.

    Args:
        at_end: called in the server's event loop when it ends.
        unix: the path of a Unix socket; without it a free TCP port.

    Yields:
        The base URL; empty for a Unix socket.
    """
    if unix is None:
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    else:
        unix.parent.mkdir(parents=True, exist_ok=True)
        unix.unlink(missing_ok=True)
        listener, url = socket.socket(socket.AF_UNIX), ""
        listener.bind(str(unix))
        listener.listen(128)
    options: dict[str, Any] = {"http": "httptools", "ws": "none", "lifespan": "off"}
    options |= {"interface": "asgi3", "log_config": None, "access_log": False}
    options |= {"timeout_graceful_shutdown": 1}
    server = _Server(uvicorn.Config(app, **options), at_end)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
