"""Arguments of an action that are not the request's to choose, but follow from who asks.

An operation names them among its `fixed` values: `fixed={"created_by": Asked.SUBJECT}`. They stand
in no request and in no OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final

from ledger.actions.viewers import Viewer
from node_api.auth.principals import Principal, Role

_CASE_READERS: Final = frozenset({Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR})


class Asked(Enum):
    """What an argument becomes."""

    SUBJECT = auto()  # the principal's subject
    PEOPLE = auto()  # the subjects of who stands behind it
    PERMIT = auto()  # refuses who may not do what a request for approval asks for
    RUN = auto()  # carries out what was approved
    VIEWER = auto()  # the limits within which it looks


def fill_asked(
    arguments: Mapping[str, Any], principal: Principal, callbacks: Mapping[Asked, Any]
) -> dict[str, Any]:
    """The arguments with what follows from who asks.

    Args:
        callbacks: for PERMIT and RUN; see `MakerChecker.callbacks`.
    """
    values = {
        Asked.SUBJECT: principal.subject,
        Asked.PEOPLE: principal.people,
        Asked.VIEWER: make_viewer(principal),
        **callbacks,
    }
    return {
        name: values[value] if isinstance(value, Asked) else value
        for name, value in arguments.items()
    }


def make_viewer(principal: Principal) -> Viewer:
    """The limits within which somebody looks at what is told to each viewer differently."""
    return Viewer(
        principal.departments,
        principal.regions,
        principal.has_any(_CASE_READERS),
        principal.holder_code if Role.HOLDER in principal.roles else None,
    )
