"""What others build on (OpenAPI document, metric names, error codes) is written down and reviewed.

Each is a file under docs/interfaces/; a change of one is a change of an interface. After one that
is meant: `make interfaces`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import orjson
import pytest

from node_api.observing.metrics import COUNTED, GaugeReader, render
from node_api.openapi import CODES_OF_ALL, to_bytes
from tests.support.error_codes import list_error_codes
from tests.support.node import RunningNode

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / "docs" / "interfaces"
IS_WRITING = os.environ.get("ZHENGLIAN_WRITE_INTERFACES") == "1"


def require_same(name: str, content: str) -> None:
    path = DIRECTORY / name
    if IS_WRITING:
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
    assert path.read_text("utf-8") == content, f"{name} changed: if that is meant, make interfaces"


def test_the_openapi_document_is_the_one_in_the_repository(shared_node: RunningNode) -> None:
    document = orjson.loads(shared_node.local.get("/v1/openapi.json").content)
    require_same("openapi.json", to_bytes(document).decode())


def test_every_operation_of_the_document_has_what_a_reader_needs(shared_node: RunningNode) -> None:
    document = orjson.loads(shared_node.local.get("/v1/openapi.json").content)
    seen: set[str] = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            named = f"{method} {path}"
            assert operation["operationId"] not in seen, named
            seen.add(operation["operationId"])
            assert operation["summary"].endswith("."), named
            assert "Raises" not in operation["summary"], named
            for parameter in operation.get("parameters", ()):
                assert parameter["description"], f"{named}: {parameter['name']}"
            assert operation["tags"], named
            assert any(status.startswith("2") for status in operation["responses"]), named


def test_the_names_of_metrics_are_those_in_the_repository(shared_node: RunningNode) -> None:
    told = [
        f"{each.name} {each.type}: {each.documentation}"
        for metric in COUNTED
        for each in metric.describe()
    ]
    told += [
        f"{name} gauge: {help_}" for name, help_ in shared_node.node.gauges.described().items()
    ]
    require_same("metrics.txt", "\n".join(sorted(told)) + "\n")


def test_a_gauge_that_cannot_be_read_is_left_out_and_the_others_stay() -> None:
    gauges = GaugeReader()
    gauges.add("zhenglian_there_seconds", "There.", lambda: 2.0)
    gauges.add("zhenglian_away_seconds", "Away.", lambda: None)
    text = render(gauges).decode()
    assert "zhenglian_there_seconds 2.0" in text
    assert "zhenglian_away_seconds" not in text


def test_error_codes_are_those_in_the_repository() -> None:
    require_same("error-codes.txt", "\n".join(sorted(set(list_error_codes()))) + "\n")


def test_codes_that_the_document_names_for_every_operation_exist() -> None:
    told = " ".join(CODES_OF_ALL.values())
    named = {each for each in re.findall(r"[a-z_]+", told) if "_" in each}
    assert named <= set((DIRECTORY / "error-codes.txt").read_text("utf-8").split())


@pytest.mark.parametrize("name", ["openapi.json", "metrics.txt", "error-codes.txt"])
def test_the_files_name_no_machine(name: str) -> None:
    text = (DIRECTORY / name).read_text("utf-8")
    assert "localhost" not in text
    assert "127.0.0.1" not in text
