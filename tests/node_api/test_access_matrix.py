"""Who may do what to whose: every role at every route, on what is their own and on what is not.

One real request a cell, of the rows that the application itself serves. What is expected stands in
access_matrix.txt, to be read and agreed upon; a route without a row there fails.

    yes     admitted: whatever is answered then, it is not a refusal of access
    login   nobody without credentials (401)
    role    no role of theirs may (403)
    dept    not on what is another department's (403)
    region  not on what is in another region (403)
    hidden  told that there is no such thing (404)
    signed  nothing without the signature of another node, which no credentials stand in for
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Route

from node_api.app import OPENAPI_PATH, PlainRoute
from node_api.auth.access import ObjectRule
from node_api.deliveries.transport import PATH as DELIVERIES_PATH
from node_api.hot.routes import answer_live
from node_api.operations.table import OPERATIONS
from tests.node_api.matrix_world import (
    ANYONE,
    ASKERS,
    LOCAL,
    MatrixWorld,
    Row,
    make_world,
    served_beside,
)
from tests.support.consortium import Consortium

EXPECTED = Path(__file__).with_name("access_matrix.txt")
CELLS = {
    "credentials_missing": "login",
    "role_not_allowed": "role",
    "department_not_allowed": "dept",
    "region_not_allowed": "region",
    "not_yours": "other",
    "local_only": "local",
    "object_missing": "nothing",
}
Matrix = Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="module")
def world(
    founded_consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MatrixWorld]:
    directory = tmp_path_factory.mktemp("matrix")
    with make_world(founded_consortium.copy(directory / "consortium"), directory) as made:
        yield made


def read_cell(row: Row, asker: str, answer: httpx.Response) -> str:
    """What an answer says about access."""
    assert answer.status_code < 500, (row.name, asker, answer.status_code, answer.text)
    if row.path.startswith(DELIVERIES_PATH):
        return "signed" if answer.is_client_error else "yes"
    if answer.status_code not in (401, 403, 404):
        return "yes"
    if not answer.content:  # of HEAD
        return {401: "login", 403: "refused"}.get(answer.status_code, "yes")
    code = str(answer.json()["code"])
    is_hiding = asker.startswith(("holder", "kiosk")) and row.operation is not None
    if is_hiding and code in ("certificate_unknown", "case_unknown"):
        return "hidden"
    return CELLS.get(code, "yes" if answer.status_code == 404 else code)


def measure(world: MatrixWorld) -> dict[str, dict[str, str]]:
    """The matrix as it is."""
    return {
        row.name: {asker: read_cell(row, asker, world.ask(row, asker)) for asker in ASKERS}
        for row in world.rows()
    }


def to_text(matrix: Matrix) -> str:
    """As the file has it: a line a route, a column an asker."""
    first = max(len(name) for name in matrix)
    widths = {asker: max(6, len(asker.split(" ")[0])) for asker in ASKERS}
    heads = [asker.partition(" ") for asker in ASKERS]
    lines = [
        " ".join(
            [" " * first, *(h[0].ljust(w) for h, w in zip(heads, widths.values(), strict=True))]
        ),
        " ".join(
            [" " * first, *(h[2].ljust(w) for h, w in zip(heads, widths.values(), strict=True))]
        ),
    ]
    for name, cells in matrix.items():
        columns = (cells[asker].ljust(width) for asker, width in widths.items())
        lines.append(" ".join([name.ljust(first), *columns]))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def from_text(text: str) -> dict[str, dict[str, str]]:
    """What `to_text` wrote."""
    lines = text.splitlines()[2:]
    found = {}
    for line in lines:
        method, path, *cells = line.split()
        found[f"{method} {path}"] = dict(zip(ASKERS, cells, strict=True))
    return found


def test_every_route_has_a_row_and_every_row_a_route(world: MatrixWorld) -> None:
    expected = from_text(EXPECTED.read_text("utf-8"))
    assert [row.name for row in world.rows() if row.name not in expected] == []
    assert expected.keys() - {row.name for row in world.rows()} == set()


def test_every_cell_is_as_agreed(world: MatrixWorld, tmp_path: Path) -> None:
    measured = measure(world)
    found = tmp_path / EXPECTED.name
    found.write_text(to_text(measured), "utf-8")
    expected = from_text(EXPECTED.read_text("utf-8"))
    wrong = [
        f"{name}, {asker}: expected {expected.get(name, {}).get(asker)}, got {cell}"
        for name, cells in measured.items()
        for asker, cell in cells.items()
        if expected.get(name, {}).get(asker) != cell
    ]
    assert wrong == [], f"if this is what is agreed: cp {found} {EXPECTED}"


def test_plain_routes_answer_what_they_describe_and_nothing_of_the_table(
    world: MatrixWorld,
) -> None:
    routes = world.node.node.routed.plain
    served = served_beside(world.node.node.routed)
    rows = world.rows()
    for row in rows:
        is_plain = any(route.matches(make_scope(row.method, row.url)) for route in routes)
        assert is_plain is (row.operation is None and row.path != OPENAPI_PATH), row.name
    shapes = [(method, re.compile(re.sub(r"{\w+}", "[^/]+", path))) for method, path in served]
    urls = {row.url for row in rows if row.operation is None}
    probes = {f"{url[:end]}{tail}" for url in urls for end in ends(url) for tail in ("", "/0")}
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for path in sorted(probes):
            if any(method == known and shape.fullmatch(path) for known, shape in shapes):
                continue
            if any(route.matches(make_scope(method, path)) for route in routes):
                answer = world.node.local.request(method, path)
                assert answer.status_code in (404, 405, 422), f"{method} {path} has no row"


def test_route_outside_the_table_is_found(world: MatrixWorld) -> None:
    routed = world.node.node.routed
    known = served_beside(routed)
    rest = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    rest.router.routes += [*routed.rest.routes, Route("/v1/forgotten", answer_live)]
    plain = PlainRoute(lambda _: False, answer_live, {"/v1/plain": {"patch": {}, "summary": ""}})
    found = served_beside(replace(routed, plain=(*routed.plain, plain), rest=rest))
    assert found - known == {("GET", "/v1/forgotten"), ("PATCH", "/v1/plain")}
    with pytest.raises(AssertionError, match="does not say what it serves"):
        served_beside(replace(routed, plain=(PlainRoute(lambda _: True, answer_live),)))


def make_scope(method: str, path: str) -> dict[str, object]:
    """Of a request, as routes look at it."""
    return {"type": "http", "method": method, "path": path, "headers": []}


def ends(url: str) -> list[int]:
    """Where the segments of a path end."""
    return [place for place, sign in enumerate(url) if sign == "/" and place] + [len(url)]


def test_nobody_gets_what_no_agreement_can_give() -> None:
    matrix = from_text(EXPECTED.read_text("utf-8"))
    for operation in OPERATIONS:
        name, access = f"{operation.method} {operation.path}", operation.access
        admitted = {asker for asker, cell in matrix[name].items() if cell == "yes"}
        if not access.is_open:
            assert ANYONE not in admitted, name
            assert admitted - {LOCAL, ANYONE} <= {
                asker for asker in ASKERS if asker.split(" ")[0] in access.roles
            }, name
        if access.is_change:
            harmless = ("auditor", "supervisor", "kiosk", "holder")
            assert not {asker for asker in admitted if asker.startswith(harmless)}, name
        if access.is_personal:
            assert not {a for a in admitted if a.startswith("operator")}, name
        if access.rule not in (ObjectRule.NONE, ObjectRule.VIEWER, ObjectRule.OWN):
            assert not {asker for asker in admitted if asker.endswith(" other")}, name
