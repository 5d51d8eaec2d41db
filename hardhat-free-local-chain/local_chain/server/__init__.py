"""The embedded chain over HTTP: JSON-RPC 2.0 as any Ethereum node speaks it.

`serve` is the whole public surface; `python -m local_chain serve` is its command. Consensus,
storage and the methods themselves are `local_chain.embedded`'s. There is no authentication, no
encryption and no WebSocket: those belong to a proxy in front.
"""

from __future__ import annotations

from local_chain.server.serving import ServeError, serve

__all__ = ["ServeError", "serve"]
