"""Where a chain is and how to reach it: a directory for the embedded chain, or its nodes' URLs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from ledger.chain.client import ChainClient, Respond
from ledger.chain.endpoints import Endpoint, Endpoints
from ledger.chain.refusals import translate_errors
from ledger.errors import ChainUnavailableError, MalformedInputError
from local_chain.embedded import EmbeddedChain

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT_S = 5.0
CONNECTIONS = 64  # kept alive to one node, for as many threads
_DIVIDER = re.compile(r"[\s;]+")


@dataclass(frozen=True, slots=True)
class ChainLocation:
    """A chain's directory (embedded), or the URLs of its nodes (any Ethereum JSON-RPC node).

    Attributes:
        url: one, or several divided by spaces or semicolons: the next is asked when one does not
            answer.
    """

    directory: Path | None
    url: str | None

    @classmethod
    def parse(cls, text: str) -> ChainLocation:
        """Args: text: `http://…` or `https://…`, several of them, or a path.

        Raises: MalformedInputError.
        """
        parts = [part for part in _DIVIDER.split(text) if part]
        if any(_is_url(part) for part in parts):
            if not all(_is_url(part) for part in parts) or len(set(parts)) < len(parts):
                raise _malformed(text)
            return cls(None, " ".join(parts))
        if not text or "://" in text:
            raise _malformed(text)
        return cls(Path(text).expanduser().resolve(), None)

    @property
    def urls(self) -> tuple[str, ...]:
        """None for a directory."""
        return tuple(_DIVIDER.split(self.url)) if self.url else ()

    def __str__(self) -> str:
        return self.url or str(self.directory)


@contextmanager
def connect(
    location: ChainLocation,
    *,
    timeout_s: float = 30.0,
    lock_timeout_s: float = 10.0,
    may_create: bool = False,
    clock: Callable[[], float] = time.time,
) -> Iterator[ChainClient]:
    """A client of the chain, for as long as the block runs.

    Args:
        timeout_s: how long to wait for a node's answer to one request.
        lock_timeout_s: how long to wait while another process uses the embedded chain.
        may_create: begin an embedded chain where there is none.
        clock: that the blocks of an embedded chain follow, seconds since the epoch.

    Raises:
        ChainUnavailableError: code `chain_missing`, there is no such directory; `chain_in_use`
            names the process that holds it.
        ConflictError: code `another_chain`, the nodes are not all of one chain.
        StorageError: the directory is damaged or was made with other settings, or the last block
            could not be written.
    """
    if location.directory is None:
        with _connect_all(location.urls, timeout_s) as respond:
            yield ChainClient(respond)
        return
    if not may_create and not location.directory.is_dir():
        raise ChainUnavailableError(
            f"there is no chain in {location}: it is not mounted here, or nobody has founded a "
            "ledger on it yet",
            code="chain_missing",
        )
    with translate_errors(f"opening the chain in {location}"):
        chain = EmbeddedChain.open(location.directory, lock_timeout_s=lock_timeout_s, clock=clock)
    try:
        yield ChainClient(chain.respond)
    finally:
        with translate_errors(f"closing the chain in {location}"):
            chain.close()


@contextmanager
def _connect_all(urls: tuple[str, ...], timeout_s: float) -> Iterator[Respond]:
    with ExitStack() as sessions:
        asking = [sessions.enter_context(_connect_http(url, timeout_s)) for url in urls]
        if len(asking) == 1:
            yield asking[0]
            return
        endpoints = Endpoints(
            [Endpoint(_name(url), respond) for url, respond in zip(urls, asking, strict=True)]
        )
        endpoints.check_all()
        yield endpoints


@contextmanager
def _connect_http(url: str, timeout_s: float) -> Iterator[Respond]:
    import requests  # loaded only by those who have a node to ask

    with requests.Session() as session:
        kept = requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS)
        session.mount(url, kept)

        def respond(request: dict[str, object]) -> object:
            try:
                answer = _post(session, url, request, timeout_s)
            except requests.ConnectTimeout:
                raise
            except requests.ConnectionError:
                # A connection kept alive may have been closed by the node meanwhile. Asking twice
                # does no harm: a transaction that is sent twice is carried out once.
                answer = _post(session, url, request, timeout_s)
            return _read(answer)

        yield respond


def _post(
    session: requests.Session, url: str, request: dict[str, object], timeout_s: float
) -> requests.Response:
    return session.post(
        url,
        data=orjson.dumps(request),
        headers={"Content-Type": "application/json"},
        timeout=(min(CONNECT_TIMEOUT_S, timeout_s), timeout_s),
    )


def _read(answer: requests.Response) -> object:
    """The response object, whatever the HTTP status: some nodes refuse with one of their own."""
    try:
        return answer.json()
    except ValueError as error:
        found = answer.text[:200]
        raise ChainUnavailableError(
            f"the node answered HTTP {answer.status_code} {answer.reason}, not JSON: {found!r}",
            code="chain_refused",
        ) from error


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise _malformed(text) from error
    if parts.scheme not in ("http", "https"):
        return False
    if not parts.hostname:
        raise _malformed(text)
    return True


def _name(url: str) -> str:
    """Host and port; the rest of a URL may keep a secret."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _malformed(text: str) -> MalformedInputError:
    return MalformedInputError(
        f"chain: expected a directory or an http(s) URL (or several), got {text!r}", field="chain"
    )
