"""Metrics for Prometheus. Names and labels are an interface: `docs/operations.md` lists them all.

Several processes make one node: each counts in files under `HOME/run/metrics`, and the core adds
them up. No label holds what somebody sent: routes are named by their operations, never by paths.
Source: Prometheus, "Metric and label naming"; prometheus_client, "Multiprocess Mode".
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

DIRECTORY: Final = "run/metrics"
DIRECTORY_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Read by the library when it is imported: the supervisor sets it for the processes it starts."""

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
disable_created_metrics()  # type: ignore[no-untyped-call]  # times at which nothing happened
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class GatheredHistogram(Histogram):
    """A histogram that takes many observations at once."""

    def observe_all(self, amounts: Collection[float]) -> None:
        """As `observe` for each, with one addition to the sum and to each bucket."""
        self._raise_if_not_observable()  # type: ignore[no-untyped-call]
        self._sum.inc(sum(amounts))
        places = [bisect_left(self._upper_bounds, amount) for amount in amounts]
        for place, count in Tally(places).items():
            self._buckets[place].inc(count)


REQUESTS = Counter(
    "zhenglian_http_requests_total",
    "Requests answered, by operation and status.",
    ("operation", "status"),
)
DURATION = GatheredHistogram(
    "zhenglian_http_request_duration_seconds",
    "From a request's head to the end of its answer.",
    ("operation",),
    buckets=_BUCKETS,
)
IN_FLIGHT = Gauge(
    "zhenglian_http_requests_in_flight",
    "Requests that are being answered.",
    multiprocess_mode="livesum",
)
VERDICTS = Counter("zhenglian_verdicts_total", "Documents judged, by outcome.", ("outcome",))
ISSUED = Counter("zhenglian_certificates_issued_total", "Certificates anchored, by way.", ("way",))
REFUSED = Counter(
    "zhenglian_requests_refused_total", "Requests refused, by the problem's code.", ("code",)
)
COUNTED: Final = (REQUESTS, DURATION, IN_FLIGHT, VERDICTS, ISSUED, REFUSED)
"""What every process counts."""

Read = Callable[[], float | None]


class GaugeReader(Collector):
    """Values that are read when somebody looks; one that cannot be had is left out."""

    def __init__(self) -> None:
        self._gauges: dict[str, tuple[str, Read]] = {}

    def add(self, name: str, help_: str, read: Read) -> None:
        """A gauge. Args: name: with its unit at its end."""
        self._gauges[name] = (help_, read)

    def described(self) -> dict[str, str]:
        """What each gauge is, by its name."""
        return {name: help_ for name, (help_, _) in sorted(self._gauges.items())}

    def collect(self) -> Iterable[Metric]:
        """Reads all of them."""
        for name, (help_, read) in sorted(self._gauges.items()):
            value = read()
            if value is not None:
                yield GaugeMetricFamily(name, help_, value=value)


def render(gauges: GaugeReader) -> bytes:
    """Everything, of all processes, in Prometheus's text format."""
    registry = CollectorRegistry()
    if os.environ.get(DIRECTORY_VARIABLE):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        for metric in COUNTED:
            registry.register(metric)
    registry.register(gauges)
    return generate_latest(registry)
