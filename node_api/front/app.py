"""The whole application of a front process: hot reads here, everything else at the core."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.config import CONFIG_NAME, Config
from ledger.identifiers import RegionCode
from node_api.doors import CORE_SOCKET, Door, DoorApp, Receive, Scope, Send
from node_api.front.away import AwayApp
from node_api.front.core_connection import CorePool
from node_api.front.passing import PassingApp
from node_api.hot.routes import HotPaths
from node_api.observing.requests import PASSED, name_operation
from node_api.settings import NodeSettings

HOLD_S: Final = 0.01
"""How long a front answers before it looks again whether its index has grown."""


class FrontApp:
    """ASGI 3, without the door before it.

    Args:
        hot: what is answered here.
        passing: what answers everything else.
    """

    def __init__(self, hot: HotPaths, passing: PassingApp, pool: CorePool) -> None:
        self._hot = hot
        self._passing = passing
        self._pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        if self._hot.matches(scope):
            await self._hot(scope, receive, send)
            return
        name_operation(scope, PASSED)
        await self._passing(scope, receive, send)

    def end_streams(self) -> None:
        """Ends the streams of events that are passed on."""
        self._passing.end_streams()

    def close(self) -> None:
        """Ends the connections to index and core."""
        self._hot.close()
        self._pool.close()


def create_front_app(
    home: Path, settings: NodeSettings, clock: Callable[[], float] = time.time
) -> FrontApp:
    """The application of a front of that home. It opens no vault, no key and no chain.

    Raises:
        NotFoundError: the directory is no home.
    """
    config = Config.load(home / CONFIG_NAME)
    member = config.member.value
    own = member if isinstance(member, RegionCode) else None
    named = settings.relying_region
    default = RegionCode.parse(named) if named else own
    pool = CorePool(str(home / CORE_SOCKET))
    limit = config.find_age_limit(settings.stalled_after_s)
    hot = HotPaths.open(home, own, default, clock, HOLD_S, limit)
    return FrontApp(hot, PassingApp(pool, AwayApp(home)), pool)


def behind_door(app: FrontApp) -> DoorApp:
    """As it is served at the TCP port: with a request id, and internal headers taken away."""
    return DoorApp(app, Door.PUBLIC)
