"""Keeps what nodes answer in tests, and chooses from it what the OpenAPI document shows.

`make answers` runs the tests that ask nodes and then this module. An answer that is already in
node_api/operations/answers.json and still fits its schema stays as it is, so that recording anew
changes only what has changed. Of a long list the first member is shown; nothing else in an answer
is edited but the secrets of API keys. What no test is answered stands in answers_by_hand.json.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "interfaces" / "openapi.json"
ANSWERS = ROOT / "node_api" / "operations" / "answers.json"
BY_HAND = ANSWERS.with_name("answers_by_hand.json")
NO_SECRET = "EXAMPLE" * 6 + "-"
"""Stands where an API key has its secret, and is as long."""
_SECRET = re.compile(r"(zl_[0-9a-f]{16}_)[A-Za-z0-9_-]{43}")
_OF_A_MACHINE = re.compile(r"localhost|127\.0\.0\.1|/(?:tmp|home|var|root)/|\.sock")
_MANY_BYTES = 2_500
Answers = dict[str, dict[str, Any]]


def listen(file: str) -> None:
    """Keeps what every client of this process is answered from now on."""
    send, send_async = httpx.Client.send, httpx.AsyncClient.send

    @wraps(send)
    def send_and_keep(client: httpx.Client, *told: Any, **more: Any) -> httpx.Response:
        response = send(client, *told, **more)
        if is_kept(response):
            keep(file, response, response.read())
        return response

    @wraps(send_async)
    async def send_async_and_keep(
        client: httpx.AsyncClient, *told: Any, **more: Any
    ) -> httpx.Response:
        response = await send_async(client, *told, **more)
        if is_kept(response):
            keep(file, response, await response.aread())
        return response

    httpx.Client.send = send_and_keep  # type: ignore[method-assign]
    httpx.AsyncClient.send = send_async_and_keep  # type: ignore[method-assign]


def is_kept(response: httpx.Response) -> bool:
    """Whether it is a success that is JSON."""
    media_type = response.headers.get("content-type", "").partition(";")[0]
    has_body = response.request.method != "HEAD"
    return response.is_success and has_body and is_json(media_type)


def keep(file: str, response: httpx.Response, body: bytes) -> None:
    """Adds a line to the file."""
    text = _SECRET.sub(rf"\g<1>{NO_SECRET}", body.decode())
    request = response.request
    line = json.dumps([request.method, request.url.path, str(response.status_code), text])
    with Path(file).open("a") as kept:
        kept.write(line + "\n")


def is_json(media_type: str) -> bool:
    """Whether it is one JSON value."""
    return media_type == "application/json" or media_type.endswith("+json")


def list_examples(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Operation, status and content of every success that the document describes as JSON."""
    for item in document["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                for media_type, content in response.get("content", {}).items():
                    if status.startswith("2") and is_json(media_type):
                        yield operation["operationId"], status, content


def is_fit(document: Mapping[str, Any], schema: Mapping[str, Any], answer: object) -> bool:
    """Whether an answer is one that a schema of the document describes."""
    return not list(find_faults(document, schema, answer))


def find_faults(
    document: Mapping[str, Any], schema: Mapping[str, Any], answer: object
) -> Iterator[str]:
    """What of an answer its schema does not describe."""
    whole = {**schema, "components": document["components"]}
    for fault in Draft202012Validator(whole).iter_errors(answer):
        yield f"{fault.json_path}: {fault.message}"


def choose(
    document: Mapping[str, Any],
    recorded: Iterable[list[str]],
    present: Answers,
    written: Answers,
) -> tuple[Answers, list[str]]:
    """The answers to show, and what has none. Small ones, of which no part is empty, go first.

    Args:
        recorded: method, path, status and body of each.
        present: those that were chosen before.
        written: those that were written by hand.
    """
    routes = _list_routes(document)
    candidates: dict[tuple[str, str], set[str]] = {}
    for method, path, status, body in recorded:
        for known, shape, operation in routes:
            if known == method and shape.fullmatch(path):
                candidates.setdefault((operation, status), set()).add(body)
                break
    found: Answers = {}
    missing = []
    for operation, status, content in list_examples(document):
        texts = sorted(candidates.get((operation, status), ()), key=_rank)
        values = [*map(_shorten, filter(_is_of_no_machine, texts))]
        if status in present.get(operation, {}):
            values.insert(0, present[operation][status])
        fit = [value for value in values if is_fit(document, content["schema"], value)]
        if status in written.get(operation, {}):
            continue
        if fit:
            found.setdefault(operation, {})[status] = fit[0]
        else:
            missing.append(f"{operation} {status}: {len(texts)} recorded, none fits")
    return dict(sorted(found.items())), missing


def _list_routes(document: Mapping[str, Any]) -> list[tuple[str, re.Pattern[str], str]]:
    """Fixed paths first."""
    paths = sorted(document["paths"].items(), key=lambda each: (each[0].count("{"), each[0]))
    return [
        (method.upper(), re.compile(re.sub(r"{[\w-]+}", "[^/]+", path)), operation["operationId"])
        for path, item in paths
        for method, operation in item.items()
    ]


def _shorten(text: str) -> Any:
    value = json.loads(text)
    return value[:1] if isinstance(value, list) and len(text) > _MANY_BYTES else value


def _is_of_no_machine(text: str) -> bool:
    return _OF_A_MACHINE.search(text) is None


@cache
def _rank(text: str) -> tuple[int, int, int, str]:
    value = json.loads(text)
    members = value.values() if isinstance(value, dict) else [value]
    empty = sum(each in (None, [], {}, "") for each in members)
    return len(text) // _MANY_BYTES, empty, len(text), text


def main(file: str) -> None:
    """Chooses, and writes what is chosen."""
    document = json.loads(DOCUMENT.read_text("utf-8"))
    present, written = (json.loads(each.read_text("utf-8")) for each in (ANSWERS, BY_HAND))
    recorded = map(json.loads, Path(file).read_text("utf-8").splitlines())
    answers, missing = choose(document, recorded, present, written)
    ANSWERS.write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(*missing, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
