"""An action's call as an HTTP request, by the same table that the node serves by."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints
from urllib.parse import quote

from node_api.codec import adapter
from node_api.operations.operation import Operation, Parameter, is_composite


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A request that is ready to be sent. Attributes: body: None if it has none."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes | None


def prepare(
    operation: Operation,
    action: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> PreparedCall:
    """The request for one call.

    Args:
        args, kwargs: of the action without its first parameter, the home.

    Raises:
        TypeError: they do not fit the action, or say what the route does not let one choose.
    """
    bound = inspect.signature(action).bind(None, *args, **kwargs)
    given = dict(list(bound.arguments.items())[1:])
    for name, value in operation.fixed.items():
        if given.pop(name, value) != value:
            raise TypeError(f"{operation.operation_id} fixes {name}")
    known = {each.name: each for each in operation.parameters}
    if unknown := given.keys() - known.keys():
        given = {name: value for name, value in given.items() if name not in unknown}
    path = operation.path
    query: list[tuple[str, str]] = []
    members: list[bytes] = []
    for name, value in given.items():
        parameter = known[name]
        if parameter.place == "path":
            path = path.replace(f"{{{name}}}", quote(_to_text(parameter.kind, value), safe=""))
        elif parameter.place == "query":
            query += _to_query(parameter, value)
        else:
            members.append(b'"%s":%s' % (name.encode(), adapter(parameter.kind).dump_json(value)))
    body = b"{" + b",".join(members) + b"}" if operation.body is not None else None
    return PreparedCall(operation.method, path, tuple(query), body)


def _to_query(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    if is_composite(parameter.kind):
        hints = get_type_hints(parameter.kind)
        found: list[tuple[str, str]] = []
        for name, field in parameter.kind.__dataclass_fields__.items():
            member = getattr(value, name)
            if member is not None and member != field.default:
                found += _to_pairs(name, hints[name], member)
        return found
    return [] if value is None else _to_pairs(parameter.name, parameter.kind, value)


def _to_pairs(name: str, kind: Any, value: Any) -> list[tuple[str, str]]:
    """A value under its name; of a sequence, each member."""
    plain = adapter(kind).dump_python(value, mode="json")
    members = plain if isinstance(plain, (list, tuple)) else [plain]
    return [(name, _to_plain_text(each)) for each in members]


def _to_text(kind: Any, value: Any) -> str:
    return _to_plain_text(adapter(kind).dump_python(value, mode="json"))


def _to_plain_text(plain: Any) -> str:
    return str(plain).lower() if isinstance(plain, bool) else str(plain)
