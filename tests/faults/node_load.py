"""Clients of a node that do all it is for, at once, and note every answer.

Each goes on until it has what it wants, whatever is killed: the same request again, with the same
Idempotency-Key; the same decision again; the same file again.
"""

from __future__ import annotations

import http.client
import io
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import Future
from csv import DictWriter
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Self
from urllib.parse import quote

from tests.faults.served_world import ServedWorld
from tests.ledger.actions.homes import HOUSING, OFFICER, TYPE, identify, make_row
from tests.support.history_checker import NO_ANSWER, Attempt
from tests.support.status_history import StatusOrder

PAUSE_S = 0.1
AGAIN_S = 0.2
TIMEOUT_S = 60.0
FINISH_WITHIN_S = 120.0
_JOB_ROWS_FROM = 100_000
_NUMBERS = itertools.count(1_000)
_BASIS = "《安全生产许可证条例》第十四条"


class Told(NamedTuple):
    """What a request was answered with; status NO_ANSWER where nothing came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body) if self.body else {}


class Caller:
    """One client with one connection, which it opens again when it is lost."""

    def __init__(self, load: NodeLoad) -> None:
        self._load = load
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Told:
        """One request. Its answer is among those that are looked at in the end."""
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        world = self._load.world
        if own.pop("anonymous", None) is None:
            own |= {"authorization": f"Bearer {world.key}", "purpose": "tests"}
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    "127.0.0.1", self._load.port, timeout=TIMEOUT_S
                )
            self._connection.request(method, path, body, own)
            response = self._connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            told = Told(response.status, found, response.read())
        except (OSError, http.client.HTTPException):
            self.close()
            told = Told(NO_ANSWER, {}, b"")
        self._load.note(path, told)
        return told

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass
class Job:
    """A file that was uploaded until the node said that it has it.

    Attributes:
        ids: of the jobs that were promised.
    """

    numbers: range
    ids: list[str] = field(default_factory=list)

    @property
    def identifiers(self) -> set[str]:
        return {str(identify(number)) for number in self.numbers}

    def to_csv(self) -> bytes:
        """The file."""
        text = io.StringIO(newline="")
        rows = [make_row(number) for number in self.numbers]
        writer = DictWriter(text, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode("utf-8-sig")


class NodeLoad:
    """Clients that issue, one that verifies, one that decides, and uploads. A context manager.

    Args:
        issuing: clients that issue, each one request at a time.
        wait_s: how long a request to issue waits for its anchoring.

    Attributes:
        attempts: to issue.
        orders: to change the status of a certificate.
        jobs: uploads.
        answers: how often each path's kind was answered with each status and code.
        strange: answers that nobody should get.
        others: identifiers of certificates that somebody else asked for.
    """

    def __init__(self, world: ServedWorld, *, issuing: int = 4, wait_s: int = 3) -> None:
        self.world = world
        self.port = world.port
        self.attempts: list[Attempt] = []
        self.orders: list[StatusOrder] = []
        self.jobs: list[Job] = []
        self.answers: Counter[tuple[str, int, str]] = Counter()
        self.strange: list[str] = []
        self.others: set[str] = set()
        self._wait_s = wait_s
        self._numbers = _NUMBERS
        self._acknowledged: list[str] = []
        self._to_decide: list[str] = []
        self._lock = threading.Lock()
        self._is_ending = threading.Event()
        self._errors: list[Exception] = []
        self._threads = [
            *(self._thread(self._issue) for _ in range(issuing)),
            self._thread(self._verify),
            self._thread(self._decide),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """No client begins anything more; each waits until it has what it asked for."""
        self._is_ending.set()
        if kind is not None:
            return
        deadline = time.monotonic() + FINISH_WITHIN_S
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
            assert not thread.is_alive(), ("a client waits for ever", self.answers)
        assert self._errors == []

    @property
    def acknowledged(self) -> list[str]:
        """Identifiers of certificates, in the order in which clients were told."""
        with self._lock:
            return list(self._acknowledged)

    def wait_for_more(self, count: int = 8) -> None:
        """Until so many more certificates are acknowledged."""
        wanted = len(self.acknowledged) + count
        deadline = time.monotonic() + FINISH_WITHIN_S
        while len(self.acknowledged) < wanted:
            assert self._errors == []
            assert time.monotonic() < deadline, ("nothing is acknowledged", self.answers)
            time.sleep(0.02)

    def upload(self, rows: int = 150) -> Job:
        """A client more, that uploads a file until the node has it, and waits for its job."""
        first = _JOB_ROWS_FROM + sum(len(job.numbers) for job in self.jobs)
        job = Job(range(first, first + rows))
        self.jobs.append(job)
        thread = self._thread(lambda: self._upload(job))
        self._threads.append(thread)
        thread.start()
        return job

    def start_requests(self, count: int) -> list[Future[Told]]:
        """So many requests to issue at once, all of them with the node when this returns."""
        begun = threading.Barrier(count + 1)
        found: list[Future[Told]] = [Future() for _ in range(count)]
        for future in found:
            number = next(self._numbers)
            self._thread(partial(self._ask_once, number, begun, future)).start()
        begun.wait()
        time.sleep(PAUSE_S)
        return found

    def _ask_once(self, number: int, begun: threading.Barrier, future: Future[Told]) -> None:
        caller = Caller(self)
        caller.ask("GET", "/health/live")  # opens the connection
        begun.wait()
        future.set_result(self._ask_for(caller, number))
        self.issue_one(caller, number)
        caller.close()

    def joined(self, other: NodeLoad) -> NodeLoad:
        """This load with what the other did."""
        self.attempts += other.attempts
        self.orders += other.orders
        self.strange += other.strange
        self._acknowledged += other.acknowledged
        return self

    def note(self, path: str, told: Told) -> None:
        """Keeps what is asked of all answers alike."""
        code = str(told.document.get("code", "")) if told.status >= 400 else ""
        with self._lock:
            self.answers[(path.split("/")[2].partition("?")[0], told.status, code)] += 1
            is_temporary = told.status in (429, 503)
            if told.status >= 500 and told.status not in (503, 507):
                self.strange.append(f"{path}: {told.status} {told.body!r}")
            if is_temporary and not told.headers.get("retry-after", "").isdigit():
                self.strange.append(f"{path}: {told.status} without a time to ask again")

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised at the end
                self._errors.append(error)

        return threading.Thread(target=run, daemon=True)

    def _issue(self) -> None:
        caller = Caller(self)
        while not self._is_ending.is_set():
            self.issue_one(caller, next(self._numbers))
            time.sleep(PAUSE_S)
        caller.close()

    def verify_known(self) -> int:
        """The status of a verification of what was issued before."""
        caller = Caller(self)
        told = caller.ask("POST", "/v1/verify", self.world.documents[0], anonymous="yes")
        caller.close()
        return told.status

    def issue_and_verify(self) -> str:
        """The outcome of one certificate's verification, issued for that."""
        caller, number = Caller(self), next(self._numbers)
        self.issue_one(caller, number)
        outcome = verify_one(caller, str(identify(number)))
        caller.close()
        return outcome

    def issue_one(self, caller: Caller, number: int) -> None:
        """Asks for one certificate until it is there."""
        while self._ask_for(caller, number).status not in (200, 201):
            time.sleep(AGAIN_S)
        with self._lock:
            self._acknowledged.append(str(identify(number)))
            self._to_decide.append(str(identify(number)))

    def _ask_for(self, caller: Caller, number: int) -> Told:
        document = {"issuer": str(HOUSING), "certificate_type": str(TYPE)}
        body = json.dumps({**document, "fields": make_row(number)}).encode()
        attempt = Attempt(HOUSING, f"r-{number}", str(identify(number)), time.time())
        with self._lock:
            self.attempts.append(attempt)
        headers = {"Idempotency_Key": attempt.reference, "Prefer": f"wait={self._wait_s}"}
        told = caller.ask("POST", "/v1/certificates", body, **headers)
        attempt.answer(told.status, told.body)
        return told

    def _verify(self) -> None:
        caller = Caller(self)
        for document in itertools.cycle(self.world.documents):
            if self._is_ending.is_set():
                break
            told = caller.ask("POST", "/v1/verify", document, anonymous="yes")
            if told.status == 200:
                found = told.document["outcome"].lower()
                if found not in ("passed", "indeterminate"):
                    self.strange.append(f"what is good was judged {found}")
            elif told.status not in (NO_ANSWER, 503):
                self.strange.append(f"verification was answered {told.status}")
            time.sleep(PAUSE_S)
        caller.close()

    def _decide(self) -> None:
        """Suspends one certificate after the other, and restores every second."""
        caller, is_even = Caller(self), False
        while not self._is_ending.is_set():
            with self._lock:
                identifier = self._to_decide.pop(0) if self._to_decide else None
            if identifier is not None:
                self._order(caller, identifier, "suspend", "02")
                if is_even := not is_even:
                    self._order(caller, identifier, "restore", "01")
            time.sleep(2 * PAUSE_S)
        caller.close()

    def _order(self, caller: Caller, identifier: str, act: str, reason: str) -> None:
        order = StatusOrder(identifier, act)
        self.orders.append(order)
        members = {"reason": reason, "legal_basis": _BASIS, "effective_date": "2026-01-15"}
        body = json.dumps(members | {"officer": OFFICER}).encode()
        path = f"/v1/certificates/{quote(identifier)}/{act}"
        while not order.is_acknowledged:
            told = caller.ask("POST", path, body, content_type="application/json")
            order.answer(told.status, told.document)
            if not order.is_acknowledged:
                time.sleep(AGAIN_S)

    def _upload(self, job: Job) -> None:
        caller, content = Caller(self), job.to_csv()
        path = f"/v1/jobs?issuer={HOUSING}&certificate_type={TYPE}&file_name=rows.csv"
        while not job.ids:
            told = caller.ask("POST", path, content, content_type="text/csv")
            if told.status == 202:
                job.ids.append(told.document["job_id"])
            else:
                time.sleep(AGAIN_S)
        while True:
            told = caller.ask("GET", f"/v1/jobs/{job.ids[0]}")
            state = told.document.get("state") if told.status == 200 else None
            if state not in (None, "queued", "running"):
                assert state == "completed", told.document
                counts = told.document["counts"]
                assert counts["issued"] + counts["already_issued"] == len(job.numbers), counts
                break
            time.sleep(AGAIN_S)
        caller.close()


def verify_over_http(load: NodeLoad, identifiers: Iterable[str], suspended: Container[str]) -> None:
    """Each is presented by the node, and verified by it as anybody's document."""
    caller = Caller(load)
    for identifier in identifiers:
        expected = "failed" if identifier in suspended else "passed"
        assert verify_one(caller, identifier) == expected, identifier
    caller.close()


def verify_one(caller: Caller, identifier: str) -> str:
    """The outcome of what the node itself presents."""
    body = json.dumps({"disclose": ["holder_name"]}).encode()
    path = f"/v1/certificates/{quote(identifier)}/presentation"
    shown = caller.ask("POST", path, body, content_type="application/json")
    assert shown.status == 200, shown
    told = caller.ask("POST", "/v1/verify", shown.body, anonymous="yes")
    assert told.status == 200, told
    return str(told.document["outcome"].lower())
