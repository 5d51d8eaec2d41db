"""ASGI around everything: which hosts and how large bodies are taken, and strict answer headers.

Sources: OWASP Secure Headers Project; RFC 6797 (HSTS); RFC 9110 §7.4 (421), §15.5.14 (413); W3C
Content Security Policy 3.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import lru_cache
from typing import Final, NamedTuple

from node_api.auth.failures import TooLargeError, WrongHostError
from node_api.doors import Application, Door, Message, Receive, Scope, Send, door_of

Refuse = Callable[[Exception, Scope, Send], Awaitable[None]]
"""Answers a refusal as a problem."""
BodyLimit = Callable[[Scope], int]
"""Largest body in bytes that a request may have."""

PAGE_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
API_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_TYPE: Final = b"content-type"
_CACHE: Final = b"cache-control"
_POLICY: Final = b"content-security-policy"
_HIDDEN: Final = frozenset({b"server", b"x-powered-by"})


class _Plan(NamedTuple):
    """What becomes of an answer's headers, by the names that it has.

    Attributes:
        of_type: places that say of which type it is.
        kept: places that stay.
        of_page, of_api: what is added.
    """

    of_type: list[int]
    kept: list[int]
    keeps_all: bool
    of_page: list[tuple[bytes, bytes]]
    of_api: list[tuple[bytes, bytes]]


class SecurityHeaders:
    """Adds what a strict answer has and has not. What an answer sets itself stays.

    Args:
        app: what answers.
        is_tls: whether browsers come by TLS, here or at a gateway before.
    """

    def __init__(self, app: Application, *, is_tls: bool) -> None:
        self._app = app
        common = (*_ALWAYS, _HSTS) if is_tls else _ALWAYS
        self._of_page = (*common, (_POLICY, PAGE_POLICY))
        self._of_api = (*common, (_POLICY, API_POLICY), (_CACHE, b"no-store"))
        self._plan = lru_cache(maxsize=256)(self._plan_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._harden(message.get("headers", ()))
            await send(message)

        await self._app(scope, receive, send_with)

    def _harden(self, headers: Collection[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        plan = self._plan(tuple([name for name, _ in headers]))
        listed = list(headers)
        is_page = any([listed[place][1].startswith(b"text/html") for place in plan.of_type])  # noqa: C419 - quicker
        kept = listed if plan.keeps_all else [listed[place] for place in plan.kept]
        return [*kept, *(plan.of_page if is_page else plan.of_api)]

    def _plan_once(self, names: tuple[bytes, ...]) -> _Plan:
        lower = [name.lower() for name in names]
        kept = [place for place, name in enumerate(lower) if name not in _HIDDEN]
        return _Plan(
            of_type=[place for place, name in enumerate(lower) if name == _TYPE],
            kept=kept,
            keeps_all=len(kept) == len(names),
            of_page=[each for each in self._of_page if each[0] not in lower],
            of_api=[each for each in self._of_api if each[0] not in lower],
        )


class HostCheck:
    """Refuses requests for other hosts, so that no name of an attacker's reaches a link or a cache.

    Args:
        names: lower-case, without ports; "*" takes any.
    """

    def __init__(self, app: Application, names: Collection[str], refuse: Refuse) -> None:
        self._app = app
        self._names = frozenset(name.lower().encode() for name in names)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        is_checked = scope["type"] == "http" and b"*" not in self._names
        if is_checked and door_of(scope) is not Door.LOCAL and not self._is_ours(scope):
            refusal = WrongHostError("the request is for a host that this node is not")
            await self._refuse(refusal, scope, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"host"]
        return len(given) == 1 and strip_port(given[0]) in self._names


def strip_port(host: bytes) -> bytes:
    """The host of a Host field, in lower case.

    >>> strip_port(b"Node.example.cn:8480"), strip_port(b"[::1]:8480"), strip_port(b"a:b:c")
    (b'node.example.cn', b'::1', b'')
    """
    text = host.strip().lower()
    if text.startswith(b"["):
        inside, closed, port = text[1:].partition(b"]")
        is_fit = bool(closed) and (not port or (port[:1] == b":" and port[1:].isdigit()))
        return inside if is_fit else b""
    name, divided, port = text.partition(b":")
    return b"" if divided and not port.isdigit() else name


class BodyLimits:
    """Refuses bodies that are too large: at once where the length is told, else as they come.

    Args:
        limit: of each request; the body of a route that streams has its own.
    """

    def __init__(self, app: Application, limit: BodyLimit, refuse: Refuse) -> None:
        self._app = app
        self._limit = limit
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope)
        told = b"0"
        for name, value in scope["headers"]:
            if name == b"content-length":
                told = value
                break
        if not told.isdigit() or len(told) > 18 or int(told) > limit:
            await self._refuse(_too_large(limit), scope, send)
            return
        counted, has_begun = 0, False

        async def receive_counted() -> Message:
            nonlocal counted
            message = await receive()
            if message["type"] == "http.request":
                counted += len(message.get("body", b""))
                if counted > limit:
                    raise _too_large(limit)
            return message

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive_counted, send_noted)
        except TooLargeError as error:
            if has_begun:
                raise
            await self._refuse(error, scope, send)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"expected a body of at most {limit} bytes", field="body")
