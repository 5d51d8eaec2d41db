"""Reads while the chain is away: every route that changes nothing answers, and says its age.

The chain is a process of its own, and killed. A read that cannot be answered then stands here with
its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
import pytest

from node_api.freshness import from_headers
from node_api.operations.operation import Operation
from node_api.operations.table import OPERATIONS
from tests.node_api.matrix_world import LOCAL, MatrixWorld, Row, make_world
from tests.support.consortium import Consortium
from tests.support.served_chain import serve_chain

NEED_THE_CHAIN: Mapping[str, str] = {
    "plan_status_change": "what it plans is done to the words that the chain has now",
    "plan_replacement_by_file": "the same",
    "tell_judgement": "an acceptance follows from it, of the case as the chain has it now",
    "fsck": "compares the home with the chain itself",
}
"""Reads that are not answered by what was known before, and why."""
USUAL = (200, 404, 409, 422)
READS = [each for each in OPERATIONS if not each.access.is_change]
FOR_HOLDERS = {"page_own_certificates", "follow_own_case"}
OF_THE_VAULT_ALONE = {
    *("list_known_types", "describe_type", "make_template_csv", "make_template_xlsx"),
    *(
        "choose_issuer",
        "list_holds",
        "list_inbox",
        "list_outgoing",
        "resolve_delivery",
        "read_own_application",
    ),
    *("read_access_log", "check_access_log", "list_api_keys", "list_approvals", "show_approval"),
    *("export_register", "read_backup_status"),
}
"""Reads that no age belongs to: nothing of them stands in the log."""
NOT_FOR_READERS = {"GET /v1/notices/stream"}  # it never ends


@pytest.fixture(scope="module")
def world(
    founded_consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MatrixWorld]:
    """A node whose chain has just been killed."""
    directory = tmp_path_factory.mktemp("without_chain")
    consortium = founded_consortium.copy(directory / "consortium")
    with serve_chain(consortium.chain) as chain:
        consortium.set_chain(chain.url)
        with make_world(consortium, directory) as made:
            made.node.workspace.sync_index()
            chain.process.kill()
            chain.process.wait()
            yield made


@pytest.fixture(scope="module")
def rows(world: MatrixWorld) -> dict[str, Row]:
    """Requests for the operations, by their ids."""
    return {row.operation.operation_id: row for row in world.rows() if row.operation is not None}


def ask(world: MatrixWorld, row: Row) -> httpx.Response:
    """As the command line of the node's machine, or as the holder whose it is."""
    asker = "holder own" if row.operation and row.operation.operation_id in FOR_HOLDERS else LOCAL
    http = world.node.local if asker == LOCAL else world.node.public
    return http.request(row.method, row.url, headers=world.headers[asker], **row.options)


@pytest.mark.parametrize("operation", READS, ids=lambda each: each.operation_id)
def test_a_read_goes_on_and_says_its_age(
    world: MatrixWorld, rows: Mapping[str, Row], operation: Operation
) -> None:
    name = operation.operation_id
    answer = ask(world, rows[name])
    told = from_headers(answer.headers)
    if name in NEED_THE_CHAIN:
        assert (answer.status_code, answer.json()["code"]) == (503, "chain_unavailable")
        assert answer.headers["retry-after"]
        return
    assert answer.status_code in USUAL, answer.text
    if name in OF_THE_VAULT_ALONE or answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        return
    assert told is not None
    cursor = world.node.workspace.index.cursor()
    assert (told.block, told.time_unix) == (cursor.next_block - 1, cursor.synced_to_unix)
    assert told.problem == "chain_unavailable"
    assert 0 <= told.age_s <= world.node.workspace.now_unix() - told.time_unix


def test_no_exception_is_left_that_is_none(rows: Mapping[str, Row]) -> None:
    assert rows.keys() >= NEED_THE_CHAIN.keys() | FOR_HOLDERS | OF_THE_VAULT_ALONE


def test_plain_reads_go_on(world: MatrixWorld) -> None:
    for row in world.rows():
        if row.operation is None and row.method == "GET" and row.name not in NOT_FOR_READERS:
            answer = ask(world, row)
            is_ready = row.path == "/health/ready"
            assert answer.status_code == 503 if is_ready else answer.status_code < 500, row.name


def test_a_write_asks_to_be_made_again_later(world: MatrixWorld) -> None:
    members = {"reason": "02", "legal_basis": "某规定第一条"}
    path = f"/v1/certificates/{world.objects['certificate_id']}/suspend"
    answer = world.node.local.post(path, json=members)
    assert (answer.status_code, answer.json()["code"]) == (503, "chain_unavailable")
    assert answer.headers["retry-after"]
    assert from_headers(answer.headers) is None
