"""The typed client: calls an action where a node holds the home, as if it were called here."""

from node_api.client.client import NodeClient

__all__ = ["NodeClient"]
