"""From an HTTP request's parts to the arguments of an action, parsed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from ledger.errors import LedgerError, MalformedInputError
from node_api.codec import decode_plain, to_malformed
from node_api.operations.operation import Operation, Parameter, is_composite

Query = Mapping[str, Sequence[str]]
"""Names and all values given for each, in order."""


def read_arguments(
    operation: Operation, path: Mapping[str, str], query: Query, body: bytes
) -> dict[str, Any]:
    """The action's arguments by name.

    Raises:
        MalformedInputError: names the parameter, what was expected and what came; `body_not_json`
            where the body is no JSON object.
    """
    arguments: dict[str, Any] = dict(operation.fixed)
    for each in operation.parameters:
        if each.place == "path":
            arguments[each.name] = _read(each.kind, path[each.name], each.name)
    arguments |= _read_query(operation, query)
    if operation.body is not None:
        arguments |= _read_body(operation, body)
    return arguments


def _read_query(operation: Operation, query: Query) -> dict[str, Any]:
    known = {each.name for each in operation.query}
    if unknown := sorted(query.keys() - known):
        raise MalformedInputError(
            f"{unknown[0]}: expected query parameters {', '.join(sorted(known)) or '(none)'}",
            code="parameter_unknown",
            field=unknown[0],
        )
    values = {each.name: _read_given(each, query) for each in operation.query if each.name in query}
    arguments = {}
    for each in operation.parameters:
        if each.place != "query":
            continue
        if is_composite(each.kind):
            names = each.kind.__dataclass_fields__
            arguments[each.name] = _make(each.kind, {n: values[n] for n in names if n in values})
        elif each.name in values:
            arguments[each.name] = values[each.name]
        elif each.is_required:
            raise _missing(each.name)
    return arguments


def _make(kind: type, values: Mapping[str, Any]) -> Any:
    try:
        return kind(**values)
    except TypeError as error:
        missing = str(error).rpartition("'")[0].rpartition("'")[2]
        raise _missing(missing) from error


def _missing(name: str) -> MalformedInputError:
    return MalformedInputError(
        f"{name}: expected this parameter, it was not given", code="parameter_missing", field=name
    )


def _read_given(parameter: Parameter, query: Query) -> Any:
    given = query[parameter.name]
    if (member := _find_member(parameter.kind)) is not None:
        parts = [part for value in given for part in value.split(",") if part]
        return tuple(_read(member, part, parameter.name) for part in parts)
    if len(given) > 1:
        raise MalformedInputError(
            f"{parameter.name}: expected one value, got {len(given)}", field=parameter.name
        )
    return _read(parameter.kind, given[0], parameter.name)


def _find_member(kind: Any) -> Any:
    """The type of a sequence's members, optional or not; None if it is no sequence."""
    for option in (kind, *get_args(kind)):
        origin = get_origin(option)
        if isinstance(origin, type) and issubclass(origin, Sequence):
            return get_args(option)[0]
    return None


def _read(kind: Any, value: object, name: str) -> Any:
    try:
        return decode_plain(kind, value)
    except LedgerError as error:
        message = error.message.removeprefix("body: ").removeprefix(f"{name}: ")
        raise MalformedInputError(f"{name}: {message}", code=error.code, field=name) from error


def _read_body(operation: Operation, body: bytes) -> dict[str, Any]:
    model = operation.body
    assert model is not None  # noqa: S101 - asked by the caller
    try:
        found = model.model_validate_json(body or b"{}")
    except ValidationError as error:
        malformed = to_malformed(error, tuple(model.model_fields))
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise MalformedInputError(
                f"expected a JSON object; {first['msg']}", code="body_not_json"
            ) from error
        raise malformed from error
    return {name: getattr(found, name) for name in model.model_fields}
