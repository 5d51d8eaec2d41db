"""The one table of operations, in the order of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from node_api.operations import (
    audit,
    cases,
    catalogue,
    certificates,
    credentials,
    deliveries,
    feed,
    governance,
    issuers,
    keeping,
    lifecycle,
    log,
    maintenance,
    pacts,
    recall,
    recognition,
)
from node_api.operations.operation import Operation

_CHAPTERS: tuple[tuple[Operation, ...], ...] = (
    certificates.OPERATIONS,
    lifecycle.OPERATIONS,
    catalogue.OPERATIONS,
    recognition.OPERATIONS,
    pacts.OPERATIONS,
    cases.OPERATIONS,
    deliveries.OPERATIONS,
    recall.OPERATIONS,
    audit.OPERATIONS,
    feed.OPERATIONS,
    log.OPERATIONS,
    keeping.OPERATIONS,
    issuers.OPERATIONS,
    governance.OPERATIONS,
    maintenance.OPERATIONS,
    credentials.OPERATIONS,
)

OPERATIONS: tuple[Operation, ...] = tuple(each for chapter in _CHAPTERS for each in chapter)


@cache
def by_action() -> dict[Callable[..., Any], Operation]:
    """Operations by what does them, for the client; of several the first."""
    found: dict[Callable[..., Any], Operation] = {}
    for operation in OPERATIONS:
        found.setdefault(operation.action, operation)
    return found


@cache
def by_id() -> dict[str, Operation]:
    """Operations by their ids, which are unique."""
    return {operation.operation_id: operation for operation in OPERATIONS}
