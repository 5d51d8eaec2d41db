"""Uploaded files and lists become jobs, which end whatever is interrupted."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.actions.fsck import fsck
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.issuance import loop
from ledger.actions.issuance.group import GroupIssuer
from ledger.actions.issuance.outcome import Citation
from ledger.actions.issuance.request import IssuedCertificate
from ledger.actions.status_targets import fetch_status
from ledger.errors import ChainUnavailableError, StorageError
from ledger.formats.status_list import Status
from ledger.identifiers import Uscc
from ledger.vault.request_tables import JobState
from ledger.vault.tables import BatchState, RunState
from ledger.workspace import Workspace
from node_api.auth.access import Access, require_admission
from node_api.auth.principals import LOCAL, Principal, PrincipalKind, Role
from node_api.auth.targets import TargetResolver
from node_api.hot.issue import permit_by
from node_api.jobs.handler import JobsHandler
from node_api.jobs.orders import JobKind, JobOrder
from node_api.jobs.runner import JobRunner, make_job_id
from tests.ledger.actions.homes import (
    HOUSING,
    TRANSPORT,
    TYPE,
    Ledger,
    identify,
    make_row,
    write_file,
    write_rows,
)
from tests.ledger.actions.issuance.test_group import QUICK, ask, retry_while
from tests.support.in_clear import find_in_clear

CSV = {"content-type": "text/csv"}
TEXT = {"content-type": "text/plain"}
ISSUE = {"issuer": str(HOUSING), "certificate_type": str(TYPE), "file_name": "一月.csv"}
Story = Callable[[httpx.AsyncClient, Workspace], Awaitable[None]]


def tell(
    ledger: Ledger, story: Story, *, principal: Principal = LOCAL, max_bytes: int = 1 << 24
) -> None:
    """Runs a story with a handler that answers a principal."""

    async def admit(scope: Any, access: Access, operation: str) -> Principal:
        require_admission(principal, access, operation)
        return principal

    async def run(handler: JobsHandler, workspace: Workspace) -> None:
        transport = httpx.ASGITransport(handler)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            await story(client, workspace)

    with ledger.open() as workspace, JobRunner(workspace, retry_s=0.1) as runner:
        permit = permit_by(TargetResolver(workspace))
        handler = JobsHandler(workspace, runner, admit, permit, max_bytes=max_bytes)
        asyncio.run(run(handler, workspace))


async def wait_for_end(client: httpx.AsyncClient, location: str) -> dict[str, Any]:
    for _ in range(400):
        found: dict[str, Any] = (await client.get(location)).json()
        if found["state"] not in ("queued", "running"):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 1000):
        yield content[start : start + 1000]


def test_a_file_is_issued_as_it_streams_in(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(30))

    async def story(client: httpx.AsyncClient, workspace: Workspace) -> None:
        answer = await client.post(
            "/v1/jobs", params=ISSUE, headers=CSV, content=in_pieces(source.read_bytes())
        )
        assert answer.status_code == 202, answer.text
        done = await wait_for_end(client, answer.headers["location"])
        assert (done["state"], done["counts"]["issued"]) == ("completed", 30)
        assert (done["file_name"], done["errors"]) == ("一月.csv", None)
        listed = (await client.get("/v1/jobs")).json()["jobs"]
        assert [each["job_id"] for each in listed] == [done["job_id"]]
        assert list((workspace.home / "uploads").iterdir()) == []

    tell(ledger, story)
    with ledger.open() as workspace:
        assert fsck(workspace).certificates == 30


def test_the_one_row_of_a_file_cites_a_case_and_a_certificate(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(1)).read_bytes()
    two = write_file(tmp_path / "two.csv", range(1, 3)).read_bytes()
    cited = ISSUE | {"case_id": "ab" * 32, "related_certificate_id": str(identify(7))}

    async def story(client: httpx.AsyncClient, workspace: Workspace) -> None:
        answer = await client.post("/v1/jobs", params=cited, headers=CSV, content=source)
        done = await wait_for_end(client, answer.headers["location"])
        assert (done["state"], done["counts"]["issued"]) == ("completed", 1)
        stored = read_certificate(workspace, find_stored(workspace, identify(0)))
        assert (stored.case_id, str(stored.related_certificate_id)) == (
            bytes.fromhex("ab" * 32),
            str(identify(7)),
        )
        answer = await client.post("/v1/jobs", params=cited, headers=CSV, content=two)
        done = await wait_for_end(client, answer.headers["location"])
        assert (done["state"], done["detail"].partition(":")[0]) == ("failed", "not_one_row")

    tell(ledger, story)


def test_errors_of_rows_are_a_download_that_a_spreadsheet_opens(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [make_row(1), make_row(2, 姓名=""), make_row(3, 身份证号="160101199003071233")]
    source = write_rows(tmp_path / "rows.csv", rows)

    async def story(client: httpx.AsyncClient, workspace: Workspace) -> None:
        answer = await client.post(
            "/v1/jobs", params=ISSUE, headers=CSV, content=source.read_bytes()
        )
        done = await wait_for_end(client, answer.headers["location"])
        assert (done["state"], done["counts"]["errors"]) == ("failed", 2)
        assert done["detail"].startswith("rows_invalid")
        refused = await client.get(done["errors"])
        assert refused.json()["code"] == "purpose_required"
        report = await client.get(done["errors"], headers={"purpose": "correcting rows"})
        assert report.headers["content-type"] == "text/csv; charset=utf-8"
        lines = list(csv.DictReader(io.StringIO(report.content.decode("utf-8-sig"))))
        assert [(line["行号"], line["错误代码"]) for line in lines] == [
            ("3", "missing_value"),
            ("4", "wrong_check_character"),
        ]
        assert workspace.vault.certificates.find(str(identify(1))) is None
        good = await client.post(
            "/v1/jobs",
            params=ISSUE | {"skip_invalid": "true"},
            headers=CSV,
            content=source.read_bytes(),
        )
        done = await wait_for_end(client, good.headers["location"])
        assert (done["state"], done["counts"]["issued"]) == ("completed", 1)

    tell(ledger, story)


def test_statuses_change_by_a_list(ledger: Ledger, tmp_path: Path) -> None:
    ledger.issue(write_file(tmp_path / "rows.csv", range(5)))
    listed = "证照标识\n" + "".join(f"{identify(number)}\n" for number in (1, 3))
    order = {
        "kind": "revoke",
        "issuer": str(HOUSING),
        "reason": "07",
        "legal_basis": "《安全生产管理人员管理规定》第二十四条",
    }

    async def story(client: httpx.AsyncClient, workspace: Workspace) -> None:
        send = {"params": order, "headers": TEXT}
        bad = await client.post("/v1/jobs", content=f"{identify(1)}\nx\n".encode(), **send)
        done = await wait_for_end(client, bad.headers["location"])
        assert (done["state"], done["counts"]["errors"]) == ("failed", 1)
        good = await client.post("/v1/jobs", content=listed.encode("gb18030"), **send)
        done = await wait_for_end(client, good.headers["location"])
        assert (done["state"], done["counts"]["changed"]) == ("completed", 2), done
        again = await client.post("/v1/jobs", content=listed.encode(), **send)
        done = await wait_for_end(client, again.headers["location"])
        assert done["counts"] == {"rows": 2, "changed": 0, "already_done": 2}
        statuses = [
            fetch_status(workspace, find_stored(workspace, identify(number))) for number in range(5)
        ]
        assert [status is Status.REVOKED for status in statuses] == [0, 1, 0, 1, 0]

    tell(ledger, story)


@pytest.mark.parametrize(
    ("params", "headers", "status", "code"),
    [
        ({"issuer": "x", "certificate_type": str(TYPE)}, CSV, 422, "malformed_input"),
        ({"issuer": str(HOUSING)}, CSV, 422, "parameter_missing"),
        (ISSUE, {"content-type": "application/json"}, 415, "content_type"),
        (ISSUE | {"kind": "forget"}, CSV, 422, "malformed_input"),
        (ISSUE | {"skip_invalid": "yes"}, CSV, 422, "malformed_input"),
        (ISSUE | {"case_id": "AB" * 32}, CSV, 422, "malformed_input"),
        (ISSUE | {"related_certificate_id": "1.2.3"}, CSV, 422, "malformed_input"),
        (ISSUE | {"certificate_type": "11100000000013338W999"}, CSV, 404, "not_found"),
        ({"kind": "revoke", "issuer": str(HOUSING), "reason": "1"}, TEXT, 422, "parameter_missing"),
    ],
)
def test_what_is_no_order_is_refused_and_nothing_is_kept(
    ledger: Ledger, params: dict[str, str], headers: dict[str, str], status: int, code: str
) -> None:
    async def story(client: httpx.AsyncClient, workspace: Workspace) -> None:
        answer = await client.post("/v1/jobs", params=params, headers=headers, content=b"x")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert list((workspace.home / "uploads").iterdir()) == []
        assert workspace.vault.jobs.all() == []

    tell(ledger, story)


def test_a_file_beyond_the_bound_is_refused_and_not_kept(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(30))

    async def story(client: httpx.AsyncClient, workspace: Workspace) -> None:
        for content in (in_pieces(source.read_bytes()), b""):
            answer = await client.post("/v1/jobs", params=ISSUE, headers=CSV, content=content)
            assert answer.json()["code"] in ("body_too_large", "body_empty")
        assert list((workspace.home / "uploads").iterdir()) == []
        assert workspace.vault.jobs.all() == []

    tell(ledger, story, max_bytes=2000)


def test_another_department_sees_and_makes_no_job(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(3)).read_bytes()
    location = ""

    async def make(client: httpx.AsyncClient, workspace: Workspace) -> None:
        nonlocal location
        answer = await client.post("/v1/jobs", params=ISSUE, headers=CSV, content=source)
        location = answer.headers["location"]

    async def look(client: httpx.AsyncClient, workspace: Workspace) -> None:
        answers = [
            await client.post("/v1/jobs", params=ISSUE, headers=CSV, content=source),
            await client.get(location),
            await client.get(location + "/errors"),
            await client.delete(location),
        ]
        assert [each.status_code for each in answers] == [403] * 4
        assert (await client.get("/v1/jobs")).json() == {"jobs": []}

    tell(ledger, make)
    foreign = Principal(
        PrincipalKind.OIDC,
        "oidc:2",
        frozenset({Role.CLERK}),
        departments=frozenset({TRANSPORT}),
    )
    tell(ledger, look, principal=foreign)


# The runner itself.


def queue(
    runner: JobRunner, source: Path, issuer: Uscc = HOUSING, citation: Citation | None = None
) -> str:
    job_id = make_job_id()
    order = JobOrder(JobKind.ISSUE, issuer, ".csv", TYPE, citation=citation)
    with runner.spool.begin(job_id, 1 << 24) as upload:
        upload.write(source.read_bytes())
        runner.queue(job_id, order, upload, source.name, "oidc:1")
    return job_id


def wait_until_ended(workspace: Workspace, job_id: str) -> JobState:
    for _ in range(400):
        row = workspace.vault.jobs.get(job_id)
        if row.state.has_ended:
            return row.state
        time.sleep(0.05)
    raise AssertionError(row)


def test_a_job_that_was_running_is_taken_up_with_what_it_had_sealed(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_file(tmp_path / "rows.csv", range(30))
    reached = threading.Event()
    closing = loop._conclude

    def stop_before_anchoring(run: Any) -> Any:
        run.pipeline.drain()
        reached.set()
        raise loop.ConflictError("stopped", code="certificate_exists")  # then it begins anew

    with ledger.open() as workspace:
        with JobRunner(workspace) as runner:
            runner._is_stopping = True  # nothing is done while the file arrives
            job_id = queue(runner, source)
        monkeypatch.setattr(loop, "_conclude", stop_before_anchoring)
        workspace.vault.jobs.change(job_id, JobState.RUNNING)
        with pytest.raises(loop.ConflictError):
            loop.issue_file(workspace, runner.spool.file(job_id, ".csv"), HOUSING, TYPE)
        (staged,) = workspace.vault.batches.in_state(BatchState.OPEN)
    monkeypatch.setattr(loop, "_conclude", closing)
    with ledger.open() as workspace, JobRunner(workspace):
        assert wait_until_ended(workspace, job_id) is JobState.COMPLETED
        (anchored,) = workspace.vault.batches.in_state(BatchState.ANCHORED)
        assert anchored.batch_key == staged.batch_key
        assert fsck(workspace).certificates == 30


def test_cancelled_in_time_a_job_leaves_nothing(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.open() as workspace:
        runner = JobRunner(workspace)
        queued = [
            queue(runner, write_file(tmp_path / f"{n}.csv", range(5 * n, 5 * n + 5)))
            for n in range(2)
        ]
        runner.cancel(queued[1])
        with runner:
            assert wait_until_ended(workspace, queued[0]) is JobState.COMPLETED
        assert workspace.vault.jobs.get(queued[1]).state is JobState.CANCELLED
        assert list((workspace.home / "uploads").iterdir()) == []
        assert fsck(workspace).certificates == 5


@pytest.mark.parametrize(("rows", "citation"), [(30, None), (1, Citation(case_id=bytes(32)))])
def test_cancelled_while_it_is_read_a_job_is_given_up(
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    citation: Citation | None,
) -> None:
    with ledger.open() as workspace:
        runner = JobRunner(workspace)
        source = write_file(tmp_path / "rows.csv", range(rows))
        job_id = queue(runner, source, citation=citation)
        taking = loop._take

        def cancel_meanwhile(run: Any, chunk: Any) -> None:
            taking(run, chunk)
            run.pipeline.drain()
            assert runner.cancel(job_id).state is JobState.RUNNING

        monkeypatch.setattr(loop, "_take", cancel_meanwhile)
        with runner:
            assert wait_until_ended(workspace, job_id) is JobState.CANCELLED
        assert workspace.vault.batches.in_state(BatchState.OPEN, BatchState.CLOSED) == []
        assert workspace.vault.runs.unfinished() == []
        assert workspace.gateway.log_size() == len(list(workspace.index.iterate()))


def test_single_requests_go_on_beside_a_job(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(200))
    with ledger.open() as workspace, GroupIssuer(workspace, QUICK) as issuer:
        with JobRunner(workspace) as runner:
            job_id = queue(runner, source)
            done = [
                retry_while(ChainUnavailableError, lambda n=number: issuer.issue(ask(n)))
                for number in range(195, 215)
            ]
            assert wait_until_ended(workspace, job_id) is JobState.COMPLETED, (
                workspace.vault.jobs.get(job_id)
            )
        assert all(isinstance(each, IssuedCertificate) for each in done)
        states = {run.state for run in workspace.vault.runs.all()}
        assert states <= {RunState.COMPLETED, RunState.RUNNING, RunState.FAILED}
    with ledger.open() as workspace:
        report = fsck(workspace)
        assert (report.problems, report.remarks, report.certificates) == ((), (), 215)


# What lies on the disk meanwhile.

NAME, NUMBER = "欧阳慕容雪", "160101199003071232"


def write_personal(path: Path, count: int = 3) -> Path:
    """A file of one good row, and otherwise of bad ones."""
    bad = [make_row(number, 姓名=NAME, 性别=NAME) for number in range(1, count)]
    return write_rows(path, [make_row(0, 姓名=NAME), *bad])


def test_nothing_of_a_file_can_be_read_on_the_disk_whatever_becomes_of_its_job(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_personal(tmp_path / f"{NAME}.csv")
    words = (NAME, NUMBER)
    with ledger.open() as workspace:
        runner = JobRunner(workspace)
        uploads = workspace.home / "uploads"
        refused, cancelled = queue(runner, source), queue(runner, source)
        arriving = runner.spool.begin(make_job_id(), 1 << 24)
        arriving.write(source.read_bytes() * 300)
        assert [row.file_name for row in workspace.vault.jobs.all()] == [source.name] * 2
        assert len(list(uploads.iterdir())) == 3
        assert find_in_clear(workspace.home, words) == []
        runner.cancel(cancelled)
        with runner:
            assert wait_until_ended(workspace, refused) is JobState.FAILED
        assert [path.name for path in uploads.iterdir()] == [f"{refused}.report"]
        assert NAME in runner.spool.read_report(refused).decode("utf-8-sig")
        assert find_in_clear(workspace.home, words) == []


def test_what_a_former_node_left_is_removed_but_for_what_jobs_and_clerks_need(
    ledger: Ledger, tmp_path: Path
) -> None:
    with ledger.open() as workspace:
        before = JobRunner(workspace)
        job_id = queue(before, write_file(tmp_path / "rows.csv", range(3)))
        before.spool.write_report("kept", ())
        before.spool.write_report("old", ())
        uploads = workspace.home / "uploads"
        long_ago = time.time() - 31 * 86_400
        os.utime(uploads / "old.report", (long_ago, long_ago))
        for name in (f"{job_id}.csv", "x.upload", f"{job_id}.upload.part", "x.report.part"):
            (uploads / name).write_bytes(NAME.encode())
        with JobRunner(workspace, keep_days=30):
            assert wait_until_ended(workspace, job_id) is JobState.COMPLETED
            for _ in range(100):
                if len(left := [path.name for path in uploads.iterdir()]) == 1:
                    break
                time.sleep(0.05)
        assert left == ["kept.report"]


def test_a_file_that_was_altered_fails_its_job_and_holds_up_no_other(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(3))
    with ledger.open() as workspace:
        runner = JobRunner(workspace)
        altered, missing, whole = (queue(runner, source) for _ in range(3))
        path = workspace.home / "uploads" / f"{altered}.upload"
        path.write_bytes(path.read_bytes()[:-1])
        runner.spool.remove(missing)
        with runner:
            assert wait_until_ended(workspace, whole) is JobState.COMPLETED
        details = [workspace.vault.jobs.get(job_id).detail for job_id in (altered, missing)]
        assert [detail.partition(":")[0] for detail in details] == ["file_damaged", "file_missing"]


def test_a_file_whose_job_could_not_be_queued_is_not_kept(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_file(tmp_path / "rows.csv", range(3))
    with ledger.open() as workspace:
        runner = JobRunner(workspace)

        def refuse(self: object, new: object) -> None:
            raise StorageError("no room", code="disk_full")

        monkeypatch.setattr(type(workspace.vault.jobs), "add", refuse)
        with pytest.raises(StorageError):
            queue(runner, source)
        assert list((workspace.home / "uploads").iterdir()) == []
