"""A home with presented certificates, and the plain handlers that verify by its index."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ledger.actions.lifecycle import LifecycleAct, change_status
from ledger.actions.presentation import present
from ledger.identifiers import RegionCode
from node_api.hot.routes import HotPaths
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    Ledger,
    found,
    identify,
    write_file,
)

REGION = RegionCode.parse("500000")


def ask(app: Any, method: str, path: str, **options: Any) -> httpx.Response:
    """One request to an application, without a network."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            return await client.request(method, path, **options)

    return asyncio.run(send())


@dataclass
class VerifyingHome:
    """Attributes: documents: presented certificates 0 to 4, whole evidence."""

    ledger: Ledger
    documents: list[bytes]
    _opened: list[HotPaths] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.ledger.home(CHONGQING)

    @property
    def index(self) -> Path:
        return self.home / "index.sqlite"

    def open(self, clock: Callable[[], float] | None = None) -> HotPaths:
        """The plain handlers, closed with the home."""
        hot = HotPaths.open(self.home, REGION, REGION, clock or self.ledger.clock)
        self._opened.append(hot)
        return hot

    def sync(self) -> None:
        with self.ledger.open() as workspace:
            workspace.sync_index()

    def revoke(self, number: int) -> None:
        with self.ledger.open() as workspace:
            change_status(workspace, LifecycleAct.REVOKE, [identify(number)], DECISION)
            workspace.sync_index()

    def close(self) -> None:
        for hot in self._opened:
            hot.close()


def make_presented(directory: Path) -> tuple[Ledger, list[bytes]]:
    """A ledger with certificates 0 to 4, and these presented."""
    ledger = found(directory / "ledger")
    ledger.issue(write_file(directory / "rows.csv", range(5)))
    with ledger.open() as workspace:
        documents = [present(workspace, identify(n), None).to_json() for n in range(5)]
    return ledger, documents


@contextmanager
def open_copy(presented: tuple[Ledger, list[bytes]], directory: Path) -> Iterator[VerifyingHome]:
    """A copy of it, its index as fresh as can be."""
    ledger, documents = presented
    made = VerifyingHome(ledger.copy(directory), documents)
    made.sync()
    yield made
    made.close()
