"""Deliveries of an open node: its routes for other nodes and its loops, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from node_api.app import PlainRoute
from node_api.deliveries.described import DESCRIBED
from node_api.deliveries.loop import DeliveryLoop
from node_api.deliveries.noticing import StatusNoticing
from node_api.deliveries.routes import DeliveryRoutes
from node_api.deliveries.settings import DeliverySettings
from node_api.doors import Scope
from node_api.runtime import NodeRuntime

Admit = Callable[[Scope], Awaitable[object]]


def open_deliveries(runtime: NodeRuntime, settings: DeliverySettings, admit: Admit) -> PlainRoute:
    """Starts the loops, which end with the runtime; answers the routes.

    Args:
        admit: limits how often anybody may announce; raises LedgerError.
    """
    loop = DeliveryLoop(runtime.workspace, settings)
    runtime.loops.extend(loop.loops)
    loop.start()
    runtime.at_close(loop.stop)
    if settings.status_notices:
        noticing = StatusNoticing(runtime.workspace, settings)
        runtime.loops.append(noticing.loop)
        noticing.loop.start()
        runtime.at_close(noticing.loop.stop)
    routes = DeliveryRoutes(
        runtime.workspace, settings.limits, runtime.executor, loop.receipting.wake, admit
    )
    return PlainRoute(routes.matches, routes, DESCRIBED)
