"""Puts a node's application together: the one place that knows all of its parts."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.app import PlainRoute, create_app
from node_api.doors import Application
from node_api.gate import Gate
from node_api.runtime import NodeRuntime


@dataclass(frozen=True, slots=True)
class Node:
    """A node ready to be served. Attributes: app: without a door; put one before it."""

    runtime: NodeRuntime
    gate: Gate
    app: Application


def assemble(runtime: NodeRuntime) -> Node:
    """The application of an open runtime."""
    gate = Gate(runtime)
    plain: tuple[PlainRoute, ...] = ()
    return Node(runtime, gate, create_app(runtime, gate, plain))
