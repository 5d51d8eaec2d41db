"""Asks a node over HTTP, or over the socket by which its own machine reaches it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from urllib.parse import quote

import httpx

from ledger.errors import ChainUnavailableError, ConflictError, NotFoundError
from ledger.index.reading import AsOf
from node_api.client.errors import to_error
from node_api.client.requests import PreparedCall, prepare
from node_api.codec import decode
from node_api.doors import LOCAL_SOCKET
from node_api.freshness import from_headers
from node_api.operations.operation import Operation
from node_api.operations.table import by_action

P = ParamSpec("P")
R = TypeVar("R")

TIMEOUT_S = 120.0
CONNECT_TIMEOUT_S = 5.0


class NodeClient:
    """A node, asked. Use as a context manager, or call `close`.

    Args:
        http: with the node's base URL.
        credentials: gives the headers that say who asks; called once, when it is first needed.
        tell_age: told of each answer that is older than the chain.

    Attributes:
        as_of: up to where the newest answer goes; None where it says nothing of that.
    """

    def __init__(
        self,
        http: httpx.Client,
        credentials: Callable[[], Mapping[str, str]] = dict,
        tell_age: Callable[[AsOf], object] | None = None,
    ) -> None:
        self.as_of: AsOf | None = None
        self._tell_age = tell_age
        self._http = http
        self._credentials = credentials
        self._headers: Mapping[str, str] | None = None

    @classmethod
    def local(
        cls,
        home: Path,
        passphrase: Callable[[], str],
        *,
        tell_age: Callable[[AsOf], object] | None = None,
    ) -> Self:
        """The node that holds a home of this machine.

        Args:
            passphrase: of the home; asked for when an operation needs it.
        """
        transport = httpx.HTTPTransport(uds=str(home / LOCAL_SOCKET))
        http = httpx.Client(transport=transport, base_url="http://node", timeout=_timeout())

        def credentials() -> Mapping[str, str]:
            encoded = base64.b64encode(passphrase().encode()).decode()
            return {"authorization": f"Passphrase {encoded}", "purpose": quote("command line")}

        return cls(http, credentials, tell_age)

    @classmethod
    def remote(
        cls,
        url: str,
        *,
        token: str = "",
        purpose: str = "",
        tell_age: Callable[[AsOf], object] | None = None,
    ) -> Self:
        """A node by its URL.

        Args:
            token: an API key, or a token of an identity provider.
            purpose: what personal data is looked at for.
        """
        headers = {"purpose": quote(purpose)} if purpose else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return cls(httpx.Client(base_url=url, timeout=_timeout()), lambda: headers, tell_age)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def call(
        self, action: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Has the node do an action, and gives what it returned.

        Args:
            action: of `ledger.actions`; args, kwargs: its own, without the home.

        Raises:
            LedgerError: what the action raised, by kind, code and field; `awaits_approval` where a
                second officer has to agree; `node_unreachable`.
            NotFoundError: not_served: no route of a node does this.
        """
        operation = by_action().get(action)
        if operation is None:
            raise NotFoundError(
                f"no route does {action.__name__}; stop the node, or do it where it runs",
                code="not_served",
            )
        answer = self.send(prepare(operation, action, args, kwargs), operation)
        is_raw = operation.media_type != "application/json"
        decoded: Any = answer if is_raw else decode(operation.result, answer)
        result: R = decoded
        return result

    def send(self, call: PreparedCall, operation: Operation) -> bytes:
        """Sends one prepared request and gives the body of its answer. Raises as `call`."""
        headers = {} if call.body is None else {"content-type": "application/json"}
        answer = self.send_raw(
            call.method,
            call.path,
            query=call.query,
            content=call.body,
            headers=headers,
            is_open=operation.access.is_open,
        )
        if answer.status_code == HTTPStatus.ACCEPTED != operation.status:
            raise ConflictError(
                f"it awaits a second officer: {answer.headers.get('location', '')}",
                code="awaits_approval",
            )
        return answer.content

    def send_raw(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        content: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        is_open: bool = False,
    ) -> httpx.Response:
        """Sends a request that is no action's: an upload, a download.

        Args:
            is_open: needs no credentials.

        Raises:
            LedgerError: the problem that was answered; `node_unreachable`.
        """
        own = {} if is_open else self._who()
        pairs = httpx.QueryParams(list(query.items() if isinstance(query, Mapping) else query))
        try:
            answer = self._http.request(
                method, path, params=pairs, content=content, headers={**own, **(headers or {})}
            )
        except httpx.HTTPError as error:
            raise ChainUnavailableError(
                f"the node at {self._http.base_url} did not answer: {error}",
                code="node_unreachable",
            ) from error
        if not answer.is_success:
            raise to_error(answer.status_code, _read_json(answer))
        self._note_age(answer)
        return answer

    def _note_age(self, answer: httpx.Response) -> None:
        self.as_of = from_headers(answer.headers)
        if self._tell_age is not None and self.as_of is not None and self.as_of.is_stale:
            self._tell_age(self.as_of)

    def _who(self) -> Mapping[str, str]:
        if self._headers is None:
            self._headers = self._credentials()
        return self._headers


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S)


def _read_json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
