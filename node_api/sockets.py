"""Listening sockets: the TCP port, and the home's own Unix sockets."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from ledger.errors import ConflictError, StorageError

BACKLOG = 2048
_MAX_UNIX_PATH = 107  # unix(7): 108 bytes with the zero that ends it


def listen_tcp(host: str, port: int) -> socket.socket:
    """A listening TCP socket that child processes may inherit.

    Args:
        port: 0 for any that is free.

    Raises:
        StorageError: cannot_listen.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        # It names its protocol, or asyncio leaves Nagle's algorithm on.
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StorageError(
            f"cannot listen on {host} port {port}: {reason}", code="cannot_listen", field="listen"
        ) from error
    return listener


def listen_unix(path: Path) -> socket.socket:
    """A listening Unix socket that only its owner can reach. One that nobody answers is replaced.

    Raises:
        ConflictError: node_running.
        StorageError: cannot_listen.
    """
    if len(os.fsencode(path)) > _MAX_UNIX_PATH:
        raise StorageError(
            f"{path}: expected a path of at most {_MAX_UNIX_PATH} bytes; move the home",
            code="cannot_listen",
        )
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.chmod(0o700)
    if is_answered(path):
        raise ConflictError(f"another node answers at {path}", code="node_running")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StorageError(
            f"cannot listen at {path}: {error.strerror}", code="cannot_listen"
        ) from error
    finally:
        os.umask(before)
    return listener


def is_answered(path: Path) -> bool:
    """Whether somebody listens at a Unix socket."""
    if not path.exists():
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
