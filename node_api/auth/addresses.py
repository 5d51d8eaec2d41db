"""Whose address a request is counted by: the gateway's word for it, and what is one address at all.

Source: `X-Forwarded-For` as nginx and HAProxy write it: each gateway adds whom it was asked by at
the end. Only the end that trusted gateways wrote is believed.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from node_api.doors import Application, Door, Receive, Scope, Send, door_of

Network: TypeAlias = IPv4Network | IPv6Network

FORWARDED_HEADER: Final = b"x-forwarded-for"
_MAX_FORWARDED = 512
_V6_PREFIX = 64  # what one subscriber is given (RFC 6177); within it addresses are free to choose


class BehindGateways:
    """ASGI around everything at the port: has who asked a gateway count as who asks.

    Args:
        gateways: addresses of those that are believed; to everybody else the header is nothing.
    """

    def __init__(self, app: Application, gateways: Collection[Network]) -> None:
        self._app = app
        self._gateways = tuple(gateways)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] == "http" and door_of(scope) is Door.PUBLIC:
            peer = scope.get("client")
            if peer and self._is_gateway(_parse(str(peer[0]))):
                scope["client"] = (self._find_client(scope, str(peer[0])), 0)
        await self._app(scope, receive, send)

    def _find_client(self, scope: Scope, peer: str) -> str:
        """The last address that is not of a gateway of ours; before it anybody may have written."""
        given = b",".join(value for name, value in scope["headers"] if name == FORWARDED_HEADER)
        found = peer
        for part in reversed(given[-_MAX_FORWARDED:].split(b",")):
            address = _parse(part.decode("latin-1").strip())
            if address is None:
                break
            found = str(address)
            if not self._is_gateway(address):
                break
        return found

    def _is_gateway(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._gateways)


@lru_cache(maxsize=8192)
def find_counted(address: str) -> str:
    """By what an address is counted: IPv6 by its network. Empty for this machine itself.

    >>> find_counted("10.1.2.3"), find_counted("2001:db8:1:2:3::4"), find_counted("127.0.0.1")
    ('10.1.2.3', '2001:db8:1:2::', '')
    """
    found = _parse(address)
    if found is None or found.is_loopback:
        return "" if found is not None else address
    if found.version == 4:
        return str(found)
    return str(ip_network((found, _V6_PREFIX), strict=False).network_address)


def is_within(address: str, networks: Collection[Network]) -> bool:
    """Whether an address is of one of these networks."""
    found = _parse(address)
    return found is not None and any(found in network for network in networks)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
