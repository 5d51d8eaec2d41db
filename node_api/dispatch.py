"""Carries out one operation for one request: who asks, may they, what do they ask, do it, tell it.

The order is fixed: credentials, limits of use, the role, the request parsed into types, the objects
it is about, its purpose where persons are concerned, the second officer where one is needed, and
only then the action. Actions block, so that they run in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ledger.errors import LedgerError, NotAuthorizedError
from node_api.auth.principals import Principal, PrincipalKind
from node_api.codec import encode
from node_api.freshness import to_headers
from node_api.gate import Asking, Awaiting, Gate
from node_api.observing.requests import name_operation
from node_api.operations.operation import Operation
from node_api.operations.reading import read_arguments
from node_api.runtime import NodeRuntime

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Makes endpoints of operations.

    Attributes:
        runtime: the open home.
        gate: who may pass.
    """

    runtime: NodeRuntime
    gate: Gate

    def endpoint(self, operation: Operation) -> Endpoint:
        """What answers requests for an operation."""

        async def answer(request: Request) -> Response:
            return await self.answer(operation, request)

        answer.__name__ = operation.operation_id
        answer.__doc__ = operation.summary or operation.action.__doc__
        return answer

    async def answer(self, operation: Operation, request: Request) -> Response:
        """Answers one request. Raises LedgerError, which the application turns into a problem."""
        name, access, scope = operation.operation_id, operation.access, request.scope
        name_operation(scope, name)
        principal = await self.gate.admit(scope, access, name)
        query = {key: request.query_params.getlist(key) for key in request.query_params}
        body = await request.body()
        arguments = read_arguments(operation, request.path_params, query, body)
        arguments = self.gate.fill(principal, fill_officer(operation, principal, arguments))
        asking = self.gate.asking(scope, principal, operation)
        work = partial(self.carry_out, operation, asking, arguments)
        return await asyncio.get_running_loop().run_in_executor(self.runtime.executor, work)

    def carry_out(
        self, operation: Operation, asking: Asking, arguments: dict[str, Any]
    ) -> Response:
        """Checks the objects and does it. Blocks.

        What only reads goes on while the chain is away, and its answer, even one that there is no
        such thing, says how old it is.
        """
        if operation.access.is_change:
            return self.do(operation, asking, arguments)
        with self.runtime.workspace.reading() as reading:
            try:
                response = self.do(operation, asking, arguments)
            except LedgerError as error:
                told = to_headers(reading.as_of)
                if told:
                    told |= getattr(error, "headers", {})
                    error.headers = told  # type: ignore[attr-defined]  # read by `to_problem`
                raise
        response.headers.update(to_headers(reading.as_of))
        return response

    def do(self, operation: Operation, asking: Asking, arguments: dict[str, Any]) -> Response:
        """The same, as fresh as can be."""
        with self.gate.passing(operation, asking, arguments) as passed:
            if isinstance(passed, Awaiting):
                return _json(passed.document, HTTPStatus.ACCEPTED, {"location": passed.location})
            value = self.act(operation, arguments)
        if operation.media_type != "application/json":
            return _raw(operation, value)
        if operation.status is HTTPStatus.NO_CONTENT:
            return Response(status_code=operation.status)
        return _json(encode(operation.result, value), operation.status, {})

    def act(self, operation: Operation, arguments: dict[str, Any]) -> Any:
        """The action itself, on the home or on its index."""
        workspace = self.runtime.workspace
        subject = workspace.index if operation.needs_index_alone else workspace
        value = operation.action(subject, **arguments)
        if operation.access.is_change:
            with suppress(LedgerError):  # it is done; whoever did it reads of it at once
                workspace.sync_index()
        return value


def fill_officer(
    operation: Operation, principal: Principal, arguments: dict[str, Any]
) -> dict[str, Any]:
    """The arguments with the officer who decides: whoever asks.

    A program that asks for its users (an API key) names them; a person cannot name another.

    Raises:
        NotAuthorizedError: officer_is_another.
    """
    if not operation.officer:
        return arguments
    name, _, member = operation.officer.partition(".")
    held = arguments.get(name)
    given = getattr(held, member) if member and held is not None else held
    own = principal.display_name or principal.subject
    if principal.kind is PrincipalKind.OIDC:
        if given not in (None, "", own, principal.subject):
            raise NotAuthorizedError(
                "the officer who decides is the one who asks; leave it out",
                code="officer_is_another",
                field=operation.officer,
            )
        given = own
    elif not given and principal.kind is PrincipalKind.API_KEY:
        given = own
    chosen = replace(held, **{member: given}) if member and held is not None else given
    return {**arguments, name: chosen}


def _raw(operation: Operation, value: bytes | Iterator[bytes]) -> Response:
    """An answer that is no JSON of ours; what comes in parts is sent as it is made."""
    kind: Any = Response if isinstance(value, bytes) else StreamingResponse
    made: Response = kind(value, operation.status, media_type=operation.media_type)
    return made


def _json(body: bytes, status: HTTPStatus, headers: dict[str, str]) -> Response:
    return Response(body, status, headers, media_type="application/json")
