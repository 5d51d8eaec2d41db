"""Which requests the plain handlers answer, for fronts and for a core without fronts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ledger.actions.verifying import Verifier
from ledger.errors import LedgerError
from ledger.identifiers import RegionCode
from ledger.index.reading import STALE_AFTER_S
from node_api.doors import Application, Receive, Scope, Send
from node_api.freshness import AgeTeller
from node_api.hot.http import answer, answer_problem, method_not_allowed
from node_api.hot.log import LogHandler
from node_api.hot.verify import PATH as VERIFY_PATH
from node_api.hot.verify import VerifyHandler
from node_api.observing.requests import name_operation
from node_api.web.page import PagePaths, VerificationPage

LIVE_PATH = "/health/live"


@dataclass(frozen=True, slots=True)
class HotPaths:
    """The plain handlers of one process. Attributes: verifier: closed by `close`."""

    verifier: Verifier
    verify: VerifyHandler
    log: LogHandler
    page: VerificationPage

    @classmethod
    def open(
        cls,
        home: Path,
        own_region: RegionCode | None,
        default_region: RegionCode | None = None,
        clock: Callable[[], float] = time.time,
        hold_s: float = 0.0,
        stale_after_s: float | None = STALE_AFTER_S,
    ) -> HotPaths:
        """The handlers by the index of a home, which need not be there yet.

        Args:
            own_region: for which bound presentations are meant.
            default_region: who relies where a question names nobody.
            hold_s: for so long the index is not looked at again.
            stale_after_s: so old an answer is told to be stale; None for never.
        """
        verifier = Verifier.open(home, own_region, clock, hold_s=hold_s)
        ages = AgeTeller(clock, stale_after_s)
        verify = VerifyHandler(verifier, default_region, clock, ages)
        log = LogHandler(verifier.log, clock, ages)
        return cls(verifier, verify, log, VerificationPage(verify))

    def close(self) -> None:
        """Ends the connections to the index."""
        self.verifier.close()

    def find(self, path: str) -> Application | None:
        """What answers at a path, None if none of these does."""
        if path == VERIFY_PATH:
            return self.verify
        if LogHandler.matches(path):
            return self.log
        if path == LIVE_PATH:
            return answer_live
        if path in PagePaths:
            return self.page
        return None

    def name(self, scope: Scope) -> None:
        """Notes which operation a request is for."""
        path = scope["path"]
        if path == VERIFY_PATH:
            name_operation(scope, "verify")
        elif LogHandler.matches(path):
            name_operation(scope, LogHandler.name_of(path))
        elif path == LIVE_PATH:
            name_operation(scope, "live")
        else:
            name_operation(scope, "verification_page")

    def matches(self, scope: Scope) -> bool:
        """Whether one of these answers a request."""
        return scope["type"] == "http" and self.find(scope["path"]) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3, for requests that match."""
        handler = self.find(scope["path"])
        if handler is None:
            raise LookupError(scope["path"])
        self.name(scope)
        await handler(scope, receive, send)


async def answer_live(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    """Whether this process answers at all."""
    try:
        if scope["method"] not in ("GET", "HEAD"):
            raise method_not_allowed(scope, "GET")
    except LedgerError as error:
        await answer_problem(scope, send, error)
        return
    await answer(send, b'{"status":"live"}', headers=((b"cache-control", b"no-store"),))
