"""The examples of the OpenAPI document: there, fit for their schemas, and nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.support.node import RunningNode
from tests.support.recorded_answers import (
    ANSWERS,
    BY_HAND,
    DOCUMENT,
    NO_SECRET,
    choose,
    find_faults,
    list_examples,
)

KEY = re.compile(r"zl_[0-9a-f]{16}_([A-Za-z0-9_-]*)")


@pytest.fixture(scope="module")
def document(shared_node: RunningNode) -> dict[str, Any]:
    """As the node serves it."""
    served: dict[str, Any] = orjson.loads(shared_node.local.get("/v1/openapi.json").content)
    return served


def list_parameters(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in document["paths"].values():
        for operation in item.values():
            for each in operation.get("parameters", ()):
                yield f"{operation['operationId']}: {each['name']}", each


def test_every_success_has_an_example_that_fits(document: dict[str, Any]) -> None:
    shown = list(list_examples(document))
    assert len(shown) > 100
    assert [(name, status) for name, status, told in shown if "example" not in told] == []
    faults = {
        name: [*find_faults(document, told["schema"], told["example"])] for name, _, told in shown
    }
    assert {name: found for name, found in faults.items() if found} == {}


def test_what_awaits_a_second_officer_is_shown(document: dict[str, Any]) -> None:
    told = document["components"]["responses"]["Awaiting"]["content"]["application/json"]
    assert told["example"]["state"] == "pending"
    assert list(find_faults(document, told["schema"], told["example"])) == []


def test_every_parameter_has_an_example_that_fits(document: dict[str, Any]) -> None:
    parameters = list(list_parameters(document))
    assert [name for name, each in parameters if "example" not in each] == []
    faults = {
        name: [*find_faults(document, each["schema"], each["example"])] for name, each in parameters
    }
    assert {name: found for name, found in faults.items() if found} == {}


def test_bodies_of_requests_have_examples_that_fit(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {})
            for told in content.values():
                if "example" in told:
                    faults = find_faults(document, told["schema"], told["example"])
                    assert list(faults) == [], operation["operationId"]


def test_no_secret_and_no_machine_stands_in_the_document() -> None:
    text = DOCUMENT.read_text("utf-8")
    secrets = set(KEY.findall(text)) - {""}
    assert secrets == {NO_SECRET}
    assert not re.search("/(?:tmp|home|root)/|pytest|BEGIN PRIVATE", text)


def test_no_answer_stands_for_an_operation_that_is_not_there(document: dict[str, Any]) -> None:
    known = {(name, status) for name, status, _ in list_examples(document)}
    kept = [
        (name, status)
        for file in (ANSWERS, BY_HAND)
        for name, by_status in orjson.loads(file.read_bytes()).items()
        for status in by_status
    ]
    assert len(kept) == len(set(kept))
    assert set(kept) - known == set()


def test_an_answer_is_chosen_anew_only_once_it_fits_no_longer(document: dict[str, Any]) -> None:
    recorded = [["GET", "/health/live", "200", '{"status":"ok, new"}']]
    present: dict[str, dict[str, Any]] = {"live": {"200": {"status": "ok"}}}
    assert choose(document, recorded, present, {})[0]["live"] == present["live"]
    present["live"]["200"] = {"state": "of another schema"}
    assert choose(document, recorded, present, {})[0]["live"] == {"200": {"status": "ok, new"}}
    assert "live" not in choose(document, [], present, {})[0]
