"""What the table says of itself: names, paths, and examples that could be sent as they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import orjson
import pytest

from node_api.codec import adapter
from node_api.operations.operation import Operation
from node_api.operations.reading import read_arguments
from node_api.operations.table import OPERATIONS, by_action


def test_names_and_paths_are_each_one_operation() -> None:
    names = Counter(each.operation_id for each in OPERATIONS)
    places = Counter((each.method, re.sub(r"{\w+}", "{}", each.path)) for each in OPERATIONS)
    assert [name for name, count in (names + places).items() if count > 1] == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.operation_id)
def test_example_can_be_read_and_result_described(operation: Operation) -> None:
    example = dict(operation.example)
    path = {name: str(example.pop(name)) for name in re.findall(r"{(\w+)}", operation.path)}
    if operation.body is None:
        query = {name: _to_values(value) for name, value in example.items()}
        arguments = read_arguments(operation, path, query, b"")
    else:
        arguments = read_arguments(operation, path, {}, orjson.dumps(example))
    assert arguments.keys() >= operation.fixed.keys() | path.keys()
    assert operation.summary or (operation.action.__doc__ or "").strip()
    if operation.media_type == "application/json":
        adapter(operation.result).json_schema(mode="serialization")
    else:
        assert operation.result in (bytes, Iterator[bytes])


def test_an_actions_first_operation_is_the_clients() -> None:
    for action, operation in by_action().items():
        first = next(each for each in OPERATIONS if each.action is action)
        assert operation is first


def _to_values(value: object) -> list[str]:
    members = value if isinstance(value, (list, tuple)) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in members]
