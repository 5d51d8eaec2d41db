"""Answers that the OpenAPI document shows: one of each operation's successes.

Those in answers.json were given by nodes in tests (`make answers` records them); those in
answers_by_hand.json no test is given, so they were written. All of them are synthetic, and a test
holds each to the schema of its operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

_FILES = ("answers.json", "answers_by_hand.json")


@cache
def load_answers() -> Mapping[str, Mapping[str, Any]]:
    """Answers by operation and status ("200")."""
    found: dict[str, dict[str, Any]] = {}
    for name in _FILES:
        content = files(__package__).joinpath(name).read_bytes()
        for operation, by_status in orjson.loads(content).items():
            found.setdefault(operation, {}).update(by_status)
    return found


def with_answers(item: Mapping[str, Any]) -> dict[str, Any]:
    """A path item of the document, whose successes have their examples."""
    return {method: _with_answers(operation) for method, operation in item.items()}


def _with_answers(operation: Mapping[str, Any]) -> dict[str, Any]:
    answers = load_answers().get(operation["operationId"], {})
    responses = {
        status: _with_example(response, answers[status]) if status in answers else response
        for status, response in operation["responses"].items()
    }
    return {**operation, "responses": responses}


def _with_example(response: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    content = {
        media_type: {**told, "example": answer}
        for media_type, told in response.get("content", {}).items()
    }
    return {**response, "content": content}
