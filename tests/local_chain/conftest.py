"""Chains and clocks for the tests of the embedded chain and its server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_chain.embedded import EmbeddedChain
from tests.local_chain.embedded.session import Session

NEVER_S = 3600.0  # a sealing interval that no test waits for: blocks are sealed by hand


@dataclass(slots=True)
class SteppedClock:
    """A wall clock that stands until it is moved."""

    now_unix: float = 1_750_000_000.25

    def __call__(self) -> float:
        return self.now_unix


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "chain"


@pytest.fixture
def chain(directory: Path, clock: SteppedClock) -> Iterator[EmbeddedChain]:
    """Seals when told to, and once at the first transaction."""
    with EmbeddedChain.open(directory, clock=clock, seal_interval_s=NEVER_S) as opened:
        yield opened


@pytest.fixture
def session(chain: EmbeddedChain) -> Session:
    return Session.start(chain)


@pytest.fixture
def notebook(session: Session) -> str:
    return session.deploy()
