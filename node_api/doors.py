"""By which door a request came in, and what the server in front of us may say about it.

The core listens on two Unix sockets besides, or instead of, its TCP port. Fronts pass requests
through one of them and say in headers of their own who asked them; those headers are believed on
that socket alone. The command line of this machine uses the other.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

CORE_SOCKET: Final = "run/core.sock"
LOCAL_SOCKET: Final = "run/local.sock"
CLIENT_HEADER: Final = b"x-zhenglian-client"
REQUEST_ID_HEADER: Final = b"x-request-id"
_DOOR: Final = "zhenglian.door"
_REQUEST_ID: Final = "zhenglian.request_id"
_MAX_REQUEST_ID = 64
_ID_CHARACTERS = 16
_IDS_AT_ONCE = 128
_ids: list[str] = []


class Door(StrEnum):
    """Where a request came in."""

    PUBLIC = "public"  # TCP, from anybody
    FRONT = "front"  # one of our own front processes passed it on
    LOCAL = "local"  # the command line of this machine


@dataclass(frozen=True, slots=True)
class DoorApp:
    """An application behind one door.

    Attributes:
        app: what answers.
        door: put into the scope of each request.
    """

    app: Application
    door: Door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] == "http":
            scope[_DOOR] = self.door
            scope[_REQUEST_ID] = _read_request_id(scope, self.door)
            if self.door is not Door.FRONT:
                scope["headers"] = [h for h in scope["headers"] if h[0] != CLIENT_HEADER]
        await self.app(scope, receive, send)


def door_of(scope: Scope) -> Door:
    """By which door a request came; PUBLIC where nobody said."""
    found = scope.get(_DOOR, Door.PUBLIC)
    return found if type(found) is Door else Door(found)


def request_id_of(scope: Scope) -> str:
    """The request's id, made if it has none yet."""
    found = scope.get(_REQUEST_ID)
    if found is None:
        found = scope[_REQUEST_ID] = make_request_id()
    return str(found)


def client_of(scope: Scope) -> str:
    """Address of who asked, as far as it is known: what a front says, else the peer's."""
    if door_of(scope) is Door.FRONT:
        for name, value in scope["headers"]:
            if name == CLIENT_HEADER:
                return bytes(value).decode("ascii", "replace")
    client = scope.get("client")
    return str(client[0]) if client else "local"


def make_request_id() -> str:
    """A fresh id. 16 characters."""
    try:
        return _ids.pop()
    except IndexError:  # many at once: each draw is a call into the system
        drawn = secrets.token_hex(_ID_CHARACTERS // 2 * _IDS_AT_ONCE)
        starts = range(_ID_CHARACTERS, len(drawn), _ID_CHARACTERS)
        _ids.extend([drawn[start : start + _ID_CHARACTERS] for start in starts])
        return drawn[:_ID_CHARACTERS]


def header_of(scope: Scope, name: bytes) -> str | None:
    """The first header of that lower-case name."""
    for found, value in scope["headers"]:
        if found == name:
            return bytes(value).decode("latin-1")
    return None


def _read_request_id(scope: Scope, door: Door) -> str:
    """A front's id is kept, so that both logs have it; from outside it is one of ours."""
    if door is Door.PUBLIC:
        return make_request_id()
    given = header_of(scope, REQUEST_ID_HEADER) or ""
    is_fit = given.isascii() and given.replace("-", "").isalnum()
    return given if is_fit and len(given) <= _MAX_REQUEST_ID else make_request_id()
