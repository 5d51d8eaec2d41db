"""Puts a node's application together: the one place that knows all of its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from ledger.actions.issuance.group import GroupIssuer
from ledger.actions.issuance.tickets import GroupLimits
from ledger.actions.status_lists import StatusListPublisher
from ledger.identifiers import RegionCode
from node_api.app import PlainRoute, RoutedApp, create_app
from node_api.auth.access import Access
from node_api.auth.principals import Role
from node_api.deliveries.opening import open_deliveries
from node_api.doors import Application, Receive, Scope, Send
from node_api.feed.stream import DESCRIBED as STREAM_DESCRIBED
from node_api.feed.stream import NoticeStream
from node_api.gate import Gate
from node_api.hot.described import DESCRIBED, STATUS_LISTS_DESCRIBED
from node_api.hot.http import method_not_allowed
from node_api.hot.issue import DESCRIBED as ISSUE_DESCRIBED
from node_api.hot.issue import IssueHandler
from node_api.hot.routes import HotPaths
from node_api.hot.served import SERVED
from node_api.hot.status_lists import StatusListHandler
from node_api.jobs.described import DESCRIBED as JOBS_DESCRIBED
from node_api.jobs.handler import JobsHandler
from node_api.jobs.runner import JobRunner
from node_api.loops import Loop
from node_api.observing.chain import ChainWatch
from node_api.observing.health import (
    READY_PATH,
    READY_SCHEMA,
    VERSION_PATH,
    VERSION_SCHEMA,
    Readiness,
    answer_version,
    send_json,
    to_document,
)
from node_api.observing.metrics import CONTENT_TYPE, GaugeReader, render
from node_api.observing.requests import Observed, name_operation
from node_api.openapi import Document, describe_problem
from node_api.operations.table import by_id
from node_api.protection import protect
from node_api.runtime import NodeRuntime
from node_api.settings import IssuingSettings

METRICS_PATH = "/metrics"
METRICS_ACCESS = Access.of(Role.OPERATOR, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Node:
    """A node ready to be served.

    Attributes:
        routed: what answers, without what stands around it.
        app: without a door; put one before it.
    """

    runtime: NodeRuntime
    gate: Gate
    readiness: Readiness
    gauges: GaugeReader
    routed: RoutedApp
    app: Application


def assemble(runtime: NodeRuntime) -> Node:
    """The application of an open runtime. To be called in the event loop that serves it."""
    gate = Gate(runtime, by_id().get)
    readiness, gauges = Readiness(runtime), GaugeReader()
    chain = ChainWatch(runtime)
    readiness.add(chain.check)
    chain.add_gauges(gauges)
    plain = (
        _open_issuing(runtime, gate, gauges),
        _open_jobs(runtime, gate),
        *_open_hot_paths(runtime),
        open_deliveries(runtime, runtime.settings.deliveries, partial(_admit_node, gate)),
        PlainRoute(NoticeStream.matches, NoticeStream(runtime, gate.admit), STREAM_DESCRIBED),
        _route(
            READY_PATH,
            _ready(runtime, readiness),
            "ready",
            "Which dependency is missing.",
            READY_SCHEMA,
        ),
        _route(VERSION_PATH, answer_version, "version", "The product's version.", VERSION_SCHEMA),
        _route(METRICS_PATH, _metrics(gate, gauges), "metrics", "For Prometheus."),
    )
    _add_gauges(gauges, runtime, readiness)
    routed = create_app(runtime, gate, plain)
    app = Observed(protect(routed, runtime.settings))
    return Node(runtime, gate, readiness, gauges, routed, app)


def _open_issuing(runtime: NodeRuntime, gate: Gate, gauges: GaugeReader) -> PlainRoute:
    """Single requests to issue, gathered into batches."""
    issuer = GroupIssuer(runtime.workspace, _to_limits(runtime.settings.issuing))
    issuer.__enter__()
    runtime.at_close(partial(issuer.__exit__, None, None, None))
    for name, (figure, told) in _ISSUING_GAUGES.items():
        gauges.add(name, told, partial(_read_figure, issuer, figure))
    handler = IssueHandler(
        runtime.workspace,
        issuer,
        gate.admit,
        gate.permit_department,
        wait_s=runtime.settings.issuing.wait_s,
    )
    return PlainRoute(handler.matches, handler, ISSUE_DESCRIBED)


def _open_jobs(runtime: NodeRuntime, gate: Gate) -> PlainRoute:
    """Uploaded files and lists, one after the other."""
    settings = runtime.settings
    runner = JobRunner(runtime.workspace, keep_days=settings.jobs.keep_days)
    runner.__enter__()
    runtime.at_close(partial(runner.__exit__, None, None, None))
    handler = JobsHandler(
        runtime.workspace,
        runner,
        gate.admit,
        gate.permit_department,
        max_bytes=settings.jobs.max_bytes,
        journal=gate.journal,
        approved=frozenset(settings.auth.approvals.operations),
    )
    return PlainRoute(handler.matches, handler, JOBS_DESCRIBED)


async def _admit_node(gate: Gate, scope: Scope) -> None:
    """Nodes have no credentials but their seals; how often anybody may announce is limited."""
    await gate.admit(scope, Access.anyone(), "announce_delivery")


_ISSUING_GAUGES = {
    "zhenglian_issuance_requests_waiting": ("waiting", "Requests taken and not anchored yet."),
    "zhenglian_issuance_oldest_wait_seconds": ("oldest_s", "How long the oldest has waited."),
    "zhenglian_issuance_batches_left": ("left", "Stored batches that no chain has taken yet."),
}


def _read_figure(issuer: GroupIssuer, name: str) -> float:
    return float(issuer.figures[name])


def _to_limits(settings: IssuingSettings) -> GroupLimits:
    return GroupLimits(batch_age_s=settings.interval_s, waiting=settings.max_waiting)


def _open_hot_paths(runtime: NodeRuntime) -> tuple[PlainRoute, ...]:
    """What fronts answer too; the core does where it has none, and on its own sockets."""
    member, named = runtime.workspace.member.value, runtime.settings.relying_region
    own = member if isinstance(member, RegionCode) else None
    default = RegionCode.parse(named) if named else own
    workspace = runtime.workspace
    limit = workspace.config.find_age_limit(workspace.stale_after_s)
    hot = HotPaths.open(runtime.home, own, default, workspace.clock, stale_after_s=limit)
    runtime.at_close(hot.close)
    publisher = StatusListPublisher(runtime.workspace, hot.verifier.log)
    lists = StatusListHandler(publisher, runtime.executor)
    return (
        PlainRoute(hot.matches, hot, DESCRIBED, beside=SERVED),
        PlainRoute(lists.matches, lists, STATUS_LISTS_DESCRIBED),
    )


def _route(
    path: str, app: Application, name: str, summary: str, schema: Document | None = None
) -> PlainRoute:
    """A path that is only read. Args: schema: of an answer that is JSON, and open to anybody."""
    described: Document = {
        "operationId": name,
        "summary": summary,
        "tags": ["node"],
        "responses": {"200": {"description": "OK"}},
    }
    if schema is not None:
        described["security"] = []
        described["responses"]["200"]["content"] = {"application/json": {"schema": schema}}
        described["responses"]["429"] = describe_problem(HTTPStatus.TOO_MANY_REQUESTS)
        described["responses"]["503"] = {"description": "Not ready, or too busy."}
    else:
        described["x-zhenglian-roles"] = sorted(METRICS_ACCESS.roles)
        described["responses"] |= {
            str(status): describe_problem(HTTPStatus(status)) for status in (401, 403, 429, 503)
        }

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise method_not_allowed(scope, "GET")
        await app(scope, receive, send)

    def matches(scope: Scope) -> bool:
        return bool(scope["path"] == path)

    item: Mapping[str, Document] = {path: {"get": described}}
    return PlainRoute(matches, answer, item)


def _ready(runtime: NodeRuntime, readiness: Readiness) -> Application:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
        name_operation(scope, "ready")
        found = await runtime.run(readiness.check)
        await send_json(send, *to_document(found, is_stopping=runtime.is_stopping.is_set()))

    return answer


def _metrics(gate: Gate, gauges: GaugeReader) -> Application:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
        name_operation(scope, "metrics")
        await gate.admit(scope, METRICS_ACCESS, "metrics")
        body = render(gauges)
        headers = [
            (b"content-type", CONTENT_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _add_gauges(gauges: GaugeReader, runtime: NodeRuntime, readiness: Readiness) -> None:
    """What is read of index and loops; to be called when every loop was added."""
    gauges.add(
        "zhenglian_index_age_seconds",
        "Since the index was last known to be complete.",
        readiness.index_age_s,
    )
    gauges.add(
        "zhenglian_index_entries",
        "Entries of the log in the index.",
        lambda: float(runtime.workspace.index.cursor().size),
    )
    for loop in runtime.loops:
        name = f"zhenglian_loop_{loop.health.name}_failures"
        gauges.add(name, "Rounds in a row of this loop that failed.", _count_failures(loop))


def _count_failures(loop: Loop) -> Callable[[], float]:
    return lambda: float(loop.health.failures)
