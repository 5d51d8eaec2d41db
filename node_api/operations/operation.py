"""What a route is: an action, where it is reached, who may do it. Everything else is derived.

From one `Operation` follow the route, its part of the OpenAPI document, its row in the matrix of
roles, its entry in the access log and the typed client's call. The action's own signature says what
a request holds: its first parameter is the home (or the home's index), the others come from path,
query or body, and what it returns is the answer.
"""

from __future__ import annotations

import collections.abc
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, get_origin, get_type_hints

from pydantic import BaseModel, create_model

from ledger.index.store import IndexStore
from node_api.auth.access import Access
from node_api.codec import CONFIG

_IN_PATH = re.compile(r"{(\w+)}")
_WITHOUT_BODY = frozenset({"GET", "DELETE", "HEAD"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that an action takes from a request.

    Attributes:
        kind: its type; a dataclass in a query is given by its fields.
        place: "path", "query" or "body".
    """

    name: str
    kind: Any
    place: str
    default: Any = MISSING

    @property
    def is_required(self) -> bool:
        return self.default is MISSING


@dataclass(frozen=True)
class Operation:
    """One route.

    Attributes:
        name: its stable name, in OpenAPI its operationId; by default the action's.
        method, path: such as "GET" and "/v1/certificates/{certificate_id}".
        action: what does it: `action(workspace, **parameters)`, or `action(index, …)`.
        access: who may, and on which objects.
        tag: the chapter of the OpenAPI document.
        summary: one line; by default the first of the action's docstring.
        status: of the answer when it is done.
        officer: name of the parameter that is the officer who decides, "" for none: filled with
            who asks, see `node_api.dispatch`.
        check: takes what the action takes and refuses what the action would refuse whenever it is
            done, for an act that awaits a second officer: nobody is asked to approve that.
        fixed: values of parameters that are not the request's to choose.
        example: parameters by name, as JSON has them, of a request that could be sent.
        media_type: of an answer that is no JSON of ours; the action then returns bytes, or an
            iterator of them.
    """

    method: str
    path: str
    action: Callable[..., Any]
    access: Access
    tag: str
    name: str = ""
    summary: str = ""
    status: HTTPStatus = HTTPStatus.OK
    officer: str = ""
    check: Callable[..., object] | None = None
    fixed: Mapping[str, object] = field(default_factory=dict)
    example: Mapping[str, object] = field(default_factory=dict)
    media_type: str = "application/json"

    @property
    def operation_id(self) -> str:
        return self.name or self.action.__name__

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method in ("GET", "HEAD")

    @cached_property
    def needs_index_alone(self) -> bool:
        """Whether the action takes the index instead of the home."""
        first = next(iter(self._signature.parameters))
        return bool(self._hints.get(first) is IndexStore)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """What the request gives."""
        in_path = set(_IN_PATH.findall(self.path))
        found = []
        for name, each in list(self._signature.parameters.items())[1:]:
            if name in self.fixed or _is_callback(self._hints[name]):
                continue
            place = "path" if name in in_path else self._other_place
            default = MISSING if each.default is inspect.Parameter.empty else each.default
            found.append(Parameter(name, self._hints[name], place, default))
        if missing := in_path - {each.name for each in found}:
            raise TypeError(f"{self.operation_id}: the action takes no {', '.join(missing)}")
        return tuple(found)

    @cached_property
    def query(self) -> tuple[Parameter, ...]:
        """The parameters of the query, a dataclass's fields one by one."""
        flat: list[Parameter] = []
        for each in self.parameters:
            if each.place == "query":
                flat += _flatten(each) if is_composite(each.kind) else [each]
        return tuple(flat)

    @cached_property
    def body(self) -> type[BaseModel] | None:
        """The request's body as a model, None if it has none."""
        members: dict[str, Any] = {
            each.name: (each.kind, ... if each.is_required else each.default)
            for each in self.parameters
            if each.place == "body"
        }
        if not members:
            return None
        name = "".join(part.title() for part in self.operation_id.split("_")) + "Request"
        return create_model(name, __config__=CONFIG, **members)

    @cached_property
    def result(self) -> Any:
        """The type of the answer."""
        return self._hints["return"]

    @property
    def _other_place(self) -> str:
        return "query" if self.method in _WITHOUT_BODY else "body"

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.action)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.action)


def is_composite(kind: Any) -> bool:
    """Whether a query gives a value of this type member by member; identifiers are one text."""
    return (
        isinstance(kind, type)
        and is_dataclass(kind)
        and not hasattr(kind, "__get_pydantic_core_schema__")
    )


def _is_callback(kind: Any) -> bool:
    return get_origin(kind) is collections.abc.Callable


def _flatten(parameter: Parameter) -> Iterable[Parameter]:
    hints = get_type_hints(parameter.kind)
    for each in fields(parameter.kind):
        factory: Any = each.default_factory
        default = each.default if factory is MISSING else factory()
        yield Parameter(each.name, hints[each.name], "query", default)
