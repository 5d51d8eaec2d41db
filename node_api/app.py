"""The core's whole application: plain ASGI for what is asked most, FastAPI for everything else."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from ledger.errors import LedgerError, NotFoundError
from node_api.dispatch import Dispatcher
from node_api.doors import Application, Receive, Scope, Send, request_id_of
from node_api.gate import Gate
from node_api.observing.requests import note_problem
from node_api.openapi import Document, build, to_bytes
from node_api.operations.table import OPERATIONS
from node_api.problems import CONTENT_TYPE, Problem, to_problem
from node_api.runtime import NodeRuntime

logger = logging.getLogger(__name__)

OPENAPI_PATH = "/v1/openapi.json"
Match = Callable[[Scope], bool]
_METHODS = frozenset({"get", "head", "post", "put", "patch", "delete"})


@dataclass(frozen=True, slots=True)
class PlainRoute:
    """A route that is plain ASGI.

    Attributes:
        matches: whether a request is for it.
        app: what answers.
        described: its OpenAPI path items, by path.
        beside: methods and paths that it answers and the document has not, such as pages.
    """

    matches: Match
    app: Application
    described: Mapping[str, Document] = field(default_factory=dict)
    beside: frozenset[tuple[str, str]] = frozenset()

    def served(self) -> frozenset[tuple[str, str]]:
        """Every method and path that it answers; HEAD goes with GET."""
        described = {
            (method.upper(), path)
            for path, item in self.described.items()
            for method in item
            if method in _METHODS
        }
        return self.beside | described


class MethodBook:
    """Which methods there are at a path, over all routes: what `Allow` must say (RFC 9110 §10.2.1).

    Args:
        served: methods with the paths or patterns of paths ("/v1/jobs/{job_id}").
    """

    def __init__(self, served: Iterable[tuple[str, str]]) -> None:
        self._fixed: dict[str, set[str]] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for method, path in served:
            if "{" in path:
                self._patterns.append((compile_path(path)[0], method))
            else:
                self._fixed.setdefault(path, set()).add(method)

    def find(self, path: str) -> set[str]:
        """The methods at a path; one that is named as it is comes before patterns."""
        if path in self._fixed:
            return self._fixed[path]
        return {method for pattern, method in self._patterns if pattern.fullmatch(path)}


@dataclass(frozen=True, slots=True)
class RoutedApp:
    """An application of plain routes and others.

    Attributes:
        plain: tried first, in order.
        rest: answers everything else.
    """

    plain: tuple[PlainRoute, ...]
    rest: FastAPI
    methods: MethodBook

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] == "http":
            for route in self.plain:
                if route.matches(scope):
                    await self._answer_plainly(route.app, scope, receive, send)
                    return
        await self.rest(scope, receive, send)

    async def _answer_plainly(
        self, app: Application, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """A plain route, whose errors are problems as everywhere."""
        try:
            await app(scope, receive, send)
        except LedgerError as error:
            if error.code == "method_not_allowed":
                response = _refuse_method(scope, self.methods.find(scope["path"]))
            else:
                response = problem_response(to_problem(error), scope)
            await response(scope, receive, send)


def create_app(runtime: NodeRuntime, gate: Gate, plain: tuple[PlainRoute, ...] = ()) -> RoutedApp:
    """The application of one node, without doors, limits and logs around it.

    Args:
        plain: routes that are tried first, in order.
    """
    document = to_bytes(describe_api(plain))
    methods = MethodBook(
        [
            *((each.method, each.path) for each in OPERATIONS),
            *(pair for route in plain for pair in route.served()),
            ("GET", OPENAPI_PATH),
        ]
    )
    return RoutedApp(plain, _create_fastapi(Dispatcher(runtime, gate), document, methods), methods)


def describe_api(plain: tuple[PlainRoute, ...] = ()) -> Document:
    """The OpenAPI document of everything that is served."""
    beside: dict[str, Document] = {}
    for route in plain:
        for path, item in route.described.items():
            beside[path] = {**beside.get(path, {}), **item}
    return build(OPERATIONS, beside, version=version("zhenglian"))


def _create_fastapi(dispatcher: Dispatcher, document: bytes, methods: MethodBook) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for operation in OPERATIONS:
        app.add_api_route(
            operation.path,
            dispatcher.endpoint(operation),
            methods=[operation.method],
            operation_id=operation.operation_id,
            response_model=None,
            include_in_schema=False,
        )

    async def answer_openapi() -> Response:
        return Response(document, media_type="application/json")

    app.add_api_route(OPENAPI_PATH, answer_openapi, include_in_schema=False)

    async def answer_http_error(request: Request, error: HTTPException) -> Response:
        """What Starlette itself refuses: an unknown path or method."""
        path, scope = request.url.path, request.scope
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return _refuse_method(scope, methods.find(path))
        return problem_response(
            to_problem(NotFoundError(f"nothing is at {path}", code="path_unknown")), scope
        )

    handlers: dict[Any, Any] = {
        LedgerError: _answer_error,
        HTTPException: answer_http_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    return app


async def _answer_error(request: Request, error: LedgerError) -> Response:
    return problem_response(to_problem(error), request.scope)


def _refuse_method(scope: Scope, allowed: Iterable[str]) -> Response:
    told = ", ".join(sorted(allowed))
    refusal = LedgerError(
        f"{scope['path']}: expected {told}, got {scope['method'][:16]}", code="method_not_allowed"
    )
    return problem_response(to_problem(refusal), scope, {"allow": told})


def problem_response(
    problem: Problem, scope: Scope, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem as a response to a request."""
    note_problem(scope, problem.code)
    body = problem.to_json(instance=scope["path"], request_id=request_id_of(scope))
    told = {name.decode(): value.decode() for name, value in problem.headers} | dict(headers or {})
    return Response(body, problem.status, told, media_type=CONTENT_TYPE.decode())
